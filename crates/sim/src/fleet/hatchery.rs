//! A hatchery: it looks at its provider, plans, and tells its server.

use crate::{
    faults::Fault,
    fleet::{Who, Worker},
    server::Ask,
    world::{Happening, Sim, Step},
};
use cds_hatchery::{
    backoff::Backoff,
    plan::{Action, Limits, Orders, Seen, View, plan},
};
use cds_model::{Timestamp, WorkerId};
use cds_provider::{Instance, InstanceId, InstanceState, ProviderError};
use std::{collections::BTreeMap, time::Duration};

/// From one look of a hatchery at its provider to the next, ms. A real one is woken by news; here a short tick
/// stands for that.
const LOOK: (i64, i64) = (300, 1500);

/// A hatchery: what its provider has, and what it remembers.
pub(crate) struct Hatchery {
    pub region: &'static str,
    pub limits: Limits,
    pub up: bool,
    /// The provider refuses to start more.
    pub full: bool,
    /// Counts its lives: answers to an earlier one are lost.
    pub life: u32,
    /// The provider's truth: alive or ended.
    pub instances: BTreeMap<WorkerId, bool>,
    /// The server it talks to.
    server: usize,
    pub(super) unanswered: u32,
    /// Instances being started.
    starting: u32,
    /// Identities being ordered, and until when an answer is waited for.
    ordering: Option<(u32, Timestamp)>,
    first_seen: BTreeMap<WorkerId, Timestamp>,
    pub(super) reported: BTreeMap<WorkerId, bool>,
    pub(super) orders: Option<Orders>,
    backoff: Backoff,
}

impl Hatchery {
    pub fn new(index: usize, workers: u32) -> Self {
        let region = if index % 2 == 1 { "eu" } else { "" };
        let start_timeout = Duration::from_secs(60);
        Self {
            region,
            limits: Limits {
                max_workers: workers,
                min_idle: 0,
                spawn_concurrency: (workers / 10).max(2),
                start_timeout,
            },
            up: true,
            full: false,
            life: 0,
            instances: BTreeMap::new(),
            server: 0,
            unanswered: 0,
            starting: 0,
            ordering: None,
            first_seen: BTreeMap::new(),
            reported: BTreeMap::new(),
            orders: None,
            backoff: Backoff::default(),
        }
    }

    /// Dies; what the provider has goes on.
    pub fn die(&mut self) {
        self.up = false;
        self.life += 1;
        self.ordering = None;
        self.orders = None;
        self.first_seen.clear();
        self.reported.clear();
        self.backoff = Backoff::default();
    }

    fn alive(&self) -> u32 {
        self.instances.values().filter(|alive| **alive).count() as u32
    }

    /// Never more than the operator allows.
    pub fn check(&self) -> Step {
        let all = self.alive() + self.starting;
        match all <= self.limits.max_workers {
            true => Ok(()),
            false => Err(format!("a hatchery has {all} workers of {}", self.limits.max_workers)),
        }
    }

    fn plan(&mut self, now: Timestamp) -> Vec<Action> {
        if self.ordering.is_some_and(|(_, until)| until <= now) {
            self.ordering = None;
        }
        for worker in self.instances.keys() {
            self.first_seen.entry(*worker).or_insert(now);
        }
        let seen: Vec<Seen> = self
            .instances
            .iter()
            .map(|(worker, alive)| {
                let state = match alive {
                    true => InstanceState::Alive,
                    false => InstanceState::Ended { exit: "ended".into(), clean: false },
                };
                let id = InstanceId(worker.to_string());
                Seen {
                    instance: Instance { id, worker: *worker, state },
                    first_seen: self.first_seen.get(worker).copied().unwrap_or(now),
                    reported: self.reported.contains_key(worker),
                    going: false,
                }
            })
            .collect();
        plan(View {
            instances: &seen,
            spawning: self.starting + self.ordering.map_or(0, |(n, _)| n),
            orders: self.orders.as_ref(),
            limits: &self.limits,
            backoff: &self.backoff,
            now,
        })
    }
}

