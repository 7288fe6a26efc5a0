//! Matching, the queue, who gets what, and why a job waits.

use cds_engine::dispatch::{HatcheryView, Queue, QueuedJob, Trouble, dispatch, explain, matches, mismatches};
use cds_model::{Attempt, HatcheryId, JobNo, JobRef, RunId, Timestamp, WorkerId};
use cds_workflow::def::Requirement;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn req(text: &str) -> Requirement {
    let (kind, value) = text.split_once(':').unwrap();
    Requirement { name: value.into(), kind: kind.into(), value: value.into() }
}

fn job(n: u32, priority: i32, queued: i64, needs: &[&str]) -> QueuedJob {
    QueuedJob {
        job: JobRef { run: RunId(Default::default()), job: JobNo(n) },
        attempt: Attempt(1),
        priority,
        queued: Timestamp(queued),
        requirements: needs.iter().map(|n| req(n)).collect(),
        groups: vec![],
    }
}

fn hatchery(name: &str, max: u32, idle: usize, binaries: &[&str]) -> HatcheryView {
    HatcheryView {
        id: HatcheryId::new(),
        name: name.into(),
        os_arch: "linux/amd64".into(),
        hostname: "host".into(),
        memory_mb: 2048,
        binaries: binaries.iter().map(|b| b.to_string()).collect(),
        max_workers: max,
        idle: (0..idle).map(|_| WorkerId::new()).collect(),
        ..Default::default()
    }
}

fn queue(jobs: impl IntoIterator<Item = QueuedJob>) -> Queue {
    let mut queue = Queue::new();
    jobs.into_iter().for_each(|j| assert!(queue.push(j)));
    queue
}

fn leased(decision: &cds_engine::dispatch::Decision) -> Vec<u32> {
    decision.leases.iter().map(|l| l.job.job.0).collect()
}

#[test]
fn what_matches() {
    let h = hatchery("h", 1, 0, &["make"]);
    for (needs, fits) in [
        (vec!["binary:make"], true),
        (vec!["binary:docker"], false),
        (vec!["os-architecture:linux/amd64", "hostname:host", "memory:2048", "secret:.*"], true),
        (vec!["os-architecture:linux/arm64"], false),
        (vec!["hostname:other"], false),
        (vec!["memory:2049"], false),
        (vec!["memory:much"], false),
        (vec!["region:east"], false),
        (vec!["model:x"], false),
        (vec!["service:x"], false),
        (vec!["plugin:x"], false),
        (vec!["flavor:x"], false),
        (vec!["nonsense:x"], false),
    ] {
        let needs: Vec<Requirement> = needs.iter().map(|n| req(n)).collect();
        assert_eq!(matches(&needs, &h).is_ok(), fits, "{needs:?}");
    }
    let east = HatcheryView { region: "east".into(), ..h };
    assert!(matches(&[req("region:east")], &east).is_ok());
    assert!(matches(&[], &east).is_err(), "a job without a region belongs elsewhere");
    assert_eq!(mismatches(&[req("region:west"), req("binary:x"), req("binary:make")], &east).len(), 2);
}

#[test]
fn priority_then_age_then_a_new_worker() {
    let q = queue([
        job(1, 0, 10, &[]),
        job(2, 0, 5, &[]),
        job(3, 9, 20, &[]),
        job(4, 0, 30, &[]),
        job(5, 0, 40, &[]),
    ]);
    let mut h = hatchery("h", 4, 2, &[]);
    h.starting = 1;
    let d = dispatch(&q, &[h.clone()], Timestamp(50));
    assert_eq!(leased(&d), [3, 2]);
    assert_eq!(d.leases[0].worker, h.idle[0]);
    // Two idle, one starting, one more fits.
    assert_eq!(d.wanted, [(h.id, 1)].into());
    assert_eq!(q.lease_for(&h).map(|j| j.job.job.0), Some(3));
    assert_eq!(q.iter().map(|j| j.job.job.0).collect::<Vec<_>>(), [3, 2, 1, 4, 5]);
    h.up = false;
    assert!(dispatch(&q, &[h], Timestamp(50)).wanted.is_empty());
}

