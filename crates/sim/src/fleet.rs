//! Hatcheries with their providers, and workers.

use crate::{
    faults::Fault,
    server::{Ask, HEARTBEAT, Reply, Report},
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
const LOOK: (i64, i64) = (300, 1500);
/// How long an idle worker waits for a job before it ends, ms.
const IDLE: i64 = 60_000;
/// A worker whose server is down waits for it so long, ms.
const DOWN: i64 = 3_600_000;
/// A worker that writes writes a line this often, ms.
const LINE: i64 = 700;

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
    unanswered: u32,
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

/// A worker process.
pub(crate) struct Worker {
    pub hatchery: usize,
    /// Counts what it has begun to do: older alarms mean nothing.
    turn: u32,
    pub doing: Doing,
    idle_since: i64,
    /// The server it talks to.
    server: usize,
    /// Questions without an answer.
    unanswered: u32,
    /// When it sent what was last answered.
    contact: i64,
    /// Until when its attempt is its own, should it hear nothing more; `None`: as long as its server is down.
    own_until: Option<i64>,
    /// Until when it goes on although its reports do not arrive.
    kept_until: i64,
    /// Since when its server is known to be down.
    down_since: Option<i64>,
    /// It stands still until then.
    paused_until: i64,
    /// It stood still during this job: what it thinks of its lease is old.
    pub was_paused: bool,
    /// Lines written from `began` on; after that, those the server has.
    began: i64,
    acked: u32,
}

impl Worker {
    /// It does not stand still any longer than until then.
    pub fn wake(&mut self, at: i64) {
        self.paused_until = self.paused_until.min(at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Registering,
    Asking,
    Running { job: JobRef, attempt: Attempt, until: i64, status: Status },
    Reporting { job: JobRef, attempt: Attempt, status: Status, lines: u32 },
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
        let now = self.now;
        self.workers.insert(
            worker,
            Worker {
                hatchery: index,
                turn: 0,
                doing: Doing::Registering,
                idle_since: now,
                server,
                unanswered: 0,
                contact: now,
                own_until: None,
                kept_until: 0,
                down_since: None,
                paused_until: 0,
                was_paused: false,
                began: now,
                acked: 0,
            },
        );
        self.later(0, Happening::Work(worker, 0));
    }

    /// SIGKILL.
    pub fn kill_a_worker(&mut self) {
        if let Some(worker) = self.some_worker() {
            self.stats.workers_killed += 1;
            self.note(|| format!("worker {worker} is killed"));
            self.die(worker);
        }
    }

    fn some_worker(&mut self) -> Option<WorkerId> {
        let nth = self.dice.up_to(self.workers.len());
        self.workers.keys().nth(nth).copied()
    }

    /// SIGSTOP, for longer than a lease lasts; SIGCONT.
    pub fn pause_a_worker(&mut self) {
        let length = self.dice.ms(5_000, 120_000);
        if let Some(id) = self.some_worker() {
            let until = self.now + length;
            if let Some(worker) = self.workers.get_mut(&id) {
                worker.paused_until = until;
                worker.was_paused = true;
            }
            self.note(|| format!("worker {id} stands still for {length} ms"));
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
        let gives_up = self.worker_gives_up();
        let servers = self.servers.len();
        let Some(worker) = self.workers.get_mut(&id).filter(|w| w.turn == turn) else { return Ok(()) };
        if worker.paused_until > now {
            let wait = worker.paused_until - now;
            self.later(wait, Happening::Work(id, turn));
            return Ok(());
        }
        let written = ((now - worker.began) / LINE) as u32;
        if let Doing::Running { job, attempt, until, status } = worker.doing
            && until <= now
        {
            worker.doing = Doing::Reporting { job, attempt, status, lines: written };
        }
        let report = |job, attempt, to: u32, end| {
            Ask::Report(Report { worker: id, job, attempt, lines: (worker.acked, to), end, sent: now })
        };
        // What has ended is nobody's double: its report may take as long as a question for the next job.
        let more = if matches!(worker.doing, Doing::Reporting { .. }) { 30_000 } else { 0 };
        let (silent, gives_up) = (now - worker.contact, gives_up + more);
        let lasts = (gives_up - silent).max(worker.kept_until - now);
        let (ask, again) = match worker.doing {
            Doing::Registering | Doing::Asking if now - worker.idle_since > IDLE => {
                self.die(id);
                return Ok(());
            }
            Doing::Registering => (Ask::Register(id), 1500),
            Doing::Asking => (Ask::Take(id, turn), 1000),
            // Nobody answers: the attempt may be somebody else's by now. What runs is killed.
            Doing::Running { .. } | Doing::Reporting { .. } if lasts <= 0 => {
                self.note(|| format!("worker {id} gives its attempt up: no answer for {silent} ms"));
                self.turn(id, Doing::Asking);
                return Ok(());
            }
            Doing::Running { job, attempt, until, .. } => {
                let beat = HEARTBEAT.as_millis() as i64 / 2;
                // What is not answered is repeated, and at the latest the end of the lease must not be missed.
                let wait = if worker.unanswered > 0 { 2000 } else { beat };
                (report(job, attempt, written, None), (until - now).min(lasts).clamp(1, wait))
            }
            Doing::Reporting { job, attempt, status, lines } => {
                (report(job, attempt, lines, Some(status)), lasts.clamp(1, 2000))
            }
        };
        worker.unanswered += 1;
        if worker.unanswered > 3 {
            worker.unanswered = 0;
            worker.server = (worker.server + 1) % servers;
        }
        let server = worker.server;
        self.ask(server, ask, Who::Worker(id));
        self.later(again, Happening::Work(id, turn));
        Ok(())
    }

    fn turn(&mut self, id: WorkerId, doing: Doing) {
        let now = self.now;
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.turn += 1;
            worker.doing = doing;
            worker.unanswered = 0;
            if doing == Doing::Asking {
                worker.idle_since = now;
                worker.was_paused = worker.paused_until > now;
            }
            let turn = worker.turn;
            self.later(0, Happening::Work(id, turn));
        }
    }

    /// An answer arrives, perhaps late, perhaps twice.
    pub fn answered(&mut self, reply: Reply) -> Step {
        let to = match &reply {
            Reply::Registered(w) | Reply::Refused(w) => Some(*w),
            Reply::Job { worker, .. } | Reply::LeaseLost { worker, .. } | Reply::Down(worker) => {
                Some(*worker)
            }
            Reply::Heard { report, .. } | Reply::Ended { report, .. } => Some(report.worker),
            Reply::Full(report) => Some(report.worker),
            _ => None,
        };
        if let Some(id) = to {
            let now = self.now;
            let Some(worker) = self.workers.get_mut(&id) else { return Ok(()) };
            if worker.paused_until > now {
                // It reads when it goes on.
                let wait = worker.paused_until - now;
                self.later(wait, Happening::Answered(reply));
                return Ok(());
            }
            if !matches!(reply, Reply::Down(_)) {
                worker.unanswered = 0;
                worker.down_since = None;
            }
        }
        match reply {
            Reply::Registered(id) => {
                if self.doing(id) == Some(Doing::Registering) {
                    self.turn(id, Doing::Asking);
                }
            }
            Reply::Job { worker, turn, job: Some((job, attempt)), hold } => {
                // A copy of an answer that came before says nothing, nor does one to a question given up.
                let asked = self.workers.get(&worker).is_some_and(|w| w.turn == turn);
                let begun = self.history.begun.contains_key(&(job, attempt));
                if self.doing(worker) == Some(Doing::Asking) && asked && !begun {
                    if let Some(it) = self.workers.get_mut(&worker) {
                        // Its question is older than the lease.
                        it.own_until = hold.map(|hold| it.idle_since + hold.as_millis() as i64);
                    }
                    return self.begin(worker, job, attempt);
                }
            }
            Reply::Job { .. } => {}
            Reply::Full(report) => self.goes_on(report.worker, report.sent),
            Reply::Down(worker) => {
                let now = self.now;
                if let Some(it) = self.workers.get_mut(&worker) {
                    it.down_since.get_or_insert(now);
                }
                self.goes_on(worker, now);
            }
            Reply::Heard { report, length, stop, hold } => {
                if let Some(Doing::Running { job, attempt, .. } | Doing::Reporting { job, attempt, .. }) =
                    self.doing(report.worker)
                    && (job, attempt) == (report.job, report.attempt)
                {
                    // Stops are rare; whoever is deaf must be so at once.
                    let deaf = stop && self.fault_at(Fault::Deaf, self.config.rate * 10.0);
                    let written = self.heard(&report, length);
                    if let Some(it) = self.workers.get_mut(&report.worker) {
                        let until = hold.map(|hold| report.sent + hold.as_millis() as i64);
                        it.own_until = it.own_until.max(until).filter(|_| hold.is_some());
                    }
                    let running = matches!(self.doing(report.worker), Some(Doing::Running { .. }));
                    if stop && running && !deaf {
                        let status = Status::Stopped;
                        self.turn(report.worker, Doing::Reporting { job, attempt, status, lines: written });
                    }
                }
            }
            Reply::Ended { report, length } => {
                if let Some(Doing::Reporting { job, attempt, .. }) = self.doing(report.worker)
                    && (job, attempt) == (report.job, report.attempt)
                {
                    self.heard(&report, length);
                    self.end_is_acknowledged(&report)?;
                    self.turn(report.worker, Doing::Asking);
                }
            }
            Reply::LeaseLost { worker, job, attempt } => {
                if let Some(
                    Doing::Running { job: j, attempt: a, .. } | Doing::Reporting { job: j, attempt: a, .. },
                ) = self.doing(worker)
                    && (j, a) == (job, attempt)
                {
                    self.turn(worker, Doing::Asking);
                }
            }
            Reply::Refused(worker) => self.die(worker),
            Reply::Orders { hatchery, life, told, wanted, destroy, workers } => {
                let received = self.true_clock();
                let mine = &mut self.hatcheries[hatchery];
                if mine.life == life && mine.up {
                    mine.unanswered = 0;
                    mine.reported.extend(told.into_iter().map(|w| (w, true)));
                    mine.reported.retain(|w, _| mine.instances.contains_key(w));
                    mine.orders = Some(Orders { wanted, destroy, workers, received });
                }
            }
            Reply::Identities { hatchery, life, workers } => self.spawn(hatchery, life, &workers),
            Reply::Started(key, run) => self.start_is_acknowledged(key, run)?,
        }
        Ok(())
    }

    fn doing(&self, id: WorkerId) -> Option<Doing> {
        self.workers.get(&id).map(|w| w.doing)
    }

    /// Its server is down, or can store nothing: nobody gives its attempt away, as far as it was told.
    fn goes_on(&mut self, worker: WorkerId, since: i64) {
        let gives_up = self.worker_gives_up();
        if let Some(it) = self.workers.get_mut(&worker) {
            let most = it.own_until.unwrap_or(it.down_since.unwrap_or(since) + DOWN);
            it.kept_until = it.kept_until.max((since + gives_up).min(most));
        }
    }

    /// The server has heard what was sent with this report. Gives the lines written so far.
    fn heard(&mut self, report: &Report, length: u32) -> u32 {
        let now = self.now;
        let Some(worker) = self.workers.get_mut(&report.worker) else { return 0 };
        worker.contact = worker.contact.max(report.sent);
        worker.acked = worker.acked.max(length);
        let acked = worker.acked;
        let written = ((now - worker.began) / LINE) as u32;
        self.lines_are_acknowledged(report.job, report.attempt, report.worker, acked);
        written.max(acked)
    }

    /// An attempt begins: by no more than one worker, ever; and no other attempt of its job is at work.
    fn begin(&mut self, worker: WorkerId, job: JobRef, attempt: Attempt) -> Step {
        self.attempt_begins(worker, job, attempt)?;
        let long = self.dice.chance(0.05);
        // Some never end by themselves, and must be cut off.
        let endless = self.dice.chance(0.01);
        let length = match () {
            () if endless => 3_600_000,
            () if long => self.dice.ms(20_000, 90_000),
            () => self.dice.ms(5, 8000),
        };
        let until = self.now + length;
        let status = if self.dice.chance(0.15) { Status::Fail } else { Status::Success };
        let now = self.now;
        if let Some(it) = self.workers.get_mut(&worker) {
            it.began = now;
            it.acked = 0;
            it.contact = now;
            it.kept_until = 0;
        }
        self.turn(worker, Doing::Running { job, attempt, until, status });
        Ok(())
    }

    fn spawn(&mut self, index: usize, life: u32, workers: &[WorkerId]) {
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

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Worker(WorkerId),
    Hatchery(usize),
    Person,
}
