//! What the store must hold beside a run, derived from the run itself; what is missing or too much is mended.

use crate::{
    event::{Effect, Event, QueueJob, SlotKey, TimerKey},
    invariants,
    job::{JOB_SLACK, STOP_GRACE},
    limits, requirements,
    state::{JobRun, NodeRun, Run},
};
use cds_model::{Attempt, JobNo, NodeRunNo, Status, Timestamp, WorkerId};
use cds_workflow::def::Job;
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

/// An attempt in the queue, waiting or leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueRow {
    /// Which job.
    pub job: JobNo,
    /// Which attempt.
    pub attempt: Attempt,
    /// Who has it.
    pub worker: Option<WorkerId>,
    /// Its worker must stop it.
    pub stopped: bool,
}

/// A mutex that a node run has or wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotRow {
    /// Of which node.
    pub node: String,
    /// Which node run.
    pub node_run: NodeRunNo,
    /// Has it, or waits.
    pub held: bool,
}

/// What the store holds beside a run, read together with the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Attempts that are queued or leased.
    pub queue: Vec<QueueRow>,
    /// Mutexes held and wanted.
    pub slots: Vec<SlotRow>,
    /// Timers set.
    pub timers: Vec<TimerKey>,
}

/// Something that was not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// A word for it: `queue_missing`, `queue_extra`, `lease_missing`, `lease_unknown`, `stop_untold`, `timer_missing`,
    /// `mutex_missing`, `mutex_extra`, `mutex_untold`, `stuck`.
    pub kind: &'static str,
    /// About what, in words.
    pub what: String,
}

/// What to do about it. Nothing of it changes the state of a run by hand.
#[derive(Clone, Debug, Default)]
pub struct Mending {
    /// What was found.
    pub found: Vec<Finding>,
    /// To be committed with the run as it is, at the version it was read in: what a commit once made and the store has
    /// lost.
    pub effects: Vec<Effect>,
    /// To be applied to the run.
    pub events: Vec<Event>,
}

impl Mending {
    fn effect(&mut self, kind: &'static str, what: String, effect: Effect) {
        self.found.push(Finding { kind, what });
        self.effects.push(effect);
    }

    fn event(&mut self, kind: &'static str, what: String, event: Event) {
        self.found.push(Finding { kind, what });
        self.events.push(event);
    }
}

/// Compares a run with what the store holds beside it.
pub fn reconcile(run: &Run, rows: &Rows) -> Mending {
    let mut mending = Mending::default();
    let timers: HashSet<&TimerKey> = rows.timers.iter().collect();
    let queue: HashMap<(JobNo, Attempt), QueueRow> =
        rows.queue.iter().map(|row| ((row.job, row.attempt), *row)).collect();
    let mut wanted = HashSet::new();
    for node in &run.nodes {
        let jobs = node.stages.iter().enumerate().flat_map(|(i, s)| s.jobs.iter().map(move |job| (i, job)));
        for (stage, job) in jobs.filter(|(_, job)| job.copy_of.is_none()) {
            let open = matches!(job.status, Status::Waiting | Status::Building) || job.stopping;
            if open {
                let id = (job.no, job.attempt());
                wanted.insert(id);
                let definition = limits::definition(run, node, stage, job);
                let look = Look { run, node, job, definition, row: queue.get(&id).copied() };
                look.at_job(&timers, &mut mending);
            }
        }
        look_at_slot(run, node, &rows.slots, &mut mending);
    }
    for row in rows.queue.iter().filter(|row| !wanted.contains(&(row.job, row.attempt))) {
        let what = format!("attempt {} of job {} is over", row.attempt, row.job);
        mending.effect("queue_extra", what, Effect::DoneJob { job: row.job, attempt: row.attempt });
    }
    for row in rows.slots.iter().filter(|row| row.node_run.0 as usize >= run.nodes.len()) {
        let key = SlotKey { workflow: run.spec.workflow_id, node: row.node.clone() };
        let what = format!("there is no node run {}", row.node_run);
        mending.effect("mutex_extra", what, Effect::ReleaseSlot { key, node_run: row.node_run });
    }
    let limit = limits::run(&run.spec);
    if limit > 0 && !run.head.status.is_final() && !timers.contains(&TimerKey::Run) {
        // Every restart sets it anew; none is older than the youngest node run.
        let since = run.nodes.iter().map(|n| n.start).max().unwrap_or(run.head.created);
        let effect = Effect::SetTimer { key: TimerKey::Run, at: since + Duration::from_millis(limit) };
        mending.effect("timer_missing", "time limit of the run".into(), effect);
    }
    if let Err(violation) = invariants::quiescent(run) {
        let by = "the server, because it waited for nothing".into();
        mending.event("stuck", violation.what, Event::Stop { by, node: None });
    }
    mending
}

