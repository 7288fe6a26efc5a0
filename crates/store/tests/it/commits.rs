//! Steps of runs: what is in the database after each.

use crate::support::*;
use cds_engine::{
    Effect,
    event::{QueueJob, SlotKey, TimerKey},
};
use cds_model::*;
use cds_store::{
    CommitError, Dialect, RunCommit, Wake, events, idempotency::Once, queue, runs, slots, timers, workers,
};
use std::{sync::Arc, time::Duration};

suite!(
    a_run_comes_back_as_it_was,
    only_touched_nodes_are_written,
    an_old_version_is_refused,
    effects_become_rows,
    a_cancelled_job_leaves_or_is_marked,
    a_take_is_answered_once,
    takes_of_steps_that_are_not_in_are_not_noted,
    versions_are_unique_in_a_workflow,
    the_same_key_gives_the_same_run,
    one_bad_step_does_not_harm_its_neighbours,
    mutexes_go_to_the_lowest_number,
    timers_ring_once_they_are_due,
    events_come_in_order,
    a_later_event_is_not_seen_before_an_earlier_one,
    commits_wake_listeners,
);

pub fn queue_job(job: u32, attempt: u32) -> Effect {
    Effect::QueueJob(QueueJob {
        job: JobNo(job),
        attempt: Attempt(attempt),
        node: "build".into(),
        name: "compile".into(),
        requirements: vec![cds_workflow::def::Requirement {
            name: "region".into(),
            kind: "region".into(),
            value: "eu".into(),
        }],
        groups: vec!["shared.infra".into()],
    })
}

async fn a_run_comes_back_as_it_was(w: World) {
    let s = Stored::new(&w.store).await;
    let loaded = runs::load(&w.store, s.run.id).await.unwrap();
    assert_eq!(loaded.run, s.run);
    assert_eq!((loaded.version, loaded.workflow, loaded.project), (1, s.workflow, s.project));
    // Nothing in memory helps another server.
    assert_eq!(runs::load(&w.again(), s.run.id).await.unwrap().run, s.run);
    assert!(matches!(runs::load(&w.store, RunId::new()).await, Err(runs::LoadError::NotFound)));
}

async fn only_touched_nodes_are_written(w: World) {
    let s = Stored::new(&w.store).await;
    let mut new = s.run.clone();
    let mut touched = (*new.nodes[1]).clone();
    touched.status = Status::Success;
    touched.done = Some(NOW);
    new.nodes[1] = Arc::new(touched);
    let commit = s.step(&new, &[], 1);
    assert_eq!(commit.nodes.len(), 1);
    assert!(commit.nodes[0].params.is_none(), "the parameters are the same");
    assert!(commit.tags.is_none());
    assert_eq!(w.store.commit(commit).await.unwrap().version, 2);
    assert_eq!(runs::load(&w.store, s.run.id).await.unwrap().run, new);
}

async fn an_old_version_is_refused(w: World) {
    let s = Stored::new(&w.store).await;
    let mut new = s.run.clone();
    new.head.sub = 1;
    w.store.commit(s.step(&new, &[], 1)).await.unwrap();
    let mut late = s.run.clone();
    late.head.sub = 9;
    let refused = w.store.commit(s.step(&late, &[queue_job(0, 1)], 1)).await;
    assert!(matches!(refused, Err(CommitError::Conflict)), "{refused:?}");
    assert_eq!(runs::load(&w.store, s.run.id).await.unwrap().run.head.sub, 1);
    assert!(w.store.read(queue::load).await.unwrap().0.is_empty(), "nothing of a refused step is kept");
    let gone = RunCommit { run: RunId::new(), ..s.step(&new, &[], 1) };
    assert!(matches!(w.store.commit(gone).await, Err(CommitError::Conflict)));
    // Made twice.
    let cx = context(s.project, s.workflow, 0, &s.hash);
    let twice = RunCommit::from_transition(None, &s.run, &[], cx).unwrap();
    assert!(matches!(w.store.commit(twice).await, Err(CommitError::Conflict)));
}

