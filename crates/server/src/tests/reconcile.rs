//! What is wrong beside a run is mended, and a run that can't be read is in nobody's way.

use super::{Database, PIPELINE, Server, WORKFLOW, on_both};
use crate::tasks::reconcile;
use cds_engine::event::TimerKey;
use cds_model::{Attempt, JobNo, JobRef, RunId, Status, WorkerId};
use cds_store::{
    queue, runs, slots,
    testing::{Damage, damage},
    timers,
};

on_both! {
    rows_that_were_lost_come_back,
    what_is_over_leaves_the_queue,
    a_lease_that_was_lost_costs_an_attempt,
    a_timer_that_cannot_be_read_stops_no_other,
    what_is_queued_and_cannot_be_read_is_queued_anew,
    a_list_shows_the_others_and_what_it_can,
    a_run_that_cannot_be_read_is_set_aside,
    a_job_at_work_of_a_run_that_cannot_be_read_says_so,
    a_run_that_can_be_read_again_goes_on,
}

const RUNS: &str = "/v1/projects/P/workflows/main/runs";

/// A server with a workflow, and the token of its owner.
async fn server(on: Database) -> (Server, String) {
    let s = Server::on(on, |config| {
        config.queue_timeout_s = 600;
        config.run_timeout_s = 3600;
    });
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    (s, owner)
}

async fn start(s: &Server, owner: &str) -> RunId {
    let answer = s.post(owner, RUNS, serde_json::json!({})).await.is(201);
    answer.json()["id"].as_str().unwrap().parse().unwrap()
}

/// Changes rows behind the server's back.
async fn corrupt(s: &Server, what: Damage, run: RunId) -> u64 {
    s.app.store().write(move |tx| damage(tx, run, what)).await.unwrap()
}

async fn queued(s: &Server, run: RunId) -> Vec<queue::Entry> {
    s.app.store().read(move |tx| queue::of_run(tx, run)).await.unwrap()
}

async fn rows_that_were_lost_come_back(on: Database) {
    let (s, owner) = server(on).await;
    let run = start(&s, &owner).await;
    assert_eq!(reconcile(&s.app).await.unwrap(), 0, "a healthy store needs no mending");

    assert_eq!(corrupt(&s, Damage::LoseQueue, run).await, 1);
    assert_eq!(corrupt(&s, Damage::LoseTimers, run).await, 2);
    assert_eq!(reconcile(&s.app).await.unwrap(), 3);

    let entries = queued(&s, run).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(
        (entries[0].attempt, entries[0].node.as_str(), entries[0].name.as_str()),
        (Attempt(1), "build", "compile")
    );
    let keys: Vec<TimerKey> = s
        .app
        .store()
        .read(move |tx| timers::of_run(tx, run))
        .await
        .unwrap()
        .into_iter()
        .map(|t| t.key)
        .collect();
    assert!(
        keys.contains(&TimerKey::Run) && keys.contains(&TimerKey::Queue(JobNo(0), Attempt(1))),
        "{keys:?}"
    );
    assert_eq!(reconcile(&s.app).await.unwrap(), 0, "mended once");
    assert!(s.app.measured().render().contains("cds_mended_total{kind=\"queue_missing\"} 1"));
}

async fn what_is_queued_and_cannot_be_read_is_queued_anew(on: Database) {
    let (s, owner) = server(on).await;
    let run = start(&s, &owner).await;
    let before = queued(&s, run).await;
    assert_eq!(corrupt(&s, Damage::GarbleQueue, run).await, 1);
    assert_eq!(queued(&s, run).await.len(), 0, "it can't be read");
    assert_eq!(reconcile(&s.app).await.unwrap(), 1);
    let after = queued(&s, run).await;
    assert_eq!(after.len(), 1);
    assert_eq!((&after[0].requirements, after[0].attempt), (&before[0].requirements, before[0].attempt));
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);
    let worker = s.worker().await;
    s.post(&worker, "/v1/worker/take", serde_json::json!({"wait_ms": 10_000})).await.is(200);
}