impl Sim {
    /// One pass of a hatchery's loop.
    pub fn hatch(&mut self, index: usize) -> Step {
        let wait = self.dice.ms(LOOK.0, LOOK.1);
        self.later(wait, Happening::Hatch(index));
        if !self.trouble() {
            self.hatcheries[index].full = false;
        }
        if !self.hatcheries[index].up {
            return Ok(());
        }
        let now = self.true_clock();
        for action in self.hatcheries[index].plan(now) {
            match action {
                Action::Spawn(count) => {
                    let hatchery = &mut self.hatcheries[index];
                    let (life, server) = (hatchery.life, hatchery.server);
                    hatchery.ordering = Some((count, now + Duration::from_secs(10)));
                    self.ask(server, Ask::Identities { hatchery: index, life, count }, Who::Hatchery(index));
                }
                Action::Destroy(id, why) => {
                    self.note(|| format!("hatchery {index} destroys {id}: {why}"));
                    if let Ok(worker) = id.0.parse() {
                        self.workers.remove(&worker);
                        self.hatcheries[index].instances.insert(worker, false);
                    }
                }
                Action::Forget(id) => {
                    if let Ok(worker) = id.0.parse::<WorkerId>() {
                        let hatchery = &mut self.hatcheries[index];
                        if hatchery.instances.remove(&worker) != Some(false) {
                            return Err(format!("hatchery {index} forgets {id}, which has not ended"));
                        }
                        hatchery.first_seen.remove(&worker);
                        hatchery.reported.remove(&worker);
                    }
                }
            }
        }
        let servers = self.servers.len();
        let hatchery = &mut self.hatcheries[index];
        hatchery.unanswered += 1;
        if hatchery.unanswered > 6 {
            hatchery.unanswered = 0;
            hatchery.server = (hatchery.server + 1) % servers;
        }
        let instances = hatchery.instances.iter().map(|(w, alive)| (*w, *alive)).collect();
        let (life, server) = (hatchery.life, hatchery.server);
        self.ask(server, Ask::Sync { hatchery: index, life, instances }, Who::Hatchery(index));
        Ok(())
    }

    /// The provider has started an instance.
    pub fn born(&mut self, index: usize, worker: WorkerId) {
        let server = self.dice.up_to(self.servers.len());
        let hatchery = &mut self.hatcheries[index];
        hatchery.starting -= 1;
        hatchery.instances.insert(worker, true);
        self.stats.spawned += 1;
        // Some are of an older version. What is lost on the way to such a one costs an attempt.
        let old = worker.0.as_u128().is_multiple_of(4) && self.config.away.is_none();
        let take = (!old).then_some(1);
        let now = self.now;
        self.workers.insert(worker, Worker::new(index, server, take, now));
        self.later(0, Happening::Work(worker, 0));
    }

    pub(super) fn spawn(&mut self, index: usize, life: u32, workers: &[WorkerId]) {
        let now = self.true_clock();
        // An answer to an earlier life, or one that is not waited for any more: nothing may be started for it.
        if self.hatcheries[index].life != life || !self.hatcheries[index].up {
            return;
        }
        let Some((count, _)) = self.hatcheries[index].ordering.take() else { return };
        for worker in workers.iter().take(count as usize) {
            let fails = self.fault(Fault::Provider);
            let hatchery = &mut self.hatcheries[index];
            let alive = hatchery.alive() + hatchery.starting;
            let error = match () {
                () if hatchery.full => ProviderError::Full("the dice say so".into()),
                () if fails => ProviderError::Transient("the dice say so".into()),
                () => {
                    hatchery.starting += 1;
                    let wait = self.dice.ms(1, 3000);
                    self.later(wait, Happening::Born { hatchery: index, worker: *worker });
                    continue;
                }
            };
            hatchery.backoff.failed(&error, alive, now, 0.5);
        }
    }
}
