//! Workers: ordered, registered, free, busy, gone.

use super::{Fleet, Order, State, Waiter};
use cds_model::{Attempt, HatcheryId, JobRef, Timestamp, WorkerId};
use cds_store::workers::Worker as Row;
use tokio::sync::oneshot::{self, error::TryRecvError};

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerStatus {
    /// Ordered, and not registered yet.
    Pending,
    /// Registered; free, or between two calls.
    Waiting,
    /// Has a job.
    Building,
    /// May finish its job and gets no other.
    Disabled,
}

impl WorkerStatus {
    /// The word of the API and of the database.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkerStatus::Pending => "Pending",
            WorkerStatus::Waiting => "Waiting",
            WorkerStatus::Building => "Building",
            WorkerStatus::Disabled => "Disabled",
        }
    }
}

/// A worker.
pub struct WorkerState {
    /// Name.
    pub name: String,
    /// Whose.
    pub hatchery: HatcheryId,
    /// Where it stands.
    pub status: WorkerStatus,
    /// Go's name; empty until it registers.
    pub os: String,
    /// Go's name; empty until it registers.
    pub arch: String,
    /// Of its program.
    pub version: String,
    /// Last heard of.
    pub seen: Timestamp,
    /// What it has.
    pub job: Option<Order>,
    /// Jobs it has ended.
    pub jobs_done: u32,
    /// It waits for a job here.
    pub(super) waiter: Option<Waiter>,
}

/// Waits for a job; gives it back if the caller goes away in the very moment it came.
pub struct Wait<'a> {
    fleet: &'a Fleet,
    worker: WorkerId,
    receiver: Option<oneshot::Receiver<Order>>,
    /// Held for a worker that is to get nothing, so that its call waits like every other one.
    _never: Option<Waiter>,
    now: Timestamp,
}

impl Wait<'_> {
    /// The job, once there is one.
    pub async fn order(&mut self) -> Option<Order> {
        let order = match self.receiver.as_mut() {
            Some(receiver) => receiver.await.ok(),
            None => None,
        };
        self.receiver = None;
        order
    }

    /// Stops waiting. A job that came in this very moment is taken all the same.
    pub fn stop(mut self) -> Option<Order> {
        self.end()
    }

    fn end(&mut self) -> Option<Order> {
        let mut receiver = self.receiver.take()?;
        // Under the fleet's lock nothing can be sent any more once the waiter is gone.
        let mut state = self.fleet.lock();
        match receiver.try_recv() {
            Ok(order) => Some(order),
            // Whoever waits now is a newer call.
            Err(TryRecvError::Closed) => None,
            Err(TryRecvError::Empty) => {
                state.stops_waiting(self.worker);
                None
            }
        }
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        // The call was cut off: whatever came meanwhile must not be lost.
        if let Some((job, attempt)) = self.end() {
            self.fleet.give_back(self.worker, job, attempt, self.now);
        }
    }
}

impl Fleet {
    /// A worker is about to be spawned.
    pub fn order_worker(&self, worker: WorkerId, name: String, hatchery: HatcheryId, now: Timestamp) {
        let mut state = self.lock();
        state.add_worker(worker, name, hatchery, WorkerStatus::Pending, now);
        if let Some(view) = state.view(hatchery) {
            view.starting += 1;
        }
        state.pump(now);
    }

    /// A worker has registered.
    pub fn register_worker(
        &self,
        worker: WorkerId,
        hatchery: HatcheryId,
        it: &cds_api::worker::WorkerRegister,
        now: Timestamp,
    ) {
        let mut state = self.lock();
        if !state.workers.contains_key(&worker) {
            state.add_worker(worker, it.name.clone(), hatchery, WorkerStatus::Waiting, now);
        }
        state.started(worker);
        if let Some(w) = state.workers.get_mut(&worker) {
            w.name.clone_from(&it.name);
            w.os.clone_from(&it.os);
            w.arch.clone_from(&it.arch);
            w.version.clone_from(&it.version);
            w.seen = now;
        }
    }

