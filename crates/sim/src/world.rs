//! The clock, the network and the faults: a heap of things that will happen, and a pair of dice.

use crate::{
    Config, Failure, Stats,
    dice::Dice,
    faults::Fault,
    fleet::{Hatchery, Who, Worker},
    history::History,
    make,
    memory::Memory,
    server::{Ask, Reply, Report},
    store::{Commit, Refused, Store},
};
use cds_engine::{Effect, Event, Run, RunSpec, event::Start, state::Origin};
use cds_model::{Attempt, JobRef, RunId, Timestamp, WorkerId};
use indexmap::IndexMap;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque},
    sync::Arc,
};
use uuid::Uuid;

/// Lines of the trace that are kept.
const TRACE: usize = 20_000;
/// Virtual time starts here.
const EPOCH: i64 = 1_700_000_000_000;

/// What a server hears of its commit; `None`: nothing that it could rely on.
pub(crate) type Answer = Result<(i64, (Run, Vec<Effect>, Timestamp)), Option<Refused>>;

/// Something that will happen.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A question reaches a server.
    Arrives { server: usize, ask: Ask, who: Who },
    /// A server sends an answer, if it still is the server that was asked.
    Answers { server: usize, epoch: u32, reply: Reply },
    /// An answer reaches whom it is for.
    Answered(Reply),
    /// A commit reaches the store.
    Commit { server: usize, epoch: u32, commit: Box<Commit> },
    /// The store's answer reaches a server.
    Committed { server: usize, epoch: u32, run: RunId, result: Box<Answer> },
    /// A server looks after timers and mutexes.
    Housekeeping(usize),
    /// A server looks after leases.
    Look(usize),
    /// A server compares its queue with the store's.
    Reload(usize),
    /// A server compares runs with the rows beside them.
    Reconcile(usize),
    /// A server comes back.
    ServerUp(usize),
    /// A hatchery looks at its provider, plans and reports.
    Hatch(usize),
    /// A hatchery comes back.
    HatcheryUp(usize),
    /// An instance comes to life.
    Born { hatchery: usize, worker: WorkerId },
    /// A worker does what is next for it.
    Work(WorkerId, u32),
    /// A person does something.
    Person,
    /// A person asks for a run, until there is an answer.
    Request(u64),
    /// Something breaks.
    Break,
    /// What was cut is whole again.
    Mend(Cut),
    /// The disk has room again.
    Room,
}

/// A connection that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Store(usize),
    Talk(Who, usize),
}

/// What is cut now.
#[derive(Default)]
pub(crate) struct Cuts {
    /// Servers that don't reach the store.
    pub store: BTreeSet<usize>,
    /// Who does not reach which server.
    pub talk: BTreeSet<(Who, usize)>,
}

/// A server.
pub(crate) struct Server {
    pub up: bool,
    /// Counts its lives.
    pub epoch: u32,
    /// How far its clock is from true time, ms.
    pub skew: i64,
    pub memory: Memory,
    /// Reports with an end, while the end is being committed.
    pub ends: BTreeMap<(JobRef, Attempt), Report>,
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
    /// There may be several servers on the store, and none knows that it is alone.
    pub shared: bool,
    pub hatcheries: Vec<Hatchery>,
    pub workers: BTreeMap<WorkerId, Worker>,
    pub cut: Cuts,
    pub history: History,
    pub stats: Stats,
    pub next_id: u128,
    specs: Vec<Arc<RunSpec>>,
    requests: BTreeMap<u64, Start>,
    trace: Option<VecDeque<String>>,
}

/// A promise that was broken, in words.
pub(crate) type Step = Result<(), String>;

impl Sim {
    pub fn new(seed: u64, config: Config) -> Self {
        let mut dice = Dice::new(seed);
        let server =
            || Server { up: true, epoch: 0, skew: 0, memory: Memory::default(), ends: BTreeMap::new() };
        let servers: Vec<Server> = (0..1 + dice.up_to(config.servers)).map(|_| server()).collect();
        let shared = config.shared.unwrap_or(servers.len() > 1 || seed % 2 == 1);
        let hatcheries = (0..config.hatcheries.max(1)).map(|i| Hatchery::new(i, config.workers)).collect();
        Self {
            seed,
            dice,
            now: 0,
            ahead: 0,
            heap: BinaryHeap::new(),
            happenings: BTreeMap::new(),
            next: 0,
            store: Store { sabotage: config.sabotage, ..Store::default() },
            servers,
            shared,
            hatcheries,
            workers: BTreeMap::new(),
            cut: Cuts::default(),
            history: History::default(),
            stats: Stats::default(),
            next_id: 1,
            specs: Vec::new(),
            requests: BTreeMap::new(),
            trace: config.trace.then(VecDeque::new),
            config,
        }
    }