#[test]
fn the_choosiest_hatchery_is_used_first() {
    let plain = hatchery("plain", 1, 1, &[]);
    let docker = hatchery("docker", 1, 1, &["docker"]);
    let q = queue([job(1, 0, 1, &[]), job(2, 0, 2, &["binary:docker"])]);
    for fleet in [[plain.clone(), docker.clone()], [docker.clone(), plain.clone()]] {
        let d = dispatch(&q, &fleet, Timestamp(3));
        assert_eq!(leased(&d), [1, 2]);
        assert_eq!(d.leases[0].hatchery, plain.id);
    }
}

#[test]
fn groups_limit_who_may() {
    let mut j = job(1, 0, 1, &[]);
    j.groups = vec!["dev".into()];
    let q = queue([j]);
    let mut h = hatchery("h", 1, 1, &[]);
    h.groups = vec!["ops".into()];
    assert!(q.lease_for(&h).is_none());
    for groups in [vec!["dev".to_string()], vec!["shared.infra".to_string()], vec![]] {
        h.groups = groups;
        assert!(q.lease_for(&h).is_some());
    }
}

#[test]
fn the_queue_knows_one_attempt_of_a_job() {
    let mut q = queue([job(1, 0, 1, &[])]);
    assert!(!q.push(job(1, 0, 1, &[])), "repeated");
    let newer = QueuedJob { attempt: Attempt(2), queued: Timestamp(9), ..job(1, 0, 1, &["binary:x"]) };
    assert!(q.push(newer.clone()));
    assert!(!q.push(job(1, 0, 1, &[])), "history");
    assert!(q.remove(newer.job, Attempt(1)).is_none());
    assert_eq!(q.get(newer.job), Some(&newer));
    assert_eq!((q.len(), q.position(newer.job, &[] as &[HatcheryView; 0])), (1, Some(1)));
    assert_eq!(q.remove(newer.job, Attempt(2)), Some(newer));
    assert!(q.is_empty() && q.remove(job(1, 0, 1, &[]).job, Attempt(2)).is_none());
}

