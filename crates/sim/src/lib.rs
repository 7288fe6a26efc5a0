//! A deterministic simulation: the real decisions (`cds_engine::start`, `apply`, dispatch, `upkeep`, and
//! `cds_hatchery::plan`) in a model world of servers on one store, hatcheries, workers, people, clocks and a network,
//! all of which fail.
//!
//! One seed is one history, always the same. After every commit the invariants of [`cds_engine::invariants`] are checked
//! and the rows beside the run are compared with it; what workers and people have seen is compared with a small model;
//! at the end the faults stop, and every run must end, the queue be empty, and nobody be left.
//!
//! Start reading at [`run_seed`]; `world` is the clock, the network and the faults, `store` what is committed, `server`,
//! `memory` and `tasks` what a server does, `fleet` the hatcheries and workers, `history` what is checked from outside,
//! `make` the random workflows; `away` is a world in which nobody is there for long.

mod away;
mod cli;
mod dice;
mod faults;
mod fleet;
mod history;
mod make;
mod memory;
mod named;
mod server;
mod shrink;
mod store;
mod tasks;
mod world;

pub use away::Away;
pub use cli::{Torture, main_with, names, torture};
pub use faults::{Fault, Faults, Sabotage};
pub use named::{NAMED, Named, parse as parse_named};
pub use shrink::shrink;

use std::fmt;

/// What a simulated world is like.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Servers that share the store, at most; the seed says how many.
    pub servers: usize,
    /// Whether other servers may be on the store, as on PostgreSQL; a lone server on a store of its own vouches for its
    /// workers whatever becomes of the store. `None`: where there are several, and with every second lone one.
    pub shared: Option<bool>,
    /// Hatcheries; every second serves a region of its own.
    pub hatcheries: usize,
    /// Workers of each hatchery at a time.
    pub workers: u32,
    /// Runs that are started while faults happen.
    pub runs: usize,
    /// What goes wrong.
    pub faults: Faults,
    /// How often something of it goes wrong where it may, from 0 (never) to 1.
    pub rate: f64,
    /// Only so many faults happen, the first ones.
    pub most_faults: u64,
    /// What is cut is whole again after this at the latest, ms.
    pub longest_cut_ms: i64,
    /// Virtual time with faults, ms.
    pub trouble_ms: i64,
    /// Virtual time after the faults in which everything must end, ms.
    pub calm_ms: i64,
    /// Steps at most, so that a loop without end is a failure and not a hang.
    pub max_steps: u64,
    /// A rule that is broken on purpose.
    pub sabotage: Option<Sabotage>,
    /// Keep a trace.
    pub trace: bool,
    /// No people, but many deliveries, and all servers away at once.
    pub away: Option<Away>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            servers: 3,
            shared: None,
            hatcheries: 2,
            workers: 3,
            runs: 4,
            faults: Faults::all(),
            rate: 0.03,
            most_faults: u64::MAX,
            longest_cut_ms: 60_000,
            trouble_ms: 180_000,
            calm_ms: 4 * 3_600_000,
            max_steps: 500_000,
            sabotage: None,
            trace: false,
            away: None,
        }
    }
}

/// What happened in a world that kept its promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Steps taken.
    pub steps: u64,
    /// Commits of runs.
    pub commits: u64,
    /// Commits that met a newer version.
    pub conflicts: u64,
    /// Attempts begun by workers.
    pub attempts: u64,
    /// Ends that were acknowledged.
    pub results: u64,
    /// News that came late or twice and was ignored.
    pub ignored: u64,
    /// Faults that happened.
    pub faults: u64,
    /// Messages lost.
    pub lost: u64,
    /// Workers killed.
    pub workers_killed: u64,
    /// Servers killed.
    pub servers_killed: u64,
    /// Workers spawned.
    pub spawned: u64,
    /// Runs that ended.
    pub runs: u64,
    /// Those of them that ended well.
    pub succeeded: u64,
    /// Attempts that were given up.
    pub given_up: u64,
}

impl std::ops::AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.commits += other.commits;
        self.conflicts += other.conflicts;
        self.attempts += other.attempts;
        self.results += other.results;
        self.ignored += other.ignored;
        self.faults += other.faults;
        self.lost += other.lost;
        self.workers_killed += other.workers_killed;
        self.servers_killed += other.servers_killed;
        self.spawned += other.spawned;
        self.runs += other.runs;
        self.succeeded += other.succeeded;
        self.given_up += other.given_up;
    }
}

/// A broken promise, and how to see it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Runs the same history again.
    pub seed: u64,
    /// In which step.
    pub step: u64,
    /// At which virtual time, ms.
    pub at: i64,
    /// What was broken.
    pub what: String,
    /// In which world.
    pub config: Config,
    /// What happened, oldest first, if a trace was kept.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, step {}, at {} ms: {}", self.seed, self.step, self.at, self.what)
    }
}

impl std::error::Error for Failure {}

/// Runs one history to its end.
///
/// # Errors
/// If a promise is broken, or something does not end after the faults have stopped.
pub fn run_seed(seed: u64, config: Config) -> Result<Stats, Box<Failure>> {
    world::Sim::new(seed, config).run()
}

/// Runs many histories, one thread for each of `threads`; gives the sum and the first `most` failures by seed.
pub fn run_seeds(
    seeds: std::ops::Range<u64>,
    config: &Config,
    threads: usize,
    most: usize,
) -> (Stats, Vec<Failure>) {
    use std::sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    };
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new((Stats::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let mut mine = Stats::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    let enough = found
                        .lock()
                        .is_ok_and(|f: std::sync::MutexGuard<'_, (Stats, Vec<Failure>)>| f.1.len() >= most);
                    if seed >= seeds.end || enough {
                        break;
                    }
                    match run_seed(seed, config.clone()) {
                        Ok(stats) => mine += stats,
                        Err(failure) => {
                            if let Ok(mut found) = found.lock() {
                                found.1.push(*failure);
                            }
                        }
                    }
                }
                if let Ok(mut found) = found.lock() {
                    found.0 += mine;
                }
            });
        }
    });
    let (stats, mut failures) = found.into_inner().unwrap_or_else(|p| p.into_inner());
    failures.sort_by_key(|f| f.seed);
    (stats, failures)
}
