//! What a server remembers: the queue, the workers it has heard of, who has what. Gone when it dies, and made anew from
//! the store.

use crate::server::Take;
use cds_engine::{
    Event, Run,
    dispatch::{Decision, HatcheryView, Queue, dispatch},
    upkeep::lease,
};
use cds_model::{Attempt, HatcheryId, JobNo, JobRef, NodeRunNo, RunId, Timestamp, WorkerId};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// An event on its way into a run, and what is to be done once that is known.
#[derive(Clone, Debug)]
pub(crate) struct Op {
    pub run: RunId,
    pub event: Event,
    /// With its end.
    pub lease: Option<Given>,
    pub then: Then,
}

/// An attempt for a worker, until then, in answer to the take of this number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Given {
    pub job: JobNo,
    pub attempt: Attempt,
    pub worker: WorkerId,
    pub until: Timestamp,
    pub take: Option<u32>,
}

/// What follows from an event that was told to a run.
#[derive(Clone, Debug)]
pub(crate) enum Then {
    Nothing,
    Timer(cds_engine::event::TimerKey, Timestamp),
    Slot(NodeRunNo),
    Taken { take: Take, job: JobRef, attempt: Attempt, until: Timestamp },
    Ended { worker: WorkerId, job: JobRef, attempt: Attempt },
    Lost { job: JobRef, attempt: Attempt },
}

#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub attempt: Attempt,
    pub worker: WorkerId,
    pub seen: Timestamp,
    /// It was heard of since this server has the hold.
    pub heard: bool,
    /// Until when this server has written that the lease holds.
    pub until: Option<Timestamp>,
    pub stopped: Option<Timestamp>,
    /// The number of the take that it answered, if that is known.
    pub take: Option<u32>,
}

#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub hatchery: usize,
    /// Ordered, and not heard of yet.
    pub pending: bool,
    pub seen: Timestamp,
    pub job: Option<(JobRef, Attempt)>,
}

/// What a server knows of a hatchery.
#[derive(Clone, Debug)]
pub(crate) struct Hatch {
    pub seen: Timestamp,
    pub destroy: BTreeSet<WorkerId>,
}

#[derive(Default)]
pub(crate) struct Memory {
    pub cache: BTreeMap<RunId, (i64, Run)>,
    /// Events that wait for their run; the first is at work.
    pub busy: BTreeMap<RunId, VecDeque<Op>>,
    pub queue: Queue,
    pub hatcheries: BTreeMap<usize, Hatch>,
    pub workers: BTreeMap<WorkerId, Known>,
    pub held: BTreeMap<JobRef, Held>,
    /// Leases of commits that are said to have failed; nobody was told of them.
    pub doubtful: BTreeMap<(JobRef, Attempt), (WorkerId, Timestamp)>,
    /// Timers that ring at this moment.
    pub ringing: BTreeSet<(RunId, cds_engine::event::TimerKey)>,
    pub last_look: Option<Timestamp>,
    /// When the clock last jumped, or the server started.
    pub jumped: Timestamp,
}

/// A hatchery that is not heard of for this long is down, ms.
const DOWN_AFTER: u128 = 90_000;
/// A worker that asked for a job this long ago asks again any moment, ms.
const IDLE_FOR: u128 = 3_000;

impl Memory {
    /// What dispatch may know of the hatcheries.
    pub fn views(&self, regions: &[&str], max_workers: u32, now: Timestamp) -> Vec<HatcheryView> {
        let mut views: Vec<HatcheryView> = self
            .hatcheries
            .iter()
            .map(|(index, known)| HatcheryView {
                id: HatcheryId(uuid::Uuid::from_u128(*index as u128)),
                name: format!("h{index}"),
                up: now.since(known.seen).as_millis() < DOWN_AFTER,
                region: regions[*index].to_string(),
                os_arch: "linux/amd64".into(),
                binaries: BTreeSet::from(["sh".to_string()]),
                max_workers,
                ..HatcheryView::default()
            })
            .collect();
        let places: BTreeMap<usize, usize> =
            self.hatcheries.keys().enumerate().map(|(i, h)| (*h, i)).collect();
        for (worker, known) in &self.workers {
            let Some(view) = places.get(&known.hatchery).and_then(|i| views.get_mut(*i)) else { continue };
            match known.job {
                Some(_) => view.busy += 1,
                None if known.pending => view.starting += 1,
                None if now.since(known.seen).as_millis() < IDLE_FOR => view.idle.push(*worker),
                None => {}
            }
        }
        views
    }