#[test]
fn every_wait_has_its_sentence() {
    let now = Timestamp(61_000);
    let say = |j: &QueuedJob, position, fleet: &[HatcheryView]| {
        let reason = explain(j, position, fleet, now);
        format!("{}: {}", reason.code, reason.text)
    };
    let docker = job(1, 0, 1_000, &["binary:docker", "binary:make"]);
    let plain = job(2, 0, 1_000, &[]);
    let mut h = hatchery("h1", 2, 0, &["make"]);
    assert_eq!(say(&plain, 1, &[]), "no_hatchery: no hatchery is registered");
    assert_eq!(
        say(&docker, 1, &[h.clone()]),
        "no_match: no hatchery offers `binary: docker` \
         (nearest: hatchery h1, it is not in the PATH of its workers)"
    );
    let other = hatchery("h2", 1, 0, &["docker"]);
    assert_eq!(
        say(&docker, 1, &[h.clone(), other.clone()]),
        "no_match: no hatchery offers everything this job asks for \
         (nearest: hatchery h1, `binary: docker`: it is not in the PATH of its workers)"
    );
    assert_eq!(say(&plain, 1, &[h.clone()]), "worker_wanted: a new worker has been asked of hatchery h1");
    h.starting = 1;
    assert_eq!(say(&plain, 1, &[h.clone()]), "worker_starting: a worker of hatchery h1 is starting");
    h.idle = vec![WorkerId::new()];
    assert_eq!(say(&plain, 1, &[h.clone()]), "ready: a worker of hatchery h1 is free and about to take it");
    (h.idle, h.starting, h.busy) = (vec![], 0, 2);
    assert_eq!(say(&plain, 3, &[h.clone()]), "all_busy: all 2 workers of hatchery h1 are busy, position 3");
    assert_eq!(
        say(&plain, 3, &[h.clone(), HatcheryView { busy: 1, ..other.clone() }]),
        "all_busy: all 3 workers of hatcheries h1, h2 are busy, position 3"
    );
    (h.busy, h.starting) = (0, 2);
    assert_eq!(
        say(&plain, 3, &[h.clone()]),
        "all_busy: the 2 workers of hatchery h1 are for the jobs ahead, position 3"
    );
    assert_eq!(
        say(&plain, 4, &[HatcheryView { starting: 0, busy: 0, ..h.clone() }]),
        "all_busy: the 2 workers of hatchery h1 are for the jobs ahead, position 4"
    );
    h.starting = 1;
    assert_eq!(
        say(&plain, 3, &[HatcheryView { busy: 1, ..h.clone() }]),
        "all_busy: of the 2 workers of hatchery h1 1 are busy, the others are for the jobs ahead, position 3"
    );
    (h.busy, h.starting) = (2, 0);
    let trouble =
        |seconds: i64| Some(Trouble { why: "no disk".into(), until: Some(Timestamp(61_000 + seconds)) });
    let broken = HatcheryView { busy: 0, trouble: trouble(1), ..h.clone() };
    let fails = "worker_fails: hatchery h1 can't start a worker and tries again: no disk";
    assert_eq!(say(&plain, 1, std::slice::from_ref(&broken)), fails);
    assert_eq!(say(&plain, 1, &[HatcheryView { starting: 1, ..broken.clone() }]), fails);
    assert_eq!(
        say(&plain, 1, &[broken.clone(), other.clone()]),
        "worker_wanted: a new worker has been asked of hatchery h2"
    );
    let over = HatcheryView { trouble: trouble(0), ..broken };
    assert_eq!(say(&plain, 1, &[over]), "worker_wanted: a new worker has been asked of hatchery h1");
    let refused = Some(Trouble { why: "no key".into(), until: None });
    let refused = HatcheryView { trouble: refused, ..h.clone() };
    let mend = "hatchery h1 starts no workers until somebody mends this and starts it anew: no key";
    let idle = HatcheryView { busy: 0, starting: 2, ..refused.clone() };
    assert_eq!(say(&plain, 1, std::slice::from_ref(&idle)), format!("worker_fails: {mend}"));
    assert_eq!(
        say(&plain, 1, &[refused]),
        format!("all_busy: all 2 workers of hatchery h1 are busy, position 1; {mend}")
    );
    assert_eq!(
        say(&plain, 1, &[idle, other.clone()]),
        "worker_wanted: a new worker has been asked of hatchery h2"
    );
    h.up = false;
    let both = [h.clone(), HatcheryView { name: "h3".into(), ..h.clone() }];
    assert_eq!(say(&plain, 1, &both), "hatchery_down: hatcheries h1, h3 could run it, but are not up");
    assert_eq!(say(&plain, 1, &[h.clone()]), "hatchery_down: hatchery h1 could run it, but is not up");
    assert_eq!(say(&docker, 1, &[h.clone()]), "no_hatchery: no hatchery is up (known: hatchery h1)");
    let none = HatcheryView { max_workers: 0, ..other.clone() };
    assert_eq!(say(&plain, 1, &[none]), "no_room: hatchery h2 may not start workers: its limit is 0");
    let mine = QueuedJob { groups: vec!["dev".into()], ..plain };
    let theirs = HatcheryView { groups: vec!["ops".into()], ..other };
    assert_eq!(say(&mine, 1, &[theirs]), "no_permission: no hatchery works for the groups of this job (dev)");
}

#[test]
fn a_hatchery_that_fails_or_is_gone_holds_up_nobody() {
    let now = Timestamp(1_000);
    let trouble = Some(Trouble { why: "no disk".into(), until: Some(Timestamp(2_000)) });
    // It comes first and is the choosier one, but its workers don't start.
    let broken = HatcheryView { trouble, ..hatchery("broken", 2, 0, &[]) };
    let sound = hatchery("sound", 1, 0, &["make"]);
    let jobs = || queue([job(1, 0, 1, &[]), job(2, 0, 2, &[])]);
    let fleet = [broken.clone(), sound.clone()];
    let d = dispatch(&jobs(), &fleet, now);
    assert_eq!(
        (d.wanted.get(&sound.id), d.wanted.get(&broken.id)),
        (Some(&1), Some(&1)),
        "the second finds no other"
    );
    // One that starts none for good is asked for none, and what it was to start is not waited for.
    let refused = Some(Trouble { why: "no key".into(), until: None });
    let refused = HatcheryView { trouble: refused, starting: 1, ..broken.clone() };
    let d = dispatch(&jobs(), &[refused, sound.clone()], now);
    assert_eq!((d.wanted.get(&sound.id), d.wanted.len()), (Some(&1), 1));
    // Workers that it is said to start are not counted on while another one has room.
    let starting = HatcheryView { starting: 1, ..broken.clone() };
    let d = dispatch(&queue([job(1, 0, 1, &[])]), &[starting, sound.clone()], now);
    assert_eq!((d.wanted.get(&sound.id), d.wanted.len()), (Some(&1), 1));
    // Alone it is asked as before, and after a while like the others.
    assert_eq!(dispatch(&jobs(), std::slice::from_ref(&broken), now).wanted.get(&broken.id), Some(&2));
    let d = dispatch(&queue([job(1, 0, 1, &[])]), &fleet, Timestamp(2_000));
    assert_eq!(d.wanted.get(&broken.id), Some(&1));
    // What a hatchery that is down was starting comes no more.
    let down = HatcheryView { up: false, starting: 2, ..hatchery("down", 2, 0, &[]) };
    assert_eq!(dispatch(&jobs(), &[down, sound.clone()], now).wanted.get(&sound.id), Some(&1));
}