async fn a_list_shows_the_others_and_what_it_can(on: Database) {
    let (s, owner) = server(on).await;
    let (one, two, three) = (start(&s, &owner).await, start(&s, &owner).await, start(&s, &owner).await);
    assert_eq!(corrupt(&s, Damage::GarbleStatus, three).await, 1);
    assert_eq!(corrupt(&s, Damage::EmptyHead, two).await, 1);
    s.app.live().forget(two);
    s.get(&owner, &format!("{RUNS}/2")).await.is(409);
    for list in [RUNS, "/v1/runs?limit=100"] {
        let all = s.get(&owner, list).await.is(200).json();
        let parked =
            all.as_array().unwrap().iter().map(|r| (r["number"].as_i64().unwrap(), r["parked"].is_string()));
        assert_eq!(parked.collect::<Vec<_>>(), [(3, true), (2, true), (1, false)], "{list}: {all}");
    }
    s.get(&owner, "/v1/projects/P/workflows").await.is(200);
    s.post(&owner, &format!("{RUNS}/2/stop"), serde_json::json!({})).await.is(204);
    // What only lists can't read is stopped like any other, which writes it anew.
    s.post(&owner, &format!("{RUNS}/3/stop"), serde_json::json!({})).await.is(204);
    let last = s.get(&owner, &format!("{RUNS}?limit=1")).await.is(200).json();
    assert_eq!(last[0]["status"], "Stopped", "{last}");
    for (number, run) in [(2, two), (3, three)] {
        s.delete(&owner, &format!("{RUNS}/{number}")).await.is(204);
        assert_eq!(queued(&s, run).await.len(), 0);
    }
    assert_eq!(queued(&s, one).await.len(), 1);
}

async fn what_is_over_leaves_the_queue(on: Database) {
    let (s, owner) = server(on).await;
    let run = start(&s, &owner).await;
    let entry = queued(&s, run).await.remove(0);
    assert_eq!(corrupt(&s, Damage::RepeatQueue, run).await, 1);
    assert_eq!(reconcile(&s.app).await.unwrap(), 1);
    assert_eq!(queued(&s, run).await, vec![entry]);
}

async fn a_lease_that_was_lost_costs_an_attempt(on: Database) {
    let (s, owner) = server(on).await;
    let run = start(&s, &owner).await;
    let (job, worker) = (JobRef { run, job: JobNo(0) }, WorkerId::new());
    s.app.apply_taken(job, Attempt(1), worker, "w".into(), None).await.unwrap();
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);

    assert_eq!(corrupt(&s, Damage::LoseQueue, run).await, 1);
    assert_eq!(reconcile(&s.app).await.unwrap(), 1);

    let entries = queued(&s, run).await;
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].attempt, entries[0].worker), (Attempt(2), None));
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);
}

async fn a_timer_that_cannot_be_read_stops_no_other(on: Database) {
    let (s, owner) = server(on).await;
    let (bad, good) = (start(&s, &owner).await, start(&s, &owner).await);
    corrupt(&s, Damage::GarbleTimer, bad).await;
    corrupt(&s, Damage::RingTimers, good).await;
    let now = s.app.now();
    let (due, unreadable) = s.app.store().read(move |tx| timers::due(tx, now, 100)).await.unwrap();
    assert_eq!((due.len(), unreadable), (2, 1));
    let swept = s.app.store().write(move |tx| timers::sweep(tx, now, 100)).await.unwrap();
    assert_eq!(swept.len(), 1, "{swept:?}");
    assert_eq!(reconcile(&s.app).await.unwrap(), 1, "the time limit is set again");
}

async fn a_run_that_cannot_be_read_is_set_aside(on: Database) {
    let (s, owner) = server(on).await;
    let (bad, good) = (start(&s, &owner).await, start(&s, &owner).await);
    assert_eq!(corrupt(&s, Damage::GarbleRun, bad).await, 1);
    s.app.live().forget(bad);
    assert_eq!(reconcile(&s.app).await.unwrap(), 2, "the run and its job");
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);

    // It says what is wrong, and its job shows it in the queue.
    let answer = s.get(&owner, &format!("{RUNS}/1")).await;
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert!(answer.text().contains("set aside"), "{}", answer.text());
    let waiting = s.get(&owner, "/v1/queue").await.is(200).json();
    let of = |run: RunId| {
        let all = waiting.as_array().unwrap();
        all.iter().find(|j| j["job"].as_str().unwrap().starts_with(&run.to_string())).unwrap().clone()
    };
    assert_eq!(of(bad)["reason"]["code"], "parked");
    assert_ne!(of(good)["reason"]["code"], "parked");
    assert_eq!(s.app.fleet().waiting(), 1, "no worker is wanted for it");

    // Lists mark it, and it can be stopped: once, as a whole.
    let listed = s.get(&owner, RUNS).await.is(200).json();
    let in_list =
        |number: u64| listed.as_array().unwrap().iter().find(|r| r["number"] == number).unwrap().clone();
    assert!(in_list(1)["parked"].as_str().is_some_and(|why| !why.is_empty()), "{listed}");
    assert!(in_list(2)["parked"].is_null());
    let stop = |body: serde_json::Value| s.post(&owner, "/v1/projects/P/workflows/main/runs/1/stop", body);
    assert_eq!(stop(serde_json::json!({"node": "build"})).await.status, 409);
    stop(serde_json::json!({})).await.is(204);
    assert_eq!(stop(serde_json::json!({})).await.status, 409);
    assert_eq!(s.get(&owner, RUNS).await.json()[1]["status"], "Stopped");
    assert!(queued(&s, bad).await.is_empty());
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);
    assert!(!s.app.store().read(runs::live).await.unwrap().contains(&bad));

    // Others go on, and it can be deleted.
    let other = s.app.load_run(good).await.unwrap();
    assert_eq!(other.head.status, Status::Building, "{:?}", other.head);
    s.app.run_delete(bad).await.unwrap();
    assert!(queued(&s, bad).await.is_empty());
    assert_eq!(s.get(&owner, &format!("{RUNS}/1")).await.status, 404);
    assert!(s.app.store().read(slots::all).await.unwrap().is_empty());
}