async fn effects_become_rows(w: World) {
    let s = Stored::new(&w.store).await;
    let mut new = s.run.clone();
    new.head.tags.push(("env".into(), "a,b".into()));
    let worker = WorkerId::new();
    let mut commit = s.step(&new, &[queue_job(3, 1), queue_job(4, 1), queue_job(4, 2)], 1);
    commit.event = Some("{}".into());
    let done = w.store.commit(commit).await.unwrap();
    assert!(done.event.unwrap() > 0);
    let (entries, faults) = w.store.read(queue::load).await.unwrap();
    assert!(faults.is_empty());
    let names: Vec<_> = entries.iter().map(|e| (e.job.0, e.attempt.0)).collect();
    assert_eq!(names, [(3, 1), (4, 1), (4, 2)]);
    assert_eq!((entries[0].region.as_str(), entries[0].worker, entries[0].queued), ("eu", None, NOW));
    assert_eq!(entries[0].requirements[0].value, "eu");

    let lease =
        runs::QueueLease { job: JobNo(4), attempt: Attempt(2), worker, until: Timestamp(500), take: None };
    let gone = [Effect::DoneJob { job: JobNo(4), attempt: Attempt(1) }];
    let mut commit = s.step(&new, &gone, 2);
    commit.queue_lease.push(lease);
    w.store.commit(commit).await.unwrap();
    let run = s.run.id;
    let (mine, expired, kept, lost) = w
        .store
        .write(move |tx| {
            let mine = queue::of_worker(tx, worker)?;
            let expired = queue::expired(tx, Timestamp(501), 10)?;
            let kept = queue::extend(tx, run, JobNo(4), Attempt(2), worker, Timestamp(900))?;
            let lost = queue::extend(tx, run, JobNo(4), Attempt(2), WorkerId::new(), Timestamp(900))?;
            Ok((mine, expired, kept, lost))
        })
        .await
        .unwrap();
    assert_eq!((mine.len(), expired.len(), kept, lost), (1, 1, true, false));
    assert!(w.store.read(|tx| queue::expired(tx, Timestamp(501), 10)).await.unwrap().is_empty());
    let job = cds_model::JobRef { run, job: JobNo(4) };
    let mine = (job, Attempt(2), worker);
    let others = [(job, Attempt(1), worker), (job, Attempt(2), WorkerId::new())];
    let of = |lease| vec![lease];
    for (leases, until, renewed) in [
        (of(mine), 900, 0),
        (of(others[0]), 990, 0),
        (of(others[1]), 990, 0),
        (vec![others[0], mine], 990, 1),
        (of(mine), 980, 0),
    ] {
        let asked = leases.clone();
        let done = w.store.write_simple(move |tx| queue::renew(tx, &asked, Timestamp(until))).await.unwrap();
        assert_eq!(done, vec![(job, Attempt(2)); renewed], "{leases:?} until {until}");
    }
    let entry = w.store.read(move |tx| queue::get(tx, run, JobNo(4), Attempt(2))).await.unwrap();
    assert_eq!(entry.unwrap().lease_until, Some(Timestamp(990)));
    marks_agree(&w, 2).await;

    let tags = w.store.read(move |tx| runs::tags_of(tx, run)).await.unwrap();
    let tags: Vec<_> = tags.iter().map(|(t, v)| (t.as_str(), v.as_str())).collect();
    assert_eq!(tags, [("env", "a"), ("env", "a,b"), ("env", "b"), ("git.branch", "main")]);
}

/// What is read to compare says the same as what is read whole, and a run's part is the part of it.
async fn marks_agree(w: &World, count: usize) {
    let (entries, _) = w.store.read(queue::load).await.unwrap();
    assert_eq!(entries.len(), count);
    let by_job = |m: &queue::Mark| (m.job, m.attempt);
    let mut whole: Vec<queue::Mark> = entries.iter().map(queue::Entry::mark).collect();
    let mut marks = w.store.read(queue::marks).await.unwrap();
    whole.sort_by_key(by_job);
    marks.sort_by_key(by_job);
    assert_eq!(marks, whole);
    let runs = entries.iter().map(|e| e.run).collect();
    assert_eq!(w.store.read(move |tx| queue::of_runs(tx, &runs)).await.unwrap(), entries);
    let nobody = [cds_model::RunId::new()].into();
    assert_eq!(w.store.read(move |tx| queue::of_runs(tx, &nobody)).await.unwrap(), []);
}

