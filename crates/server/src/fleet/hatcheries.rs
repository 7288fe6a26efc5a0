//! Hatcheries: what they offer, what is wanted of them.

use super::{Fleet, Version, WorkerStatus, foreign};
use cds_api::fleet::{HatcheryOrders, HatcherySync, Offer, WorkerBrief};
use cds_engine::dispatch::{HatcheryView, Trouble};
use cds_model::{HatcheryId, Timestamp, WorkerId};
use std::{collections::BTreeSet, time::Duration};
use tokio::sync::watch;

/// A hatchery.
pub struct HatcheryState {
    /// Name.
    pub name: String,
    /// `local`, `docker`, …
    pub model_type: String,
    /// Of its program.
    pub version: String,
    /// What it offers.
    pub offer: Offer,
    /// Last heard of.
    pub seen: Timestamp,
    /// Workers starting or idle that are wanted of it.
    pub wanted: u32,
    /// Workers that must go.
    pub destroy: BTreeSet<WorkerId>,
    /// Last refusal of its provider.
    pub last_error: String,
    /// Failed starts that it has told of.
    failures: u32,
    /// Its waiting call broke then, and no other has come since.
    cut: Option<Timestamp>,
    /// Which process it is; empty = it does not say.
    instance: String,
    /// Its calls under way.
    calls: u32,
    version_sender: Version,
}

impl HatcheryState {
    /// Wishes have changed: a waiting call returns.
    pub(super) fn bump(&mut self) {
        self.version_sender.send_modify(|v| *v += 1);
    }
}

/// A hatchery that is not heard of for this long is down.
pub const DOWN_AFTER: Duration = Duration::from_secs(90);
/// The same for one whose call broke: one that lives calls again at once.
pub const CUT_AFTER: Duration = Duration::from_secs(5);
/// A hatchery that failed to start a worker is asked for the next one like the others after so long.
const TROUBLED: Duration = Duration::from_secs(60);

impl Fleet {
    /// A hatchery came, or came back.
    pub fn register_hatchery(&self, id: HatcheryId, it: &cds_api::fleet::HatcheryRegister, now: Timestamp) {
        let mut state = self.lock();
        let (mut starting, mut busy, mut idle) = (0, 0, Vec::new());
        for (worker, w) in state.workers.iter().filter(|(_, w)| w.hatchery == id) {
            match w.status {
                WorkerStatus::Pending => starting += 1,
                _ if w.job.is_some() => busy += 1,
                WorkerStatus::Waiting if w.waiter.is_some() => idle.push(*worker),
                _ => {}
            }
        }
        let view = HatcheryView { starting, busy, idle, ..foreign::view(id, &it.name, &it.offer) };
        state.views.retain(|v| v.id != id);
        state.views.push(view);
        let (version_sender, _) = watch::channel(1);
        state.hatcheries.insert(
            id,
            HatcheryState {
                name: it.name.clone(),
                model_type: it.model_type.clone(),
                version: it.version.clone(),
                offer: it.offer.clone(),
                seen: now,
                wanted: 0,
                destroy: BTreeSet::new(),
                last_error: String::new(),
                failures: 0,
                cut: None,
                instance: it.instance.clone(),
                calls: 0,
                version_sender,
            },
        );
        state.pump(now);
    }

    /// Whether another process of this name is at work: what both say could not be told apart.
    pub fn hatchery_taken(&self, name: &str, instance: &str, now: Timestamp) -> bool {
        let state = self.lock();
        let up = |id: HatcheryId| state.views.iter().any(|v| v.id == id && v.up);
        let mut named = state.hatcheries.iter().filter(|(_, h)| h.name == name);
        named.any(|(id, h)| {
            let other = !instance.is_empty() && !h.instance.is_empty() && h.instance != instance;
            let lives = h.calls > 0 || (h.cut.is_none() && now.since(h.seen) < CUT_AFTER);
            other && lives && up(*id)
        })
    }

    /// A call of a hatchery begins to wait, or is over.
    pub fn hatchery_calls(&self, id: HatcheryId, begins: bool) {
        if let Some(hatchery) = self.lock().hatcheries.get_mut(&id) {
            hatchery.calls = if begins { hatchery.calls + 1 } else { hatchery.calls.saturating_sub(1) };
        }
    }

