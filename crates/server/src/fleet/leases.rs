//! Who has which attempt. The attempt is the fencing token: whoever does not hold it writes nothing.

use super::{Fleet, WorkerStatus};
use cds_engine::upkeep::lease;
use cds_model::{Attempt, JobRef, Timestamp, WorkerId};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// What a look at the clock has seen.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// The time.
    pub now: Timestamp,
    /// When it last jumped, or this server started.
    pub jumped: Timestamp,
}

/// A worker's hold on an attempt.
#[derive(Clone, Debug)]
pub struct Held {
    /// Which attempt.
    pub attempt: Attempt,
    /// Who has it.
    pub worker: WorkerId,
    /// Last heard of its worker.
    pub seen: Timestamp,
    /// It was heard of since this server has the hold.
    pub heard: bool,
    /// Until when this server has written that the lease holds; `None` = it has not.
    pub until: Option<Timestamp>,
    /// A stop was asked for, then.
    pub cancelled: Option<Timestamp>,
    /// Rings when a stop is asked for.
    pub stop: Arc<Notify>,
    /// The number of the take that was answered with it; `None` = not known, or its worker does not count.
    pub take: Option<i64>,
    /// Steps whose logs this server has written to and not completed; `None` = it has not heard of all of it.
    logs: Option<Arc<Mutex<BTreeSet<u16>>>>,
    /// How many steps the job has; empty = not looked up yet.
    pub steps: Arc<OnceLock<usize>>,
}

impl Held {
    fn new(attempt: Attempt, worker: WorkerId, seen: Timestamp, cancelled: Option<Timestamp>) -> Self {
        Self {
            attempt,
            worker,
            seen,
            heard: true,
            until: None,
            cancelled,
            stop: Arc::default(),
            take: None,
            logs: None,
            steps: Arc::default(),
        }
    }

    /// Logs of these steps were written to.
    pub fn wrote(&self, steps: impl IntoIterator<Item = u16>) {
        if let Some(open) = &self.logs {
            open.lock().unwrap_or_else(PoisonError::into_inner).extend(steps);
        }
    }

    /// Logs of these steps are complete. Whether others are, or may be, open.
    pub fn completed(&self, steps: &[u16]) -> bool {
        self.logs.as_ref().is_none_or(|open| {
            let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
            open.retain(|step| !steps.contains(step));
            !open.is_empty()
        })
    }
}

impl Fleet {
    /// A worker has an attempt, until then (committed), by its take of this number.
    pub fn hold(
        &self,
        job: JobRef,
        attempt: Attempt,
        worker: WorkerId,
        take: Option<i64>,
        until: Timestamp,
        now: Timestamp,
    ) -> Held {
        let logs = Some(Arc::default());
        let held = Held { until: Some(until), take, logs, ..Held::new(attempt, worker, now, None) };
        self.lock().held.insert(job, held.clone());
        held
    }

    /// A worker is told again what it was given: as [`Fleet::hold`], and what is known of the hold stays.
    pub fn hold_again(
        &self,
        job: JobRef,
        attempt: Attempt,
        worker: WorkerId,
        take: i64,
        until: Timestamp,
        now: Timestamp,
    ) {
        let mut state = self.lock();
        let held = state.held.get(&job).filter(|h| h.attempt == attempt && h.worker == worker);
        let mut held = held.cloned().unwrap_or_else(|| Held::new(attempt, worker, now, None));
        held.until = held.until.max(Some(until));
        held.heard = true;
        held.take = Some(take);
        state.held.insert(job, held);
        state.resume(worker, (job, attempt));
    }

    /// This server has written until when the lease of an attempt holds.
    pub fn written(&self, job: JobRef, attempt: Attempt, until: Timestamp) {
        if let Some(held) = self.lock().held.get_mut(&job).filter(|h| h.attempt == attempt) {
            held.until = held.until.max(Some(until));
        }
    }

    /// Until when this server has written that the lease of an attempt holds.
    pub fn written_until(&self, job: JobRef, attempt: Attempt) -> Option<Timestamp> {
        self.lock().held.get(&job).filter(|h| h.attempt == attempt)?.until
    }

    /// A commit that was to give an attempt to a worker is said to have failed. If it was made all the same, nobody
    /// was told of the lease.
    pub fn doubt(&self, job: JobRef, attempt: Attempt, worker: WorkerId, until: Timestamp) {
        self.lock().doubtful.push((job, attempt, worker, until));
    }

    /// Those that were doubted since the last call.
    pub fn doubtful(&self) -> Vec<(JobRef, Attempt, WorkerId, Timestamp)> {
        std::mem::take(&mut self.lock().doubtful)
    }

    /// As the store says. Its worker has not been heard of, and has a whole lease to say something.
    pub fn restore(&self, job: JobRef, attempt: Attempt, worker: WorkerId, cancelled: bool, now: Timestamp) {
        let mut state = self.lock();
        let held = Held::new(attempt, worker, now, cancelled.then_some(now));
        state.held.insert(job, Held { heard: false, ..held });
        state.resume(worker, (job, attempt));
    }

    /// The hold of `worker` on this very attempt, which is renewed by asking; `None` = it has lost it.
    pub fn held(&self, job: JobRef, attempt: Attempt, worker: WorkerId, now: Timestamp) -> Option<Held> {
        let mut state = self.lock();
        let held = state.held.get_mut(&job)?;
        if held.attempt != attempt || held.worker != worker {
            return None;
        }
        held.seen = now;
        held.heard = true;
        Some(held.clone())
    }

