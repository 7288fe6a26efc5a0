//! Talks with the server: registers, reports, learns wishes.

use super::{Agent, act::Done, jitter};
use crate::{
    backoff::pause,
    plan::{Orders, WorkerState},
    server::{Server, ServerError},
};
use cds_api::fleet::{
    HatcheryOrders, HatcheryRegister, HatcheryRegistered, HatcherySync, InstanceReport, Offer,
};
use cds_model::WorkerId;
use cds_provider::{InstanceState, Provider};
use std::{collections::BTreeSet, time::Duration};
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout},
};

/// How long the server may wait for news before it answers.
const POLL: Duration = Duration::from_secs(30);
/// Longest pause between tries to reach the server: short, as everything waits for it.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// An answer that came sooner and says nothing new is followed by a pause, lest a server at fault be flooded.
const TOO_SOON: Duration = Duration::from_millis(100);
/// The last word at shutdown may take this long.
const GOODBYE: Duration = Duration::from_secs(3);

/// The sync under way.
pub(super) struct InFlight {
    number: u64,
    /// Ends it tells.
    told: BTreeSet<WorkerId>,
    /// It waits for news, and may be called off for an urgent report.
    waits: bool,
    since: Instant,
    pub(super) abort: AbortHandle,
}

impl<P: Provider, S: Server> Agent<P, S> {
    /// Starts the calls that are due.
    pub(super) fn talk(&mut self) {
        if self.server_held.is_some_and(|until| until > Instant::now()) {
            return;
        }
        self.server_held = None;
        let offer = self.backoff.ceiling(self.limits.max_workers, self.now());
        if !self.registering && (self.hatchery.is_none() || self.offered != Some(offer)) {
            self.register(offer);
        }
        if self.hatchery.is_none() {
            return;
        }
        let urgent = self.is_urgent();
        match &self.in_flight {
            None => self.sync(!urgent),
            Some(sync) if urgent && sync.waits => {
                sync.abort.abort();
                self.sync(false);
            }
            Some(_) => {}
        }
    }

    /// Something the server should know at once, and that the sync under way does not tell.
    fn is_urgent(&self) -> bool {
        let told = |worker: &WorkerId| self.in_flight.as_ref().is_some_and(|s| s.told.contains(worker));
        let unheard =
            |s: &&crate::plan::Seen| !s.instance.is_alive() && !s.reported && !told(&s.instance.worker);
        self.seen.values().find(unheard).is_some()
            || self.gone.keys().any(|worker| !told(worker))
            || self.told_error.0 != self.failed_starts
            || self.told_error.1 != self.backoff.last_error()
    }

    fn register(&mut self, offered: u32) {
        let capacity = self.provider.capacity();
        let body = HatcheryRegister {
            name: self.name.clone(),
            model_type: self.provider.kind().into(),
            version: self.version.clone(),
            offer: Offer {
                region: self.region.clone(),
                os_arch: capacity.os_arch,
                hostname: capacity.hostname,
                binaries: capacity.binaries,
                memory_mb: capacity.memory_mb,
                max_workers: offered,
            },
            instance: self.instance.clone(),
        };
        self.registering = true;
        let server = self.server.clone();
        self.tasks.spawn(async move {
            let result = server.register(&body).await;
            Done::Registered { offered, result }
        });
    }

    fn report(&self) -> Vec<InstanceReport> {
        let listed = self.seen.values().map(|seen| {
            let exit = match &seen.instance.state {
                InstanceState::Alive => String::new(),
                InstanceState::Ended { exit, .. } => exit.clone(),
            };
            InstanceReport { worker: seen.instance.worker, alive: seen.instance.is_alive(), exit }
        });
        let known: BTreeSet<_> = self.seen.values().map(|s| s.instance.worker).collect();
        listed.chain(self.gone.values().filter(|g| !known.contains(&g.worker)).cloned()).collect()
    }

