//! A deterministic simulation: the real decisions (`cds_engine::start`, `apply`, dispatch and `cds_hatchery::plan`)
//! in a model world of servers, hatcheries, workers, a clock and a network at fault.
//!
//! One seed is one history, always the same. After every commit the invariants of [`cds_engine::invariants`] are
//! checked; at the end the faults stop, and every run must end, the queue be empty and every mutex free.
//!
//! Start reading at [`run_seed`]; `world` is the clock, the network and the faults, `store` what is committed,
//! `server` what a server does with a message, `fleet` the hatcheries and workers, `make` the random workflows.

mod cli;
mod fleet;
mod make;
mod server;
mod store;
mod world;

pub use cli::main_with;

use std::fmt;

/// What a simulated world is like.
#[derive(Clone, Debug)]
pub struct Config {
    /// Servers that share the store.
    pub servers: usize,
    /// Hatcheries; every second serves a region of its own.
    pub hatcheries: usize,
    /// Workers of each hatchery at a time.
    pub workers: u32,
    /// Runs that are started while faults happen.
    pub runs: usize,
    /// How often something fails, from 0 (never) to 1.
    pub faults: f64,
    /// How far the clocks of two servers may be apart, ms; all of them jump ahead now and then in any case.
    pub clocks_apart_ms: i64,
    /// Virtual time with faults, ms.
    pub trouble_ms: i64,
    /// Virtual time after the faults in which everything must end, ms.
    pub calm_ms: i64,
    /// Steps at most, so that a loop without end is a failure and not a hang.
    pub max_steps: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            servers: 2,
            hatcheries: 2,
            workers: 3,
            runs: 4,
            faults: 0.05,
            clocks_apart_ms: 0,
            trouble_ms: 180_000,
            calm_ms: 4 * 3_600_000,
            max_steps: 200_000,
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
    /// Attempts taken by workers.
    pub attempts: u64,
    /// News that came late or twice and was ignored.
    pub ignored: u64,
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
}

/// A broken promise, and how to see it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Runs the same history again.
    pub seed: u64,
    /// In which step.
    pub step: u64,
    /// What was broken.
    pub what: String,
    /// The last things that happened, oldest first.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seed {}, step {}: {}", self.seed, self.step, self.what)
    }
}

impl std::error::Error for Failure {}

/// Runs one history to its end.
///
/// # Errors
/// If an invariant is broken, or something does not end after the faults have stopped.
pub fn run_seed(seed: u64, config: Config) -> Result<Stats, Box<Failure>> {
    world::Sim::new(seed, config).run()
}
