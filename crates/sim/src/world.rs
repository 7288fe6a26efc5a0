//! The clock, the network and the faults: a heap of things that will happen, and a pair of dice.

use crate::{
    Config, Failure, Stats,
    fleet::{Hatchery, Worker},
    make,
    server::{Ask, Reply},
    store::{Outcome, Store},
};
use cds_engine::{Event, event::Start, invariants, state::Origin};
use cds_model::{JobRef, RunId, Timestamp, WorkerId};
use indexmap::IndexMap;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
};
use uuid::Uuid;

/// Lines of the trace that are kept.
const TRACE: usize = 4000;
/// Virtual time starts here.
const EPOCH: i64 = 1_700_000_000_000;

/// The only source of chance.
pub(crate) struct Dice(StdRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }
    /// True this often.
    pub fn chance(&mut self, p: f64) -> bool {
        self.0.random::<f64>() < p
    }
    /// From 0 to `n` - 1; 0 if `n` is 0.
    pub fn up_to(&mut self, n: usize) -> usize {
        self.0.random_range(0..n.max(1) as u64) as usize
    }
    /// From `from` to `to`, ms.
    pub fn ms(&mut self, from: i64, to: i64) -> i64 {
        self.0.random_range(from..=to)
    }
}

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A question reaches a server.
    Arrives { server: usize, ask: Ask },
    /// A server sends an answer, if it still is the server that was asked.
    Answers { server: usize, epoch: u32, reply: Reply },
    /// An answer reaches whom it is for.
    Answered(Reply),
    /// A server looks after timers, leases and mutexes.
    Housekeeping(usize),
    /// A server comes back.
    ServerUp(usize),
    /// A hatchery looks at its provider, plans and reports.
    Hatch(usize),
    /// An instance comes to life.
    Born { hatchery: usize, worker: WorkerId },
    /// A worker does what is next for it.
    Work(WorkerId, u32),
    /// A person does something.
    Person,
    /// Something breaks.
    Fault,
}

/// A server, as far as it is not the store.
pub(crate) struct Server {
    pub up: bool,
    /// Counts its lives.
    pub epoch: u32,
    /// How far its clock is from the others', ms.
    pub skew: i64,
}

/// The whole world.
pub(crate) struct Sim {
    seed: u64,
    pub config: Config,
    pub dice: Dice,
    pub now: i64,
    /// How far all clocks of servers have jumped ahead, ms.
    ahead: i64,
    heap: BinaryHeap<Reverse<(i64, u64)>>,
    happenings: BTreeMap<u64, Happening>,
    next: u64,
    pub store: Store,
    pub servers: Vec<Server>,
    pub hatcheries: Vec<Hatchery>,
    pub workers: BTreeMap<WorkerId, Worker>,
    /// Who has ever begun an attempt.
    pub begun: BTreeMap<(JobRef, u32), WorkerId>,
    pub stats: Stats,
    pub next_id: u128,
    started: usize,
    trace: VecDeque<String>,
}

/// A promise that was broken, in words.
pub(crate) type Step = Result<(), String>;

impl Sim {
    pub fn new(seed: u64, config: Config) -> Self {
        let servers = (0..config.servers.max(1)).map(|_| Server { up: true, epoch: 0, skew: 0 }).collect();
        let hatcheries = (0..config.hatcheries.max(1)).map(|i| Hatchery::new(i, config.workers)).collect();
        Self {
            seed,
            dice: Dice::new(seed),
            now: 0,
            ahead: 0,
            heap: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            next: 0,
            store: Store::default(),
            servers,
            hatcheries,
            workers: BTreeMap::new(),
            begun: BTreeMap::new(),
            stats: Stats::default(),
            next_id: 1,
            started: 0,
            trace: VecDeque::new(),
            config,
        }
    }

    /// Whether things still go wrong.
    pub fn trouble(&self) -> bool {
        self.now < self.config.trouble_ms
    }

    /// A fault happens now.
    pub fn unlucky(&mut self) -> bool {
        let p = if self.trouble() { self.config.faults } else { 0.0 };
        self.dice.chance(p)
    }

    /// What the clock of a server says.
    pub fn clock(&self, server: usize) -> Timestamp {
        Timestamp(EPOCH + self.now + self.ahead + self.servers[server].skew)
    }

    /// What a clock without error says.
    pub fn true_clock(&self) -> Timestamp {
        Timestamp(EPOCH + self.now)
    }

