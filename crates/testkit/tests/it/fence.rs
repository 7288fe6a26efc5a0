//! A worker that says what it may not: every operation for workers, about attempts that are not the caller's.

use crate::chaos::probe;
use cds_api::{runs::RunStart, worker::Assignment};
use cds_client::Client;
use cds_model::JobRef;
use cds_testkit::{Project, SHORT, Setup, TestServer, eventually, find_job};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// An operation as a worker calls it: for which attempt it asks is in the path, the query or the body.
struct Operation {
    method: &'static str,
    /// As in the OpenAPI document.
    route: &'static str,
    path: fn(JobRef, u64) -> String,
    body: fn(JobRef, u64) -> Body,
}

enum Body {
    None,
    Json(Value),
    Bytes(Vec<u8>),
}

fn of(job: JobRef, attempt: u64, more: Value) -> Body {
    let mut body = json!({"job": job, "attempt": attempt});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Body::Json(body)
}

const EVIL: &str = "words of a worker that has no say in this";

/// Every operation that is about an attempt. A new one has to be added here: a test compares.
fn operations() -> Vec<Operation> {
    let plain = |_: JobRef, _: u64| Body::None;
    let bytes = |_: JobRef, _: u64| Body::Bytes(EVIL.into());
    vec![
        Operation {
            method: "POST",
            route: "/v1/worker/report",
            path: |_, _| "/v1/worker/report".into(),
            body: |job, attempt| {
                of(
                    job,
                    attempt,
                    json!({
                        "logs": [{"step": 0, "offset": 0, "text": EVIL, "at_ms": 1}],
                        "steps": [{"step": 0, "status": "Fail", "log_length": EVIL.len(), "reason": EVIL}],
                        "end": {"status": "Fail", "reason": EVIL, "variables": {"cds.build.evil": EVIL}},
                    }),
                )
            },
        },
        Operation {
            method: "PUT",
            route: "/v1/worker/logs/{job}/{attempt}/{step}",
            path: |job, attempt| format!("/v1/worker/logs/{job}/{attempt}/0?offset=0&at_ms=1"),
            body: bytes,
        },
        Operation {
            method: "POST",
            route: "/v1/worker/tags",
            path: |_, _| "/v1/worker/tags".into(),
            body: |job, attempt| of(job, attempt, json!({"tags": {"evil": EVIL}})),
        },
        Operation {
            method: "POST",
            route: "/v1/worker/version",
            path: |_, _| "/v1/worker/version".into(),
            body: |job, attempt| of(job, attempt, json!({"version": "6.6.6"})),
        },
        Operation {
            method: "POST",
            route: "/v1/worker/results",
            path: |_, _| "/v1/worker/results".into(),
            body: |job, attempt| {
                of(job, attempt, json!({"type": "static-file", "name": "evil", "data": {"url": EVIL}}))
            },
        },
        Operation {
            method: "POST",
            route: "/v1/worker/tests",
            path: |_, _| "/v1/worker/tests".into(),
            body: |job, attempt| of(job, attempt, json!({"suites": [{"name": "evil", "cases": []}]})),
        },
        Operation {
            method: "PUT",
            route: "/v1/worker/artifacts/{job}/{attempt}",
            path: |job, attempt| format!("/v1/worker/artifacts/{job}/{attempt}?name=evil"),
            body: bytes,
        },
        Operation {
            method: "GET",
            route: "/v1/worker/artifacts",
            path: |job, attempt| format!("/v1/worker/artifacts?job={job}&attempt={attempt}"),
            body: plain,
        },
        Operation {
            method: "GET",
            route: "/v1/worker/artifacts/{id}",
            path: |job, attempt| format!("/v1/worker/artifacts/0?job={job}&attempt={attempt}"),
            body: plain,
        },
        Operation {
            method: "PUT",
            route: "/v1/worker/caches/{tag}",
            path: |job, attempt| format!("/v1/worker/caches/ZXZpbA?job={job}&attempt={attempt}"),
            body: bytes,
        },
        Operation {
            method: "GET",
            route: "/v1/worker/caches/{tag}",
            path: |job, attempt| format!("/v1/worker/caches/ZXZpbA?job={job}&attempt={attempt}"),
            body: plain,
        },
    ]
}