    /// Who gets what, and how many workers are wanted.
    pub fn decide(&self, views: &[HatcheryView], now: Timestamp) -> Decision {
        dispatch(&self.queue, views, now)
    }

    /// Looks at the clock. After a jump whatever was heard before counts as heard now.
    pub fn look_at_clock(&mut self, now: Timestamp, lasts: std::time::Duration) {
        match self.last_look.replace(now) {
            None => self.jumped = now,
            Some(before) if lease::jumped(before, now, lasts) => {
                self.jumped = now;
                self.held.values_mut().for_each(|h| h.seen = now);
                self.workers.values_mut().for_each(|w| w.seen = now);
                self.hatcheries.values_mut().for_each(|h| h.seen = now);
            }
            Some(_) => {}
        }
    }

    /// A worker was heard of.
    pub fn touch(&mut self, worker: WorkerId, hatchery: usize, now: Timestamp) {
        let known =
            self.workers.entry(worker).or_insert(Known { hatchery, pending: false, seen: now, job: None });
        known.pending = false;
        known.seen = now;
    }

    pub fn free(&mut self, worker: WorkerId) {
        if let Some(known) = self.workers.get_mut(&worker) {
            known.job = None;
        }
    }

    pub fn hold(&mut self, job: JobRef, attempt: Attempt, worker: WorkerId, now: Timestamp, stopped: bool) {
        let stopped = stopped.then_some(now);
        self.held
            .insert(job, Held { attempt, worker, seen: now, heard: true, until: None, stopped, take: None });
        if let Some(known) = self.workers.get_mut(&worker) {
            known.job = Some((job, attempt));
        }
    }

    pub fn release(&mut self, job: JobRef, attempt: Attempt) {
        if self.held.get(&job).is_some_and(|h| h.attempt == attempt) {
            self.held.remove(&job);
        }
    }

    /// Carries out what lives in memory.
    pub fn carry_out(&mut self, run: &Run, effects: &[cds_engine::Effect], now: Timestamp) {
        use cds_engine::Effect;
        for effect in effects {
            match effect {
                Effect::QueueJob(q) => {
                    let job = JobRef { run: run.id, job: q.job };
                    if self.held.get(&job).is_none_or(|h| h.attempt < q.attempt) {
                        self.queue.push(cds_engine::dispatch::QueuedJob {
                            job,
                            attempt: q.attempt,
                            priority: 0,
                            queued: now,
                            requirements: q.requirements.clone(),
                            groups: q.groups.clone(),
                        });
                    }
                }
                Effect::CancelJob { job, attempt } => {
                    let job = JobRef { run: run.id, job: *job };
                    self.queue.remove(job, *attempt);
                    if let Some(held) = self.held.get_mut(&job).filter(|h| h.attempt == *attempt) {
                        held.stopped.get_or_insert(now);
                    }
                }
                Effect::DoneJob { job, attempt } => {
                    let job = JobRef { run: run.id, job: *job };
                    self.queue.remove(job, *attempt);
                    // One that was stopped keeps its hold until its worker says so itself.
                    if self.held.get(&job).is_some_and(|h| h.attempt == *attempt && h.stopped.is_none()) {
                        self.held.remove(&job);
                    }
                }
                _ => {}
            }
        }
        if run.head.status.is_final() {
            self.cache.remove(&run.id);
        }
    }

    /// Holds that are late, with what is known of them.
    pub fn late(
        &self,
        lease: std::time::Duration,
        grace: std::time::Duration,
        now: Timestamp,
    ) -> Vec<(JobRef, Held)> {
        let late = |h: &Held| lease::is_late(h.seen, h.stopped, now, lease, grace);
        self.held.iter().filter(|(_, h)| late(h)).map(|(j, h)| (*j, h.clone())).collect()
    }
}