    fn sync_body(&self, wait: Duration) -> Option<HatcherySync> {
        Some(HatcherySync {
            hatchery: self.hatchery?,
            instances: self.report(),
            seen: self.orders_version,
            wait_ms: wait.as_millis() as u64,
            last_error: self.backoff.last_error().into(),
            failures: self.failed_starts,
            refused: self.backoff.is_denied(),
            leaving: false,
        })
    }

    fn sync(&mut self, waits: bool) {
        let Some(body) = self.sync_body(if waits { POLL } else { Duration::ZERO }) else { return };
        let told: BTreeSet<_> = body.instances.iter().filter(|i| !i.alive).map(|i| i.worker).collect();
        self.told_error = (body.failures, body.last_error.clone());
        self.sync_number += 1;
        let (server, number, told_in_task) = (self.server.clone(), self.sync_number, told.clone());
        let abort = self.tasks.spawn(async move {
            let result = server.sync(&body).await;
            Done::Synced { number, told: told_in_task, result }
        });
        self.in_flight = Some(InFlight { number, told, waits, since: Instant::now(), abort });
    }

    pub(super) fn settle_registration(
        &mut self,
        offered: u32,
        result: Result<HatcheryRegistered, ServerError>,
    ) {
        self.registering = false;
        match result {
            Ok(registered) => {
                if self.hatchery != Some(registered.hatchery) {
                    tracing::info!(hatchery = self.name, id = %registered.hatchery, "registered");
                    // Wishes are counted anew by a server that did not know us.
                    self.orders_version = 0;
                }
                self.hatchery = Some(registered.hatchery);
                self.offered = Some(offered);
                self.server_failures = 0;
            }
            Err(error) => self.server_failed(&error),
        }
    }

    pub(super) fn settle_sync(
        &mut self,
        number: u64,
        told: BTreeSet<WorkerId>,
        result: Result<HatcheryOrders, ServerError>,
    ) {
        let mut soon = false;
        // One that was called off may have been answered all the same; what it says is as good.
        if let Some(sync) = self.in_flight.take_if(|s| s.number == number) {
            soon = sync.waits && sync.since.elapsed() < TOO_SOON;
        }
        match result {
            Ok(orders) => {
                self.server_failures = 0;
                for seen in self.seen.values_mut().filter(|s| told.contains(&s.instance.worker)) {
                    // It may have been told for an instance that was gone, and be listed again since.
                    seen.reported = !seen.instance.is_alive();
                }
                self.gone.retain(|worker, _| !told.contains(worker));
                if soon && orders.version == self.orders_version {
                    self.server_held = Some(Instant::now() + TOO_SOON);
                }
                self.orders_version = orders.version;
                let states = orders.workers.iter().map(|w| (w.worker, WorkerState::from_status(&w.status)));
                self.orders = Some(Orders {
                    wanted: orders.wanted,
                    destroy: orders.destroy.into_iter().collect(),
                    workers: states.collect(),
                    received: self.now(),
                });
                self.note_registered();
            }
            Err(error) => {
                // Not known to have been told.
                self.told_error = (0, String::new());
                self.server_failed(&error);
            }
        }
    }

    fn server_failed(&mut self, error: &ServerError) {
        if let ServerError::UnknownHatchery(_) = error {
            self.hatchery = None;
        }
        self.server_failures = self.server_failures.saturating_add(1);
        let wait = pause(self.server_failures, jitter()).min(LONGEST_PAUSE);
        // The first time is worth a look, the hundredth is not.
        if self.server_failures.is_power_of_two() {
            tracing::warn!(%error, tries = self.server_failures, "the server cannot be talked to, trying again");
        }
        self.server_held = Some(Instant::now() + wait);
    }

    /// Tells the ends of the workers, if the server can be reached.
    pub(super) async fn say_goodbye(&mut self) {
        let body = self.sync_body(Duration::ZERO).map(|body| HatcherySync { leaving: true, ..body });
        if let Some(body) = body
            && !matches!(timeout(GOODBYE, self.server.sync(&body)).await, Ok(Ok(_)))
        {
            tracing::warn!("the server could not be told that the workers have ended");
        }
    }
}
