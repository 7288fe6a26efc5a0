//! Two servers on one database, each with a data directory of its own.

use cds_api::runs::{Event, Run, RunStart, RunStop};
use cds_client::{EventQuery, SseStream};
use cds_model::Status;
use cds_testkit::{Postgres, Project, SHORT, Setup, TestServer, eventually, find_job};
use std::path::Path;

/// Leases that run out soon, but not on a machine that is merely busy.
const QUICK: &str = "lease_ms = 6000\nheartbeat_ms = 1000\nworker_idle_ms = 5000";

async fn database() -> Option<(Postgres, String)> {
    let started = tokio::task::spawn_blocking(|| Postgres::start().map(|p| (p.database(), p)));
    let (url, postgres) = started.await.expect("PostgreSQL starts")?;
    Some((postgres, url))
}

async fn first(url: &str) -> TestServer {
    TestServer::with(Setup { postgres: Some(url.into()), server: QUICK.into(), ..Setup::default() }).await
}

async fn second(url: &str, first: &TestServer, no_hatchery: bool) -> TestServer {
    let setup = Setup {
        postgres: Some(url.into()),
        server: QUICK.into(),
        secret_key: Some(first.data().join("secret.key")),
        no_hatchery,
        ..Setup::default()
    };
    TestServer::with(setup).await
}

/// The same project through another server.
fn through(server: &TestServer, project: &Project) -> Project {
    Project::new(server.admin().clone(), &project.key)
}

fn in_directory(dir: &Path) -> RunStart {
    let payload = serde_json::json!({ "dir": dir.to_str().expect("UTF-8") });
    RunStart { payload: Some(payload), ..RunStart::default() }
}

fn json(run: &Run) -> serde_json::Value {
    serde_json::to_value(run).expect("JSON")
}