    /// The worker has ended with it.
    pub fn release(&self, job: JobRef, attempt: Attempt) {
        let mut state = self.lock();
        if state.held.get(&job).is_some_and(|h| h.attempt == attempt) {
            state.held.remove(&job);
        }
    }

    /// Holds whose workers have not been heard of for a lease; cancelled ones after `grace` too. Those that were
    /// cancelled are released here, because the run has forgotten them already.
    pub fn expired(&self, lasts: Duration, grace: Duration, now: Timestamp) -> Vec<(JobRef, Held)> {
        let mut state = self.lock();
        let late: Vec<(JobRef, Held)> = state
            .held
            .iter()
            .filter(|(_, h)| lease::is_late(h.seen, h.cancelled, now, lasts, grace))
            .map(|(job, held)| (*job, held.clone()))
            .collect();
        for (job, held) in &late {
            if held.cancelled.is_some() {
                state.held.remove(job);
            }
        }
        late
    }

    /// Looks at the clock. After a jump whatever was heard before counts as heard now: the silence was the clock's.
    /// It is read under the lock: two looks that overtake each other must not look like a clock that goes back.
    pub fn look_at_clock(&self, clock: impl FnOnce() -> Timestamp, lasts: Duration) -> Look {
        let mut state = self.lock();
        let now = clock();
        match state.looked.replace(now) {
            None => state.jumped = now,
            Some(before) if lease::jumped(before, now, lasts) => {
                tracing::warn!(from = %before, to = %now, "the clock has jumped, or this machine slept");
                state.jumped = now;
                state.held.values_mut().for_each(|h| h.seen = now);
                state.workers.values_mut().for_each(|w| w.seen = now);
                state.hatcheries.values_mut().for_each(|h| h.seen = now);
            }
            Some(_) => {}
        }
        Look { now, jumped: state.jumped }
    }

    /// Workers that were ordered and that nobody has mentioned for too long.
    pub fn never_came(&self, now: Timestamp) -> Vec<WorkerId> {
        let state = self.lock();
        let pending = state.workers.iter().filter(|(_, w)| w.status == WorkerStatus::Pending);
        pending.filter(|(_, w)| lease::pending_is_gone(w.seen, now)).map(|(id, _)| *id).collect()
    }

    /// Its hatchery has one that was ordered: it may take its time.
    pub fn mentioned(&self, worker: WorkerId, now: Timestamp) {
        if let Some(w) = self.lock().workers.get_mut(&worker)
            && w.status == WorkerStatus::Pending
        {
            w.seen = now;
        }
    }

    /// Forgets workers that have said nothing for long and have nothing here.
    pub fn forget_strangers(&self, now: Timestamp) {
        let strangers: Vec<WorkerId> = {
            let state = self.lock();
            let holds = |id: &WorkerId| state.held.values().any(|h| h.worker == *id);
            let silent = state.workers.iter().filter(|(id, w)| {
                w.status != WorkerStatus::Pending
                    && w.waiter.is_none()
                    && lease::is_forgotten(w.seen, false, now)
                    && !holds(id)
            });
            silent.map(|(id, _)| *id).collect()
        };
        for worker in strangers {
            self.remove_worker(worker, now);
        }
    }

    /// What the store says about a hold: it is over, or is to be stopped.
    /// True if the hold is over: what its worker has left here is to be completed.
    pub fn compare(&self, job: JobRef, held: &Held, row: Option<lease::Row>, now: Timestamp) -> bool {
        match lease::against_store(row, held.worker) {
            lease::Fate::Drop => {
                self.release(job, held.attempt);
                return true;
            }
            lease::Fate::Stop => self.cancel(job, held.attempt, now),
            lease::Fate::Keep | lease::Fate::Lost => {}
        }
        false
    }

    /// Every hold, for the store.
    pub fn holds(&self) -> Vec<(JobRef, Held)> {
        self.lock().held.iter().map(|(job, held)| (*job, held.clone())).collect()
    }

    /// Holds of one worker that it did not get by the take of this number.
    pub fn holds_beside(&self, worker: WorkerId, take: Option<i64>) -> Vec<(JobRef, Attempt)> {
        let state = self.lock();
        let other = |h: &Held| h.worker == worker && (take.is_none() || h.take != take);
        state.held.iter().filter(|(_, h)| other(h)).map(|(job, h)| (*job, h.attempt)).collect()
    }

    /// Holds of one worker.
    pub fn holds_of(&self, worker: WorkerId) -> Vec<(JobRef, Attempt)> {
        self.lock().held.iter().filter(|(_, h)| h.worker == worker).map(|(j, h)| (*j, h.attempt)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    #[test]
    fn looks_at_the_same_time_are_no_jump() {
        let (fleet, clock) = (Fleet::default(), AtomicI64::new(1));
        let look = || {
            let read = || {
                let now = clock.fetch_add(1, Ordering::SeqCst);
                // Somebody else may look meanwhile.
                std::thread::yield_now();
                Timestamp(now)
            };
            fleet.look_at_clock(read, Duration::from_secs(3600)).jumped
        };
        let first = look();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5_000).for_each(|_| assert_eq!(look(), first)));
            }
        });
        // Back is back, if only by one.
        let back = Timestamp(clock.load(Ordering::SeqCst) - 2);
        assert_eq!(fleet.look_at_clock(|| back, Duration::from_secs(3600)).jumped, back);
    }
}
