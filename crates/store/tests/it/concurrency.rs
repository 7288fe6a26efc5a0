//! Many callers at once: no update is lost, and who came too late is told.

use crate::support::*;
use cds_model::*;
use cds_store::{CommitError, runs};
use std::sync::Arc;

suite!(many_tasks_on_many_runs, many_tasks_on_one_run, numbers_have_no_gaps, two_servers_on_one_run);

const TASKS: usize = 64;

/// One step that counts in the run's head and in a node run, tried until it is in; how many conflicts it met.
async fn count_one(store: &cds_store::Store, s: &Stored) -> usize {
    let mut conflicts = 0;
    loop {
        let loaded = runs::load(store, s.run.id).await.unwrap();
        let mut new = loaded.run.clone();
        new.head.next_job += 1;
        let mut node = (*new.nodes[0]).clone();
        node.sub += 1;
        new.nodes[0] = Arc::new(node);
        let cx = context(s.project, s.workflow, loaded.version, &loaded.spec_hash);
        let commit = cds_store::RunCommit::from_transition(Some(&loaded.run), &new, &[], cx).unwrap();
        match store.commit(commit).await {
            Ok(done) => {
                assert_eq!(done.version, loaded.version + 1);
                return conflicts;
            }
            Err(CommitError::Conflict) => conflicts += 1,
            Err(e) => panic!("{e}"),
        }
    }
}

async fn check(store: &cds_store::Store, s: &Stored, steps: u32) {
    let loaded = runs::load(store, s.run.id).await.unwrap();
    assert_eq!(loaded.version, 1 + i64::from(steps));
    assert_eq!((loaded.run.head.next_job, loaded.run.nodes[0].sub), (steps, steps), "no step is lost");
}

async fn many_tasks_on_many_runs(w: World) {
    let first = Stored::new(&w.store).await;
    let (project, workflow) = (first.project, first.workflow);
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let store = w.store.clone();
        tasks.push(tokio::spawn(async move {
            let s = Stored::of(&store, project, workflow).await;
            let mut conflicts = 0;
            for _ in 0..5 {
                conflicts += count_one(&store, &s).await;
            }
            assert_eq!(conflicts, 0, "a run that nobody else touches has no conflicts");
            check(&store, &s, 5).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

async fn many_tasks_on_one_run(w: World) {
    let s = Arc::new(Stored::new(&w.store).await);
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let (store, s) = (w.store.clone(), s.clone());
        tasks.push(tokio::spawn(async move { count_one(&store, &s).await }));
    }
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    assert!(conflicts > 0, "64 tasks that load at the same time can't all be first");
    check(&w.store, &s, TASKS as u32).await;
}

async fn two_servers_on_one_run(w: World) {
    let s = Arc::new(Stored::new(&w.store).await);
    let other = w.again();
    let mut tasks = Vec::new();
    for n in 0..20 {
        let (store, s) = (if n % 2 == 0 { w.store.clone() } else { other.clone() }, s.clone());
        tasks.push(tokio::spawn(async move { count_one(&store, &s).await }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    check(&other, &s, 20).await;
}

async fn numbers_have_no_gaps(w: World) {
    let (_, workflow) = workflow(&w.store).await;
    let mut tasks = Vec::new();
    for _ in 0..TASKS {
        let store = w.store.clone();
        tasks.push(tokio::spawn(async move { store.reserve_number(workflow).await.unwrap() }));
    }
    let mut numbers = Vec::new();
    for task in tasks {
        numbers.push(task.await.unwrap());
    }
    numbers.sort();
    assert_eq!(numbers, (1..=TASKS as i64).collect::<Vec<_>>());
    let unknown = w.store.reserve_number(WorkflowId::new()).await;
    assert!(matches!(unknown, Err(cds_store::Error::NoRow { .. })), "{unknown:?}");
}
