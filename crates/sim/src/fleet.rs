//! Hatcheries with their providers, and workers.

use crate::{
    server::{Ask, Reply},
    world::{Happening, Sim, Step},
};
use cds_hatchery::{
    backoff::Backoff,
    plan::{Action, Limits, Orders, Seen, View, plan},
};
use cds_model::{Attempt, JobRef, Status, Timestamp, WorkerId};
use cds_provider::{Instance, InstanceId, InstanceState, ProviderError};
use std::{collections::BTreeMap, time::Duration};

/// From one look of a hatchery at its provider to the next, ms. A real one is woken by news; here a short tick
/// stands for that.
const LOOK: (i64, i64) = (50, 400);
/// How long an idle worker waits for a job before it ends, ms.
const IDLE: i64 = 60_000;

/// A hatchery: what its provider has, and what it remembers.
pub(crate) struct Hatchery {
    pub region: &'static str,
    pub limits: Limits,
    /// The provider refuses to start more.
    pub full: bool,
    /// Counts its lives: answers to an earlier one are lost.
    pub life: u32,
    /// The provider's truth: alive or ended.
    pub instances: BTreeMap<WorkerId, bool>,
    /// Instances being started.
    starting: u32,
    /// Identities being ordered, and until when an answer is waited for.
    ordering: Option<(u32, Timestamp)>,
    first_seen: BTreeMap<WorkerId, Timestamp>,
    reported: BTreeMap<WorkerId, bool>,
    orders: Option<Orders>,
    backoff: Backoff,
}

impl Hatchery {
    pub fn new(index: usize, workers: u32) -> Self {
        let region = if index % 2 == 1 { "eu" } else { "" };
        let start_timeout = Duration::from_secs(60);
        Self {
            region,
            limits: Limits { max_workers: workers, min_idle: 0, spawn_concurrency: 2, start_timeout },
            full: false,
            life: 0,
            instances: BTreeMap::new(),
            starting: 0,
            ordering: None,
            first_seen: BTreeMap::new(),
            reported: BTreeMap::new(),
            orders: None,
            backoff: Backoff::default(),
        }
    }

