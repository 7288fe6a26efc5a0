//! The job's state machine (spec 9.2): which step is next, what becomes of the others, how the job ends.
//!
//! Pure: it knows no process, no clock and no network. The caller runs what [`Machine::next`] says and feeds
//! back what happened; `now` is always an argument.

use cds_api::worker::{AssignedStep, JobEnd, StepReport};
use cds_model::{Status, Timestamp, limit};
use std::time::Duration;

/// What the caller must do now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Next {
    /// Run this step, counted from 0.
    Run(usize),
    /// Nothing is left to run: report this end.
    End(Verdict),
}

/// How a job ended, without the variables, which the machine does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// `Success`, `Fail`, `Disabled` or `Stopped`.
    pub status: Status,
    /// Why, if not because of a step.
    pub reason: Option<String>,
    /// The fault lies with the worker or its host.
    pub infrastructure: bool,
}

impl Verdict {
    /// As it goes over the wire, with the variables the job has set.
    pub fn into_end(self, variables: indexmap::IndexMap<String, String>) -> JobEnd {
        JobEnd { status: self.status, reason: self.reason, infrastructure: self.infrastructure, variables }
    }
}

/// How a step that ran came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it succeeded.
    pub ok: bool,
    /// Exit status of its process, where there was one.
    pub exit_code: Option<i32>,
    /// Why it failed.
    pub reason: Option<String>,
}

impl Outcome {
    /// It succeeded.
    pub fn success() -> Self {
        Self { ok: true, exit_code: None, reason: None }
    }
    /// It failed for this reason.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self { ok: false, exit_code: None, reason: Some(reason.into()) }
    }
}

/// Why a job must end before its steps are through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// A person or the run stopped it.
    Cancelled,
    /// The job's own time limit.
    Deadline,
    /// It can't be set up, through its own fault.
    Setup(String),
    /// The worker has to go, or can't do its work: the job gets a new attempt.
    Infrastructure(String),
}

#[derive(Clone, Debug)]
struct Step {
    enabled: bool,
    optional: bool,
    always: bool,
    status: Status,
    start: Option<Timestamp>,
    done: Option<Timestamp>,
    outcome: Option<Outcome>,
}

/// One job on its way through its steps.
#[derive(Clone, Debug)]
pub struct Machine {
    steps: Vec<Step>,
    critical: bool,
    exit_called: bool,
    halt: Option<Halt>,
    job_timeout: Duration,
    deadline: Option<Timestamp>,
}

impl Machine {
    /// A job that begins `now`; `job_timeout` zero = no limit.
    pub fn new(steps: &[AssignedStep], job_timeout: Duration, now: Timestamp) -> Self {
        let steps = steps.iter().map(|s| Step {
            enabled: s.enabled,
            optional: s.optional,
            always: s.always_executed,
            status: Status::NotReached,
            start: None,
            done: None,
            outcome: None,
        });
        let deadline = (!job_timeout.is_zero()).then(|| now + job_timeout);
        Self {
            steps: steps.collect(),
            critical: false,
            exit_called: false,
            halt: None,
            job_timeout,
            deadline,
        }
    }

    /// When the job's time is up.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// What to do now. Passes over steps that will not run and settles their statuses.
    pub fn next(&mut self, now: Timestamp) -> Next {
        if self.halt.is_none() && self.deadline.is_some_and(|d| now >= d) {
            self.halt = Some(Halt::Deadline);
        }
        for (i, step) in self.steps.iter_mut().enumerate() {
            match step.status {
                Status::NotReached => {}
                Status::Building => return Next::Run(i),
                _ => continue,
            }
            if self.halt.is_some() || (self.critical && !step.always) {
                step.status = Status::NeverBuilt;
            } else if !step.enabled || self.exit_called {
                step.status = Status::Disabled;
            } else {
                step.status = Status::Building;
                step.start = Some(now);
                return Next::Run(i);
            }
        }
        Next::End(self.verdict())
    }