    /// Whether things still go wrong.
    pub fn trouble(&self) -> bool {
        self.now < self.config.trouble_ms
    }

    /// Whether something of this kind goes wrong now.
    pub fn fault(&mut self, fault: Fault) -> bool {
        self.fault_at(fault, self.config.rate)
    }

    /// The same, this often.
    pub fn fault_at(&mut self, fault: Fault, rate: f64) -> bool {
        // Rolled in any case, so that a history without some faults stays like the one with them.
        let rolled = self.dice.chance(rate);
        self.allowed(fault) && rolled && self.happens(fault)
    }

    fn allowed(&self, fault: Fault) -> bool {
        self.trouble() && self.config.faults.has(fault)
    }

    fn happens(&mut self, fault: Fault) -> bool {
        if self.stats.faults >= self.config.most_faults {
            return false;
        }
        self.stats.faults += 1;
        self.note(|| format!("fault {}", fault.as_str()));
        true
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
    fn send(&mut self, happening: Happening) {
        let lost = self.fault(Fault::Lose);
        let twice = self.fault(Fault::Repeat);
        self.stats.lost += u64::from(lost);
        let copies = if lost { 0 } else { 1 + usize::from(twice) };
        for _ in 0..copies {
            let delay =
                if self.fault(Fault::Reorder) { self.dice.ms(0, 20_000) } else { self.dice.ms(0, 20) };
            self.later(delay, happening.clone());
        }
    }

    /// Asks a server.
    pub fn ask(&mut self, server: usize, ask: Ask, who: Who) {
        self.send(Happening::Arrives { server, ask, who });
    }

    fn connected(&self, who: Who, server: usize) -> bool {
        !self.cut.talk.contains(&(who, server))
    }

    pub fn note(&mut self, line: impl FnOnce() -> String) {
        let now = self.now;
        let Some(trace) = &mut self.trace else { return };
        if trace.len() == TRACE {
            trace.pop_front();
        }
        trace.push_back(format!("{now:>9} {}", line()));
    }

    /// A fresh id; ids sort by age, as real ones do.
    pub fn fresh(&mut self) -> Uuid {
        self.next_id += 1;
        Uuid::from_u128(self.next_id)
    }

    pub fn run(mut self) -> Result<Stats, Box<Failure>> {
        for server in 0..self.servers.len() {
            self.later(0, Happening::Housekeeping(server));
            self.later(0, Happening::Look(server));
            self.later(5000, Happening::Reload(server));
            self.later(30_000, Happening::Reconcile(server));
        }
        for hatchery in 0..self.hatcheries.len() {
            self.later(0, Happening::Hatch(hatchery));
        }
        self.later(1, Happening::Person);
        self.later(1000, Happening::Break);
        let end = self.config.trouble_ms + self.config.calm_ms;
        let mut calm = false;
        while let Some(Reverse((at, key))) = self.heap.pop() {
            let Some(happening) = self.happenings.remove(&key) else { continue };
            self.now = at;
            self.stats.steps += 1;
            if !calm && !self.trouble() {
                calm = true;
                self.calm_down();
            }
            if let Err(what) = self.happen(happening) {
                return Err(self.failure(what));
            }
            if self.stats.steps.is_multiple_of(64) {
                if let Err(what) = self.look_around() {
                    return Err(self.failure(what));
                }
                if calm && self.all_is_over() {
                    return match self.settle_accounts() {
                        Ok(()) => Ok(self.statistics()),
                        Err(what) => Err(self.failure(what)),
                    };
                }
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
            Happening::Arrives { server, ask, who } => {
                if self.connected(who, server) {
                    self.arrives(server, ask)
                } else {
                    Ok(())
                }
            }
            Happening::Answers { server, epoch, reply } => {
                // A server killed between commit and delivery has committed and says nothing.
                let who = whom(&reply);
                if self.servers[server].up
                    && self.servers[server].epoch == epoch
                    && self.connected(who, server)
                {
                    self.send(Happening::Answered(reply));
                }
                Ok(())
            }
            Happening::Answered(reply) => self.answered(reply),
            Happening::Commit { server, epoch, commit } => self.commits(server, epoch, *commit),
            Happening::Committed { server, epoch, run, result } => {
                if self.servers[server].up && self.servers[server].epoch == epoch {
                    self.committed(server, run, *result)
                } else {
                    Ok(())
                }
            }
            Happening::Housekeeping(server) => self.housekeeping(server),
            Happening::Look(server) => self.look(server),
            Happening::Reload(server) => self.reload(server),
            Happening::Reconcile(server) => self.reconcile(server),
            Happening::ServerUp(server) => {
                self.servers[server].up = true;
                self.restore(server);
                self.note(|| format!("server {server} is back"));
                Ok(())
            }
            Happening::Hatch(hatchery) => self.hatch(hatchery),
            Happening::HatcheryUp(hatchery) => {
                self.hatcheries[hatchery].up = true;
                Ok(())
            }
            Happening::Born { hatchery, worker } => {
                self.born(hatchery, worker);
                Ok(())
            }
            Happening::Work(worker, turn) => self.work(worker, turn),
            Happening::Person => {
                self.person();
                Ok(())
            }
            Happening::Request(key) => {
                self.request(key);
                Ok(())
            }
            Happening::Break => {
                self.break_something();
                Ok(())
            }
            Happening::Mend(cut) => {
                self.mend(cut);
                Ok(())
            }
            Happening::Room => {
                self.store.full = false;
                Ok(())
            }
        }
    }

    /// Starts runs, stops and restarts them.
    fn person(&mut self) {
        if !self.trouble() {
            return;
        }
        let runs = self.config.runs.max(1);
        let wait = self.dice.ms(1, 2 * self.config.trouble_ms / (4 * runs as i64));
        self.later(wait, Happening::Person);
        let started = self.requests.len();
        if started < runs && (started == 0 || self.dice.chance(0.5)) {
            // Runs of one workflow meet at its mutexes, so a definition is used more than once.
            let spec = match self.specs.last() {
                Some(spec) if self.dice.chance(0.5) => spec.clone(),
                _ => {
                    let spec = make::spec(&mut self.dice, started as u128);
                    self.specs.push(spec.clone());
                    spec
                }
            };
            let origin = Origin { manual: true, username: "sim".into(), ..Origin::default() };
            let start = Start {
                id: RunId(Uuid::nil()),
                number: 0,
                spec,
                origin,
                payload: None,
                raw_payload: None,
                parameters: IndexMap::new(),
            };
            let key = started as u64;
            self.requests.insert(key, start);
            self.history.requests.insert(key, None);
            self.request(key);
            return;
        }
        let nth = self.dice.up_to(self.store.runs.len());
        let Some(row) = self.store.runs.values().nth(nth) else { return };
        let id = row.run.id;
        let nodes = &row.run.spec.workflow.nodes;
        let node = nodes[self.dice.up_to(nodes.len())].name.clone();
        let event = match self.dice.up_to(10) {
            0 => Event::Stop { by: "sim".into(), node: None },
            1 => Event::Stop { by: "sim".into(), node: Some(node) },
            2 | 3 => Event::Restart {
                from: if self.dice.chance(0.2) { Vec::new() } else { vec![node] },
                only_failed: self.dice.chance(0.4),
                origin: Origin { manual: true, username: "sim".into(), ..Origin::default() },
                payload: None,
                parameters: IndexMap::new(),
                spec: None,
            },
            _ => return,
        };
        self.note(|| format!("a person asks of {id}: {event:?}"));
        let server = self.dice.up_to(self.servers.len());
        self.ask(server, Ask::Do(id, Box::new(event)), Who::Person);
    }

    /// Asks for a run, and again after a while.
    fn request(&mut self, key: u64) {
        let unanswered = self.history.requests.get(&key).is_some_and(Option::is_none);
        let Some(start) = self.requests.get(&key).filter(|_| unanswered).cloned() else { return };
        let server = self.dice.up_to(self.servers.len());
        self.ask(server, Ask::Start(Box::new((key, start))), Who::Person);
        let again = self.dice.ms(500, 3000);
        self.later(again, Happening::Request(key));
    }

    fn break_something(&mut self) {
        if !self.trouble() {
            return;
        }
        let wait = self.dice.ms(500, 8000);
        self.later(wait, Happening::Break);
        // All dice are rolled, whatever is allowed: a history without some faults stays like the one with them.
        let kind = self.dice.up_to(14);
        let server = self.dice.up_to(self.servers.len());
        let hatchery = self.dice.up_to(self.hatcheries.len());
        let span = self.dice.ms(1, 15_000);
        let long = self.dice.ms(1000, self.config.longest_cut_ms);
        let bound = self.terms().skew_bound().as_millis() as i64 / 2;
        let skew = self.dice.ms(-bound, bound);
        let jump = self.dice.ms(0, 120_000);
        let fault = match kind {
            0 | 1 => Fault::KillServer,
            2..=4 => Fault::KillWorker,
            5 => Fault::KillHatchery,
            6 => Fault::Provider,
            7 => Fault::Clock,
            8 => Fault::PauseWorker,
            9 | 10 => Fault::FullDisk,
            _ => Fault::Partition,
        };
        if !self.allowed(fault) || self.config.rate <= 0.0 || !self.happens(fault) {
            return;
        }
        match fault {
            Fault::KillServer if self.servers[server].up => {
                let it = &mut self.servers[server];
                it.up = false;
                it.epoch += 1;
                it.memory = Memory::default();
                it.ends.clear();
                self.stats.servers_killed += 1;
                self.later(span, Happening::ServerUp(server));
                self.note(|| format!("server {server} is killed"));
            }
            Fault::KillWorker => self.kill_a_worker(),
            Fault::PauseWorker => self.pause_a_worker(),
            Fault::KillHatchery if self.hatcheries[hatchery].up => {
                self.hatcheries[hatchery].die();
                self.later(span * 4, Happening::HatcheryUp(hatchery));
                self.note(|| format!("hatchery {hatchery} is killed"));
            }
            Fault::Provider => self.hatcheries[hatchery].full = !self.hatcheries[hatchery].full,
            Fault::Clock => {
                self.ahead += jump;
                self.servers[server].skew = skew;
                self.note(|| {
                    format!("clocks jump ahead by {jump} ms; that of server {server} is off by {skew} ms")
                });
            }
            Fault::FullDisk if !self.store.full => {
                self.store.full = true;
                self.later(span, Happening::Room);
                self.note(|| format!("the disk is full for {span} ms"));
            }
            Fault::Partition => self.cut_something(kind, server, hatchery, long),
            _ => {}
        }
    }

    fn cut_something(&mut self, kind: usize, server: usize, hatchery: usize, long: i64) {
        let nth = self.dice.up_to(self.workers.len());
        let who = match kind {
            11 => {
                self.cut.store.insert(server);
                self.later(long, Happening::Mend(Cut::Store(server)));
                self.note(|| format!("server {server} does not reach the store for {long} ms"));
                return;
            }
            12 => Who::Hatchery(hatchery),
            _ => match self.workers.keys().nth(nth) {
                Some(worker) => Who::Worker(*worker),
                None => return,
            },
        };
        // From one server, or from all of them.
        let servers = if self.dice.chance(0.5) { server..server + 1 } else { 0..self.servers.len() };
        for server in servers {
            self.cut.talk.insert((who, server));
            self.later(long, Happening::Mend(Cut::Talk(who, server)));
        }
        self.note(|| format!("{who:?} does not reach its server for {long} ms"));
    }

    fn mend(&mut self, cut: Cut) {
        match cut {
            Cut::Store(server) => drop(self.cut.store.remove(&server)),
            Cut::Talk(who, server) => drop(self.cut.talk.remove(&(who, server))),
        }
    }

    /// The faults stop.
    fn calm_down(&mut self) {
        self.note(|| "the faults stop".into());
        self.cut = Cuts::default();
        self.store.full = false;
        for server in &mut self.servers {
            server.skew = 0;
        }
        for worker in self.workers.values_mut() {
            worker.wake(self.config.trouble_ms);
        }
    }

    fn statistics(&self) -> Stats {
        Stats {
            commits: self.store.commits,
            conflicts: self.store.conflicts,
            runs: self.store.runs.len() as u64,
            attempts: self.history.begun.len() as u64,
            results: self.history.results,
            ..self.stats
        }
    }

    fn failure(&self, what: String) -> Box<Failure> {
        let trace = self.trace.iter().flatten().cloned().collect();
        let config = Config { trace: false, ..self.config.clone() };
        Box::new(Failure { seed: self.seed, step: self.stats.steps, at: self.now, what, config, trace })
    }
}

fn whom(reply: &Reply) -> Who {
    match reply {
        Reply::Registered(w) | Reply::Refused(w) | Reply::Down(w) => Who::Worker(*w),
        Reply::Job { worker, .. } | Reply::LeaseLost { worker, .. } => Who::Worker(*worker),
        Reply::Heard { report, .. } | Reply::Ended { report, .. } | Reply::Full(report) => {
            Who::Worker(report.worker)
        }
        Reply::Orders { hatchery, .. } | Reply::Identities { hatchery, .. } => Who::Hatchery(*hatchery),
        Reply::Started(..) => Who::Person,
    }
}
