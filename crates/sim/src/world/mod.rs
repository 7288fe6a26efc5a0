//! The world: what is in it, its clocks, its network and a pair of dice.

mod people;
mod time;
mod trouble;

pub(crate) use trouble::{Cut, Cuts};

use crate::{
    Config, Stats,
    dice::Dice,
    faults::Fault,
    fleet::{Hatchery, Who, Worker},
    history::History,
    memory::Memory,
    server::{Ask, Reply, Report},
    store::{Commit, Refused, Store},
};
use cds_engine::{Effect, Run, RunSpec, event::Start};
use cds_model::{Attempt, JobRef, RunId, Timestamp, WorkerId};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, VecDeque},
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
    /// A server dies, as planned.
    ServerDown(usize),
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
    /// Somebody delivers a request for a run, for the first time or again.
    Deliver { key: u64, tries: u32 },
    /// Something breaks.
    Break,
    /// What was cut is whole again.
    Mend(Cut),
    /// The disk has room again.
    Room,
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
}
