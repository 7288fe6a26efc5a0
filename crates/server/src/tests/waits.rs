//! What waits without a job in the queue: a node for its mutex, a node for a person.

use super::{Database, PIPELINE, Server, on_both};
use crate::tasks;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_both! {
    who_waits_for_a_mutex_is_in_the_queue,
    a_gate_is_in_lists_until_somebody_opens_it,
}

async fn server(on: Database, workflow: &str) -> (Server, String, String) {
    let s = Server::on(on, |_| {});
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", workflow).await.is(200);
    let worker = s.worker().await;
    (s, owner, worker)
}

/// The worker takes the next job and does it well.
async fn work(s: &Server, worker: &str) {
    let taken = s.post(worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    let report = json!({"job": taken["job"], "attempt": taken["attempt"], "end": {"status": "Success"}});
    s.post(worker, "/v1/worker/report", report).await.is(200);
}

/// Waits until a condition holds: a mutex is given a moment after it was asked for.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begin = Instant::now();
    while !holds().await {
        assert!(begin.elapsed() < Duration::from_secs(30), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

const RUNS: &str = "/v1/projects/P/workflows/main/runs";

async fn who_waits_for_a_mutex_is_in_the_queue(on: Database) {
    let (s, owner, worker) =
        server(on, "{name: main, version: v2.0, workflow: {alone: {pipeline: build, one_at_a_time: true}}}")
            .await;
    let giving = tokio::spawn(tasks::slots::run(s.app.clone()));
    for _ in 0..3 {
        s.post(&owner, RUNS, json!({})).await.is(201);
    }
    let nodes = async |who: &str| s.get(who, "/v1/queue/nodes").await.is(200).json();
    let waits = async || {
        let all = nodes(&owner).await;
        let one = |n: &Value| {
            (n["number"].as_i64().unwrap(), n["holder"].as_i64(), n["reason"]["text"].to_string())
        };
        all.as_array().unwrap().iter().map(one).collect::<Vec<_>>()
    };
    until("the mutex has been given", async || waits().await.len() == 2).await;
    let text = |ahead: &str| format!("\"run #1 holds the mutex of 'alone'; {ahead}\"");
    let expected =
        [(2, Some(1), text("this run is next")), (3, Some(1), text("1 other run is before this one"))];
    assert_eq!(waits().await, expected);
    let first = &nodes(&owner).await[0];
    assert!(first["since"].as_str().is_some_and(|t| t.starts_with("20")), "{first}");
    let names = ["project_key", "workflow_name", "node"].map(|name| first[name].as_str().unwrap());
    assert_eq!(names, ["P", "main", "alone"]);
    let stranger = s.user("stranger", "user").await;
    assert_eq!(nodes(&stranger).await, json!([]));

    work(&s, &worker).await;
    until("the next one has it", async || waits().await.len() == 1).await;
    s.post(&owner, &format!("{RUNS}/3/stop"), json!({})).await.is(204);
    until("nobody waits", async || waits().await.is_empty()).await;
    giving.abort();
}

async fn a_gate_is_in_lists_until_somebody_opens_it(on: Database) {
    let gated = "{name: main, version: v2.0, workflow: {first: {pipeline: build}, ship: {pipeline: build, depends_on: [first], when: [success, manual]}, other: {pipeline: build, depends_on: [first], conditions: {check: [{variable: git.branch, operator: eq, value: none}]}}}}";
    let (s, owner, worker) = server(on, gated).await;
    let gates = async |query: &str| {
        let mut lists = Vec::new();
        for list in [RUNS, "/v1/runs"] {
            let runs = s.get(&owner, &format!("{list}{query}")).await.is(200).json();
            lists.push(
                runs.as_array().unwrap().iter().map(|r| r["gates"].as_u64().unwrap()).collect::<Vec<_>>(),
            );
        }
        assert_eq!(lists[0], lists[1]);
        lists.remove(0)
    };
    s.post(&owner, RUNS, json!({})).await.is(201);
    assert_eq!((gates("").await, gates("?gates=true").await), (vec![0], vec![]));
    work(&s, &worker).await;
    assert_eq!((gates("").await, gates("?gates=true").await), (vec![1], vec![1]));
    assert_eq!(gates("?status=Success&gates=false").await, [0; 0]);
    let run = s.get(&owner, &format!("{RUNS}/1")).await.is(200).json();
    let not_run: Vec<_> =
        run["not_run"].as_array().unwrap().iter().map(|n| (&n["node"], &n["gate"])).collect();
    assert_eq!(not_run, [(&json!("other"), &json!(false)), (&json!("ship"), &json!(true))], "{run}");
    // What passes before somebody opens it is nobody's work.
    let pause = Duration::from_millis(60);
    tokio::time::sleep(pause).await;
    s.post(&owner, RUNS, json!({"number": 1, "from_nodes": ["ship"]})).await.is(200);
    assert_eq!((gates("").await, gates("?gates=true").await), (vec![0], vec![]));
    assert_eq!(gates("?gates=false").await, [0]);
    let times = async |path: &str, name: &str| {
        s.get(&owner, path).await.is(200).json().pointer(name).and_then(Value::as_u64)
    };
    let before = times(RUNS, "/0/work_ms").await.unwrap();
    work(&s, &worker).await;
    let (done, whole) =
        (times(RUNS, "/0/work_ms").await.unwrap(), times(RUNS, "/0/duration_ms").await.unwrap());
    assert!(before <= done && done + pause.as_millis() as u64 <= whole, "{before}, {done} of {whole}");
    for path in ["/v1/runs", RUNS] {
        assert_eq!(times(path, "/0/work_ms").await, Some(done));
    }
    assert_eq!(times(&format!("{RUNS}/1"), "/work_ms").await, Some(done));
    for wrong in ["?limit=0", "?limit=-1", "?limit=501", "?offset=-1", "?gates=maybe"] {
        s.get(&owner, &format!("/v1/runs{wrong}")).await.is(400);
    }
}
