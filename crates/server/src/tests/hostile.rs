//! Workers that do not keep to what they are told: they harm their own attempt and nobody who looks at it.

use super::{Database, PIPELINE, Server, WORKFLOW, on_both};
use crate::tasks::leases;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_both! {
    a_log_ends_with_its_attempt_whatever_its_worker_says,
    who_is_deaf_to_a_stop_has_lost_its_attempt,
    steps_that_a_job_does_not_have_have_no_logs,
    what_a_lost_attempt_left_is_nobodys,
    two_hatcheries_of_one_name_do_not_pass_for_one,
}

const RUNS: &str = "/v1/projects/P/workflows/main/runs";

/// A server, its owner, a worker and the job it has.
async fn world(on: Database) -> (Server, String, String, Value) {
    let s = Server::on(on, |_| {});
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let worker = s.worker().await;
    let taken = take(&s, &owner, &worker).await;
    (s, owner, worker, taken)
}

/// Starts a run; the worker has its job.
async fn take(s: &Server, owner: &str, worker: &str) -> Value {
    s.post(owner, RUNS, json!({})).await.is(201);
    s.post(worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json()
}

fn report(taken: &Value, more: Value) -> Value {
    let mut report = json!({"job": taken["job"], "attempt": taken["attempt"]});
    report.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    report
}

/// Whether each log of a run is complete.
async fn complete(s: &Server, owner: &str, run: usize) -> Vec<bool> {
    let logs = s.get(owner, &format!("{RUNS}/{run}/logs")).await.is(200).json();
    logs.as_array().unwrap().iter().map(|l| l["complete"].as_bool().unwrap()).collect()
}

async fn a_log_ends_with_its_attempt_whatever_its_worker_says(on: Database) {
    let (s, owner, worker, mut taken) = world(on).await;
    let chunk = |step: u16| json!({"step": step, "offset": 0, "text": "hello\n", "at_ms": 1});
    let step = |length: Value| json!([{"step": 0, "status": "Fail", "log_length": length}]);
    let lies = [
        ("says nothing", json!({"logs": [chunk(0)]})),
        ("says no length", json!({"logs": [chunk(0)], "steps": step(Value::Null)})),
        ("says too much", json!({"logs": [chunk(0)], "steps": step(json!(99))})),
        ("says too little", json!({"logs": [chunk(0)], "steps": step(json!(2))})),
    ];
    for (i, (what, lie)) in lies.into_iter().enumerate() {
        s.post(&worker, "/v1/worker/report", report(&taken, lie.clone())).await.is(200);
        let mut end = lie;
        end["end"] = json!({"status": "Fail"});
        s.post(&worker, "/v1/worker/report", report(&taken, end)).await.is(200);
        let begin = Instant::now();
        while complete(&s, &owner, i + 1).await != [true] {
            assert!(begin.elapsed() < Duration::from_secs(20), "its worker {what}: the log is open for ever");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let path = format!("/v1/jobs/{}/attempts/1/steps/0/log", taken["job"].as_str().unwrap());
        assert_eq!(s.get(&owner, &path).await.is(200).text(), "hello\n", "{what}");
        taken = take(&s, &owner, &worker).await;
    }
}

async fn who_is_deaf_to_a_stop_has_lost_its_attempt(on: Database) {
    let (s, owner, worker, taken) = world(on).await;
    let say = async |text: &str, offset: usize| {
        let chunk = json!({"step": 0, "offset": offset, "text": text, "at_ms": 1});
        s.post(&worker, "/v1/worker/report", report(&taken, json!({"logs": [chunk]}))).await
    };
    say("begin\n", 0).await.is(200);
    s.post(&owner, &format!("{RUNS}/1/stop"), json!({})).await.is(204);
    say("tidying up\n", 6).await.is(200);
    let after = |s: &Server, seconds: i64| cds_model::Timestamp(s.app.now().ms() + seconds * 1_000);
    leases::give_up_late(&s.app, after(&s, 5)).await;
    say("still\n", 17).await.is(200);
    leases::give_up_late(&s.app, after(&s, 30)).await;
    assert_eq!(say("late\n", 23).await.is(409).json()["code"], "lease_lost");
    let (job, attempt) = (taken["job"].as_str().unwrap(), &taken["attempt"]);
    let refused = [
        ("/v1/worker/tags", json!({"job": job, "attempt": attempt, "tags": {"late": "yes"}})),
        ("/v1/worker/tests", json!({"job": job, "attempt": attempt, "step": 0, "suites": []})),
        (
            "/v1/worker/results",
            json!({"job": job, "attempt": attempt, "type": "static-file", "name": "x", "data": {"url": "http://a"}}),
        ),
    ];
    for (path, body) in refused {
        assert_eq!(s.post(&worker, path, body).await.is(409).json()["code"], "lease_lost", "{path}");
    }
    let path = format!("/v1/jobs/{job}/attempts/1/steps/0/log");
    assert_eq!(s.get(&owner, &path).await.is(200).text(), "begin\ntidying up\nstill\n");
    assert_eq!(complete(&s, &owner, 1).await, [true]);
    assert_eq!(s.get(&owner, &format!("{RUNS}/1")).await.is(200).json()["status"], "Stopped");
}

async fn two_hatcheries_of_one_name_do_not_pass_for_one(on: Database) {
    let s = Server::on(on, |_| {});
    let keeper = s.token("keeper", "ADMIN", &["hatchery"]).await;
    let register = async |instance: &str| {
        let offer = json!({"os_arch": "linux/amd64", "max_workers": 1});
        let it = json!({"name": "local", "model_type": "local", "version": "1", "offer": offer, "instance": instance});
        s.post(&keeper, "/v1/hatchery/register", it).await
    };
    let id = register("a").await.is(200).json()["hatchery"].clone();
    let refused = register("b").await.is(409).json();
    assert!(
        refused["message"].as_str().unwrap().contains("another hatchery named local is at work"),
        "{refused}"
    );
    assert_eq!(register("a").await.is(200).json()["hatchery"], id, "the same process comes back");
    let bye = json!({"hatchery": id, "instances": [], "seen": 0, "wait_ms": 0, "leaving": true});
    s.post(&keeper, "/v1/hatchery/sync", bye).await.is(200);
    assert_eq!(register("b").await.is(200).json()["hatchery"], id, "another one takes over");
    register("a").await.is(409);
    // A call that breaks off is an end too: the process may have been killed.
    s.app.fleet().hatchery_cut(id.as_str().unwrap().parse().unwrap(), s.app.now());
    register("a").await.is(200);
}

async fn steps_that_a_job_does_not_have_have_no_logs(on: Database) {
    let (s, owner, worker, taken) = world(on).await;
    let steps = s.get(&owner, &format!("/v1/jobs/{}", taken["job"].as_str().unwrap())).await.is(200).json();
    let steps = steps["attempts"][0]["steps"].as_array().unwrap().len();
    let log = |step: usize| json!({"logs": [{"step": step, "offset": 0, "text": "hello\n", "at_ms": 1}]});
    let raw = |step: usize| {
        format!(
            "/v1/worker/logs/{}/{}/{step}?offset=0&at_ms=1",
            taken["job"].as_str().unwrap(),
            taken["attempt"]
        )
    };
    // The second server has not given the job out itself.
    let again = s.another().await;
    for server in [&s, &again] {
        for step in [steps, 65_535] {
            let refused =
                server.post(&worker, "/v1/worker/report", report(&taken, log(step))).await.is(400).json();
            let told = format!("no step {step} to log to");
            assert!(refused["message"].as_str().unwrap().contains(&told), "{refused}");
            server
                .send("PUT", &raw(step), &worker, "application/octet-stream", "hello\n".into())
                .await
                .is(400);
        }
    }
    s.post(&worker, "/v1/worker/report", report(&taken, log(steps - 1))).await.is(200);
    assert_eq!(complete(&s, &owner, 1).await.len(), 1, "only the step that is there has a log");
}

async fn what_a_lost_attempt_left_is_nobodys(on: Database) {
    let (s, owner, worker, taken) = world(on).await;
    let job = taken["job"].as_str().unwrap();
    let names = async || {
        let all = s.get(&owner, &format!("{RUNS}/1/artifacts")).await.is(200).json();
        all.as_array().unwrap().iter().map(|a| a["name"].as_str().unwrap().to_string()).collect::<Vec<_>>()
    };
    let upload = async |worker: &str, attempt: u32, name: &str, text: &str| {
        let path = format!("/v1/worker/artifacts/{job}/{attempt}?name={name}");
        s.send("PUT", &path, worker, "application/octet-stream", text.into()).await
    };
    let page = async |worker: &str, attempt: u32| {
        let data = json!({"url": "http://a"});
        let body =
            json!({"job": job, "attempt": attempt, "type": "static-file", "name": "page", "data": data});
        s.post(worker, "/v1/worker/results", body).await
    };
    let cache = |attempt: u32| format!("/v1/worker/caches/ZGVwcw?job={job}&attempt={attempt}");
    let long = "x".repeat(256);
    let body = |more: Value| {
        json!({"job": job, "attempt": 1})
            .as_object()
            .unwrap()
            .clone()
            .into_iter()
            .chain(more.as_object().unwrap().clone())
            .collect::<serde_json::Map<_, _>>()
    };
    for (path, more) in [
        ("tags", json!({"tags": {"a": long}})),
        ("tags", json!({"tags": {long.as_str(): "a"}})),
        ("version", json!({"version": long})),
        ("results", json!({"type": "static-file", "name": long, "data": {}})),
    ] {
        let answer = s.post(&worker, &format!("/v1/worker/{path}"), body(more).into()).await.is(400);
        assert!(answer.text().contains("has 256 characters, at most 255 are possible"), "{}", answer.text());
    }
    upload(&worker, 1, "res", "one").await.is(201);
    upload(&worker, 1, "other", "one").await.is(201);
    page(&worker, 1).await.is(201);
    assert_eq!(names().await, ["res", "other", "page"]);

    // Its worker is lost while it sends a cache, and sends the rest of it all the same.
    let (mut more, body) = futures::channel::mpsc::channel::<Result<&str, std::io::Error>>(1);
    more.try_send(Ok("half of ")).unwrap();
    let request = axum::http::Request::put(cache(1))
        .header("authorization", format!("Bearer {worker}"))
        .body(axum::body::Body::from_stream(body))
        .unwrap();
    let (answer, ()) = tokio::join!(s.ask(request), async {
        let read = Instant::now();
        while more.try_send(Ok("it")).is_err() {
            assert!(read.elapsed() < Duration::from_secs(20), "the first piece is not read");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let attempt = cds_model::Attempt(1);
        assert!(s.app.worker_lost(job.parse().unwrap(), attempt, "it is gone".into()).await);
        drop(more);
    });
    assert_eq!(answer.is(409).json()["code"], "lease_lost");
    assert_eq!(names().await, Vec::<String>::new(), "what counts is the attempt to come");

    let second = s.worker().await;
    let taken = s.post(&second, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    assert_eq!(taken["attempt"], 2);
    s.get(&second, &cache(2)).await.is(404);
    upload(&second, 2, "res", "two").await.is(201);
    page(&second, 2).await.is(201);
    upload(&second, 2, "res", "three").await.is(409);
    // Sent again because its answer was lost: it is there once, and nobody else's id is taken.
    let id = cds_model::BlobId::new();
    for text in ["again", "again", "whatever it is now"] {
        let stored = upload(&second, 2, &format!("twice&id={id}"), text).await.is(201).json();
        assert_eq!((&stored["id"], stored["size"].as_u64()), (&json!(id.to_string()), Some(5)));
    }
    upload(&second, 2, &format!("else&id={id}"), "again").await.is(409);
    let suites = json!([{"name": "s", "cases": [{"name": "one", "status": "ok"}]}]);
    for _ in 0..2 {
        let tests = json!({"job": job, "attempt": 2, "step": 0, "suites": suites});
        s.post(&second, "/v1/worker/tests", tests).await.is(204);
    }
    assert_eq!(s.get(&owner, &format!("{RUNS}/1/tests")).await.json()["total"], 1);
    let end = report(&taken, json!({"end": {"status": "Success"}}));
    s.post(&second, "/v1/worker/report", end).await.is(200);
    assert_eq!(names().await, ["res", "page", "twice"]);
    let all = s.get(&owner, &format!("{RUNS}/1/artifacts")).await.json();
    let path = format!("{RUNS}/1/artifacts/{}", all[0]["id"].as_str().unwrap());
    assert_eq!(s.get(&owner, &path).await.is(200).text(), "two");

    // In the next execution one attempt makes it anew and is lost, the other does not: the earlier one is still there.
    s.post(&owner, RUNS, json!({"number": 1, "from_nodes": ["build"]})).await.is(200);
    let again = s.post(&second, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    let (job, attempt) = (again["job"].as_str().unwrap(), cds_model::Attempt(1));
    let path = format!("/v1/worker/artifacts/{job}/1?name=res");
    s.send("PUT", &path, &second, "application/octet-stream", "lost".into()).await.is(201);
    assert!(s.app.worker_lost(job.parse().unwrap(), attempt, "it is gone".into()).await);
    let third = s.worker().await;
    let last = s.post(&third, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    assert_eq!((&last["job"], &last["attempt"]), (&again["job"], &json!(2)));
    let end = report(&last, json!({"end": {"status": "Success"}}));
    s.post(&third, "/v1/worker/report", end).await.is(200);
    assert_eq!(names().await, ["res", "page", "twice"]);
}