    /// A worker was heard of. True if it was not known here (this server has been restarted): now it is, without a name.
    pub fn touch(&self, worker: WorkerId, hatchery: HatcheryId, now: Timestamp) -> bool {
        let mut state = self.lock();
        if let Some(w) = state.workers.get_mut(&worker) {
            w.seen = now;
            return false;
        }
        state.add_worker(worker, worker.to_string(), hatchery, WorkerStatus::Waiting, now);
        true
    }

    /// A worker as the database knows it: taken in if it is not known here, named, and disabled if it is.
    pub fn take_in(&self, row: &Row, now: Timestamp) {
        let mut state = self.lock();
        match state.workers.get_mut(&row.id) {
            Some(w) => w.name.clone_from(&row.name),
            None => state.add_worker(row.id, row.name.clone(), row.hatchery, WorkerStatus::Waiting, now),
        }
        if row.status == WorkerStatus::Disabled.as_str() {
            state.disable(row.id, now);
        }
    }

    /// Name of a worker.
    pub fn worker_name(&self, worker: WorkerId) -> String {
        self.lock().workers.get(&worker).map(|w| w.name.clone()).unwrap_or_default()
    }

    /// A worker is free and waits for a job. A disabled one gets none.
    pub fn wait(&self, worker: WorkerId, now: Timestamp) -> Wait<'_> {
        let mut state = self.lock();
        state.started(worker);
        state.free(worker);
        let (sender, receiver) = oneshot::channel();
        let mut never = None;
        if let Some(w) = state.workers.get_mut(&worker)
            && w.status != WorkerStatus::Disabled
        {
            w.status = WorkerStatus::Waiting;
            // An older call of the same worker is cut off: it has gone, or it would not ask again.
            w.waiter = Some(sender);
            let hatchery = w.hatchery;
            if let Some(view) = state.view(hatchery)
                && !view.idle.contains(&worker)
            {
                view.idle.push(worker);
            }
            state.pump(now);
        } else {
            never = Some(sender);
        }
        Wait { fleet: self, worker, receiver: Some(receiver), _never: never, now }
    }

    /// A job did not reach its worker: back into the queue it goes, if the store still has it there.
    pub fn give_back(&self, worker: WorkerId, job: JobRef, attempt: Attempt, now: Timestamp) {
        let mut state = self.lock();
        state.free(worker);
        state.lost_orders.push((job, attempt));
        state.pump(now);
    }

    /// Orders that did not reach a worker since the last call; to be put into the queue again from the store.
    pub fn lost_orders(&self) -> Vec<Order> {
        std::mem::take(&mut self.lock().lost_orders)
    }

    /// A worker has no job any more.
    pub fn free_worker(&self, worker: WorkerId, ended: bool, now: Timestamp) {
        let mut state = self.lock();
        state.free(worker);
        if ended && let Some(w) = state.workers.get_mut(&worker) {
            w.jobs_done += 1;
        }
        state.pump(now);
    }

    /// A worker gets no more jobs. False if it is not known.
    pub fn disable_worker(&self, worker: WorkerId, now: Timestamp) -> bool {
        self.lock().disable(worker, now)
    }

    /// A worker is gone. Gives the attempt it had.
    pub fn remove_worker(&self, worker: WorkerId, now: Timestamp) -> Option<Order> {
        let mut state = self.lock();
        state.started(worker);
        let order = state.workers.get(&worker).and_then(|w| w.job);
        state.free(worker);
        if let Some(w) = state.workers.remove(&worker)
            && let Some(view) = state.view(w.hatchery)
        {
            view.idle.retain(|i| *i != worker);
        }
        state.pump(now);
        order
    }

    /// Jobs handed to workers here, whether or not their leases are committed yet.
    pub fn on_their_way(&self) -> Vec<JobRef> {
        self.lock().leaving().collect()
    }

    /// Calls `visit` for every worker.
    pub fn each_worker(&self, mut visit: impl FnMut(WorkerId, &WorkerState)) {
        let state = self.lock();
        for (id, worker) in &state.workers {
            visit(*id, worker);
        }
    }
}