/// A job that has not ended, and what is known of it.
struct Look<'r> {
    run: &'r Run,
    node: &'r NodeRun,
    job: &'r JobRun,
    definition: Option<&'r Job>,
    row: Option<QueueRow>,
}

impl Look<'_> {
    fn at_job(&self, timers: &HashSet<&TimerKey>, mending: &mut Mending) {
        let Self { run, node, job, definition, row } = *self;
        let (no, attempt) = (job.no, job.attempt());
        let Some(last) = job.attempts.last() else { return };
        let what = || format!("attempt {attempt} of job {no}");
        let mut timer = |key: TimerKey, limit_ms: u64, since: Timestamp, slack: Duration| {
            if limit_ms > 0 && !timers.contains(&key) {
                let text = format!("{key:?}");
                let at = since + Duration::from_millis(limit_ms) + slack;
                mending.effect("timer_missing", text, Effect::SetTimer { key, at });
            }
        };
        let settings = &run.spec.settings;
        if job.stopping {
            let key = TimerKey::StopGrace(no, attempt);
            timer(
                key.clone(),
                STOP_GRACE.as_millis() as u64,
                job.done.unwrap_or(last.queued),
                Duration::ZERO,
            );
            match row {
                None => mending.event("lease_missing", what(), Event::Timer(key)),
                Some(row) if !row.stopped => {
                    mending.effect("stop_untold", what(), Effect::CancelJob { job: no, attempt });
                }
                Some(_) => {}
            }
            return;
        }
        let lost = |reason: &str| Event::WorkerLost { job: no, attempt, reason: reason.into() };
        if job.status == Status::Building {
            let since = last.start.unwrap_or(last.queued);
            timer(TimerKey::Job(no, attempt), limits::job(settings, definition), since, JOB_SLACK);
            if row.is_none_or(|row| row.worker.is_none() || row.worker != last.worker) {
                mending.event("lease_missing", what(), lost("the store has no lease for it"));
            }
            return;
        }
        timer(TimerKey::Queue(no, attempt), limits::queue(settings, definition), last.queued, Duration::ZERO);
        match row {
            None => {
                let effect = Effect::QueueJob(QueueJob {
                    job: no,
                    attempt,
                    node: run.spec.node(node.node).map_or_else(String::new, |n| n.name.clone()),
                    name: definition.map_or_else(String::new, |d| d.name.clone()),
                    requirements: job.requirements.clone(),
                    groups: requirements::groups(&run.spec, node.node),
                });
                mending.effect("queue_missing", what(), effect);
            }
            Some(row) if row.worker.is_some() || row.stopped => {
                mending.event(
                    "lease_unknown",
                    what(),
                    lost("the store has a lease for it that the run does not know"),
                );
            }
            Some(_) => {}
        }
    }
}

fn look_at_slot(run: &Run, node: &NodeRun, slots: &[SlotRow], mending: &mut Mending) {
    let row = slots.iter().find(|s| s.node_run == node.no);
    let name = run.spec.node(node.node).map_or_else(String::new, |n| n.name.clone());
    let what = || format!("node run {} of {name}", node.no);
    let key = SlotKey { workflow: run.spec.workflow_id, node: name.clone() };
    match row {
        None if node.waits_slot || node.holds_slot => {
            mending.effect("mutex_missing", what(), Effect::RequestSlot { key, node_run: node.no });
        }
        Some(row) if row.held && node.waits_slot => {
            mending.event("mutex_untold", what(), Event::SlotGranted { node_run: node.no });
        }
        Some(_) if !node.waits_slot && !node.holds_slot => {
            mending.effect("mutex_extra", what(), Effect::ReleaseSlot { key, node_run: node.no });
        }
        _ => {}
    }
}