    /// The step that [`Machine::next`] named has come out like this. News of a step that does not run is ignored.
    pub fn step_ended(&mut self, index: usize, outcome: Outcome, now: Timestamp) {
        let Some(step) = self.steps.get_mut(index).filter(|s| s.status == Status::Building) else { return };
        step.done = Some(now);
        step.status = match (&self.halt, outcome.ok) {
            (_, true) => Status::Success,
            (Some(Halt::Cancelled), false) => Status::Stopped,
            (_, false) => Status::Fail,
        };
        self.critical |= step.status == Status::Fail && !step.optional;
        step.outcome = Some(outcome);
    }

    /// `worker exit` was called: all later steps become `Disabled`.
    pub fn exit_called(&mut self) {
        self.exit_called = true;
    }

    /// The job must end. Later news of another reason changes nothing.
    pub fn halt(&mut self, halt: Halt) {
        self.halt.get_or_insert(halt);
    }

    /// What is known of a step, for the report; `log_length` is filled in by the caller.
    pub fn report(&self, index: usize) -> Option<StepReport> {
        let step = self.steps.get(index)?;
        Some(StepReport {
            step: u16::try_from(index).ok()?,
            status: step.status,
            start_ms: step.start.map(Timestamp::ms),
            done_ms: step.done.map(Timestamp::ms),
            log_length: None,
            exit_code: step.outcome.as_ref().and_then(|o| o.exit_code),
            reason: step.outcome.as_ref().and_then(|o| o.reason.clone()),
        })
    }