    /// A hatchery was heard of. `None` if it is not known here and has to register.
    pub fn hatchery_seen(&self, told: &HatcherySync, now: Timestamp) -> Option<watch::Receiver<u64>> {
        let mut state = self.lock();
        let hatchery = state.hatcheries.get_mut(&told.hatchery)?;
        hatchery.seen = now;
        hatchery.cut = None;
        hatchery.last_error.clone_from(&told.last_error);
        let failed_anew = hatchery.failures != told.failures;
        hatchery.failures = told.failures;
        let receiver = hatchery.version_sender.subscribe();
        let Some(view) = state.view(told.hatchery) else { return Some(receiver) };
        let before = (view.up, view.trouble.clone());
        view.up = !told.leaving;
        if told.last_error.is_empty() {
            view.trouble = None;
        } else if told.refused {
            view.trouble = Some(Trouble { why: told.last_error.clone(), until: None });
        } else if failed_anew {
            view.trouble = Some(Trouble { why: told.last_error.clone(), until: Some(now + TROUBLED) });
        }
        if before != (view.up, view.trouble.clone()) {
            state.pump(now);
        }
        Some(receiver)
    }

    /// The waiting call of a hatchery broke: it has ended, or calls again at once.
    pub fn hatchery_cut(&self, id: HatcheryId, now: Timestamp) {
        if let Some(hatchery) = self.lock().hatcheries.get_mut(&id) {
            hatchery.cut = Some(now);
        }
    }

    /// What is wanted of a hatchery now.
    pub fn orders(&self, id: HatcheryId) -> Option<HatcheryOrders> {
        let state = self.lock();
        let hatchery = state.hatcheries.get(&id)?;
        let workers = state
            .workers
            .iter()
            .filter(|(_, w)| w.hatchery == id)
            .map(|(worker, w)| {
                // One that gets no other job may end the one it has.
                let status = if w.job.is_some() { WorkerStatus::Building } else { w.status };
                WorkerBrief { worker: *worker, status: status.as_str().into() }
            })
            .collect();
        Some(HatcheryOrders {
            version: *hatchery.version_sender.borrow(),
            wanted: hatchery.wanted,
            destroy: hatchery.destroy.iter().copied().collect(),
            workers,
        })
    }

    /// A worker must go.
    pub fn destroy_worker(&self, worker: WorkerId) {
        let mut state = self.lock();
        let Some(id) = state.workers.get(&worker).map(|w| w.hatchery) else { return };
        if let Some(hatchery) = state.hatcheries.get_mut(&id)
            && hatchery.destroy.insert(worker)
        {
            hatchery.bump();
        }
    }

    /// A worker has gone; it need not be asked for again.
    pub fn destroyed(&self, hatchery: HatcheryId, worker: WorkerId) {
        if let Some(h) = self.lock().hatcheries.get_mut(&hatchery) {
            h.destroy.remove(&worker);
        }
    }

    /// Workers of a hatchery that it did not list, beside those that may just be starting.
    pub fn unlisted(&self, id: HatcheryId, listed: &BTreeSet<WorkerId>) -> Vec<WorkerId> {
        let state = self.lock();
        state
            .workers
            .iter()
            .filter(|(worker, w)| {
                w.hatchery == id && w.status != WorkerStatus::Pending && !listed.contains(worker)
            })
            .map(|(worker, _)| *worker)
            .collect()
    }

    /// Marks hatcheries that are not heard of as down, so that waiting jobs say so.
    pub fn mark_down(&self, now: Timestamp) {
        let mut state = self.lock();
        let down: Vec<HatcheryId> = state
            .hatcheries
            .iter()
            .filter(|(_, h)| {
                now.since(h.seen) > DOWN_AFTER || h.cut.is_some_and(|cut| now.since(cut) >= CUT_AFTER)
            })
            .map(|(id, _)| *id)
            .collect();
        let mut changed = false;
        for id in down {
            if let Some(view) = state.view(id) {
                changed |= std::mem::replace(&mut view.up, false);
            }
        }
        // What was wanted of them is wanted of others now.
        if changed {
            state.pump(now);
        }
    }

    /// Calls `visit` for every hatchery, with whether it is up.
    pub fn each_hatchery(&self, mut visit: impl FnMut(HatcheryId, &HatcheryState, bool)) {
        let state = self.lock();
        for (id, hatchery) in &state.hatcheries {
            let up = state.views.iter().any(|v| v.id == *id && v.up);
            visit(*id, hatchery, up);
        }
    }
}