    pub fn later(&mut self, after: i64, happening: Happening) {
        self.next += 1;
        self.heap.push(Reverse((self.now + after.max(0), self.next)));
        self.happenings.insert(self.next, happening);
    }

    /// Sends something that may be lost, late, doubled or overtaken.
    pub fn send(&mut self, happening: Happening) {
        let copies = match () {
            () if self.unlucky() => 0,
            () if self.unlucky() => 2,
            () => 1,
        };
        self.stats.lost += u64::from(copies == 0);
        for _ in 0..copies {
            let delay = if self.unlucky() { self.dice.ms(0, 20_000) } else { self.dice.ms(0, 20) };
            self.later(delay, happening.clone());
        }
    }

    /// Asks some server.
    pub fn ask(&mut self, ask: Ask) {
        let server = self.dice.up_to(self.servers.len());
        self.send(Happening::Arrives { server, ask });
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        if self.trace.len() == TRACE {
            self.trace.pop_front();
        }
        let line = format!("{:>9} {}", self.now, line());
        self.trace.push_back(line);
    }

    /// A fresh id; ids sort by age, as real ones do.
    pub fn fresh(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    pub fn run(mut self) -> Result<Stats, Box<Failure>> {
        for server in 0..self.servers.len() {
            self.later(0, Happening::Housekeeping(server));
        }
        for hatchery in 0..self.hatcheries.len() {
            self.later(0, Happening::Hatch(hatchery));
        }
        self.later(1, Happening::Person);
        self.later(1000, Happening::Fault);
        let end = self.config.trouble_ms + self.config.calm_ms;
        while let Some(Reverse((at, key))) = self.heap.pop() {
            let Some(happening) = self.happenings.remove(&key) else { continue };
            self.now = at;
            self.stats.steps += 1;
            let result = self.happen(happening).and_then(|()| self.check());
            if let Err(what) = result {
                return Err(self.failure(what));
            }
            if !self.trouble() && self.all_is_over() {
                return self.settle_accounts();
            }
            if at > end || self.stats.steps > self.config.max_steps {
                let left = self.what_is_left();
                return Err(self.failure(format!("does not end after the faults have stopped: {left}")));
            }
        }
        Err(self.failure("nothing happens any more".into()))
    }

    fn happen(&mut self, happening: Happening) -> Step {
        match happening {
            Happening::Arrives { server, ask } => self.arrives(server, ask),
            Happening::Answers { server, epoch, reply } => {
                // A server killed between commit and delivery has committed and says nothing.
                if self.servers[server].up && self.servers[server].epoch == epoch {
                    self.send(Happening::Answered(reply));
                }
                Ok(())
            }
            Happening::Answered(reply) => self.answered(reply),
            Happening::Housekeeping(server) => self.housekeeping(server),
            Happening::ServerUp(server) => {
                self.servers[server].up = true;
                self.note(|| format!("server {server} is back"));
                Ok(())
            }
            Happening::Hatch(hatchery) => self.hatch(hatchery),
            Happening::Born { hatchery, worker } => {
                self.born(hatchery, worker);
                Ok(())
            }
            Happening::Work(worker, turn) => self.work(worker, turn),
            Happening::Person => self.person(),
            Happening::Fault => {
                self.fault();
                Ok(())
            }
        }
    }

    /// Starts runs, stops and restarts them.
    fn person(&mut self) -> Step {
        if !self.trouble() {
            return Ok(());
        }
        let wait = self.dice.ms(1, 2 * self.config.trouble_ms / (4 * self.config.runs.max(1) as i64));
        self.later(wait, Happening::Person);
        let origin = Origin { manual: true, username: "sim".into(), ..Origin::default() };
        if self.started < self.config.runs && (self.started == 0 || self.dice.chance(0.5)) {
            self.started += 1;
            // Runs of one workflow meet at its mutexes, so a definition is used more than once.
            let known = self.store.runs.values().next_back().map(|r| (r.run.spec.clone(), r.run.number));
            let (spec, number) = match known {
                Some((spec, number)) if self.dice.chance(0.5) => (spec, number + 1),
                _ => (make::spec(&mut self.dice, self.started as u128), 1),
            };
            let id = RunId(self.fresh());
            let (payload, parameters) = (None, IndexMap::new());
            let start = Start { id, number, spec, origin, payload, raw_payload: None, parameters };
            let now = self.clock(0);
            let outcome = self.store.start(start, now).map_err(|v| v.to_string())?;
            self.note(|| format!("a person starts run {id}: {outcome:?}"));
            return Ok(());
        }
        let ids: Vec<RunId> = self.store.runs.keys().copied().collect();
        if ids.is_empty() {
            return Ok(());
        }
        let id = ids[self.dice.up_to(ids.len())];
        let names: Vec<String> =
            self.store.runs[&id].run.spec.workflow.nodes.iter().map(|n| n.name.clone()).collect();
        let node = names[self.dice.up_to(names.len())].clone();
        let event = match self.dice.up_to(10) {
            0 => Event::Stop { by: "sim".into(), node: None },
            1 => Event::Stop { by: "sim".into(), node: Some(node) },
            2 | 3 => Event::Restart {
                from: if self.dice.chance(0.2) { Vec::new() } else { vec![node] },
                only_failed: self.dice.chance(0.4),
                origin,
                payload: None,
                parameters: IndexMap::new(),
                spec: None,
            },
            _ => return Ok(()),
        };
        self.commit(0, id, event).map(drop)
    }

    /// Applies an event in one transaction.
    pub fn commit(&mut self, server: usize, run: RunId, event: Event) -> Result<Outcome, String> {
        let now = self.clock(server);
        let line = format!("server {server}: {run} {event:?}");
        let outcome = self.store.event(run, event, now);
        self.note(|| format!("{line} -> {outcome:?}"));
        outcome.map_err(|v| v.to_string())
    }

    fn fault(&mut self) {
        if !self.trouble() {
            for server in &mut self.servers {
                server.skew = 0;
            }
            return;
        }
        let wait = self.dice.ms(500, 8000);
        self.later(wait, Happening::Fault);
        if self.config.faults <= 0.0 {
            return;
        }
        match self.dice.up_to(8) {
            0 | 1 => {
                let server = self.dice.up_to(self.servers.len());
                if self.servers[server].up {
                    self.servers[server].up = false;
                    self.servers[server].epoch += 1;
                    self.stats.servers_killed += 1;
                    let back = self.dice.ms(1, 15_000);
                    self.later(back, Happening::ServerUp(server));
                    self.note(|| format!("server {server} is killed"));
                }
            }
            2..=4 => self.kill_a_worker(),
            5 => {
                let hatchery = self.dice.up_to(self.hatcheries.len());
                self.hatcheries[hatchery].forget();
                self.note(|| format!("hatchery {hatchery} forgets what was in its memory"));
            }
            6 => {
                let hatchery = self.dice.up_to(self.hatcheries.len());
                self.hatcheries[hatchery].full = !self.hatcheries[hatchery].full;
            }
            _ => {
                self.ahead += self.dice.ms(0, 120_000);
                let apart = self.config.clocks_apart_ms;
                let server = self.dice.up_to(self.servers.len());
                self.servers[server].skew = self.dice.ms(-apart, apart);
                self.note(|| format!("clocks jump ahead; that of server {server} is off"));
            }
        }
    }

    fn check(&mut self) -> Step {
        self.store.check().map_err(|v| v.to_string())?;
        for hatchery in &self.hatcheries {
            hatchery.check()?;
        }
        Ok(())
    }

    fn all_is_over(&self) -> bool {
        self.store.runs.values().all(|r| r.run.head.status.is_final())
            && self.store.queue.is_empty()
            && self.store.world.jobs.is_empty()
            && self.store.world.slots.values().all(|s| s.holder.is_none() && s.waiting.is_empty())
    }

    fn what_is_left(&self) -> String {
        let runs: Vec<_> =
            self.store.runs.values().filter(|r| !r.run.head.status.is_final()).map(|r| r.run.id).collect();
        let slots: Vec<_> = self.store.world.slots.iter().filter(|(_, s)| s.holder.is_some()).collect();
        format!("runs {runs:?}, jobs {:?}, slots {slots:?}", self.store.world.jobs)
    }

    /// The history as a whole: folding each run's events gives what is stored.
    fn settle_accounts(mut self) -> Result<Stats, Box<Failure>> {
        for row in self.store.runs.values() {
            let (start, at) = row.start.clone();
            if let Err(violation) = invariants::folds_to(start, at, &row.events, &row.run) {
                return Err(self.failure(violation.to_string()));
            }
        }
        self.stats.commits = self.store.commits;
        self.stats.ignored = self.store.ignored;
        self.stats.runs = self.store.runs.len() as u64;
        self.stats.attempts = self.begun.len() as u64;
        Ok(self.stats)
    }

    fn failure(&self, what: String) -> Box<Failure> {
        let trace = self.trace.iter().cloned().collect();
        Box::new(Failure { seed: self.seed, step: self.stats.steps, what, trace })
    }
}