    fn verdict(&self) -> Verdict {
        let plain = |status| Verdict { status, reason: None, infrastructure: false };
        match &self.halt {
            Some(Halt::Cancelled) => return plain(Status::Stopped),
            Some(Halt::Setup(why)) => {
                return Verdict { reason: Some(why.clone()), ..plain(Status::Fail) };
            }
            Some(Halt::Infrastructure(why)) => {
                return Verdict { status: Status::Fail, reason: Some(why.clone()), infrastructure: true };
            }
            Some(Halt::Deadline) => {
                let reason =
                    format!("the job ran longer than its limit of {}", limit::text(self.job_timeout));
                return Verdict { reason: Some(reason), ..plain(Status::Fail) };
            }
            None => {}
        }
        if self.critical {
            plain(Status::Fail)
        } else if self.steps.iter().all(|s| s.status == Status::Disabled) {
            // Holds for a job without steps too, as in the reference.
            plain(Status::Disabled)
        } else {
            plain(Status::Success)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indexmap::IndexMap;
    use proptest::prelude::*;

    const T: Timestamp = Timestamp(1000);

    /// `e` enabled, `o` optional, `a` always executed, then `+` or `-`: how it comes out if it runs.
    fn steps(text: &str) -> Vec<AssignedStep> {
        text.split_whitespace()
            .map(|flags| AssignedStep {
                name: flags.into(),
                action: "Script".into(),
                enabled: flags.contains('e'),
                optional: flags.contains('o'),
                always_executed: flags.contains('a'),
                timeout_ms: 0,
                parameters: IndexMap::new(),
            })
            .collect()
    }

    fn play(text: &str) -> String {
        let steps = steps(text);
        let mut m = Machine::new(&steps, Duration::ZERO, T);
        let verdict = loop {
            match m.next(T) {
                Next::Run(i) if steps[i].name.contains('+') => m.step_ended(i, Outcome::success(), T),
                Next::Run(i) => m.step_ended(i, Outcome::fail("no"), T),
                Next::End(verdict) => break verdict,
            }
            if text.contains("EXIT") {
                m.exit_called();
            }
        };
        let statuses: Vec<_> = (0..steps.len()).map(|i| m.report(i).unwrap().status.to_string()).collect();
        format!("{} => {}", statuses.join(", "), verdict.status)
    }

    #[test]
    fn table_of_the_spec() {
        assert_eq!(play(""), " => Disabled");
        assert_eq!(play("e+ e+"), "Success, Success => Success");
        assert_eq!(play("e- e+ ea+"), "Fail, Never Built, Success => Fail");
        assert_eq!(play("eo- e+"), "Fail, Success => Success");
        assert_eq!(play("x+ x+"), "Disabled, Disabled => Disabled");
        assert_eq!(play("x+ e+"), "Disabled, Success => Success");
        assert_eq!(play("e- x+ xa+"), "Fail, Never Built, Disabled => Fail");
        assert_eq!(play("eEXIT+ e+ ea+"), "Success, Disabled, Disabled => Success");
        assert_eq!(play("eEXIT- e+ ea+"), "Fail, Never Built, Disabled => Fail");
    }

    #[test]
    fn a_stop_ends_everything() {
        let steps = steps("e+ e+ ea+");
        let mut m = Machine::new(&steps, Duration::ZERO, T);
        assert_eq!(m.next(T), Next::Run(0));
        m.halt(Halt::Cancelled);
        m.halt(Halt::Deadline);
        m.step_ended(0, Outcome::fail("killed"), T);
        let Next::End(verdict) = m.next(T) else { panic!() };
        assert_eq!(verdict.status, Status::Stopped);
        assert_eq!(m.report(0).unwrap().status, Status::Stopped);
        assert_eq!(m.report(2).unwrap().status, Status::NeverBuilt);
    }

    #[test]
    fn the_deadline_fails_the_job() {
        let steps = steps("e+ ea+");
        let mut m = Machine::new(&steps, Duration::from_secs(1), T);
        assert_eq!(m.next(T), Next::Run(0));
        m.step_ended(0, Outcome::success(), T);
        let Next::End(verdict) = m.next(Timestamp(2000)) else { panic!() };
        assert_eq!((verdict.status, verdict.infrastructure), (Status::Fail, false));
        assert_eq!(verdict.reason.as_deref(), Some("the job ran longer than its limit of 1s"));
    }

    proptest! {
        #[test]
        fn every_job_ends_and_says_something_of_every_step(
            shape in prop::collection::vec((any::<[bool; 4]>(), 0..40u8), 0..12)
        ) {
            let steps: Vec<_> = shape.iter().map(|([enabled, optional, always_executed, _], _)| AssignedStep {
                name: String::new(), action: "Script".into(), enabled: *enabled, optional: *optional,
                always_executed: *always_executed, timeout_ms: 0, parameters: IndexMap::new(),
            }).collect();
            let mut m = Machine::new(&steps, Duration::ZERO, T);
            let mut ran = Vec::new();
            let mut halted = false;
            let verdict = loop {
                match m.next(T) {
                    Next::End(verdict) => break verdict,
                    Next::Run(i) => {
                        prop_assert!(ran.last().is_none_or(|last| *last < i));
                        prop_assert!(!halted);
                        ran.push(i);
                        let ([.., ok], event) = shape[i];
                        match event {
                            0 => m.exit_called(),
                            1 => { m.halt(Halt::Cancelled); halted = true }
                            2 => { m.halt(Halt::Infrastructure("x".into())); halted = true }
                            _ => {}
                        }
                        m.step_ended(i, if ok { Outcome::success() } else { Outcome::fail("no") }, T);
                    }
                }
            };
            prop_assert!(verdict.status.is_final());
            let mut failed = false;
            for (i, step) in steps.iter().enumerate() {
                let status = m.report(i).unwrap().status;
                prop_assert!(status.is_final());
                prop_assert_eq!(ran.contains(&i), matches!(status, Status::Success | Status::Fail | Status::Stopped));
                if failed && !step.always_executed { prop_assert_eq!(status, Status::NeverBuilt); }
                failed |= status == Status::Fail && !step.optional;
            }
            if !halted { prop_assert_eq!(verdict.status == Status::Fail, failed); }
        }
    }
}
