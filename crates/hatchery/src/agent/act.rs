//! Carries out plans, and takes in what came of it.

use super::{Agent, jitter};
use crate::{
    backoff::pause,
    plan::{Action, View, Why, plan},
    server::{Server, ServerError},
};
use cds_api::fleet::{HatcheryOrders, HatcheryRegistered, WorkerIdentity, WorkerOrder, WorkerOrders};
use cds_model::{Secret, Timestamp, WorkerId};
use cds_provider::{InstanceId, Provider, ProviderError, Resources, SpawnOrder};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use tokio::{task::JoinSet, time::sleep};

/// Something the loop started has come to an end.
pub(super) enum Done {
    Registered {
        offered: u32,
        result: Result<HatcheryRegistered, ServerError>,
    },
    Synced {
        number: u64,
        told: BTreeSet<WorkerId>,
        result: Result<HatcheryOrders, ServerError>,
    },
    Ordered {
        count: u32,
        result: Result<WorkerOrders, ServerError>,
    },
    Spawned {
        worker: WorkerId,
        result: Result<InstanceId, ProviderError>,
    },
    Destroyed {
        id: InstanceId,
        why: Option<Why>,
        result: Result<(), ProviderError>,
    },
    /// The pause after a failed destruction is over.
    TryAgain(InstanceId),
}

/// An identity whose spawn failed; may be used for another try, which cannot make two instances.
pub(super) struct Spare {
    identity: WorkerIdentity,
    ordered: Timestamp,
}

impl<P: Provider, S: Server> Agent<P, S> {
    /// Plans and starts what was planned.
    pub(super) fn act(&mut self) {
        let now = self.now();
        let instances: Vec<_> = self.seen.values().cloned().collect();
        let listed: BTreeSet<_> = instances.iter().map(|s| s.instance.worker).collect();
        let spawning = self.starting.keys().filter(|w| !listed.contains(w)).count() as u32 + self.ordering;
        let view = View {
            instances: &instances,
            spawning,
            orders: self.orders.as_ref(),
            limits: &self.limits,
            backoff: &self.backoff,
            now,
        };
        for action in plan(view) {
            match action {
                Action::Spawn(count) => self.spawn(count),
                Action::Destroy(id, why) => self.destroy(id, Some(why)),
                Action::Forget(id) => self.destroy(id, None),
            }
        }
    }

    fn spawn(&mut self, count: u32) {
        let Some(hatchery) = self.hatchery else { return };
        let (now, good_for) = (self.now(), self.limits.start_timeout / 2);
        self.spare.retain(|s| now.since(s.ordered) < good_for);
        let reused = self.spare.len().min(count as usize);
        for spare in self.spare.drain(..reused).collect::<Vec<_>>() {
            self.start(spare.identity);
        }
        let count = count - reused as u32;
        if count > 0 {
            self.ordering += count;
            let server = self.server.clone();
            self.tasks.spawn(async move {
                let result = server.workers(&WorkerOrder { hatchery, count }).await;
                Done::Ordered { count, result }
            });
        }
    }

    fn start(&mut self, identity: WorkerIdentity) {
        let worker = identity.worker;
        let order = SpawnOrder {
            worker,
            name: identity.name.clone(),
            token: Secret::new(identity.token.clone()),
            api_url: self.api_url.clone(),
            labels: BTreeMap::from([
                ("cds.hatchery".to_string(), self.name.clone()),
                ("cds.worker".to_string(), worker.to_string()),
            ]),
            resources: Resources::default(),
        };
        self.starting.insert(worker, identity);
        let now = self.now();
        self.started_at.insert(worker, now);
        let provider = self.provider.clone();
        self.tasks.spawn(async move {
            let result = provider.spawn(&order).await;
            Done::Spawned { worker, result }
        });
    }

    /// `why` is empty when the end of an instance is only acknowledged.
    fn destroy(&mut self, id: InstanceId, why: Option<Why>) {
        let Some(seen) = self.seen.get_mut(&id) else { return };
        seen.going = true;
        if let Some(why) = why {
            tracing::info!(worker = %seen.instance.worker, %why, "ending a worker");
        }
        let provider = self.provider.clone();
        self.tasks.spawn(async move {
            let result = provider.destroy(&id).await;
            Done::Destroyed { id, why, result }
        });
    }

    /// Takes in what came of something; `None` is a task that was called off.
    pub(super) fn settle(&mut self, done: Option<Done>) {
        match done {
            None => {}
            Some(Done::Registered { offered, result }) => self.settle_registration(offered, result),
            Some(Done::Synced { number, told, result }) => self.settle_sync(number, told, result),
            Some(Done::Ordered { count, result }) => {
                self.ordering -= count;
                match result {
                    Ok(orders) => orders.workers.into_iter().take(count as usize).for_each(|i| self.start(i)),
                    Err(error) => {
                        self.hold_back(&ProviderError::Transient(format!("no identity for it: {error}")))
                    }
                }
            }
            Some(Done::Spawned { worker, result }) => {
                let identity = self.starting.remove(&worker);
                // Also after a failure: who knows how far it came.
                self.list_wanted = true;
                if let Err(error) = result {
                    if let (Some(identity), false) = (identity, matches!(error, ProviderError::Invalid(_))) {
                        let ordered = self.now();
                        self.spare.push(Spare { identity, ordered });
                    }
                    self.hold_back(&error);
                }
            }
            Some(Done::Destroyed { id, why, result: Ok(()) }) => {
                self.list_wanted = true;
                if let (Some(seen), Some(why)) = (self.seen.remove(&id), why)
                    && !seen.reported
                {
                    self.remember_end(seen.instance.worker, &why.to_string());
                }
            }
            Some(Done::Destroyed { id, why: _, result: Err(error) }) => {
                tracing::warn!(instance = %id, %error, "cannot end an instance");
                let wait = pause(3, jitter());
                self.tasks.spawn(async move {
                    sleep(wait).await;
                    Done::TryAgain(id)
                });
            }
            Some(Done::TryAgain(id)) => {
                if let Some(seen) = self.seen.get_mut(&id) {
                    seen.going = false;
                }
                self.list_wanted = true;
            }
        }
    }

    /// Ends everything that is known, side by side; used at shutdown.
    pub(super) async fn destroy_all(&mut self) {
        let mut ends = JoinSet::new();
        for (id, seen) in &self.seen {
            let (provider, id, worker) = (self.provider.clone(), id.clone(), seen.instance.worker);
            ends.spawn(async move {
                let result = provider.destroy(&id).await;
                if result.is_err() {
                    sleep(Duration::from_millis(200)).await;
                }
                (id, worker, result)
            });
        }
        while let Some(end) = ends.join_next().await {
            match end {
                Ok((id, worker, Ok(()))) => {
                    self.seen.remove(&id);
                    self.remember_end(worker, "destroyed: its hatchery was stopped");
                }
                Ok((id, _, Err(error))) => tracing::warn!(instance = %id, %error, "cannot end an instance"),
                Err(error) => tracing::error!(%error, "ending an instance failed"),
            }
        }
    }
}