/// What has no attempt to ask about.
const WITHOUT: &[&str] = &["POST /v1/worker/register", "POST /v1/worker/take"];

struct Raw {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Raw {
    fn new(server: &TestServer, worker: &Client) -> Self {
        let token = worker.token().expect("a token").expose().clone();
        Self { http: reqwest::Client::new(), url: server.url(), token }
    }

    async fn send(&self, method: &str, path: &str, body: Body) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        request = match body {
            Body::None => request,
            Body::Json(body) => request.json(&body),
            Body::Bytes(bytes) => request.header("content-type", "application/octet-stream").body(bytes),
        };
        let answer = request.timeout(SHORT).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    /// Every operation is refused.
    async fn refused(&self, what: &str, job: JobRef, attempt: u64) {
        for it in operations() {
            let (status, answer) =
                self.send(it.method, &(it.path)(job, attempt), (it.body)(job, attempt)).await;
            let told =
                format!("{} {} about {what} ({job} {attempt}): {status} {answer}", it.method, it.route);
            assert!((400..500).contains(&status), "{told}");
            // An attempt that no job can have is no attempt: that may be said otherwise.
            if attempt <= u64::from(u32::MAX) {
                assert_eq!((status, answer["code"].as_str()), (409, Some("lease_lost")), "{told}");
            }
        }
    }
}

/// All that readers can see of a run.
async fn visible(project: &Project, number: i64) -> String {
    let (client, key) = (&project.client, project.key.as_str());
    let run = client.run(key, "w", number.into()).await.expect("the run");
    let mut all = vec![serde_json::to_string_pretty(&run).unwrap()];
    for file in client.run_logs(key, "w", number.into()).await.expect("the logs") {
        let bytes = client.log(file.job, file.attempt, file.step).await.expect("a log").bytes(1 << 20).await;
        all.push(format!("{file:?} {}", String::from_utf8_lossy(&bytes.expect("a log"))));
    }
    all.push(format!("{:?}", client.run_artifacts(key, "w", number.into()).await.expect("the artifacts")));
    all.push(format!("{:?}", client.run_tests(key, "w", number.into()).await.expect("the tests")));
    all.join("\n")
}

async fn start(project: &Project) -> i64 {
    project.run("w", RunStart::default()).await.brief.number
}

async fn take(worker: &Client) -> Assignment {
    eventually("a job", SHORT, || async { worker.worker_take(Duration::from_secs(2)).await.ok().flatten() })
        .await
}

async fn define(project: &Project) {
    let pipeline = "{version: v1.0, name: p, jobs: [{job: j, requirements: [{region: REGION}], steps: [{script: ['true']}]}]}";
    let workflow = "{name: w, version: v2.0, workflow: {p: {pipeline: p}}}";
    for region in ["one", "two"] {
        let pipeline = pipeline.replace("REGION", region).replace("name: p,", &format!("name: {region},"));
        let workflow = workflow.replace("pipeline: p", &format!("pipeline: {region}"));
        project.push(&[(&format!("{region}.pip.yml"), &pipeline), ("w.yml", &workflow)]).await;
        if region == "one" {
            start(project).await;
        }
    }
}

#[tokio::test]
async fn every_operation_of_workers_is_known_here() {
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    let document: Value = server.anonymous().get("/v1/openapi.json").await.expect("the document");
    let mut there = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        if path.starts_with("/v1/worker/") {
            there.extend(
                item.as_object().unwrap().keys().map(|verb| format!("{} {path}", verb.to_uppercase())),
            );
        }
    }
    let mut known: BTreeSet<String> =
        operations().iter().map(|it| format!("{} {}", it.method, it.route)).collect();
    known.extend(WITHOUT.iter().map(ToString::to_string));
    assert_eq!(there, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_touches_its_own_attempt_only() {
    let setup = Setup { no_hatchery: true, ..Setup::default() };
    let server = TestServer::with(setup).await;
    let project = server.project("FENCE").await;
    define(&project).await;
    let second = start(&project).await;
    let mut workers = Vec::new();
    for region in ["one", "two"] {
        let (hatchery, identity) = probe::hatchery(&server, region).await;
        let (id, client) = probe::register(&hatchery.client, identity).await;
        tokio::spawn(hatchery.keep_known(id));
        workers.push(client);
    }
    let (victim, evil) = (take(&workers[0]).await, take(&workers[1]).await);
    assert_ne!(victim.job, evil.job);
    let raw = Raw::new(&server, &workers[1]);
    let before = [visible(&project, 1).await, visible(&project, second).await];
    raw.refused("another's job", victim.job, victim.attempt.0.into()).await;
    for attempt in [0, 2, 7, u64::from(u32::MAX), u64::from(u32::MAX) + 1, u64::MAX] {
        raw.refused("an attempt that is not there", evil.job, attempt).await;
        raw.refused("another's job and attempt", victim.job, attempt).await;
    }
    let mut nowhere = evil.job;
    nowhere.job.0 += 100;
    raw.refused("a job that is not there", nowhere, 1).await;
    nowhere.run = cds_model::RunId::new();
    raw.refused("a run that is not there", nowhere, 1).await;
    assert_eq!(before, [visible(&project, 1).await, visible(&project, second).await]);

    // Of its own attempt, but with names that lead elsewhere.
    let (job, attempt) = (evil.job, evil.attempt);
    for name in
        ["..", ".", "", "../x", "a/b", "%2fetc%2fpasswd", "a%5cb", "x%00y", "%2e%2e", &"n".repeat(300)]
    {
        let path = format!("/v1/worker/artifacts/{job}/{attempt}?name={name}");
        let (status, answer) = raw.send("PUT", &path, Body::Bytes(EVIL.into())).await;
        assert!((400..500).contains(&status), "{name}: {status} {answer}");
    }
    for tag in ["..", "%2e%2e%2f", "not base64!", "____", "Li4vLi4v%00"] {
        let path = format!("/v1/worker/caches/{tag}?job={job}&attempt={attempt}");
        let (status, answer) = raw.send("PUT", &path, Body::Bytes(EVIL.into())).await;
        assert!((400..500).contains(&status), "{tag}: {status} {answer}");
    }
    // Logs of steps that the job does not have, and bytes that leave a hole.
    let path = format!("/v1/worker/logs/{job}/{attempt}/0?offset=99&at_ms=1");
    let (status, answer) = raw.send("PUT", &path, Body::Bytes(EVIL.into())).await;
    assert_eq!(status, 409, "{answer}");
    assert_eq!(before[1], visible(&project, second).await);

    // What is its own works, and nothing does once it has ended.
    for it in operations().iter().filter(|it| it.method != "GET" && it.route != "/v1/worker/report") {
        let body = (it.body)(job, attempt.0.into());
        let (status, answer) = raw.send(it.method, &(it.path)(job, attempt.0.into()), body).await;
        assert!((200..300).contains(&status), "{}: {status} {answer}", it.route);
    }
    let end = of(job, attempt.0.into(), json!({"end": {"status": "Success"}}));
    assert_eq!(raw.send("POST", "/v1/worker/report", end).await.0, 200);
    // Its log ends with it, a moment later.
    let after = eventually("the log's end", SHORT, || async {
        let seen = visible(&project, second).await;
        (!seen.contains("complete: false")).then_some(seen)
    })
    .await;
    for it in operations().iter().filter(|it| it.route != "/v1/worker/report") {
        let body = (it.body)(job, attempt.0.into());
        let (status, answer) = raw.send(it.method, &(it.path)(job, attempt.0.into()), body).await;
        assert_eq!((status, answer["code"].as_str()), (409, Some("lease_lost")), "{}: {answer}", it.route);
    }
    // Its end may be said again, by this worker alone; whatever else is said with it is not kept.
    let report = operations().into_iter().find(|it| it.route == "/v1/worker/report").unwrap();
    let again = |attempt| (report.body)(job, attempt);
    assert_eq!(raw.send("POST", "/v1/worker/report", again(1)).await.0, 200);
    let other = Raw::new(&server, &workers[0]);
    let (status, answer) = other.send("POST", "/v1/worker/report", again(1)).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("lease_lost")), "{answer}");
    assert_eq!(after, visible(&project, second).await);
    assert!(!before.iter().any(|seen| seen.contains(EVIL)));
    server.admin().health().await.expect("good health");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_lease_is_never_written_to() {
    let server = "heartbeat_ms = 300\nlease_ms = 1500";
    let setup = Setup { no_hatchery: true, server: server.into(), ..Setup::default() };
    let server = TestServer::with(setup).await;
    let project = server.project("LOST").await;
    define(&project).await;
    let (hatchery, identity) = probe::hatchery(&server, "one").await;
    let (id, worker) = probe::register(&hatchery.client, identity).await;
    tokio::spawn(hatchery.keep_known(id));
    let assignment = take(&worker).await;
    let job = assignment.job;
    let raw = Raw::new(&server, &worker);
    let path = format!("/v1/worker/logs/{job}/1/0?offset=0&at_ms=1");
    assert_eq!(raw.send("PUT", &path, Body::Bytes(b"in time\n".to_vec())).await.0, 200);
    // Silence until the lease is lost; what is said afterwards comes too late.
    let lost = |run: &cds_api::runs::Run| find_job(run, "p", "j").attempts.len() == 2;
    project.when("w", 1, "the loss", lost).await;
    let complete = || async {
        let files = project.client.run_logs("LOST", "w", 1.into()).await.ok()?;
        files.iter().all(|file| file.complete).then_some(())
    };
    eventually("the end of the log", SHORT, complete).await;
    let before = visible(&project, 1).await;
    raw.refused("a lost attempt", job, 1).await;
    raw.refused("the next attempt, which nobody has", job, 2).await;
    assert_eq!(before, visible(&project, 1).await);
    assert!(before.contains("in time") && !before.contains(EVIL));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_did_not_arrive_is_given_out_anew() {
    // The lease is far longer than the test.
    let setup = Setup { no_hatchery: true, server: "lease_ms = 600000".into(), ..Setup::default() };
    let mut server = TestServer::with(setup).await;
    let project = server.project("ANEW").await;
    define(&project).await;
    let (hatchery, identity) = probe::hatchery(&server, "one").await;
    let (id, worker) = probe::register(&hatchery.client, identity).await;
    tokio::spawn(hatchery.keep_known(id));
    let first = take(&worker).await;
    // Whoever asks again has not received it.
    let second = take(&worker).await;
    assert_eq!((first.job, first.attempt.0 + 1), (second.job, second.attempt.0));
    // The same over a crash of the server.
    server.kill().await;
    server.restart().await;
    let third = take(&worker).await;
    assert_eq!((first.job, first.attempt.0 + 2), (third.job, third.attempt.0));
    let raw = Raw::new(&server, &worker);
    raw.refused("a job given up", first.job, 1).await;
    raw.refused("a job given up", first.job, 2).await;
    let end = of(third.job, third.attempt.0.into(), json!({"end": {"status": "Success"}}));
    assert_eq!(raw.send("POST", "/v1/worker/report", end).await.0, 200);
    let run = project.ended("w", 1).await;
    assert_eq!(run.brief.status, cds_model::Status::Success, "{run:#?}");
}
