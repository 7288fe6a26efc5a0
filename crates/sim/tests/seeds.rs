//! Many histories; one that breaks a promise is made small and printed. And proof that broken rules are found.

use cds_sim::{
    Away, Config, Fault, Faults, NAMED, Sabotage, Stats, parse_named, run_seed, run_seeds, shrink,
};

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

/// Nobody is there for ten minutes.
fn away(jobs: usize, hooks: usize, servers: usize, shared: bool) -> Config {
    let kinds = [Fault::Lose, Fault::Repeat, Fault::Reorder];
    let away = Away { jobs, hooks, from_ms: 120_000, for_ms: 600_000 };
    Config {
        servers,
        shared: Some(shared),
        hatcheries: 1,
        workers: u32::try_from(jobs / 4).unwrap().max(1),
        faults: kinds.into_iter().fold(Faults::NONE, Faults::with),
        rate: 0.01,
        trouble_ms: 900_000,
        max_steps: u64::MAX,
        away: Some(away),
        ..Config::default()
    }
}

/// Every delivery made one run, all of them ended well, and what was lost is told.
fn nothing_is_lost_away(seed: u64, config: &Config) -> Stats {
    let away = config.away.unwrap();
    let stats = match run_seed(seed, config.clone()) {
        Ok(stats) => stats,
        Err(failure) => panic!("{failure}"),
    };
    let wanted = (away.jobs + away.hooks) as u64;
    assert_eq!((stats.runs, stats.succeeded), (wanted, wanted), "{stats:?}");
    assert!(stats.results > 0 && stats.servers_killed > 0 && stats.lost > 0, "{stats:?}");
    stats
}

/// `CDS_SIM_AWAY=10` makes it ten times as large: 1,000 jobs and 10,000 deliveries in each history.
#[test]
fn nothing_is_lost_while_all_servers_are_away() {
    let times = std::env::var("CDS_SIM_AWAY").map_or(1, |times| times.parse().expect("CDS_SIM_AWAY"));
    for seed in 0..3 {
        // Nobody else could give its attempts away, so workers keep them for the whole time.
        let alone = nothing_is_lost_away(seed, &away(100 * times, 1000 * times, 1, false));
        assert_eq!(alone.given_up, 0, "{alone:?}");
        // Others could: attempts are given up, and made anew.
        let shared = nothing_is_lost_away(seed, &away(100 * times, 1000 * times, 3, true));
        assert!(shared.given_up > 0 && shared.given_up <= 100 * times as u64, "{shared:?}");
    }
}

#[test]
fn a_delivery_that_makes_two_runs_is_seen() {
    let world = Config { sabotage: Some(Sabotage::Key), ..away(10, 100, 1, false) };
    let failure = run_seed(0, world).expect_err("nobody noticed that each delivery makes a run of its own");
    assert!(failure.what.contains("two runs"), "{failure}");
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
