//! One job: its attempts, from the queue to its end (spec 6.7, 6.8; spec/README 8).

use crate::{
    event::{Effect, Ignored, QueueJob, TimerKey},
    limits,
    node::line,
    requirements,
    state::{AttemptRun, JobRun, Level, Params, StepRun},
    work::{JobAt, Work},
};
use cds_model::{Attempt, JobNo, NodeIx, NodeRunNo, Status, WorkerId};
use cds_workflow::def::Job;
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};

/// How long a worker may take to end a stopped job before it is given up.
pub const STOP_GRACE: Duration = Duration::from_secs(120);
/// How much longer than the job's limit the engine waits for the worker to say so itself.
pub const JOB_SLACK: Duration = Duration::from_secs(60);
/// Steps kept of a job whose definition is not in the snapshot any more.
const MAX_UNKNOWN_STEPS: usize = 1000;

/// The stage that jobs are made for.
pub(crate) struct StageStart<'s> {
    pub node: NodeIx,
    pub sub: u32,
    pub enabled: bool,
    pub skipped: bool,
    pub params: &'s Params,
}

/// What a worker says at the end of an attempt.
pub(crate) struct End<'e> {
    pub status: Status,
    pub reason: &'e str,
    pub infrastructure: bool,
    pub variables: &'e IndexMap<String, String>,
    pub steps: &'e [(u16, StepRun)],
}

fn human(ms: u64) -> String {
    cds_model::limit::text(Duration::from_millis(ms))
}

