//! A worker asks for a job, and its question comes twice, late, to a server that was started anew or to another one.

use super::{Answer, Database, PIPELINE, Server, WORKFLOW, on_both};
use crate::App;
use cds_model::{Attempt, RunId, WorkerId};
use cds_store::queue;
use serde_json::{Value, json};

on_both! {
    a_repeated_take_is_answered_as_before,
    a_worker_that_counts_loses_what_it_gives_up,
    a_worker_that_does_not_count_is_served_as_ever,
    two_copies_at_the_same_time_give_one_job,
    a_disabled_worker_gets_nothing_anywhere,
    numbers_that_are_none_are_refused,
    the_cache_of_a_tag_is_the_newest_on_any_server,
}

const RUNS: &str = "/v1/projects/P/workflows/main/runs";

/// A server with queued jobs, one of each run, and the token of a worker.
async fn server(on: Database, jobs: usize) -> (Server, String) {
    let s = Server::on(on, |_| {});
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    for _ in 0..jobs {
        s.post(&owner, RUNS, json!({})).await.is(201);
    }
    let worker = s.worker().await;
    (s, worker)
}

async fn take(s: &Server, worker: &str, number: impl Into<Value>) -> Answer {
    s.post(worker, "/v1/worker/take", json!({"wait_ms": 0, "number": number.into()})).await
}

/// Job and attempt.
fn given(assignment: &Value) -> (String, u64) {
    let text = |it: &Value| it.as_str().unwrap_or_default().to_string();
    (text(&assignment["job"]), assignment["attempt"].as_u64().unwrap_or_default())
}

#[track_caller]
fn is_old(answer: &Answer, last: i64) {
    assert_eq!(answer.status, 409, "{}", answer.text());
    assert_eq!(
        (&answer.json()["code"], &answer.json()["details"]),
        (&json!("old_take"), &json!([format!("take={last}")]))
    );
}

/// The end of a job, with the take of the next one.
fn end(of: &(String, u64), number: u64) -> Value {
    json!({"job": of.0, "attempt": of.1, "end": {"status": "Success"}, "take_wait_ms": 0, "take_number": number})
}

/// Who has which attempt, as the store says.
async fn leases(app: &App) -> Vec<(RunId, Attempt, Option<WorkerId>)> {
    let (entries, _) = app.store().read(queue::load).await.unwrap();
    entries.iter().map(|e| (e.run, e.attempt, e.worker)).collect()
}

async fn a_repeated_take_is_answered_as_before(on: Database) {
    let (s, worker) = server(on, 3).await;
    let first = given(&take(&s, &worker, 1).await.is(200).json());
    let before = leases(&s.app).await;
    assert_eq!(before.iter().filter(|(_, _, worker)| worker.is_some()).count(), 1);
    // Its answer was lost: it is told the same, and the attempt is its own.
    assert_eq!(given(&take(&s, &worker, 1).await.is(200).json()), first);
    assert_eq!(leases(&s.app).await, before);

    // With the end of it comes the next one, and the same again when the report is repeated.
    let report = end(&first, 2);
    let second = given(&s.post(&worker, "/v1/worker/report", report.clone()).await.is(200).json()["next"]);
    assert_ne!(second.0, first.0);
    let before = leases(&s.app).await;
    let again = s.post(&worker, "/v1/worker/report", report.clone()).await.is(200).json();
    assert_eq!(given(&again["next"]), second);

    // A copy of the first question, which comes now: nothing is changed by it.
    is_old(&take(&s, &worker, 1).await, 2);
    assert_eq!(leases(&s.app).await, before);
    let beat = json!({"job": second.0, "attempt": second.1});
    s.post(&worker, "/v1/worker/report", beat.clone()).await.is(200);

    // Nor at a server that knows only what the store knows.
    let there = s.another().await;
    is_old(&take(&there, &worker, 1).await, 2);
    assert_eq!(given(&take(&there, &worker, 2).await.is(200).json()), second);
    let again = there.post(&worker, "/v1/worker/report", report).await.is(200).json();
    assert_eq!(given(&again["next"]), second);
    assert_eq!(leases(&s.app).await, before);
    there.post(&worker, "/v1/worker/report", beat).await.is(200);

    // Its end, and then copies of everything that was asked before: there is nothing more to say to them.
    let last = end(&second, 3);
    let third = given(&there.post(&worker, "/v1/worker/report", last).await.is(200).json()["next"]);
    assert!(!third.0.is_empty() && third.0 != second.0, "{third:?}");
    let before = leases(&s.app).await;
    let again = there.post(&worker, "/v1/worker/report", end(&first, 2)).await.is(200).json();
    assert_eq!(again["next"], Value::Null);
    is_old(&take(&there, &worker, 2).await, 3);
    is_old(&take(&s, &worker, 1).await, 3);
    assert_eq!(leases(&s.app).await, before);
}

async fn a_worker_that_counts_loses_what_it_gives_up(on: Database) {
    let (s, worker) = server(on, 1).await;
    let first = given(&take(&s, &worker, 1).await.is(200).json());
    assert_eq!(first.1, 1);
    // It asks another server, which has never heard of what it had.
    let there = s.another().await;
    for (job, held) in there.app.fleet().holds() {
        there.app.fleet().release(job, held.attempt);
    }
    // What it had gets a new attempt at once, which it is given itself.
    assert_eq!(given(&take(&there, &worker, 2).await.is(200).json()), (first.0.clone(), 2));
    let beat = json!({"job": first.0, "attempt": first.1});
    assert_eq!(there.post(&worker, "/v1/worker/report", beat).await.is(409).json()["code"], "lease_lost");
    // A copy of its first question: what that gave is over.
    is_old(&take(&s, &worker, 1).await, 2);
}