impl State {
    /// Jobs that workers have been given, committed or not yet.
    pub(super) fn leaving(&self) -> impl Iterator<Item = JobRef> + '_ {
        self.workers.values().filter_map(|w| w.job.map(|(job, _)| job))
    }

    pub(super) fn add_worker(
        &mut self,
        worker: WorkerId,
        name: String,
        hatchery: HatcheryId,
        status: WorkerStatus,
        now: Timestamp,
    ) {
        self.workers.insert(
            worker,
            WorkerState {
                name,
                hatchery,
                status,
                os: String::new(),
                arch: String::new(),
                version: String::new(),
                seen: now,
                job: None,
                jobs_done: 0,
                waiter: None,
            },
        );
    }

    /// It gets nothing any more. Its hatchery ends it at once if it has no job, and when that has ended if it has one.
    fn disable(&mut self, worker: WorkerId, now: Timestamp) -> bool {
        let Some(w) = self.workers.get_mut(&worker) else { return false };
        if w.status != WorkerStatus::Disabled {
            w.status = WorkerStatus::Disabled;
            let hatchery = w.hatchery;
            self.stops_waiting(worker);
            self.pump(now);
            self.bump(hatchery);
        }
        true
    }

    /// Wishes of a hatchery have changed: a call of it that waits returns.
    fn bump(&mut self, hatchery: HatcheryId) {
        if let Some(hatchery) = self.hatcheries.get_mut(&hatchery) {
            hatchery.bump();
        }
    }

    /// It gets nothing until it waits anew.
    fn stops_waiting(&mut self, worker: WorkerId) {
        let Some(w) = self.workers.get_mut(&worker) else { return };
        w.waiter = None;
        let hatchery = w.hatchery;
        if let Some(view) = self.view(hatchery) {
            view.idle.retain(|i| *i != worker);
        }
    }

    /// It is not starting any more.
    fn started(&mut self, worker: WorkerId) {
        let Some(w) = self.workers.get_mut(&worker) else { return };
        if w.status == WorkerStatus::Pending {
            w.status = WorkerStatus::Waiting;
            let hatchery = w.hatchery;
            if let Some(view) = self.view(hatchery) {
                view.starting = view.starting.saturating_sub(1);
            }
        }
    }

    /// It is not busy any more.
    fn free(&mut self, worker: WorkerId) {
        let Some(w) = self.workers.get_mut(&worker) else { return };
        if w.job.take().is_some() {
            if w.status == WorkerStatus::Building {
                w.status = WorkerStatus::Waiting;
            }
            let (hatchery, goes) = (w.hatchery, w.status == WorkerStatus::Disabled);
            if let Some(view) = self.view(hatchery) {
                view.busy = view.busy.saturating_sub(1);
            }
            if goes {
                self.bump(hatchery);
            }
        }
    }

    /// It has a job that was handed out before this server was started.
    pub(super) fn resume(&mut self, worker: WorkerId, order: Order) {
        if let Some(w) = self.workers.get_mut(&worker)
            && w.job.is_none()
        {
            w.job = Some(order);
            if w.status != WorkerStatus::Disabled {
                w.status = WorkerStatus::Building;
            }
            let hatchery = w.hatchery;
            if let Some(view) = self.view(hatchery) {
                view.busy += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_call_that_is_cut_off_late_does_not_end_the_newer_one() {
        let (fleet, worker) = (Fleet::default(), WorkerId::new());
        fleet.touch(worker, HatcheryId::new(), Timestamp(1));
        let old = fleet.wait(worker, Timestamp(2));
        let mut new = fleet.wait(worker, Timestamp(3));
        drop(old);
        assert!(new.order().now_or_never().is_none(), "it waits");
        assert!(new.stop().is_none());
        let mut last = fleet.wait(worker, Timestamp(4));
        fleet.disable_worker(worker, Timestamp(5));
        assert_eq!(last.order().now_or_never(), Some(None), "it is told that nothing comes");
    }
}
