//! How many steps of runs a second the store commits, by number of callers:
//! `cargo run --release -p cds-store --example commits [seconds]`.
//!
//! A step is what the end of a job writes: the head, one node run, an event, an entry leaving the queue and
//! another coming.

use cds_engine::{Run, RunSpec, state::RunHead};
use cds_model::*;
use cds_store::{MasterKey, RunCommit, Store, projects, runs, testing::Postgres, workflows};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

const NOW: Timestamp = Timestamp(1_700_000_000_000);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let seconds = std::env::args().nth(1).and_then(|s| s.parse().ok()).unwrap_or(3);
    println!("{:<10} {:>8} {:>12} {:>10} {:>10}", "database", "callers", "commits/s", "p50 ms", "p99 ms");
    let dir = tempfile::tempdir().expect("a temp directory");
    let sqlite = format!("sqlite:{}", dir.path().join("bench.db").display());
    measure("sqlite", &sqlite, seconds).await;
    reads("sqlite", &sqlite).await;
    if let Some(server) = Postgres::start() {
        let url = server.database();
        measure("postgres", &url, seconds).await;
        reads("postgres", &url).await;
    }
}

async fn measure(name: &str, url: &str, seconds: u64) {
    for callers in [1, 8, 64] {
        let store = Store::open(url, MasterKey::generate()).expect("opens");
        let (project, workflow) = workflow(&store).await;
        let spec = Arc::new(RunSpec::default());
        let hash = runs::put_spec(&store, &spec, NOW).await.expect("stored");
        let done = Arc::new(AtomicU64::new(0));
        let end = Instant::now() + Duration::from_secs(seconds);
        let mut tasks = Vec::new();
        for _ in 0..callers {
            let (store, done, spec, hash) = (store.clone(), done.clone(), spec.clone(), hash.clone());
            tasks.push(tokio::spawn(async move {
                let number = store.reserve_number(workflow).await.expect("a number");
                let head = RunHead { status: Status::Building, created: NOW, ..RunHead::default() };
                let run = Run { id: RunId::new(), number, spec, head, nodes: Vec::new() };
                let cx = runs::Context {
                    workflow,
                    project,
                    version: 0,
                    spec_hash: hash,
                    triggered_by: "bench".into(),
                    once: None,
                    priority: 0,
                    now: NOW,
                    leases: Vec::new(),
                    event: None,
                };
                let first = RunCommit::from_transition(None, &run, &[], cx).expect("rows");
                store.commit(first.clone()).await.expect("made");
                let mut times = Vec::new();
                for version in 1.. {
                    let begun = Instant::now();
                    if begun >= end {
                        break;
                    }
                    store.commit(step(&first, version)).await.expect("committed");
                    times.push(begun.elapsed());
                    done.fetch_add(1, Ordering::Relaxed);
                }
                times
            }));
        }
        let begun = Instant::now();
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.expect("no panic"));
        }
        let rate = done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64();
        times.sort();
        let at =
            |q: f64| times.get((times.len() as f64 * q) as usize).map_or(0.0, |t| t.as_secs_f64() * 1000.0);
        println!("{name:<10} {callers:>8} {rate:>12.0} {:>10.2} {:>10.2}", at(0.5), at(0.99));
    }
}

/// The end of one job and the start of the next: about 1.5 kB of JSON.
fn step(first: &RunCommit, version: i64) -> RunCommit {
    let job = |n: i64| JobNo(u32::try_from(n).unwrap_or(0));
    RunCommit {
        expect: version,
        create: None,
        tags: None,
        nodes: vec![runs::NodeRow { no: NodeRunNo(0), json: "x".repeat(1000), params: None }],
        queue_remove: vec![(job(version - 1), Attempt(1))],
        queue_add: vec![runs::QueueRow {
            job: job(version),
            attempt: Attempt(1),
            project: ProjectId(first.run.0),
            number: 1,
            node: "build".into(),
            name: "compile".into(),
            requirements: "[]".into(),
            groups: "[]".into(),
            region: String::new(),
            priority: 0,
            triggered_by: "bench".into(),
            queued: NOW,
        }],
        event: Some("{\"type\":\"job.updated\",\"status\":\"Success\"}".into()),
        ..first.clone()
    }
}

async fn reads(name: &str, url: &str) {
    let store = Store::open(url, MasterKey::generate()).expect("opens");
    let (project, _) = workflow(&store).await;
    let (begun, mut n) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(1) {
        store.read(move |tx| projects::get(tx, project)).await.expect("read");
        n += 1;
    }
    println!("{name:<10} {:>8} {:>12.0}  point reads/s", 1, f64::from(n) / begun.elapsed().as_secs_f64());
}

async fn workflow(store: &Store) -> (ProjectId, WorkflowId) {
    let p = projects::Project {
        id: ProjectId::new(),
        key: ProjectId::new().to_string(),
        name: "bench".into(),
        description: String::new(),
        settings: "{}".into(),
        created: NOW,
        last_modified: NOW,
    };
    let w = workflows::Workflow {
        id: WorkflowId::new(),
        project: p.id,
        name: "bench".into(),
        def: Default::default(),
        from_repository: String::new(),
        created: NOW,
        last_modified: NOW,
        last_number: 0,
    };
    let ids = (p.id, w.id);
    let made = store.write(move |tx| projects::insert(tx, &p).and_then(|()| workflows::insert(tx, &w))).await;
    made.expect("stored");
    ids
}