fn any_job() -> impl Strategy<Value = QueuedJob> {
    let needs = prop::sample::subsequence(vec!["binary:a", "binary:b", "region:r", "memory:4000"], 0..3);
    (0..30u32, 0..3i32, 0..5i64, needs, 1..3u32).prop_map(|(n, priority, queued, needs, attempt)| QueuedJob {
        attempt: Attempt(attempt),
        ..job(n, priority, queued, &needs)
    })
}

fn any_hatchery() -> impl Strategy<Value = HatcheryView> {
    let binaries = prop::sample::subsequence(vec!["a", "b"], 0..=2);
    (binaries, 0..6u32, 0..3usize, 0..3u32, 0..3u32, any::<bool>(), any::<bool>()).prop_map(
        |(binaries, max, idle, busy, starting, up, region)| HatcheryView {
            busy,
            starting,
            up,
            region: if region { "r" } else { "" }.into(),
            ..hatchery("h", max, idle, &binaries)
        },
    )
}

proptest! {
    #[test]
    fn nobody_is_given_twice_and_nothing_better_was_left(
        jobs in prop::collection::vec(any_job(), 0..40),
        fleet in prop::collection::vec(any_hatchery(), 0..4),
        removed in prop::collection::vec(0..30u32, 0..5),
    ) {
        let mut q = Queue::new();
        let mut model: HashMap<JobRef, QueuedJob> = HashMap::new();
        for j in jobs {
            q.push(j.clone());
            let known = model.entry(j.job).or_insert_with(|| j.clone());
            if j.attempt >= known.attempt { *known = j; }
        }
        for n in removed {
            let id = job(n, 0, 0, &[]).job;
            prop_assert_eq!(q.remove(id, Attempt(1)).is_some(), model.get(&id).is_some_and(|j| j.attempt == Attempt(1)));
            if model.get(&id).is_some_and(|j| j.attempt == Attempt(1)) { model.remove(&id); }
        }
        let order: Vec<QueuedJob> = q.iter().cloned().collect();
        prop_assert_eq!(order.len(), model.len());
        prop_assert!(order.iter().all(|j| model.get(&j.job) == Some(j)));
        let key = |j: &QueuedJob| (-j.priority, j.queued, j.job);
        prop_assert!(order.is_sorted_by_key(key));

        let d = dispatch(&q, &fleet, Timestamp(9));
        let by_id: HashMap<HatcheryId, &HatcheryView> = fleet.iter().map(|h| (h.id, h)).collect();
        let (mut workers, mut given) = (HashSet::new(), HashSet::new());
        for lease in &d.leases {
            let h = by_id[&lease.hatchery];
            let j = &model[&lease.job];
            prop_assert!(h.idle.contains(&lease.worker));
            prop_assert!(workers.insert(lease.worker) && given.insert(lease.job));
            prop_assert!(matches(&j.requirements, h).is_ok() && j.attempt == lease.attempt);
        }
        for (id, wanted) in &d.wanted {
            prop_assert!(*wanted > 0 && *wanted <= by_id[id].room());
        }
        // Whoever got nothing finds no idle worker that fits, and none that went to a less urgent job.
        for j in order.iter().filter(|j| !given.contains(&j.job)) {
            for h in fleet.iter().filter(|h| matches(&j.requirements, h).is_ok()) {
                for worker in &h.idle {
                    let lease = d.leases.iter().find(|l| l.worker == *worker);
                    prop_assert!(lease.is_some_and(|l| key(&model[&l.job]) < key(j)));
                }
            }
        }
        for h in &fleet {
            let expected = order.iter().find(|j| matches(&j.requirements, h).is_ok());
            prop_assert_eq!(q.lease_for(h), expected);
        }
    }
}