impl Work<'_> {
    pub fn job(&self, at: JobAt) -> &JobRun {
        &self.node(at.node).stages[at.stage].jobs[at.job]
    }

    pub fn job_mut(&mut self, at: JobAt) -> &mut JobRun {
        Arc::make_mut(&mut self.node_mut(at.node).stages[at.stage].jobs[at.job])
    }

    fn job_info(&mut self, at: JobAt, level: Level, text: impl Into<String>) {
        let info = line(self, level, self.node(at.node).sub, text);
        self.job_mut(at).infos.push(info);
    }

    fn next_job_no(&mut self) -> JobNo {
        let no = JobNo(self.run.head.next_job);
        self.run.head.next_job += 1;
        no
    }

    /// A job of a stage that starts now; queued if there is work to do.
    pub fn make_job(&mut self, stage: &StageStart<'_>, index: usize, job: &Job) -> JobRun {
        let mut made = JobRun {
            no: self.next_job_no(),
            def: index as u32,
            status: Status::Waiting,
            requirements: vec![],
            queued: None,
            done: None,
            stopping: false,
            infos: vec![],
            attempts: vec![],
            copy_of: None,
        };
        let prepared = if !stage.enabled || !job.enabled {
            made.status = Status::Disabled;
            return made;
        } else if stage.skipped {
            made.status = Status::Skipped;
            return made;
        } else {
            requirements::prepare(&self.run.spec, job, stage.params)
        };
        match prepared {
            Ok(requirements) => {
                made.requirements = requirements;
                made.queued = Some(self.now);
                made.infos.push(line(self, Level::Info, stage.sub, "✓ Job has been queued"));
                self.queue(stage.node, Some(job), &mut made);
            }
            Err(error) => {
                made.status = Status::Fail;
                made.done = Some(self.now);
                let text = format!("⚠ Unable to run this job: {error}");
                made.infos.push(line(self, Level::Error, stage.sub, text));
            }
        }
        made
    }

    /// Adds an attempt and asks for a worker.
    fn queue(&mut self, node: NodeIx, definition: Option<&Job>, job: &mut JobRun) {
        job.status = Status::Waiting;
        job.attempts.push(AttemptRun {
            status: Status::Waiting,
            worker: None,
            worker_name: String::new(),
            queued: self.now,
            start: None,
            done: None,
            reason: String::new(),
            steps: vec![],
        });
        let attempt = job.attempt();
        self.effects.push(Effect::QueueJob(QueueJob {
            job: job.no,
            attempt,
            node: self.node_name(node).to_string(),
            name: definition.map_or_else(String::new, |d| d.name.clone()),
            requirements: job.requirements.clone(),
            groups: requirements::groups(&self.run.spec, node),
        }));
        let limit = limits::queue(&self.run.spec.settings, definition);
        self.timer(TimerKey::Queue(job.no, attempt), limit, Duration::ZERO);
    }

    /// Sets a timer, unless the limit is 0 (none).
    pub fn timer(&mut self, key: TimerKey, limit_ms: u64, slack: Duration) {
        if limit_ms > 0 {
            let at = self.clock + Duration::from_millis(limit_ms) + slack;
            self.effects.push(Effect::SetTimer { key, at });
        }
    }

    /// The copy that "only failed jobs" makes of a job that ended well.
    pub fn copy_job(&mut self, old: &JobRun) -> JobRun {
        JobRun { no: self.next_job_no(), copy_of: Some(old.copy_of.unwrap_or(old.no)), ..old.clone() }
    }

    /// A worker takes the job.
    pub fn taken(&mut self, at: JobAt, worker: WorkerId, name: &str) -> Result<(), Ignored> {
        let now = self.now;
        let job = self.job(at);
        let (no, attempt) = (job.no, job.attempt());
        match job.status {
            Status::Waiting => {}
            Status::Building if job.attempts.last().is_some_and(|a| a.worker == Some(worker)) => {
                return Err(Ignored::Repeated);
            }
            // Somebody else's, or over: whoever took it must let go.
            _ => return Err(Ignored::OldAttempt),
        }
        let text = format!("Job {} has been taken by worker {name}", self.job_name(at));
        self.job_info(at, Level::Info, text);
        let job = self.job_mut(at);
        job.status = Status::Building;
        if let Some(attempt) = job.attempts.last_mut() {
            attempt.status = Status::Building;
            attempt.worker = Some(worker);
            attempt.worker_name = name.to_string();
            attempt.start = Some(now);
        }
        let node = self.node_mut(at.node);
        node.stages[at.stage].status = Status::Building;
        node.status = Status::Building;
        let limit = limits::job(&self.run.spec.settings, self.definition(at));
        self.timer(TimerKey::Job(no, attempt), limit, JOB_SLACK);
        Ok(())
    }

    pub fn job_name(&self, at: JobAt) -> String {
        self.definition(at).map_or_else(String::new, |j| j.name.clone())
    }

    /// What the snapshot says of a job, if it still knows it.
    fn definition(&self, at: JobAt) -> Option<&Job> {
        limits::definition(&self.run, self.node(at.node), at.stage, self.job(at))
    }

    /// Stores news of steps; false if nothing was new. A step that ended does not change any more.
    pub fn merge_steps(&mut self, at: JobAt, news: &[(u16, StepRun)]) -> bool {
        let limit = self.definition(at).map_or(MAX_UNKNOWN_STEPS, |j| j.steps.len());
        let known = self.job(at).attempts.last().map_or(&[][..], |a| &a.steps);
        let fresh: Vec<&(u16, StepRun)> = news
            .iter()
            .filter(|(i, step)| {
                let old = known.get(*i as usize);
                (*i as usize) < limit && old.is_none_or(|o| !o.status.is_final() && o != step)
            })
            .collect();
        if fresh.is_empty() {
            return false;
        }
        let fresh: Vec<(usize, StepRun)> = fresh.into_iter().map(|(i, s)| (*i as usize, s.clone())).collect();
        let Some(attempt) = self.job_mut(at).attempts.last_mut() else { return false };
        for (i, step) in fresh {
            if attempt.steps.len() <= i {
                attempt.steps.resize(i + 1, StepRun::default());
            }
            let old = &mut attempt.steps[i];
            if !old.status.is_final() {
                *old = step;
            }
        }
        true
    }

    /// A worker says that its attempt is over.
    pub fn ended_by_worker(&mut self, at: JobAt, end: &End<'_>) -> Result<(), Ignored> {
        let job = self.job(at);
        if job.stopping {
            // Its end was decided when it was stopped; now its worker is free.
            self.merge_steps(at, end.steps);
            self.release_worker(at);
            return Ok(());
        }
        if job.status.is_final() {
            return Err(Ignored::Repeated);
        }
        self.merge_steps(at, end.steps);
        self.merge_variables(at.node, end.variables);
        let attempt = self.job(at).attempt();
        let max = self.run.spec.settings.max_attempts.max(1);
        let lost_by = if end.reason.is_empty() { "its worker gave no reason" } else { end.reason };
        if end.infrastructure && attempt.0 < max {
            self.retry(at, lost_by, max);
            return Ok(());
        }
        let (status, reason) = match end.status {
            _ if end.infrastructure => {
                let text = format!(
                    "The job {} was set to failed: attempt {attempt} of {max} was lost ({})",
                    self.job_name(at),
                    lost_by
                );
                self.job_info(at, Level::Error, text.clone());
                (Status::Fail, text)
            }
            s @ (Status::Success | Status::Fail | Status::Disabled | Status::Stopped) => {
                if !end.reason.is_empty() {
                    self.job_info(at, Level::Error, format!("An error has occurred: {}", end.reason));
                }
                (s, end.reason.to_string())
            }
            other => {
                let text = format!("its worker reported the status {:?}, which is no end", other.as_str());
                self.job_info(at, Level::Error, text.clone());
                (Status::Fail, text)
            }
        };
        self.end_job(at, status, &reason);
        Ok(())
    }

    /// The attempt is lost through no fault of the job: a new one is queued.
    fn retry(&mut self, at: JobAt, reason: &str, max: u32) {
        let attempt = self.job(at).attempt();
        let text = format!(
            "Attempt {attempt} of {max} was lost ({reason}): the job has been queued again as attempt {}",
            attempt.0 + 1
        );
        self.job_info(at, Level::Warning, text);
        self.end_attempt(at, Status::Fail, reason);
        let no = self.job(at).no;
        self.effects.push(Effect::DoneJob { job: no, attempt });
        let (ix, definition) = (self.node(at.node).node, self.definition(at).cloned());
        let mut job = self.job(at).clone();
        self.queue(ix, definition.as_ref(), &mut job);
        *self.job_mut(at) = job;
    }

    fn end_attempt(&mut self, at: JobAt, status: Status, reason: &str) {
        let now = self.now;
        let Some(attempt) = self.job_mut(at).attempts.last_mut() else { return };
        attempt.status = status;
        attempt.done = Some(now);
        attempt.reason = reason.to_string();
        for step in &mut attempt.steps {
            if matches!(step.status, Status::Building | Status::Waiting) {
                step.status = Status::Stopped;
                step.done = Some(now);
            }
        }
    }

    /// Ends a job and its attempt, and lets its stage go on.
    fn end_job(&mut self, at: JobAt, status: Status, reason: &str) {
        self.set_end(at, status, reason);
        let job = self.job(at);
        let (no, attempt) = (job.no, job.attempt());
        self.effects.push(Effect::DoneJob { job: no, attempt });
        self.sync_stage(at);
    }

    fn set_end(&mut self, at: JobAt, status: Status, reason: &str) {
        let now = self.now;
        self.end_attempt(at, status, reason);
        let job = self.job_mut(at);
        job.status = status;
        job.done = Some(now);
    }

    fn sync_stage(&mut self, at: JobAt) {
        let stage = &mut self.node_mut(at.node).stages[at.stage];
        stage.status = crate::status::stage(stage);
        self.go_on(at.node);
    }

    /// Ends a job at once, whatever its worker does: a queued one is taken out of the queue, the worker of a
    /// running one is told, and its end awaited (`stopping`) for a while.
    pub fn cut_off(&mut self, at: JobAt, status: Status, reason: &str) {
        let job = self.job(at);
        let (no, attempt, building) = (job.no, job.attempt(), job.status == Status::Building);
        self.set_end(at, status, reason);
        self.effects.push(Effect::CancelJob { job: no, attempt });
        if building {
            self.job_mut(at).stopping = true;
            self.timer(TimerKey::StopGrace(no, attempt), STOP_GRACE.as_millis() as u64, Duration::ZERO);
        } else {
            self.effects.push(Effect::DoneJob { job: no, attempt });
        }
    }

    /// The worker of a stopped job has let go, or is given up.
    pub fn release_worker(&mut self, at: JobAt) {
        let job = self.job_mut(at);
        job.stopping = false;
        let (no, attempt) = (job.no, job.attempt());
        self.effects.push(Effect::DoneJob { job: no, attempt });
    }

    /// A job waited too long for a worker.
    pub fn queue_timeout(&mut self, at: JobAt) {
        let limit = limits::queue(&self.run.spec.settings, self.definition(at));
        let text = format!("no worker took the job within its limit of {}", human(limit));
        self.job_info(at, Level::Error, format!("The job was set to failed: {text}"));
        self.cut_off(at, Status::Fail, &text);
        self.sync_stage(at);
    }

    /// A job ran too long, and its worker did not say so.
    pub fn job_timeout(&mut self, at: JobAt) {
        let limit = limits::job(&self.run.spec.settings, self.definition(at));
        let text = format!("the job ran longer than its limit of {}", human(limit));
        self.job_info(at, Level::Error, format!("The job was set to failed: {text}"));
        self.cut_off(at, Status::Fail, &text);
        self.sync_stage(at);
    }

    /// Variables set by a job become parameters of its node run, new and changed ones alike (spec 8.4).
    fn merge_variables(&mut self, no: NodeRunNo, variables: &IndexMap<String, String>) {
        let changed = |params: &Params| {
            variables.iter().any(|(n, v)| !n.is_empty() && params.get(n).is_none_or(|p| p.value != *v))
        };
        if !changed(&self.node(no).params) {
            return;
        }
        // What a job exports may be, or hold, text that came with an event: it stays what it is (spec/README 13).
        let risky: Vec<String> = self
            .node(no)
            .params
            .values()
            .filter(|p| p.tainted && !cds_expr::tainted::is_inert(&p.value))
            .map(|p| p.value.clone())
            .collect();
        let params = Arc::make_mut(&mut self.node_mut(no).params);
        for (name, value) in variables.iter().filter(|(name, _)| !name.is_empty()) {
            let foreign =
                crate::git::is_foreign_text(name) || risky.iter().any(|r| value.contains(r.as_str()));
            crate::params::set(params, name, value, "export", foreign);
        }
        let params = self.node(no).params.clone();
        self.git_tags(&params);
    }

    /// Whether a timer's or a worker's attempt is the one that counts.
    pub fn current(&self, at: JobAt, attempt: Attempt) -> Result<(), Ignored> {
        match attempt.cmp(&self.job(at).attempt()) {
            std::cmp::Ordering::Less => Err(Ignored::OldAttempt),
            std::cmp::Ordering::Equal => Ok(()),
            std::cmp::Ordering::Greater => Err(Ignored::Unknown),
        }
    }
}
