//! What exists, and what became of what existed.

use super::{Agent, LIST_ANYWAY, LIST_EVERY, LIST_LIMIT, jitter};
use crate::{
    backoff::pause,
    plan::{Seen, WorkerState},
    server::Server,
};
use cds_api::fleet::InstanceReport;
use cds_provider::{Instance, InstanceState, Provider, ProviderError};
use std::{collections::BTreeSet, time::Duration};
use tokio::time::{Instant, timeout};

/// A worker that ends so soon after its start, and that nobody has seen registered, has probably crashed.
const EARLY: Duration = Duration::from_secs(5);
/// Early ends in a row that mean nothing yet, in the weights below.
const TOLERATED: u32 = 10;
/// A failure: one is tolerated, as a worker may be killed at any time.
const WEIGHT_FAILED: u32 = 10;
/// A clean end: it may have done a short job before the server could tell us of it.
const WEIGHT_CLEAN: u32 = 1;

impl<P: Provider, S: Server> Agent<P, S> {
    pub(super) fn list_is_due(&self) -> bool {
        let now = Instant::now();
        if self.list_held.is_some_and(|until| until > now) {
            return false;
        }
        let every = if self.provider.has_news() { LIST_ANYWAY } else { LIST_EVERY };
        self.list_wanted || self.last_list + every <= now
    }

    /// Lists what exists. Without a list nothing is planned: it is the truth.
    pub(super) async fn observe(&mut self) {
        self.list_wanted = true;
        let listed = match timeout(LIST_LIMIT, self.provider.list()).await {
            Ok(listed) => listed,
            Err(_) => Err(ProviderError::Transient("listing takes too long".into())),
        };
        match listed {
            Ok(instances) => {
                self.list_wanted = false;
                self.list_held = None;
                self.list_failures = 0;
                self.last_list = Instant::now();
                self.compare(instances);
            }
            Err(error) => {
                self.list_failures = self.list_failures.saturating_add(1);
                tracing::warn!(%error, kind = error.kind(), "cannot list what exists");
                self.list_held = Some(Instant::now() + pause(self.list_failures, jitter()));
            }
        }
    }

    fn compare(&mut self, instances: Vec<Instance>) {
        let now = self.now();
        let mut before = std::mem::take(&mut self.seen);
        for instance in instances {
            let old = before.remove(&instance.id);
            let ended_now = !instance.is_alive() && old.as_ref().is_none_or(|o| o.instance.is_alive());
            let seen = match old {
                Some(old) => Seen { instance, ..old },
                None => Seen { instance, first_seen: now, reported: false, going: false },
            };
            if ended_now && !seen.going {
                self.ended(&seen);
            }
            self.seen.insert(seen.instance.id.clone(), seen);
        }
        for (id, lost) in before {
            if lost.going {
                // Its destruction will be heard of, and wants to know what it destroyed.
                self.seen.insert(id, lost);
                continue;
            }
            if !lost.instance.is_alive() {
                continue;
            }
            let worker = lost.instance.worker;
            tracing::warn!(%worker, instance = %lost.instance.id, "an instance is gone from the provider's list");
            self.remember_end(worker, "gone from the provider's list");
        }
        let listed: BTreeSet<_> = self.seen.values().map(|s| s.instance.worker).collect();
        let starting = &self.starting;
        self.registered.retain(|worker| listed.contains(worker));
        self.started_at.retain(|worker, _| listed.contains(worker) || starting.contains_key(worker));
    }

    /// Keeps the end of an instance that is listed no more until the server knows it.
    pub(super) fn remember_end(&mut self, worker: cds_model::WorkerId, exit: &str) {
        self.gone.insert(worker, InstanceReport { worker, alive: false, exit: exit.into() });
    }

    /// A worker has ended by itself: does it look as if none could live?
    fn ended(&mut self, seen: &Seen) {
        let InstanceState::Ended { exit, clean } = &seen.instance.state else { return };
        let worker = seen.instance.worker;
        tracing::info!(%worker, exit, "worker ended");
        let now = self.now();
        let early = self.started_at.get(&worker).is_some_and(|at| now.since(*at) < EARLY);
        if !early || self.registered.contains(&worker) {
            return;
        }
        self.crashes = self.crashes.saturating_add(if *clean { WEIGHT_CLEAN } else { WEIGHT_FAILED });
        if self.crashes > TOLERATED {
            let error = ProviderError::Transient(format!("workers end right after their start: {exit}"));
            self.hold_back(&error);
        }
    }

    pub(super) fn hold_back(&mut self, error: &ProviderError) {
        if matches!(error, ProviderError::Denied(_)) {
            tracing::error!(%error, "the provider refuses to start workers; mend it and start the hatchery again");
        } else {
            tracing::warn!(%error, kind = error.kind(), "cannot start a worker");
        }
        let alive = self.seen.values().filter(|s| s.instance.is_alive()).count() as u32;
        let now = self.now();
        self.failed_starts = self.failed_starts.wrapping_add(1);
        self.backoff.failed(error, alive, now, jitter());
    }

    /// Learns from the server's answer which workers have come up.
    pub(super) fn note_registered(&mut self) {
        let Some(orders) = &self.orders else { return };
        let mut fresh = false;
        for (worker, state) in &orders.workers {
            if matches!(state, WorkerState::Idle | WorkerState::Busy) {
                let ours = self.seen.values().any(|s| s.instance.worker == *worker);
                fresh |= ours && self.registered.insert(*worker);
            }
        }
        if fresh {
            self.crashes = 0;
            let now = self.now();
            self.backoff.succeeded(now);
        }
    }
}
