//! The queue and the workers, in memory: who waits, who is free, who has what. Rebuilt from the store at start.
//!
//! Everything here is a short section under one lock without an await. Which job goes to which worker is decided
//! by [`cds_engine::dispatch`]; what was decided is true only once `Event::JobTaken` is committed.

mod foreign;
mod hatcheries;
mod leases;
mod workers;

use cds_engine::dispatch::{self, HatcheryView, Queue, QueuedJob};
use cds_model::{Attempt, HatcheryId, JobRef, RunId, Timestamp, WorkerId};
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard},
};
use tokio::sync::{Notify, oneshot, watch};

pub use foreign::Told;
pub use hatcheries::{CUT_AFTER, HatcheryState};
pub use leases::{Held, Look};
pub use workers::{WorkerState, WorkerStatus};

/// An attempt on its way to a worker.
pub type Order = (JobRef, Attempt);

/// The fleet and its queue.
#[derive(Default)]
pub struct Fleet {
    state: Mutex<State>,
    touched: Notify,
}

/// The state, locked. Whoever writes to it has it told when the lock is given back.
struct Locked<'f> {
    state: MutexGuard<'f, State>,
    fleet: &'f Fleet,
    written: bool,
}

impl Deref for Locked<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.state
    }
}

impl DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.written = true;
        &mut self.state
    }
}

impl Drop for Locked<'_> {
    fn drop(&mut self) {
        if self.written {
            self.fleet.touched.notify_one();
        }
    }
}

#[derive(Default)]
struct State {
    queue: Queue,
    /// What dispatch sees, kept up to date in place.
    views: Vec<HatcheryView>,
    /// The same of other servers, as they last told it; dispatch has nothing to do with them.
    foreign: Vec<HatcheryView>,
    hatcheries: HashMap<HatcheryId, HatcheryState>,
    workers: HashMap<WorkerId, WorkerState>,
    held: HashMap<JobRef, Held>,
    /// Handed out to calls that were cut off.
    lost_orders: Vec<Order>,
    /// Leases of commits that are said to have failed.
    doubtful: Vec<(JobRef, Attempt, WorkerId, Timestamp)>,
    /// When the clock was last looked at.
    looked: Option<Timestamp>,
    /// When it last jumped, or this server started.
    jumped: Timestamp,
}

