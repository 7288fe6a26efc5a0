//! What servers share: runs with their versions, and the rows beside them. One transaction at a time, all or nothing,
//! written as `crates/store` writes them.

use crate::{faults::Sabotage, memory::Given};
use cds_engine::{
    Effect, Event, Run,
    dispatch::QueuedJob,
    event::{SlotKey, Start, TimerKey},
    invariants,
    upkeep::{self, lease},
};
use cds_model::{Attempt, JobNo, JobRef, NodeRunNo, RunId, Timestamp, WorkerId};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub run: Run,
    pub version: i64,
    pub start: (Start, Timestamp),
    pub events: Vec<(Event, Timestamp)>,
}

#[derive(Clone, Debug)]
pub(crate) struct QueueRow {
    pub queued: QueuedJob,
    pub worker: Option<WorkerId>,
    pub until: Option<Timestamp>,
    pub stopped: bool,
}

impl QueueRow {
    pub fn lease(&self) -> lease::Row {
        lease::Row { worker: self.worker, until: self.until, stopped: self.stopped }
    }
}

/// Lines of an attempt: who wrote it, and the how-manieth of that writer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    pub lines: Vec<(WorkerId, u32)>,
    pub sealed: bool,
}

/// A worker that has a token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WorkerRow {
    pub hatchery: usize,
    pub registered: bool,
    /// The last of its takes that was answered with a job, and that job.
    pub take: u32,
    pub given: Option<(JobRef, Attempt)>,
}

pub(crate) type AttemptId = (RunId, JobNo, Attempt);

#[derive(Default)]
pub(crate) struct Store {
    pub runs: BTreeMap<RunId, RunRow>,
    pub queue: BTreeMap<AttemptId, QueueRow>,
    pub timers: BTreeMap<(RunId, TimerKey), Timestamp>,
    /// In the order of service; the value says whether it is held.
    pub slots: BTreeMap<(SlotKey, i64, RunId, NodeRunNo), bool>,
    /// Requests to start a run, and what they made.
    pub keys: BTreeMap<u64, RunId>,
    pub workers: BTreeMap<WorkerId, WorkerRow>,
    pub logs: BTreeMap<(JobRef, Attempt), Log>,
    /// The disk is full.
    pub full: bool,
    pub sabotage: Option<Sabotage>,
    pub commits: u64,
    pub conflicts: u64,
}

/// A step of a run, made by a server from the version it knew.
#[derive(Clone, Debug)]
pub(crate) struct Commit {
    pub expect: i64,
    pub run: Run,
    pub effects: Vec<Effect>,
    /// `None`: rows are issued again, the run stays.
    pub event: Option<(Event, Timestamp)>,
    pub lease: Option<Given>,
    pub now: Timestamp,
}

/// Why a commit was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Conflict,
    Full,
    /// The take was answered before, or its worker has gone.
    OldTake,
}

impl Store {
    /// Commits the start of a run; a key that was used before gives its run.
    pub fn start(
        &mut self,
        key: u64,
        start: Start,
        run: Run,
        effects: &[Effect],
        now: Timestamp,
    ) -> Result<RunId, Refused> {
        if let Some(run) = self.keys.get(&key)
            && self.sabotage != Some(Sabotage::Key)
        {
            return Ok(*run);
        }
        if self.full {
            return Err(Refused::Full);
        }
        let id = run.id;
        self.carry_out(&run, effects, now);
        self.keys.insert(key, id);
        self.runs.insert(id, RunRow { run, version: 1, start: (start, now), events: Vec::new() });
        self.commits += 1;
        Ok(id)
    }

    /// Commits a step. The outer error is a broken promise.
    pub fn commit(&mut self, commit: Commit) -> Result<Result<i64, Refused>, String> {
        if self.full {
            return Ok(Err(Refused::Full));
        }
        let id = commit.run.id;
        let Some(row) = self.runs.get(&id) else { return Ok(Err(Refused::Conflict)) };
        if row.version != commit.expect && self.sabotage != Some(Sabotage::Version) {
            self.conflicts += 1;
            return Ok(Err(Refused::Conflict));
        }
        let take = commit.lease.and_then(|it| Some((it, it.take?)));
        if let Some((it, number)) = take
            && self.sabotage != Some(Sabotage::Take)
            && self.workers.get(&it.worker).is_none_or(|worker| worker.take >= number)
        {
            return Ok(Err(Refused::OldTake));
        }
        if let Some((event, _)) = &commit.event {
            invariants::check_step(&row.run, event, &commit.run, &commit.effects)
                .map_err(|v| v.to_string())?;
        }
        self.carry_out(&commit.run, &commit.effects, commit.now);
        if let Some(it) = commit.lease
            && let Some(row) = self.queue.get_mut(&(id, it.job, it.attempt))
        {
            row.worker = Some(it.worker);
            row.until = Some(it.until);
        }
        if let Some((it, number)) = take
            && let Some(worker) = self.workers.get_mut(&it.worker)
        {
            worker.take = number;
            worker.given = Some((JobRef { run: id, job: it.job }, it.attempt));
        }
        let Some(row) = self.runs.get_mut(&id) else { return Ok(Err(Refused::Conflict)) };
        row.version += 1;
        row.run = commit.run;
        row.events.extend(commit.event);
        self.commits += 1;
        let version = row.version;
        self.check(id)?;
        Ok(Ok(version))
    }