async fn a_cancelled_job_leaves_or_is_marked(w: World) {
    let s = Stored::new(&w.store).await;
    let worker = WorkerId::new();
    let mut commit = s.step(&s.run, &[queue_job(1, 1), queue_job(2, 1)], 1);
    commit.queue_lease =
        vec![runs::QueueLease { job: JobNo(2), attempt: Attempt(1), worker, until: NOW, take: None }];
    w.store.commit(commit).await.unwrap();
    let stop = [1, 2].map(|n| Effect::CancelJob { job: JobNo(n), attempt: Attempt(1) });
    w.store.commit(s.step(&s.run, &stop, 2)).await.unwrap();
    let (left, _) = w.store.read(queue::load).await.unwrap();
    let left: Vec<_> = left.iter().map(|e| (e.job.0, e.cancelled, e.worker)).collect();
    assert_eq!(left, [(2, true, Some(worker))]);
    marks_agree(&w, 1).await;
    // Queued and stopped at once: never to be had.
    let both = [queue_job(7, 1), Effect::CancelJob { job: JobNo(7), attempt: Attempt(1) }];
    w.store.commit(s.step(&s.run, &both, 3)).await.unwrap();
    assert_eq!(w.store.read(queue::load).await.unwrap().0.len(), 1);
}

/// A worker as it is when it has come.
async fn worker(w: &World) -> WorkerId {
    let id = WorkerId::new();
    let row = workers::Worker {
        id,
        name: "w".into(),
        hatchery: HatcheryId::new(),
        status: "Waiting".into(),
        os: "linux".into(),
        arch: "amd64".into(),
        version: "1".into(),
        info: "{}".into(),
        job: None,
        jobs_done: 0,
        created: NOW,
        lastbeat: None,
    };
    w.store.write(move |tx| workers::insert(tx, &row)).await.unwrap();
    id
}

async fn last_take(w: &World, id: WorkerId) -> Option<workers::LastTake> {
    w.store.read(move |tx| workers::last_take(tx, id)).await.unwrap()
}

fn lease(job: u32, worker: WorkerId, take: Option<i64>) -> runs::QueueLease {
    runs::QueueLease { job: JobNo(job), attempt: Attempt(1), worker, until: Timestamp(900), take }
}

async fn a_take_is_answered_once(w: World) {
    let s = Stored::new(&w.store).await;
    let (id, run) = (worker(&w).await, s.run.id);
    let jobs = [1, 2, 3, 4].map(|n| queue_job(n, 1));
    w.store.commit(s.step(&s.run, &jobs, 1)).await.unwrap();
    let nothing = workers::LastTake { number: 0, given: None };
    assert_eq!(last_take(&w, id).await, Some(nothing));
    let mut version = 1;
    let mut lease_to = async |leases: Vec<runs::QueueLease>, advances: bool| {
        let mut commit = s.step(&s.run, &[], version + 1);
        commit.queue_lease = leases;
        let result = w.store.commit(commit).await;
        version += i64::from(advances);
        assert_eq!(result.is_ok(), advances, "{result:?}");
        result.err()
    };
    lease_to(vec![lease(1, id, Some(3))], true).await;
    let given = |job| Some((JobRef { run, job: JobNo(job) }, Attempt(1)));
    assert_eq!(last_take(&w, id).await, Some(workers::LastTake { number: 3, given: given(1) }));
    // The same, an older one, one in a step with a good one, and one of a worker that is gone.
    let other = worker(&w).await;
    for (leases, of) in [
        (vec![lease(2, id, Some(3))], id),
        (vec![lease(2, id, Some(2))], id),
        (vec![lease(2, other, Some(1)), lease(3, id, Some(3))], id),
    ] {
        let refused = lease_to(leases, false).await;
        assert!(matches!(refused, Some(CommitError::OldTake(w)) if w == of), "{refused:?}");
    }
    assert!(matches!(
        lease_to(vec![lease(2, WorkerId::new(), Some(1))], false).await,
        Some(CommitError::OldTake(_))
    ));
    assert_eq!(last_take(&w, other).await, Some(nothing), "nothing of a refused step is kept");
    let held = |w: World| async move {
        let (entries, _) = w.store.read(queue::load).await.unwrap();
        let held: Vec<u32> = entries.iter().filter(|e| e.worker.is_some()).map(|e| e.job.0).collect();
        (held, w)
    };
    // The next one, and workers that do not count.
    lease_to(vec![lease(2, id, Some(4)), lease(3, other, None), lease(4, WorkerId::new(), None)], true).await;
    assert_eq!(last_take(&w, id).await, Some(workers::LastTake { number: 4, given: given(2) }));
    assert_eq!(last_take(&w, other).await, Some(nothing));
    assert_eq!(last_take(&w, WorkerId::new()).await, None);
    assert_eq!(held(w).await.0, [1, 2, 3, 4]);
}

