//! Simulation from the command line.

use crate::{Config, Failure, Faults, Sabotage, run_seeds, shrink};
use clap::{Args, Parser};
use std::{ffi::OsString, path::PathBuf, time::Instant};

/// Which histories, and in what world.
#[derive(Clone, Debug, Args)]
pub struct Torture {
    /// How many histories
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// First seed
    #[arg(long, default_value_t = 0)]
    pub from: u64,
    /// What goes wrong: all, none, or names with commas between (see below)
    #[arg(long, default_value = "all", value_name = "LIST")]
    pub faults: Faults,
    /// How often, from 0 to 1
    #[arg(long, default_value_t = 0.03)]
    pub rate: f64,
    /// Only the first N faults of each history
    #[arg(long, value_name = "N")]
    pub most_faults: Option<u64>,
    /// Servers on one store, at most
    #[arg(long, default_value_t = 3)]
    pub servers: usize,
    /// The longest time for which a connection is cut, seconds
    #[arg(long, default_value_t = 60, value_name = "S")]
    pub longest_cut: u32,
    /// How long things go wrong, seconds
    #[arg(long, default_value_t = 180, value_name = "S")]
    pub trouble: u32,
    /// Runs in each history
    #[arg(long, default_value_t = 4)]
    pub runs: usize,
    /// Break a rule on purpose, to see that it is found
    #[arg(long, value_name = "RULE")]
    pub sabotage: Option<Sabotage>,
    /// Threads [default: one for each processor]
    #[arg(long)]
    pub threads: Option<usize>,
    /// Print everything that happens in a history that fails, and not only its end
    #[arg(long)]
    pub trace: bool,
    /// Directory for the whole traces of failures
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Runs simulated histories and says which of them broke a promise.
#[derive(Debug, Parser)]
#[command(name = "cds-sim", after_help = names())]
struct Program {
    #[command(flatten)]
    torture: Torture,
}

/// Names of faults and rules, for a help text.
pub fn names() -> String {
    let list = |names: Vec<&str>| names.join(" ");
    format!(
        "Faults: {}\nRules to break: {}\n\nExit status: 0 every promise was kept, 1 one was broken, 2 wrong usage.",
        list(crate::Fault::ALL.iter().map(|f| f.as_str()).collect()),
        list(Sabotage::ALL.iter().map(|s| s.as_str()).collect()),
    )
}

/// Runs what the arguments (the first is the program's name) ask for; answers the exit status: 0 if every promise
/// was kept, 1 if one was broken, 2 for wrong usage.
pub fn main_with<I, T>(args: I) -> i32
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    match Program::try_parse_from(args) {
        Ok(program) => torture(&program.torture),
        Err(error) => {
            // Help is no mistake, and clap knows where each belongs; a closed pipe is not worth a word.
            let _ = error.print();
            error.exit_code()
        }
    }
}

/// How many failures are shown.
const MOST: usize = 3;
/// How many histories are run between two lines that say how far it is.
const PART: u64 = 10_000;

/// Runs histories, prints the rate and what was broken; answers the exit status.
pub fn torture(args: &Torture) -> i32 {
    let config = Config {
        servers: args.servers.max(1),
        runs: args.runs,
        faults: args.faults,
        rate: args.rate.clamp(0.0, 1.0),
        most_faults: args.most_faults.unwrap_or(u64::MAX),
        sabotage: args.sabotage,
        longest_cut_ms: i64::from(args.longest_cut.max(2)) * 1000,
        trouble_ms: i64::from(args.trouble.max(1)) * 1000,
        ..Config::default()
    };
    let threads = args.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let begin = Instant::now();
    let (mut all, mut failures) = (crate::Stats::default(), Vec::new());
    let end = args.from.saturating_add(args.seeds);
    let mut from = args.from;
    while from < end && failures.len() < MOST {
        let to = end.min(from.saturating_add(PART));
        let (stats, found) = run_seeds(from..to, &config, threads, MOST);
        all += stats;
        failures.extend(found);
        from = to;
        if from < end {
            let rate = (from - args.from) as f64 / begin.elapsed().as_secs_f64();
            println!("{} histories, {rate:.0} a second, {} broken", from - args.from, failures.len());
        }
    }
    for failure in failures.iter().take(MOST) {
        show(failure, args);
    }
    let took = begin.elapsed().as_secs_f64();
    let done = from - args.from;
    println!(
        "{done} histories in {took:.1} s, {:.0} a second, {} broken; faults {}\n\
         {} runs, {} attempts, {} commits, {} conflicts, {} faults ({} servers and {} workers killed, {} messages lost), \
         {} late or repeated news ignored",
        done as f64 / took.max(0.001),
        failures.len(),
        config.faults,
        all.runs,
        all.attempts,
        all.commits,
        all.conflicts,
        all.faults,
        all.servers_killed,
        all.workers_killed,
        all.lost,
        all.ignored,
    );
    i32::from(!failures.is_empty())
}

/// Prints a failure made small, and how to see it again.
fn show(failure: &Failure, args: &Torture) {
    println!("{failure}");
    let small = shrink(failure);
    let config = &small.config;
    println!("  made small: {small}");
    let sabotage = config.sabotage.map_or_else(String::new, |s| format!(" --sabotage {s}"));
    println!(
        "  again: --from {} --seeds 1 --faults {} --rate {} --most-faults {} --servers {} --runs {} --longest-cut {} --trouble {}{sabotage} --trace",
        small.seed,
        config.faults,
        config.rate,
        config.most_faults,
        config.servers,
        config.runs,
        config.longest_cut_ms / 1000,
        config.trouble_ms / 1000
    );
    let shown = if args.trace { small.trace.len() } else { 40 };
    for line in &small.trace[small.trace.len().saturating_sub(shown)..] {
        println!("  {line}");
    }
    if let Some(out) = &args.out {
        let file = out.join(format!("seed-{}.trace", small.seed));
        match std::fs::write(&file, format!("{small}\n\n{}\n", small.trace.join("\n"))) {
            Ok(()) => println!("  trace: {}", file.display()),
            Err(error) => eprintln!("cannot write the trace: {error}"),
        }
    }
}