    /// Loses everything but what the provider has.
    pub fn forget(&mut self) {
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

/// A worker process.
pub(crate) struct Worker {
    hatchery: usize,
    /// Counts what it has begun to do: older alarms mean nothing.
    turn: u32,
    doing: Doing,
    idle_since: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Registering,
    Asking,
    Running { job: JobRef, attempt: Attempt, until: i64, status: Status },
    Reporting { job: JobRef, attempt: Attempt, status: Status },
}

impl Sim {
    /// One pass of a hatchery's loop.
    pub fn hatch(&mut self, index: usize) -> Step {
        let wait = self.dice.ms(LOOK.0, LOOK.1);
        self.later(wait, Happening::Hatch(index));
        if !self.trouble() {
            self.hatcheries[index].full = false;
        }
        let now = self.true_clock();
        for action in self.hatcheries[index].plan(now) {
            match action {
                Action::Spawn(count) => {
                    let life = self.hatcheries[index].life;
                    self.hatcheries[index].ordering = Some((count, now + Duration::from_secs(10)));
                    self.ask(Ask::Identities { hatchery: index, life, count });
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
        let hatchery = &self.hatcheries[index];
        let instances = hatchery.instances.iter().map(|(w, alive)| (*w, *alive)).collect();
        let life = hatchery.life;
        self.ask(Ask::Sync { hatchery: index, life, instances });
        Ok(())
    }

    /// The provider has started an instance.
    pub fn born(&mut self, index: usize, worker: WorkerId) {
        let hatchery = &mut self.hatcheries[index];
        hatchery.starting -= 1;
        hatchery.instances.insert(worker, true);
        self.stats.spawned += 1;
        let idle_since = self.now;
        self.workers
            .insert(worker, Worker { hatchery: index, turn: 0, doing: Doing::Registering, idle_since });
        self.later(0, Happening::Work(worker, 0));
    }

    /// SIGKILL.
    pub fn kill_a_worker(&mut self) {
        let all: Vec<WorkerId> = self.workers.keys().copied().collect();
        if !all.is_empty() {
            let worker = all[self.dice.up_to(all.len())];
            self.stats.workers_killed += 1;
            self.note(|| format!("worker {worker} is killed"));
            self.die(worker);
        }
    }

    fn die(&mut self, worker: WorkerId) {
        if let Some(dead) = self.workers.remove(&worker) {
            self.hatcheries[dead.hatchery].instances.insert(worker, false);
        }
    }

    /// A worker's next turn: say it (again), or go on.
    pub fn work(&mut self, id: WorkerId, turn: u32) -> Step {
        let now = self.now;
        let Some(worker) = self.workers.get_mut(&id).filter(|w| w.turn == turn) else { return Ok(()) };
        if let Doing::Running { job, attempt, until, status } = worker.doing
            && until <= now
        {
            worker.doing = Doing::Reporting { job, attempt, status };
        }
        let (ask, again) = match worker.doing {
            Doing::Registering => (Ask::Register(id), 1000),
            Doing::Asking if now - worker.idle_since > IDLE => {
                self.die(id);
                return Ok(());
            }
            Doing::Asking => (Ask::Take(id), 500),
            Doing::Running { job, attempt, until, .. } => {
                (Ask::Beat { worker: id, job, attempt }, (until - now).clamp(1, 5000))
            }
            Doing::Reporting { job, attempt, status } => {
                (Ask::End { worker: id, job, attempt, status }, 1000)
            }
        };
        self.ask(ask);
        self.later(again, Happening::Work(id, turn));
        Ok(())
    }

    fn turn(&mut self, id: WorkerId, doing: Doing) {
        let now = self.now;
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.turn += 1;
            worker.doing = doing;
            if doing == Doing::Asking {
                worker.idle_since = now;
            }
            let turn = worker.turn;
            self.later(0, Happening::Work(id, turn));
        }
    }

    /// An answer arrives, perhaps late, perhaps twice.
    pub fn answered(&mut self, reply: Reply) -> Step {
        let doing = |sim: &Sim, id: WorkerId| sim.workers.get(&id).map(|w| w.doing);
        match reply {
            Reply::Registered(id) => {
                if doing(self, id) == Some(Doing::Registering) {
                    self.turn(id, Doing::Asking);
                }
            }
            Reply::Job { worker, job: Some((job, attempt)) } => {
                let done_before = self.begun.get(&(job, attempt.0));
                if doing(self, worker) == Some(Doing::Asking) && done_before != Some(&worker) {
                    return self.begin(worker, job, attempt);
                }
            }
            Reply::Job { .. } => {}
            Reply::Beat { worker, job, attempt, go_on } => {
                if let Some(Doing::Running { job: j, attempt: a, .. }) = doing(self, worker)
                    && (j, a) == (job, attempt)
                    && !go_on
                    // Some are deaf, and are given up after a while.
                    && !self.unlucky()
                {
                    self.turn(worker, Doing::Reporting { job, attempt, status: Status::Stopped });
                }
            }
            Reply::Ended { worker, job, attempt } => {
                if let Some(Doing::Reporting { job: j, attempt: a, .. }) = doing(self, worker)
                    && (j, a) == (job, attempt)
                {
                    self.turn(worker, Doing::Asking);
                }
            }
            Reply::Refused(worker) => self.die(worker),
            Reply::Orders { hatchery, life, told, wanted, destroy, workers } => {
                let received = self.true_clock();
                let mine = &mut self.hatcheries[hatchery];
                if mine.life == life {
                    mine.reported.extend(told.into_iter().map(|w| (w, true)));
                    mine.reported.retain(|w, _| mine.instances.contains_key(w));
                    mine.orders = Some(Orders { wanted, destroy, workers, received });
                }
            }
            Reply::Identities { hatchery, life, workers } => self.spawn(hatchery, life, &workers),
        }
        Ok(())
    }

    /// An attempt begins: by no more than one worker, ever.
    fn begin(&mut self, worker: WorkerId, job: JobRef, attempt: Attempt) -> Step {
        if let Some(other) = self.begun.insert((job, attempt.0), worker) {
            return Err(format!("attempt {attempt} of {job} is run by {other} and by {worker}"));
        }
        let long = self.dice.chance(0.05);
        let until = self.now + if long { self.dice.ms(20_000, 90_000) } else { self.dice.ms(5, 8000) };
        let status = if self.dice.chance(0.15) { Status::Fail } else { Status::Success };
        self.turn(worker, Doing::Running { job, attempt, until, status });
        Ok(())
    }

    fn spawn(&mut self, index: usize, life: u32, workers: &[WorkerId]) {
        let now = self.true_clock();
        // An answer to an earlier life, or one that is not waited for any more: nothing may be started for it.
        if self.hatcheries[index].life != life {
            return;
        }
        let Some((count, _)) = self.hatcheries[index].ordering.take() else { return };
        for worker in workers.iter().take(count as usize) {
            let fails = self.unlucky();
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