async fn takes_of_steps_that_are_not_in_are_not_noted(w: World) {
    // Steps of many runs at once, every second of an old version, and one whose take was answered.
    let worker_of_all = worker(&w).await;
    let mut steps = Vec::new();
    for n in 0..20 {
        let s = Stored::new(&w.store).await;
        w.store.commit(s.step(&s.run, &[queue_job(1, 1)], 1)).await.unwrap();
        let (id, old) = (worker(&w).await, n % 2 == 1);
        let mut commit = s.step(&s.run, &[], if old { 1 } else { 2 });
        commit.queue_lease = vec![lease(1, id, Some(1))];
        steps.push((commit, id, old));
    }
    for _ in 0..2 {
        let s = Stored::new(&w.store).await;
        w.store.commit(s.step(&s.run, &[queue_job(1, 1)], 1)).await.unwrap();
        let mut commit = s.step(&s.run, &[], 2);
        commit.queue_lease = vec![lease(1, worker_of_all, Some(1))];
        steps.push((commit, worker_of_all, false));
    }
    let commits = steps.iter().map(|(commit, ..)| w.store.commit(commit.clone()));
    let results = futures::future::join_all(commits).await;
    for ((_, id, old), result) in steps.iter().zip(&results).take(20) {
        let noted = last_take(&w, *id).await.unwrap().number;
        match old {
            true => assert!(matches!(result, Err(CommitError::Conflict)) && noted == 0, "{result:?}"),
            false => assert!(result.is_ok() && noted == 1, "{result:?}"),
        }
    }
    let answered = results[20..].iter().filter(|r| r.is_ok()).count();
    assert_eq!(answered, 1, "{:?}", &results[20..]);
}

async fn versions_are_unique_in_a_workflow(w: World) {
    let a = Stored::new(&w.store).await;
    let b = Stored::of(&w.store, a.project, a.workflow).await;
    let other = Stored::new(&w.store).await;
    let claim = |s: &Stored, expect| {
        let mut new = s.run.clone();
        new.head.version = Some("1.2.3".into());
        s.step(&new, &[], expect)
    };
    w.store.commit(claim(&a, 1)).await.unwrap();
    w.store.commit(claim(&a, 2)).await.unwrap();
    let taken = w.store.commit(claim(&b, 1)).await;
    assert!(matches!(&taken, Err(CommitError::VersionTaken(v)) if v == "1.2.3"), "{taken:?}");
    assert_eq!(runs::load(&w.store, b.run.id).await.unwrap().version, 1, "nothing of the step is kept");
    w.store.commit(claim(&other, 1)).await.unwrap();
    let run = a.run.id;
    let brief = w.store.read(move |tx| runs::find(tx, run)).await.unwrap().unwrap();
    assert_eq!(brief.label, "1.2.3");
}

async fn the_same_key_gives_the_same_run(w: World) {
    let s = Stored::new(&w.store).await;
    let make = |number, key: &str| {
        let mut cx = context(s.project, s.workflow, 0, &s.hash);
        cx.once = Some(Once { key: key.into(), digest: "same".into() });
        let run = run(number, 1);
        (run.id, RunCommit::from_transition(None, &run, &[], cx).unwrap())
    };
    let (first, commit) = make(2, "k");
    w.store.commit(commit).await.unwrap();
    let again = w.store.commit(make(3, "k").1).await;
    assert!(matches!(again, Err(CommitError::Repeated(run)) if run == first), "{again:?}");
    let (_, mut other) = make(3, "k");
    other.once.as_mut().unwrap().digest = "other".into();
    let refused = w.store.commit(other).await;
    assert!(matches!(refused, Err(CommitError::KeyReused)), "{refused:?}");
    w.store.commit(make(3, "other").1).await.unwrap();
    // A key is not used up by a run that could not be made.
    let (_, bad) = make(3, "third");
    assert!(matches!(w.store.commit(bad).await, Err(CommitError::Conflict)));
    w.store.commit(make(4, "third").1).await.unwrap();
    // A later step of a run has a key too, and one that comes too late does not use it up.
    let step = |expect, key: &str| {
        let mut commit = s.step(&s.run, &[], expect);
        commit.once = Some(Once { key: key.into(), digest: "same".into() });
        commit
    };
    let (again, late) = (w.store.commit(step(1, "k")).await, w.store.commit(step(7, "step")).await);
    assert!(matches!(again, Err(CommitError::Repeated(run)) if run == first), "{again:?}");
    assert!(matches!(late, Err(CommitError::Conflict)), "{late:?}");
    w.store.commit(step(1, "step")).await.unwrap();
    let again = w.store.commit(step(2, "step")).await;
    assert!(matches!(again, Err(CommitError::Repeated(run)) if run == s.run.id), "{again:?}");
    assert_eq!(runs::load(&w.store, s.run.id).await.unwrap().version, 2);
}

