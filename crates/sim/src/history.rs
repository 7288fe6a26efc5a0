//! What was seen from outside: who began what, what was acknowledged, what was asked for. A small model says what that
//! must look like.

use crate::{
    fleet::{Doing, Worker},
    memory::Given,
    server::{ASKED, Report},
    world::{Sim, Step},
};
use cds_engine::{Effect, Run, event::TimerKey, invariants};
use cds_model::{Attempt, JobRef, RunId, Status, WorkerId};
use std::collections::BTreeMap;

/// A run that has a time limit ends within it and this, ms.
const SLACK: i64 = 60_000;
/// After the faults servers need this to take everything up again, ms.
const RECOVERY: i64 = 180_000;

#[derive(Default)]
pub(crate) struct History {
    /// Who has ever begun an attempt.
    pub begun: BTreeMap<(JobRef, Attempt), WorkerId>,
    /// Lines of an attempt that its worker was told are stored.
    pub acked: BTreeMap<(JobRef, Attempt), (WorkerId, u32)>,
    /// Results that their workers were told are stored.
    pub results: u64,
    /// Requests to start a run, and the answer.
    pub requests: BTreeMap<u64, Option<RunId>>,
    /// Attempts that were given up, and when, in true time.
    pub given_up: BTreeMap<(JobRef, Attempt), i64>,
    /// When a run's time is up, in true time.
    pub due: BTreeMap<RunId, i64>,
}

impl Sim {
    /// A worker begins an attempt.
    pub fn attempt_begins(&mut self, worker: WorkerId, job: JobRef, attempt: Attempt) -> Step {
        if let Some(other) = self.history.begun.insert((job, attempt), worker) {
            return Err(format!("attempt {attempt} of {job} is begun by {other} and by {worker}"));
        }
        // One that stood still while it was given the attempt has no idea how old that is.
        if self.workers.get(&worker).is_some_and(|w| w.was_paused) {
            return Ok(());
        }
        for (other, it) in &self.workers {
            if let Doing::Running { job: j, attempt: a, .. } = it.doing
                && j == job
                && *other != worker
                // One that stood still could not know better.
                && !it.was_paused
            {
                return Err(format!(
                    "two workers are at work at {job}: {worker} begins attempt {attempt}, {other} is at attempt {a}"
                ));
            }
        }
        Ok(())
    }

    /// The loss of an attempt is committed.
    pub fn attempt_is_given_up(&mut self, job: JobRef, attempt: Attempt, why: &str) -> Step {
        let now = self.now;
        self.history.given_up.entry((job, attempt)).or_insert(now);
        let at_it = |it: &&Worker| match it.doing {
            Doing::Running { job: j, attempt: a, .. } | Doing::Reporting { job: j, attempt: a, .. } => {
                (j, a) == (job, attempt)
            }
            Doing::Registering | Doing::Asking => false,
        };
        match why == ASKED && self.workers.values().any(|it| at_it(&it)) {
            true => Err(format!("a question gives up what its worker is at: attempt {attempt} of {job}")),
            false => Ok(()),
        }
    }

    /// A job is given to a worker: in answer to what it asks, and not to what it has asked before.
    pub fn take_is_answered(&self, given: &Given) -> Step {
        let asks = self.workers.get(&given.worker).and_then(|worker| worker.take);
        match given.take.zip(asks) {
            Some((number, asks)) if number < asks => Err(format!(
                "a job is given to nobody: worker {} asked {number} of {asks} when it got attempt {} of {}",
                given.worker, given.attempt, given.job
            )),
            _ => Ok(()),
        }
    }

    /// Lines of an attempt are stored: none of one that was given up long ago. Another server that has the worker's
    /// hold finds out when it next compares its holds with the store's.
    pub fn may_write(&self, job: JobRef, attempt: Attempt) -> Step {
        match self.history.given_up.get(&(job, attempt)) {
            Some(at) if self.now - at > RECOVERY / 3 => Err(format!(
                "who is given up writes nothing: attempt {attempt} of {job} was given up at {at} ms"
            )),
            _ => Ok(()),
        }
    }

    /// A worker is told that this many lines are stored.
    pub fn lines_are_acknowledged(&mut self, job: JobRef, attempt: Attempt, worker: WorkerId, length: u32) {
        let known = self.history.acked.entry((job, attempt)).or_insert((worker, 0));
        known.1 = known.1.max(length);
    }

    /// A worker is told that its result is stored: then it is, unless its attempt was ended before.
    pub fn end_is_acknowledged(&mut self, report: &Report) -> Step {
        self.history.results += 1;
        let (job, attempt) = (report.job, report.attempt);
        match self.attempt_status(job, attempt) {
            Some((status, by)) if status.is_final() && by == Some(report.worker) => Ok(()),
            Some((status, by)) => Err(format!(
                "a result is lost: attempt {attempt} of {job} by {} was acknowledged and is {status} by {by:?}",
                report.worker
            )),
            None => Err(format!("a result is lost: {job} has no attempt {attempt}")),
        }
    }

