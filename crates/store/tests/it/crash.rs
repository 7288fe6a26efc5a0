//! A process killed in the middle of commits: what was acknowledged is there, whole.

use crate::support::*;
use cds_model::RunId;
use cds_store::{MasterKey, RunCommit, Store, runs};
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

const CHILD: &str = "CDS_TEST_CRASH_CHILD";

suite!(what_was_acknowledged_survives_a_kill);

/// The child: commits runs as fast as it can and says which are in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(url) = std::env::var(CHILD) else { return };
    let store = Store::open(&url, MasterKey::generate()).unwrap();
    let (project, workflow) = workflow(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = store.clone();
        tasks.spawn(async move {
            loop {
                let number = store.reserve_number(workflow).await.unwrap();
                let run = run(number, 3);
                let hash = runs::put_spec(&store, &run.spec, NOW).await.unwrap();
                let cx = context(project, workflow, 0, &hash);
                store.commit(RunCommit::from_transition(None, &run, &[], cx).unwrap()).await.unwrap();
                println!("in {}", run.id);
            }
        });
    }
    // None ends but by a fault, and then neither should the others go on.
    tasks.join_next().await;
}

async fn what_was_acknowledged_survives_a_kill(w: World) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child", "--nocapture"])
        .env(CHILD, &w.url)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut told = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap_or_default();
        // The test harness writes to the same line.
        if let Some(id) = line.split("in ").last().and_then(|id| id.parse::<RunId>().ok()) {
            told.push(id);
        }
        if told.len() == 300 {
            // SIGKILL: no destructor runs, nothing is flushed. What was told before is read to the end.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(told.len() >= 300, "the child ended too early: {}", told.len());
    let again = w.again();
    for id in told {
        let loaded = runs::load(&again, id).await.unwrap_or_else(|e| panic!("{id}: {e}"));
        assert_eq!((loaded.version, loaded.run.nodes.len()), (1, 3));
    }
    // And the database goes on.
    Stored::new(&again).await;
}