async fn one_bad_step_does_not_harm_its_neighbours(w: World) {
    let a = Stored::new(&w.store).await;
    let mut tasks = Vec::new();
    for n in 0..40 {
        let (store, number) = (w.store.clone(), w.store.reserve_number(a.workflow).await.unwrap());
        let run = run(number, 1);
        let mut commit = RunCommit::from_transition(
            None,
            &run,
            &[queue_job(0, 1)],
            context(a.project, a.workflow, 0, &a.hash),
        )
        .unwrap();
        let bad = n % 8 == 0;
        if bad {
            // Too long for an index of PostgreSQL, however it is packed.
            let key: String = (0..2_000).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
            commit.timers.push((key, Timestamp(1)));
        }
        tasks.push(tokio::spawn(async move { (bad, store.commit(commit).await) }));
    }
    for task in tasks {
        let (bad, result) = task.await.unwrap();
        if bad && w.store.dialect() == Dialect::Postgres {
            assert!(matches!(result, Err(CommitError::Db(_))), "{result:?}");
        } else {
            result.unwrap();
        }
    }
}

async fn mutexes_go_to_the_lowest_number(w: World) {
    let first = Stored::new(&w.store).await;
    let mut all = vec![first];
    for _ in 0..2 {
        all.push(Stored::of(&w.store, all[0].project, all[0].workflow).await);
    }
    let workflow = all[0].workflow;
    let key = SlotKey { workflow: Some(workflow), node: "deploy".into() };
    let ask = Effect::RequestSlot { key: key.clone(), node_run: NodeRunNo(1) };
    let give = Effect::ReleaseSlot { key, node_run: NodeRunNo(1) };
    for s in [&all[2], &all[0]] {
        w.store.commit(s.step(&s.run, std::slice::from_ref(&ask), 1)).await.unwrap();
    }
    let granted = w.store.write(slots::grant).await.unwrap();
    assert_eq!(granted.iter().map(|s| s.run).collect::<Vec<_>>(), [all[0].run.id]);
    assert!(w.store.write(slots::grant).await.unwrap().is_empty(), "one holder");
    w.store.commit(all[1].step(&all[1].run, std::slice::from_ref(&ask), 1)).await.unwrap();
    w.store.commit(all[0].step(&all[0].run, std::slice::from_ref(&give), 2)).await.unwrap();
    for n in [1, 2] {
        let granted = w.store.write(slots::grant).await.unwrap();
        assert_eq!(granted.iter().map(|s| s.run).collect::<Vec<_>>(), [all[n].run.id]);
        assert_eq!(w.store.read(slots::held).await.unwrap(), granted);
        let seen = w.store.read(move |tx| slots::of_node(tx, workflow, "deploy")).await.unwrap();
        assert_eq!(seen.len(), 3 - n);
        w.store.commit(all[n].step(&all[n].run, std::slice::from_ref(&give), 2)).await.unwrap();
    }
    assert!(w.store.read(slots::all).await.unwrap().is_empty());
}

async fn timers_ring_once_they_are_due(w: World) {
    let s = Stored::new(&w.store).await;
    let set = |key: TimerKey, at: i64| Effect::SetTimer { key, at: Timestamp(at) };
    let job = TimerKey::Job(JobNo(1), Attempt(1));
    let effects = [set(TimerKey::Run, 50), set(job.clone(), 10), set(job.clone(), 20)];
    w.store.commit(s.step(&s.run, &effects, 1)).await.unwrap();
    assert_eq!(w.store.read(timers::next).await.unwrap(), Some(Timestamp(20)));
    assert!(w.store.read(|tx| timers::due(tx, Timestamp(19), 9)).await.unwrap().0.is_empty());
    let (due, _) = w.store.read(|tx| timers::due(tx, Timestamp(20), 9)).await.unwrap();
    assert_eq!((due.len(), &due[0].key, due[0].at), (1, &job, Timestamp(20)));
    // Set anew before it was marked as done: it rings again.
    w.store.commit(s.step(&s.run, &[set(job.clone(), 30)], 2)).await.unwrap();
    let old = due[0].clone();
    w.store.write(move |tx| timers::done(tx, &old)).await.unwrap();
    let (due, _) = w.store.read(|tx| timers::due(tx, Timestamp(30), 9)).await.unwrap();
    assert_eq!(due[0].at, Timestamp(30));
    let now = due[0].clone();
    w.store.write(move |tx| timers::done(tx, &now)).await.unwrap();
    let run = s.run.id;
    let left = w.store.read(move |tx| timers::of_run(tx, run)).await.unwrap();
    assert_eq!(left.iter().map(|t| &t.key).collect::<Vec<_>>(), [&TimerKey::Run]);
}

