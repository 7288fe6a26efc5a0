//! Many histories; one that breaks a promise is printed and its trace kept.

use cds_sim::{Config, Stats, run_seed};

fn histories(seeds: std::ops::Range<u64>, config: &Config) -> Stats {
    let mut all = Stats::default();
    for seed in seeds {
        match run_seed(seed, config.clone()) {
            Ok(stats) => {
                all.attempts += stats.attempts;
                all.workers_killed += stats.workers_killed;
                all.servers_killed += stats.servers_killed;
                all.ignored += stats.ignored;
                all.lost += stats.lost;
                all.runs += stats.runs;
            }
            Err(failure) => {
                let file = std::env::temp_dir().join(format!("cds-sim-seed-{seed}.trace"));
                let _ = std::fs::write(&file, format!("{failure}\n\n{}\n", failure.trace.join("\n")));
                panic!("{failure}\ntrace: {}", file.display());
            }
        }
    }
    all
}

#[test]
fn promises_are_kept_in_trouble() {
    let all = histories(0..500, &Config::default());
    // The faults did happen: a simulation in which nothing goes wrong proves nothing.
    assert!(all.runs > 500 && all.attempts > 2000, "{all:?}");
    assert!(
        all.workers_killed > 500 && all.servers_killed > 500 && all.lost > 1000 && all.ignored > 20,
        "{all:?}"
    );
}

#[test]
fn promises_are_kept_in_calm() {
    let all = histories(0..20, &Config { faults: 0.0, ..Config::default() });
    assert_eq!((all.workers_killed, all.servers_killed, all.lost), (0, 0, 0));
}

#[test]
fn one_seed_is_one_history() {
    let history = |seed| format!("{:?}", run_seed(seed, Config::default()));
    assert_eq!(history(7), history(7));
    assert_ne!(history(7), history(8));
}

#[test]
fn a_history_that_cannot_end_is_a_failure() {
    // Nobody to run the jobs.
    let config = Config { workers: 0, calm_ms: 600_000, ..Config::default() };
    let failures = (0..10).filter_map(|seed| run_seed(seed, config.clone()).err()).collect::<Vec<_>>();
    assert!(failures.iter().any(|f| f.what.contains("does not end") && !f.trace.is_empty()));
}
