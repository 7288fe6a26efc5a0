//! Many histories; one that breaks a promise is made small and printed. And proof that broken rules are found.

use cds_sim::{Config, Fault, Faults, NAMED, Sabotage, Stats, parse_named, run_seed, run_seeds, shrink};

/// Histories of the test with all faults; `cds torture` runs more.
const SEEDS: u64 = 2000;

fn histories(seeds: std::ops::Range<u64>, config: &Config) -> Stats {
    let (all, failures) = run_seeds(seeds, config, 2, 1);
    if let Some(failure) = failures.first() {
        let small = shrink(failure);
        let file = std::env::temp_dir().join(format!("cds-sim-seed-{}.trace", small.seed));
        let _ = std::fs::write(&file, format!("{small}\n\n{}\n", small.trace.join("\n")));
        panic!("{failure}\nmade small: {small}\nin {:?}\ntrace: {}", small.config, file.display());
    }
    all
}

#[test]
fn promises_are_kept_in_trouble() {
    let all = histories(0..SEEDS, &Config::default());
    // The faults did happen: a simulation in which nothing goes wrong proves nothing.
    assert!(all.runs > SEEDS && all.attempts > 5 * SEEDS && all.results > 4 * SEEDS, "{all:?}");
    assert!(all.workers_killed > SEEDS && all.servers_killed > SEEDS && all.lost > 5 * SEEDS, "{all:?}");
    assert!(all.conflicts > SEEDS / 10 && all.ignored > SEEDS, "{all:?}");
}

/// Servers and workers are cut off for longer than any lease lasts.
fn cut_off() -> Config {
    let kinds = [Fault::Lose, Fault::Partition, Fault::Clock, Fault::KillServer, Fault::LostCommit];
    let faults = kinds.into_iter().fold(Faults::NONE, Faults::with);
    Config { faults, longest_cut_ms: 400_000, trouble_ms: 900_000, runs: 8, ..Config::default() }
}

#[test]
fn promises_are_kept_by_servers_that_are_cut_off() {
    histories(0..300, &cut_off());
}

#[test]
fn promises_are_kept_in_calm() {
    let all = histories(0..20, &Config { faults: Faults::NONE, ..Config::default() });
    assert_eq!((all.workers_killed, all.servers_killed, all.lost, all.faults), (0, 0, 0, 0));
}

#[test]
fn every_fault_alone_is_survived() {
    for fault in Fault::ALL {
        let faults = Faults::NONE.with(*fault);
        let all = histories(0..40, &Config { faults, rate: 0.06, ..Config::default() });
        assert!(all.faults > 0, "{fault} never happened");
    }
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
    let config = Config { workers: 0, calm_ms: 600_000, trace: true, ..Config::default() };
    let failures = (0..10).filter_map(|seed| run_seed(seed, config.clone()).err()).collect::<Vec<_>>();
    assert!(failures.iter().any(|f| f.what.contains("does not end") && !f.trace.is_empty()));
}

/// Where it shows that a rule is broken.
fn world_without(rule: Sabotage) -> Config {
    let only = |faults: &[Fault]| faults.iter().copied().fold(Faults::NONE, Faults::with);
    let usual = Config { sabotage: Some(rule), ..Config::default() };
    match rule {
        // Who is cut off for a minute still has what it has written.
        Sabotage::Vouch => Config {
            faults: only(&[Fault::Partition]),
            longest_cut_ms: 900_000,
            trouble_ms: 1_800_000,
            runs: 8,
            ..usual
        },
        // Servers that are killed forget all leases, and would hide it.
        Sabotage::ShortLease => {
            Config { faults: only(&[Fault::Lose, Fault::Partition, Fault::PauseWorker]), ..usual }
        }
        _ => usual,
    }
}

#[test]
fn every_broken_rule_is_found() {
    for rule in Sabotage::ALL {
        let (_, failures) = run_seeds(0..1500, &world_without(*rule), 2, 1);
        assert!(!failures.is_empty(), "nobody noticed that the rule '{rule}' is broken");
    }
}

#[test]
fn a_failure_is_made_small() {
    let config = Config { sabotage: Some(Sabotage::Version), ..Config::default() };
    let (_, failures) = run_seeds(0..1500, &config, 2, 1);
    let small = shrink(&failures[0]);
    assert!(small.config.most_faults < u64::MAX && !small.trace.is_empty(), "{small}");
    // It fails again in exactly this world.
    let again = run_seed(small.seed, small.config.clone()).expect_err("the small history fails no more");
    assert_eq!((again.step, &again.what), (small.step, &small.what));
}

#[test]
fn named_seeds_stay_mended() {
    let named = parse_named(NAMED).expect("seeds.txt");
    assert!(!named.is_empty());
    for it in named {
        if let Err(failure) = run_seed(it.seed, it.config) {
            panic!("{}: {failure}", it.name);
        }
    }
}

#[test]
fn a_wrong_line_in_the_list_of_seeds_is_explained() {
    for (line, wanted) in [
        ("x", "line 1: must be NAME SEED"),
        ("x y", "seed 'y'"),
        ("x 1 faults=nothing", "faults: 'nothing' is none of lose, repeat"),
        ("x 1 colour=red", "there is no key 'colour'"),
    ] {
        let fault = parse_named(line).unwrap_err();
        assert!(fault.contains(wanted), "{fault}");
    }
}