async fn events_come_in_order(w: World) {
    let s = Stored::new(&w.store).await;
    let mut tasks = Vec::new();
    for n in 0..30 {
        let store = w.store.clone();
        let number = store.reserve_number(s.workflow).await.unwrap();
        let run = run(number, 1);
        let mut cx = context(s.project, s.workflow, 0, &s.hash);
        cx.event = Some(format!("{{\"n\":{n}}}"));
        let commit = RunCommit::from_transition(None, &run, &[], cx).unwrap();
        tasks.push(tokio::spawn(async move {
            if n % 3 == 0 {
                let id = store.write(move |tx| events::append(tx, NOW, None, "{}")).await.unwrap();
                assert!(id > 0);
            }
            (run.id, store.commit(commit).await.unwrap().event.unwrap())
        }));
    }
    // Follows as a listener does: whatever is above the last id seen.
    let mut seen: Vec<events::Stored> = Vec::new();
    while seen.len() < 40 {
        let last = seen.last().map_or(0, |e| e.id);
        seen.extend(w.store.read(move |tx| events::after(tx, last, 7)).await.unwrap());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    for task in tasks {
        let (run, id) = task.await.unwrap();
        let event = seen.iter().find(|e| e.id == id).expect("no event is missed");
        assert_eq!(event.run, Some(run), "each run is told its own event");
    }
    let (first, last) = w.store.read(|tx| Ok((events::first(tx)?, events::last(tx)?))).await.unwrap();
    assert_eq!((first, last), (seen[0].id, seen[39].id));
    assert_eq!(w.store.write(|tx| events::prune(tx, Timestamp(NOW.ms() + 1))).await.unwrap(), 40);
}

async fn a_later_event_is_not_seen_before_an_earlier_one(w: World) {
    let s = Stored::new(&w.store).await;
    let (said, heard) = tokio::sync::mpsc::unbounded_channel();
    let mut heard = heard;
    let store = w.store.clone();
    // Has its id long before it is committed.
    let slow = tokio::spawn(async move {
        store
            .write(move |tx| {
                let id = events::append(tx, NOW, None, "{}")?;
                said.send(()).unwrap();
                std::thread::sleep(Duration::from_millis(300));
                Ok(id)
            })
            .await
    });
    heard.recv().await.unwrap();
    let mut commit = s.step(&s.run, &[], 1);
    commit.event = Some("{}".into());
    let later = w.store.commit(commit).await.unwrap().event.unwrap();
    let seen = w.store.read(|tx| events::after(tx, 0, 9)).await.unwrap();
    let earlier = slow.await.unwrap().unwrap();
    assert_eq!(seen.iter().map(|e| e.id).collect::<Vec<_>>(), [earlier, later]);
}

async fn commits_wake_listeners(w: World) {
    let mut here = w.store.wakeups();
    // On PostgreSQL another server hears it too.
    let other = (w.store.dialect() == Dialect::Postgres).then(|| w.again());
    let mut there = other.as_ref().map(|s| s.wakeups());
    let s = Stored::new(&w.store).await;
    let mut commit = s.step(&s.run, &[queue_job(1, 1)], 1);
    commit.event = Some("{}".into());
    let event = w.store.commit(commit).await.unwrap().event.unwrap();
    for wakes in [Some(&mut here), there.as_mut()].into_iter().flatten() {
        let mut wanted = vec![Wake::Run(s.run.id), Wake::Queue, Wake::Event(event)];
        while !wanted.is_empty() {
            let wake = tokio::time::timeout(Duration::from_secs(10), wakes.recv()).await;
            let wake = wake.unwrap_or_else(|_| panic!("not heard: {wanted:?}")).unwrap();
            wanted.retain(|w| *w != wake);
        }
    }
    // A refused step wakes nobody.
    let mut here = w.store.wakeups();
    assert!(w.store.commit(s.step(&s.run, &[], 1)).await.is_err());
    assert!(here.try_recv().is_err());
}
