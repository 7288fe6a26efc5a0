//! Simulation from the command line.

use crate::{Config, Stats, run_seed};
use clap::Parser;
use std::{ffi::OsString, path::PathBuf};

/// Runs simulated histories and says which of them broke a promise.
#[derive(Debug, Parser)]
#[command(name = "cds-sim")]
struct Args {
    /// First seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// How often something fails, from 0 to 1.
    #[arg(long, default_value_t = 0.05)]
    faults: f64,
    /// Runs in each history.
    #[arg(long, default_value_t = 4)]
    runs: usize,
    /// Directory for the traces of failures.
    #[arg(long, default_value = ".")]
    out: PathBuf,
}

/// Runs what the arguments (the first is the program's name) ask for; answers the exit status: 0 if every promise
/// was kept, 1 if one was broken, 2 for wrong usage.
pub fn main_with<I, T>(args: I) -> i32
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args = match Args::try_parse_from(args) {
        Ok(args) => args,
        Err(error) => {
            // Help is no mistake, and clap knows where each belongs; a closed pipe is not worth a word.
            let _ = error.print();
            return error.exit_code();
        }
    };
    let config = Config { faults: args.faults.clamp(0.0, 1.0), runs: args.runs, ..Config::default() };
    let (mut all, mut broken) = (Stats::default(), 0);
    for seed in args.from..args.from.saturating_add(args.seeds) {
        match run_seed(seed, config.clone()) {
            Ok(stats) => add(&mut all, stats),
            Err(failure) => {
                broken += 1;
                let file = args.out.join(format!("seed-{seed}.trace"));
                let written = std::fs::write(&file, format!("{failure}\n\n{}\n", failure.trace.join("\n")));
                println!("{failure}\n  trace: {}", file.display());
                if let Err(error) = written {
                    eprintln!("cannot write the trace: {error}");
                }
            }
        }
    }
    println!("{} histories, {broken} broken: {all:?}", args.seeds);
    i32::from(broken > 0)
}

fn add(all: &mut Stats, one: Stats) {
    all.steps += one.steps;
    all.commits += one.commits;
    all.attempts += one.attempts;
    all.ignored += one.ignored;
    all.lost += one.lost;
    all.workers_killed += one.workers_killed;
    all.servers_killed += one.servers_killed;
    all.spawned += one.spawned;
    all.runs += one.runs;
}