    fn carry_out(&mut self, run: &Run, effects: &[Effect], now: Timestamp) {
        let id = run.id;
        // Ends first, then what is new: as the real rows are written.
        for effect in effects {
            match effect {
                Effect::DoneJob { job, attempt } => drop(self.queue.remove(&(id, *job, *attempt))),
                Effect::ReleaseSlot { key, node_run } => {
                    self.slots.remove(&(key.clone(), run.number, id, *node_run));
                }
                _ => {}
            }
        }
        for effect in effects {
            match effect {
                Effect::CancelJob { job, attempt } => {
                    let key = (id, *job, *attempt);
                    match self.queue.get_mut(&key) {
                        Some(row) if row.worker.is_some() => row.stopped = true,
                        Some(_) => drop(self.queue.remove(&key)),
                        None => {}
                    }
                }
                Effect::QueueJob(q) if !over(effects, q.job, q.attempt) => {
                    self.queue.entry((id, q.job, q.attempt)).or_insert_with(|| QueueRow {
                        queued: QueuedJob {
                            job: JobRef { run: id, job: q.job },
                            attempt: q.attempt,
                            priority: 0,
                            queued: now,
                            requirements: q.requirements.clone(),
                            groups: q.groups.clone(),
                        },
                        worker: None,
                        until: None,
                        stopped: false,
                    });
                }
                // One that is asked for and given back in one step is in no list.
                Effect::RequestSlot { key, node_run } if !released(effects, *node_run) => {
                    self.slots.entry((key.clone(), run.number, id, *node_run)).or_insert(false);
                }
                Effect::SetTimer { key, at } => drop(self.timers.insert((id, key.clone()), *at)),
                _ => {}
            }
        }
    }

    /// Gives every free mutex to its next waiter.
    pub fn grant(&mut self) -> Vec<(RunId, NodeRunNo)> {
        if self.full {
            return Vec::new();
        }
        let mut granted = Vec::new();
        let mut taken: Option<(&SlotKey, bool)> = None;
        let held: Vec<SlotKey> =
            self.slots.iter().filter(|(_, h)| **h).map(|((k, ..), _)| k.clone()).collect();
        for ((key, _, run, node_run), is_held) in &mut self.slots {
            let busy = held.contains(key) || taken.is_some_and(|(k, _)| k == key);
            if !busy {
                *is_held = true;
                granted.push((*run, *node_run));
                taken = Some((key, true));
            }
        }
        granted
    }

    pub fn release(&mut self, run: RunId, node_run: NodeRunNo) {
        self.slots.retain(|(_, _, r, n), _| (*r, *n) != (run, node_run));
    }

    /// What stands beside a run.
    pub fn rows(&self, id: RunId) -> upkeep::Rows {
        let from = (id, JobNo(0), Attempt(0));
        let to = (id, JobNo(u32::MAX), Attempt(u32::MAX));
        upkeep::Rows {
            queue: self
                .queue
                .range(from..=to)
                .map(|((_, job, attempt), r)| upkeep::QueueRow {
                    job: *job,
                    attempt: *attempt,
                    worker: r.worker,
                    stopped: r.stopped,
                })
                .collect(),
            slots: self
                .slots
                .iter()
                .filter(|((_, _, run, _), _)| *run == id)
                .map(|((key, _, _, node_run), held)| upkeep::SlotRow {
                    node: key.node.clone(),
                    node_run: *node_run,
                    held: *held,
                })
                .collect(),
            timers: self
                .timers
                .range((id, TimerKey::Queue(JobNo(0), Attempt(0)))..=(id, TimerKey::Run))
                .map(|((_, k), _)| k.clone())
                .collect(),
        }
    }

    /// After every commit the rows beside a run are what the run says they are.
    fn check(&self, id: RunId) -> Result<(), String> {
        let Some(row) = self.runs.get(&id) else { return Ok(()) };
        let mending = upkeep::reconcile(&row.run, &self.rows(id));
        // A timer rings before it is removed, and its event may be under way; a mutex is given before its run hears.
        let bad = mending.found.iter().find(|f| !matches!(f.kind, "mutex_untold" | "timer_missing"));
        match bad {
            Some(f) => Err(format!("the rows agree with the run: {} ({}) of run {id}", f.kind, f.what)),
            None => Ok(()),
        }
    }

    /// Appends lines to a log: those it has already are left out, none may be left out between.
    pub fn append(
        &mut self,
        job: JobRef,
        attempt: Attempt,
        worker: WorkerId,
        from: u32,
        to: u32,
    ) -> Result<u32, u32> {
        let sabotage = self.sabotage;
        let log = self.logs.entry((job, attempt)).or_default();
        let length = log.lines.len() as u32;
        if from > length {
            return Err(length);
        }
        let first = if sabotage == Some(Sabotage::Chunk) { from } else { length };
        if !log.sealed && !self.full {
            log.lines.extend((first..to.max(first)).map(|n| (worker, n)));
        }
        Ok(log.lines.len() as u32)
    }

    pub fn seal(&mut self, job: JobRef, attempt: Attempt) {
        if !self.full {
            self.logs.entry((job, attempt)).or_default().sealed = true;
        }
    }
}

/// An attempt that is queued and over in one step was never to be had.
fn over(effects: &[Effect], no: JobNo, which: Attempt) -> bool {
    effects.iter().any(|e| {
        matches!(e, Effect::DoneJob { job, attempt } | Effect::CancelJob { job, attempt }
            if (*job, *attempt) == (no, which))
    })
}

fn released(effects: &[Effect], node: NodeRunNo) -> bool {
    effects.iter().any(|e| matches!(e, Effect::ReleaseSlot { node_run, .. } if *node_run == node))
}