impl Fleet {
    fn lock(&self) -> Locked<'_> {
        // A panic while holding it leaves maps that are still maps; going on is better than ending the server.
        let state = self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        Locked { state, fleet: self, written: false }
    }

    /// Returns when something may have changed since it last returned. One caller at a time.
    pub async fn touched(&self) {
        self.touched.notified().await;
    }

    /// Puts an attempt into the queue, and hands out what can be handed out.
    pub fn push(&self, jobs: impl IntoIterator<Item = QueuedJob>, now: Timestamp) {
        let mut state = self.lock();
        let mut changed = false;
        for job in jobs {
            if state.held.get(&job.job).is_none_or(|h| h.attempt < job.attempt) {
                changed |= state.queue.push(job);
            }
        }
        if changed {
            state.pump(now);
        }
    }

    /// An attempt is over or not wanted any more: it leaves the queue. One that a worker has is marked for it.
    pub fn cancel(&self, job: JobRef, attempt: Attempt, now: Timestamp) {
        let mut state = self.lock();
        state.queue.remove(job, attempt);
        if let Some(held) = state.held.get_mut(&job)
            && held.attempt == attempt
        {
            held.cancelled.get_or_insert(now);
            held.stop.notify_one();
        }
        state.pump(now);
    }

    /// An attempt has ended. If it was cancelled its worker keeps the hold until it says so itself, so that the
    /// last lines of the log still arrive.
    pub fn done(&self, job: JobRef, attempt: Attempt, now: Timestamp) {
        let mut state = self.lock();
        state.queue.remove(job, attempt);
        if state.held.get(&job).is_some_and(|h| h.attempt == attempt && h.cancelled.is_none()) {
            state.held.remove(&job);
        }
        state.pump(now);
    }

    /// Attempts that wait.
    pub fn queued(&self) -> Vec<Order> {
        self.lock().queue.iter().map(|q| (q.job, q.attempt)).collect()
    }

    /// The runs of those of these attempts that are neither queued here nor in somebody's hands.
    pub fn lacks(&self, waiting: impl Iterator<Item = Order>) -> BTreeSet<RunId> {
        let state = self.lock();
        let leaving: HashSet<JobRef> = state.leaving().collect();
        let lacks = waiting.filter(|(job, attempt)| {
            state.queue.get(*job).is_none_or(|known| known.attempt < *attempt)
                && state.held.get(job).is_none_or(|held| held.attempt < *attempt)
                && !leaving.contains(job)
        });
        lacks.map(|(job, _)| job.run).collect()
    }

    /// Another server has handed an attempt out, or it is over.
    pub fn unqueue(&self, job: JobRef, attempt: Attempt, now: Timestamp) {
        let mut state = self.lock();
        state.queue.remove(job, attempt);
        state.pump(now);
    }

    /// Number of jobs that wait.
    pub fn waiting(&self) -> usize {
        self.lock().queue.len()
    }

    /// Why a job waits; `None` if it does not.
    pub fn explain(&self, job: JobRef, now: Timestamp) -> Option<cds_api::queue::WaitReason> {
        let state = self.lock();
        let Some(queued) = state.queue.get(job) else {
            // Handed out, and not written down yet.
            let worker = state.workers.values().find(|w| w.job.is_some_and(|(has, _)| has == job))?;
            let text = format!("the worker {} is about to take it", worker.name);
            return Some(cds_api::queue::WaitReason { code: "ready".into(), text });
        };
        let fleet = state.everywhere();
        let position = state.queue.position(job, &fleet)?;
        let why = dispatch::explain(queued, position, &fleet, now);
        Some(cds_api::queue::WaitReason { code: why.code.to_string(), text: why.text })
    }

    /// Who could take a job; `None` if it does not wait for a worker.
    pub fn candidates(&self, job: JobRef) -> Option<cds_api::queue::Candidates> {
        let state = self.lock();
        let fleet = state.everywhere();
        let position = state.queue.position(job, &fleet)?;
        let queued = state.queue.get(job)?;
        let mut hatcheries: Vec<_> = fleet
            .iter()
            .map(|view| {
                let obstacles = dispatch::obstacles(queued, view);
                let named = |w: &WorkerId| state.workers.get(w).map(|w| w.name.clone());
                cds_api::queue::Candidate {
                    hatchery: view.name.clone(),
                    up: view.up,
                    fits: obstacles.is_empty(),
                    obstacles,
                    idle: view.idle.iter().filter_map(named).collect(),
                    starting: view.starting,
                    busy: view.busy,
                    room: view.room(),
                    last_error: state
                        .hatcheries
                        .get(&view.id)
                        .map(|h| h.last_error.clone())
                        .unwrap_or_default(),
                }
            })
            .collect();
        hatcheries.sort_by(|a, b| {
            (!a.fits, !a.up, a.obstacles.len(), &a.hatchery).cmp(&(
                !b.fits,
                !b.up,
                b.obstacles.len(),
                &b.hatchery,
            ))
        });
        Some(cds_api::queue::Candidates {
            position: Some(position as u64),
            groups: queued.groups.clone(),
            hatcheries,
        })
    }
}

impl State {
    fn view(&mut self, hatchery: HatcheryId) -> Option<&mut HatcheryView> {
        self.views.iter_mut().find(|v| v.id == hatchery)
    }

    /// Hands out what can be handed out, and tells hatcheries what is wanted of them.
    fn pump(&mut self, now: Timestamp) {
        loop {
            let decision = dispatch::dispatch(&self.queue, &self.views, now);
            let mut stale = false;
            for lease in decision.leases {
                let Some(worker) = self.workers.get_mut(&lease.worker) else { continue };
                let Some(waiter) = worker.waiter.take() else { continue };
                if let Some(view) = self.views.iter_mut().find(|v| v.id == lease.hatchery) {
                    view.idle.retain(|w| *w != lease.worker);
                }
                match waiter.send((lease.job, lease.attempt)) {
                    Ok(()) => {
                        worker.status = WorkerStatus::Building;
                        worker.job = Some((lease.job, lease.attempt));
                        self.queue.remove(lease.job, lease.attempt);
                        if let Some(view) = self.views.iter_mut().find(|v| v.id == lease.hatchery) {
                            view.busy += 1;
                        }
                    }
                    // Its call has ended in this very moment: it is not free, decide again without it.
                    Err(_) => stale = true,
                }
            }
            if stale {
                continue;
            }
            for view in &self.views {
                let new = decision.wanted.get(&view.id).copied().unwrap_or(0);
                let wanted = if self.queue.is_empty() { 0 } else { view.starting + new };
                if let Some(hatchery) = self.hatcheries.get_mut(&view.id)
                    && hatchery.wanted != wanted
                {
                    hatchery.wanted = wanted;
                    hatchery.bump();
                }
            }
            return;
        }
    }
}

type Waiter = oneshot::Sender<Order>;
type Version = watch::Sender<u64>;