async fn a_job_at_work_of_a_run_that_cannot_be_read_says_so(on: Database) {
    let (s, owner) = server(on).await;
    let run = start(&s, &owner).await;
    let worker = s.worker().await;
    let take = serde_json::json!({"wait_ms": 0});
    let had = s.post(&worker, "/v1/worker/take", take.clone()).await.is(200).json();
    corrupt(&s, Damage::GarbleRun, run).await;
    s.app.live().forget(run);
    assert_eq!(reconcile(&s.app).await.unwrap(), 2, "the run and its job");
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);
    let shown = async |s: &Server| {
        let mut all = s.get(&owner, "/v1/queue").await.is(200).json();
        let job = all[0].take();
        assert_eq!(job["reason"]["code"], "parked", "{job}");
        (job["status"].as_str().unwrap().to_string(), job["worker"].is_string())
    };
    assert_eq!(shown(&s).await, ("Building".into(), true), "it is at work");
    let end = serde_json::json!({"job": had["job"], "attempt": had["attempt"], "end": {"status": "Success"}});
    s.post(&worker, "/v1/worker/report", end).await.is(409);
    assert_eq!(shown(&s).await, ("Waiting".into(), false), "its worker has let go of it");
    assert_eq!(s.post(&worker, "/v1/worker/take", take).await.status, 204, "and is there for others");
    let anew = s.another().await;
    assert_eq!(shown(&anew).await, ("Waiting".into(), false));
    // What it was given counts again when the run does, until its lease ends.
    corrupt(&s, Damage::MendRun, run).await;
    s.post(&owner, &format!("{RUNS}/1/unpark"), serde_json::json!({})).await.is(204);
    let entry = queued(&s, run).await.remove(0);
    assert!(entry.parked.is_none() && entry.worker.is_some(), "{entry:?}");
}

async fn a_run_that_can_be_read_again_goes_on(on: Database) {
    let (s, owner) = server(on).await;
    let [one, two, lost] = [start(&s, &owner).await, start(&s, &owner).await, start(&s, &owner).await];
    let unpark = |number: u32| {
        let path = format!("{RUNS}/{number}/unpark");
        let (s, owner) = (&s, &owner);
        async move { s.post(owner, &path, serde_json::json!({})).await }
    };
    let answer = unpark(1).await.is(409).text();
    assert!(answer.contains("not set aside"), "{answer}");
    for run in [one, two, lost] {
        corrupt(&s, Damage::GarbleRun, run).await;
        s.app.live().forget(run);
    }
    assert_eq!(reconcile(&s.app).await.unwrap(), 6, "three runs and their jobs");
    let refused = unpark(1).await.is(409).text();
    assert!(refused.contains("can't be read"), "{refused}");
    assert!(queued(&s, one).await.iter().all(|e| e.parked.is_some()), "nothing of it runs meanwhile");

    corrupt(&s, Damage::MendRun, one).await;
    assert_eq!(s.get(&owner, &format!("{RUNS}/1")).await.status, 409, "nobody has looked again");
    unpark(1).await.is(204);
    assert_eq!(s.get(&owner, &format!("{RUNS}/1")).await.is(200).json()["status"], "Building");
    assert!(queued(&s, one).await.iter().all(|e| e.parked.is_none()));
    assert_eq!(s.get(&owner, RUNS).await.json()[2]["parked"], serde_json::Value::Null);

    // A server that starts tries those that are left: the second one goes on, the third one stays.
    corrupt(&s, Damage::MendRun, two).await;
    assert_eq!(s.app.unpark_all().await.unwrap(), 1);
    assert!(queued(&s, two).await.iter().all(|e| e.parked.is_none()));
    assert!(queued(&s, lost).await.iter().all(|e| e.parked.is_some()));

    // What was stopped stays stopped.
    s.post(&owner, &format!("{RUNS}/3/stop"), serde_json::json!({})).await.is(204);
    corrupt(&s, Damage::MendRun, lost).await;
    let stopped = unpark(3).await.is(409).text();
    assert!(stopped.contains("was stopped"), "{stopped}");
    assert_eq!(reconcile(&s.app).await.unwrap(), 0);
}
