//! A server that is away for longer than any lease: jobs go on, and find it again. What is delivered meanwhile is
//! delivered until it is answered, and makes one run.

use crate::chaos::seconds;
use cds_api::runs::RunStart;
use cds_client::{Client, RunQuery};
use cds_model::Status;
use cds_testkit::{LONG, Setup, TestHatchery, TestServer, eventually, find_job, within};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// A worker gives an attempt up after three heartbeats without the server, if the server may be there for others.
const SERVER: &str = "heartbeat_ms = 2000\nlease_ms = 8000\nmax_attempts = 1";
const JOBS: usize = 4;
/// Deliveries while the server is away.
const DELIVERIES: usize = 40;

/// Prints for longer than the server is away, more than is kept in memory at the end, and does what it does once.
fn pipeline(away: Duration) -> String {
    let lines = (away.as_secs() + 6) * 10;
    let mut jobs = String::new();
    for n in 1..=JOBS {
        jobs.push_str(&format!(
            "- job: j{n}
  steps:
  - script:
    - echo once >> $DIR/j{n}
    - for i in $(seq 1 {lines}); do echo line $i; sleep 0.1; done
  - script:
    - seq 1 300000
    - echo last
"
        ));
    }
    format!("version: v1.0\nname: long\njobs:\n{jobs}")
}

/// Delivers until there is an answer, twice; the number of the run.
async fn deliver(client: Client, n: usize) -> BTreeSet<i64> {
    let start = RunStart { payload: Some(serde_json::json!({"delivery": n})), ..RunStart::default() };
    let key = format!("delivery-{n}");
    let mut told = BTreeSet::new();
    for _ in 0..2 {
        let answer = eventually("an answer", LONG, || async {
            client.run_start("AWAY", "short", &start, Some(&key)).await.ok()
        });
        told.insert(answer.await.brief.number);
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_survive_a_server_that_is_away() {
    let away = Duration::from_secs(seconds().min(30));
    let setup = Setup { no_hatchery: true, server: SERVER.into(), ..Setup::default() };
    let mut server = TestServer::with(setup).await;
    let _hatchery = TestHatchery::start(&server, "far", &format!("max_workers = {JOBS}"), &[]).await;
    let project = server.project("AWAY").await;
    let workflow = "{name: long, version: v2.0, workflow: {long: {pipeline: long}}}";
    project.push(&[("long.pip.yml", &pipeline(away)), ("long.yml", workflow)]).await;
    project.push_script("short", &["true"]).await;
    let payload = Some(serde_json::json!({"dir": server.scratch().to_str().unwrap()}));
    let run = project.run("long", RunStart { payload, ..RunStart::default() }).await;
    let number = run.brief.number;
    let all_begun = |run: &cds_api::runs::Run| {
        let jobs = run.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
        jobs.filter(|job| job.status == Status::Building).count() == JOBS
    };
    project.when("long", number, "every job's begin", all_begun).await;
    server.kill().await;
    let begin = Instant::now();
    let couriers: Vec<_> =
        (0..DELIVERIES).map(|n| tokio::spawn(deliver(project.client.clone(), n))).collect();
    tokio::time::sleep(away).await;
    assert!(couriers.iter().all(|courier| !courier.is_finished()), "nobody was there to answer");
    server.restart().await;
    println!("the server was away for {:?}", begin.elapsed());
    let run = project.ended("long", number).await;
    // With one attempt for each job, a single loss would have failed the run.
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    for n in 1..=JOBS {
        let job = find_job(&run, "long", &format!("j{n}"));
        assert_eq!(job.attempts.len(), 1, "{job:#?}");
        let once = std::fs::read_to_string(server.scratch().join(format!("j{n}"))).unwrap();
        assert_eq!(once, "once\n");
        let log = project.attempt_log(job, 1, 0).await;
        let lines: Vec<u64> =
            log.lines().filter_map(|line| line.strip_prefix("line ")?.parse().ok()).collect();
        assert_eq!(lines, (1..=(away.as_secs() + 6) * 10).collect::<Vec<_>>());
        let log = project.attempt_log(job, 1, 1).await;
        let lines: Vec<u64> = log.lines().filter_map(|line| line.parse().ok()).collect();
        assert_eq!((lines.len(), lines.last()), (300_000, Some(&300_000)));
        assert!(lines.iter().zip(1..).all(|(line, n)| *line == n));
    }
    let mut told = BTreeSet::new();
    for courier in couriers {
        let numbers = within("a delivery", LONG, courier).await.expect("no panic");
        assert_eq!(numbers.len(), 1, "one delivery made the runs {numbers:?}");
        told.extend(numbers);
    }
    assert_eq!(told.len(), DELIVERIES, "two deliveries share a run");
    let query = RunQuery { limit: Some(100), ..RunQuery::default() };
    let there = project.client.runs("AWAY", "short", &query).await.expect("the runs");
    assert_eq!(there.iter().map(|run| run.number).collect::<BTreeSet<_>>(), told);
    for number in told {
        let run = project.ended("short", number).await;
        assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    }
}