/// The next event of a stream: its type and data.
async fn heard(stream: &mut SseStream) -> (String, String) {
    let next = tokio::time::timeout(SHORT, stream.next()).await.expect("an event in time");
    let event = next.expect("a stream that goes on").expect("an event before the end");
    (event.event, event.data)
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn a_run_is_the_same_through_either_server() {
    let Some((_postgres, url)) = database().await else { return };
    let one = first(&url).await;
    // Without workers: whatever is started here runs there.
    let two = second(&url, &one, true).await;
    let here = one.project("TWO").await;
    let there = through(&two, &here);
    let pipeline = "
version: v1.0
name: both
jobs:
- job: job
  steps:
  - script:
    - echo the first line
    - 'while [ ! -e $DIR/go ]; do sleep 0.05; done'
    - echo the last line
    - echo content > file.txt
  - artifactUpload: {path: file.txt}
";
    let workflow = "{name: both, version: v2.0, workflow: {both: {pipeline: both}}}";
    here.push(&[("both.pip.yml", pipeline), ("both.yml", workflow)]).await;
    let mut news = two.admin().events(&EventQuery::default()).await.expect("the stream of events");
    let run = there.run("both", in_directory(one.scratch())).await;
    let number = run.brief.number;
    let job = find_job(&run, "both", "job").id;

    // Followed where it is not, from before it begins.
    let mut followed = two.admin().log_follow(job, 1, 0, 0).await.expect("the log is followed");
    let mut text = String::new();
    while !text.contains("the first line") {
        text.push_str(&heard(&mut followed).await.1);
    }
    let building = |run: &Run| run.brief.status == Status::Building;
    there.when("both", number, "it builds, as the other server sees it", building).await;
    std::fs::write(one.scratch().join("go"), "").unwrap();
    let run = there.ended("both", number).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    assert_eq!(json(&run), json(&here.get("both", number).await));
    loop {
        let (kind, data) = heard(&mut followed).await;
        text.push_str(&data);
        if kind == "end" {
            break;
        }
    }
    assert!(text.contains("the last line"), "{text}");

    // The stored log and the file, from the other server's disk.
    let log = there.log(&run, "both", "job", 0).await;
    assert_eq!(log, here.log(&run, "both", "job", 0).await);
    assert!(log.contains("the last line"), "{log}");
    let page = two.admin().log_lines(job, 1, 0, 0, 10).await.expect("lines");
    assert!(page.complete && page.lines.iter().any(|l| l.text.contains("the first line")), "{page:?}");
    let results = two.admin().run_artifacts(&there.key, "both", number.into()).await.expect("the results");
    let file = results.iter().find(|r| r.name == "file.txt").expect("the file");
    let sent = two.admin().run_artifact(&there.key, "both", number.into(), &file.id).await.expect("the file");
    assert_eq!(sent.bytes(1 << 20).await.expect("its bytes"), b"content\n");

    // Every change was told here, in order, though all but the first were committed there.
    let mut told: Vec<Event> = Vec::new();
    while !told.iter().any(|e| e.status.is_some_and(Status::is_final)) {
        let event: Event = serde_json::from_str(&heard(&mut news).await.1).expect("an event");
        told.extend(event.kind.starts_with("run.").then_some(event));
    }
    assert!(told.len() >= 3 && told.windows(2).all(|two| two[0].id < two[1].id), "{told:#?}");
}

#[tokio::test]
async fn a_stop_reaches_a_worker_of_the_other_server() {
    let Some((_postgres, url)) = database().await else { return };
    let one = first(&url).await;
    let two = second(&url, &one, true).await;
    let here = one.project("STOP").await;
    here.push_script(
        "long",
        &["trap 'touch $DIR/stopped; exit 1' TERM", "touch $DIR/begun", "sleep 1000 & wait"],
    )
    .await;
    let run = here.run("long", in_directory(one.scratch())).await;
    let begun = one.scratch().join("begun");
    eventually("the job begins", SHORT, || async { begun.exists().then_some(()) }).await;
    two.admin().run_stop("STOP", "long", run.brief.number, &RunStop::default()).await.expect("it is stopped");
    let run = here.ended("long", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Stopped);
    let stopped = one.scratch().join("stopped");
    eventually("its processes are told", SHORT, || async { stopped.exists().then_some(()) }).await;
}

const TWICE: [&str; 4] = [
    "echo start >> $DIR/starts",
    "if [ $(wc -l < $DIR/starts) -gt 1 ]; then echo the second attempt; exit 0; fi",
    "echo the first attempt",
    "sleep 1000",
];

/// A server that was killed while its job was in its first attempt, another one, and its project; the run is the first.
async fn killed_at_work(url: &str, key: &str) -> (TestServer, TestServer, Project) {
    let mut one = first(url).await;
    let here = one.project(key).await;
    here.push_script("twice", &TWICE).await;
    here.run("twice", in_directory(one.scratch())).await;
    let starts = one.scratch().join("starts");
    eventually("the job begins", SHORT, || async { (lines(&starts) == 1).then_some(()) }).await;
    let two = second(url, &one, false).await;
    one.kill().await;
    (one, two, here)
}

#[tokio::test]
async fn a_killed_server_leaves_its_runs_to_the_other() {
    let Some((_postgres, url)) = database().await else { return };
    let (mut one, two, here) = killed_at_work(&url, "KILL").await;
    let there = through(&two, &here);
    let starts = one.scratch().join("starts");
    let run = there.ended("twice", 1).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    let job = find_job(&run, "twice", "job");
    assert_eq!((job.attempts.len(), lines(&starts)), (2, 2), "lost once: {job:#?}");
    assert!(there.attempt_log(job, 2, 0).await.contains("the second attempt"));
    // What only the other one has is not said to be empty.
    let first = two.admin().log(job.id, 1, 0).await;
    let fault = first.err().expect("nobody has it").to_string();
    assert!(fault.contains("another server"), "{fault}");
    // It comes back, and with it what it has; its worker's old attempt is over.
    one.restart().await;
    eventually("the log of the first attempt", SHORT, || async {
        let log = two.admin().log(job.id, 1, 0).await.ok()?.bytes(1 << 20).await.ok()?;
        String::from_utf8_lossy(&log).contains("the first attempt").then_some(())
    })
    .await;
    assert_eq!(json(&here.get("twice", run.brief.number).await), json(&run));
}

#[tokio::test]
async fn a_lease_of_a_dead_server_runs_out_once() {
    let Some((_postgres, url)) = database().await else { return };
    let mut one = first(&url).await;
    // There before the job, so that it knows of it only from the database; and twice, so that two see the end.
    let two = second(&url, &one, true).await;
    let three = second(&url, &one, true).await;
    let here = one.project("ONCE").await;
    here.push_script("twice", &TWICE).await;
    let run = here.run("twice", in_directory(one.scratch())).await;
    let starts = one.scratch().join("starts");
    eventually("the job begins", SHORT, || async { (lines(&starts) == 1).then_some(()) }).await;
    one.kill().await;
    let there = through(&two, &here);
    let again = |run: &Run| find_job(run, "twice", "job").attempts.len() > 1;
    there.when("twice", run.brief.number, "a second attempt", again).await;
    through(&three, &here).when("twice", run.brief.number, "a second attempt", again).await;
    one.restart().await;
    let run = there.ended("twice", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    let job = find_job(&run, "twice", "job");
    assert_eq!((job.attempts.len(), lines(&starts)), (2, 2), "lost once: {job:#?}");
}

#[tokio::test]
async fn a_foreign_key_is_refused() {
    let Some((_postgres, url)) = database().await else { return };
    let one = first(&url).await;
    let setup = Setup { postgres: Some(url), ..Setup::default() };
    let refused = TestServer::refused(setup).await;
    assert!(refused.contains("secret.key") && refused.contains("put the key file there"), "{refused}");
    drop(one);
}

#[tokio::test]
async fn a_token_that_is_revoked_here_is_worth_nothing_there() {
    let Some((_postgres, url)) = database().await else { return };
    let one = first(&url).await;
    let two = second(&url, &one, true).await;
    let order = cds_api::users::TokenCreate {
        name: "robot".into(),
        description: String::new(),
        scopes: Vec::new(),
        duration_days: 1,
    };
    let made = one.admin().token_create(&order).await.expect("a token");
    let robot = two.anonymous().with_token(Some(cds_model::Secret::new(made.secret.clone())));
    robot.last_runs().await.expect("it is known there, and remembered");
    one.admin().token_delete(&made.token.id.to_string()).await.expect("it is revoked");
    let begin = std::time::Instant::now();
    eventually("it is refused", SHORT, || async { robot.last_runs().await.err() }).await;
    // What is found is believed for five seconds; the news of its end must not wait for that.
    assert!(begin.elapsed() < std::time::Duration::from_secs(4), "{:?}", begin.elapsed());
}

#[tokio::test]
async fn why_a_job_waits_and_who_works_is_the_same_at_either_server() {
    let Some((_postgres, url)) = database().await else { return };
    let one = first(&url).await;
    let two = second(&url, &one, false).await;
    let here = one.project("WHY").await;
    here.push_script("long", &["sleep 1000"]).await;
    // More than both have workers for.
    for _ in 0..12 {
        here.run("long", RunStart::default()).await;
    }
    let told = async |server: &TestServer| {
        let mut queue = server.admin().queue().await.expect("the queue");
        queue.sort_by_key(|q| q.number);
        let job = |q: &cds_api::queue::QueueJob| {
            let why = q.reason.as_ref().map(|r| r.text.clone());
            (q.number, q.worker.clone(), why)
        };
        queue.iter().map(job).collect::<Vec<_>>()
    };
    let fleet = async |server: &TestServer| {
        let hatcheries = server.admin().hatcheries().await.expect("hatcheries");
        let workers = server.admin().workers().await.expect("workers");
        let hatcheries: Vec<_> = hatcheries.into_iter().map(|h| (h.name, h.status)).collect();
        let workers: Vec<_> = workers.into_iter().map(|w| (w.name, w.hatchery, w.status, w.job)).collect();
        (hatcheries, workers)
    };
    let agreed = eventually("both servers say the same", SHORT, || async {
        let (queue, all) = (told(&one).await, fleet(&one).await);
        let busy = queue.iter().filter(|(_, worker, _)| worker.is_some()).count();
        let whole = busy > 0 && busy == all.1.len() && busy < queue.len();
        let last = queue.last()?.2.clone()?;
        let both = last.contains(&format!("all {busy} workers of hatcheries "));
        (whole && both && queue == told(&two).await && all == fleet(&two).await).then_some((queue, all))
    })
    .await;
    assert_eq!(agreed.1.0.len(), 2, "each has a hatchery: {:?}", agreed.1.0);
    assert!(agreed.0.iter().all(|(_, worker, why)| worker.is_some() != why.is_some()), "{:?}", agreed.0);
}

#[tokio::test]
async fn starts_of_servers_keep_no_lost_job_from_the_others() {
    let Some((_postgres, url)) = database().await else { return };
    let (one, two, here) = killed_at_work(&url, "STARTS").await;
    let there = through(&two, &here);
    let starts = one.scratch().join("starts");
    // More often than a lease lasts, and for longer than one does.
    let others = async {
        loop {
            drop(second(&url, &one, true).await);
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
    };
    let run = tokio::select! {
        run = there.ended("twice", 1) => run,
        () = others => unreachable!("they are started without end"),
    };
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    let job = find_job(&run, "twice", "job");
    assert_eq!((job.attempts.len(), lines(&starts)), (2, 2), "lost once: {job:#?}");
    let why = &job.attempts[0].reason;
    assert!(why.contains("lost connection with the worker local-"), "{why}");
}

#[tokio::test]
async fn a_worker_that_is_disabled_at_the_other_server_ends_its_job_and_goes() {
    let Some((_postgres, url)) = database().await else { return };
    let one = first(&url).await;
    let two = second(&url, &one, true).await;
    let here = one.project("OFF").await;
    here.push_script("waits", &["while [ ! -e $DIR/go ]; do sleep 0.05; done"]).await;
    here.run("waits", in_directory(one.scratch())).await;
    let busy = async || {
        let workers = two.admin().workers().await.expect("workers");
        workers.into_iter().find(|w| w.status == "Building")
    };
    let worker = eventually("a worker with a job", SHORT, busy).await;
    two.admin().worker_disable(&worker.id.to_string()).await.expect("it is disabled");
    let status = async || {
        let workers = one.admin().workers().await.expect("workers");
        workers.into_iter().find(|w| w.id == worker.id).map(|w| w.status)
    };
    eventually("it is told there", SHORT, async || {
        (status().await.as_deref() == Some("Disabled")).then_some(())
    })
    .await;
    // Longer than its hatchery takes to end one that it is to end.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    std::fs::write(one.scratch().join("go"), "").expect("a file");
    let run = here.ended("waits", 1).await;
    let job = find_job(&run, "waits", "job");
    assert_eq!((job.status, job.attempts.len()), (Status::Success, 1), "{run:#?}");
    eventually("it goes", SHORT, async || status().await.is_none().then_some(())).await;
    here.run("waits", in_directory(one.scratch())).await;
    let run = here.ended("waits", 2).await;
    assert_eq!(run.brief.status, Status::Success, "another one comes: {run:#?}");
}