async fn a_worker_that_does_not_count_is_served_as_ever(on: Database) {
    let (s, worker) = server(on, 1).await;
    let first = given(&take(&s, &worker, Value::Null).await.is(200).json());
    // It asks, so it has nothing.
    let again = given(&take(&s, &worker, Value::Null).await.is(200).json());
    assert_eq!((again.0, again.1), (first.0, 2));
    // Later it is a newer one.
    let report = end(&(given_job(&s).await, 2), 1);
    s.post(&worker, "/v1/worker/report", report).await.is(200);
    assert_eq!(take(&s, &worker, 1).await.status, 204);
}

async fn given_job(s: &Server) -> String {
    let (entries, _) = s.app.store().read(queue::load).await.unwrap();
    cds_model::JobRef { run: entries[0].run, job: entries[0].job }.to_string()
}

async fn two_copies_at_the_same_time_give_one_job(on: Database) {
    const QUESTIONS: u64 = 6;
    // A server without tasks does not queue anew what a copy gave back: enough for every copy of every question.
    let (s, worker) = server(on, 4 * QUESTIONS as usize).await;
    let there = s.another().await;
    for number in 1..=QUESTIONS {
        let asked = [&s, &there, &s, &there].map(|server| take(server, &worker, number));
        let answers = futures::future::join_all(asked).await;
        let mut told: Vec<_> = answers.iter().filter(|a| a.status == 200).map(|a| given(&a.json())).collect();
        assert!(answers.iter().all(|a| matches!(a.status, 200 | 204)), "{answers:?}");
        told.dedup();
        assert_eq!(told.len(), 1, "one question was answered with {told:?}");
        let had = leases(&s.app).await.iter().filter(|(.., worker)| worker.is_some()).count();
        assert_eq!(had, 1, "one question got {had} jobs");
        let first = leases(&s.app).await.iter().all(|(_, attempt, _)| *attempt == Attempt(1));
        assert!(first, "nothing was given up");
        let mut end = end(&told[0], number + 1);
        end.as_object_mut().unwrap().remove("take_wait_ms");
        s.post(&worker, "/v1/worker/report", end).await.is(200);
    }
}

async fn a_disabled_worker_gets_nothing_anywhere(on: Database) {
    let (s, worker) = server(on, 3).await;
    let admin = s.token("admin", "ADMIN", &[]).await;
    let first = given(&take(&s, &worker, 1).await.is(200).json());
    let all = s.get(&admin, "/v1/workers").await.is(200).json();
    let (id, name) = (all[0]["id"].as_str().unwrap(), all[0]["name"].clone());
    s.post(&admin, &format!("/v1/workers/{id}/disable"), json!({})).await.is(204);
    let there = s.another().await;
    // What it has it may end.
    let beat = json!({"job": first.0, "attempt": first.1});
    let beat = there.post(&worker, "/v1/worker/report", beat).await.is(200).json();
    assert_eq!(beat["cancel"], json!(false), "{beat}");
    let all = there.get(&admin, "/v1/workers").await.is(200).json();
    assert_eq!(
        (&all[0]["name"], &all[0]["status"]),
        (&name, &json!("Disabled")),
        "as it is known there: {all}"
    );
    let next = there.post(&worker, "/v1/worker/report", end(&first, 2)).await.is(200).json();
    assert_eq!(next["next"], Value::Null, "it gets no other");
    assert_eq!(take(&there, &worker, 3).await.status, 204);
    assert_eq!(take(&s, &worker, 4).await.status, 204);
    // Nor at one that starts now.
    let anew = s.another().await;
    assert_eq!(take(&anew, &worker, 5).await.status, 204);
    let nobody = format!("/v1/workers/{}/disable", WorkerId::new());
    s.post(&admin, &nobody, json!({})).await.is(404);
}

async fn numbers_that_are_none_are_refused(on: Database) {
    let (s, worker) = server(on, 1).await;
    for number in [json!(0), json!(u64::MAX), json!(-1), json!("1")] {
        assert!(matches!(take(&s, &worker, number).await.status, 400 | 422));
    }
    assert!(leases(&s.app).await.iter().all(|(.., worker)| worker.is_none()));
    take(&s, &worker, i64::MAX).await.is(200);
}

async fn the_cache_of_a_tag_is_the_newest_on_any_server(on: Database) {
    let (s, worker) = server(on, 1).await;
    let (job, attempt) = given(&take(&s, &worker, 1).await.is(200).json());
    let there = s.another().await;
    let path = format!("/v1/worker/caches/ZGVwcw?job={job}&attempt={attempt}");
    let put = async |server: &Server, text: &str| {
        server.send("PUT", &path, &worker, "application/octet-stream", text.into()).await.is(204);
    };
    put(&s, "old").await;
    put(&there, "new").await;
    assert_eq!(there.get(&worker, &path).await.is(200).text(), "new");
    // It is on the other one's disk: not here is right, yesterday's is not.
    s.get(&worker, &path).await.is(404);
    put(&s, "newest").await;
    assert_eq!(s.get(&worker, &path).await.is(200).text(), "newest");
    there.get(&worker, &path).await.is(404);
    // What is replaced goes: here at once, there when the disk is looked through.
    let kept = s.app.files().caches(cds_model::Timestamp(i64::MAX)).await.unwrap();
    assert_eq!(kept.len(), 2, "its own last one, and the one that the other server replaced: {kept:?}");
}