    /// A person is told which run a request made.
    pub fn start_is_acknowledged(&mut self, key: u64, run: RunId) -> Step {
        let known = self.history.requests.entry(key).or_default();
        match known {
            Some(other) if *other != run => Err(format!("request {key} made two runs, {other} and {run}")),
            _ => {
                *known = Some(run);
                Ok(())
            }
        }
    }

    /// Notes the time limits that a commit sets.
    pub fn after_commit(&mut self, run: &Run, effects: &[Effect]) {
        let limit = run.spec.settings.run_timeout_ms as i64;
        let sets = |e: &Effect| matches!(e, Effect::SetTimer { key: TimerKey::Run, .. });
        if effects.iter().any(sets) {
            self.history.due.insert(run.id, self.now + limit);
        }
    }

    /// Now and then: what holds at any time.
    pub fn look_around(&mut self) -> Step {
        for hatchery in &self.hatcheries {
            hatchery.check()?;
        }
        let calm_since = self.config.trouble_ms + RECOVERY;
        for (id, due) in &self.history.due {
            let late = self.now - (*due).max(calm_since);
            if late > SLACK
                && let Some(row) = self.store.runs.get(id)
                && !row.run.head.status.is_final()
            {
                return Err(format!("a run ends within its time: {id} is {late} ms late"));
            }
        }
        Ok(())
    }

    /// Whether everything has ended, and nobody remembers anything of it.
    pub fn all_is_over(&self) -> bool {
        self.store.runs.values().all(|r| r.run.head.status.is_final())
            && self.store.queue.is_empty()
            && self.store.slots.is_empty()
            && self.workers.is_empty()
            && self.hatcheries.iter().all(|h| h.instances.is_empty())
            && self.history.requests.values().all(Option::is_some)
            && self
                .servers
                .iter()
                .all(|s| s.memory.held.is_empty() && s.memory.queue.is_empty() && s.memory.workers.is_empty())
    }

    pub fn what_is_left(&self) -> String {
        let runs: Vec<_> =
            self.store.runs.values().filter(|r| !r.run.head.status.is_final()).map(|r| r.run.id).collect();
        let memory: Vec<_> = self
            .servers
            .iter()
            .map(|s| {
                let m = &s.memory;
                (m.held.keys().collect::<Vec<_>>(), m.queue.len(), m.workers.keys().collect::<Vec<_>>())
            })
            .collect();
        let unanswered = self.history.requests.values().filter(|r| r.is_none()).count();
        format!(
            "runs {runs:?}, queue {:?}, mutexes {:?}, workers {:?}, instances {:?}, unanswered requests {unanswered}, \
             servers remember {memory:?}",
            self.store.queue.keys().collect::<Vec<_>>(),
            self.store.slots.keys().map(|(k, ..)| &k.node).collect::<Vec<_>>(),
            self.workers.keys().collect::<Vec<_>>(),
            self.hatcheries.iter().map(|h| &h.instances).collect::<Vec<_>>(),
        )
    }

    /// The history as a whole.
    pub fn settle_accounts(&self) -> Step {
        for row in self.store.runs.values() {
            let (start, at) = row.start.clone();
            // Folding each run's events gives what is stored.
            invariants::folds_to(start, at, &row.events, &row.run).map_err(|v| v.to_string())?;
        }
        // Each request has made one run.
        let made = self.store.runs.len();
        if self.history.requests.len() != made {
            return Err(format!("{} requests made {made} runs", self.history.requests.len()));
        }
        for ((job, attempt), log) in &self.store.logs {
            let in_order =
                log.lines.iter().enumerate().all(|(n, (w, line))| *w == log.lines[0].0 && *line == n as u32);
            if !in_order {
                return Err(format!(
                    "the log of attempt {attempt} of {job} is not what one worker wrote, in order"
                ));
            }
        }
        for ((job, attempt), (worker, length)) in &self.history.acked {
            let log = self.store.logs.get(&(*job, *attempt));
            let stored = log.map_or(0, |l| l.lines.iter().filter(|(w, _)| w == worker).count() as u32);
            if stored < *length {
                return Err(format!(
                    "attempt {attempt} of {job}: {length} lines acknowledged, {stored} stored"
                ));
            }
        }
        // At most one accepted result of an attempt, and it is of the worker that began it.
        for row in self.store.runs.values() {
            for job in row.run.nodes.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs) {
                for (i, it) in job.attempts.iter().enumerate().filter(|_| job.copy_of.is_none()) {
                    let id = JobRef { run: row.run.id, job: job.no };
                    let begun = self.history.begun.get(&(id, Attempt(i as u32 + 1)));
                    if it.status == Status::Success && begun != it.worker.as_ref() {
                        return Err(format!("{id}: {:?} has a result, and {begun:?} began it", it.worker));
                    }
                }
            }
        }
        Ok(())
    }
}
