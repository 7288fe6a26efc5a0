//! A server that is away for longer than any lease: jobs go on, and find it again. What is delivered meanwhile is
//! delivered until it is answered, and makes one run.

use crate::{chaos::seconds, hooks::all_runs};
use cds_api::runs::RunStart;
use cds_client::Client;
use cds_model::Status;
use cds_testkit::{LONG, Setup, TestHatchery, TestServer, eventually, find_job, within};
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// A worker gives an attempt up after three heartbeats without the server, if the server may be there for others.
const QUICK: &str = "heartbeat_ms = 2000\nlease_ms = 8000\n";

/// How much of everything: `CDS_AWAY_SECONDS=600 CDS_AWAY_JOBS=1000 CDS_AWAY_DELIVERIES=10000` is promise P7 to the letter.
struct World {
    /// How long the server is away.
    away: Duration,
    /// Jobs at work meanwhile.
    jobs: usize,
    /// Deliveries meanwhile.
    deliveries: usize,
}

impl World {
    fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
        Self {
            away: Duration::from_secs(number("CDS_AWAY_SECONDS").unwrap_or(seconds().min(30))),
            jobs: number("CDS_AWAY_JOBS").unwrap_or(4) as usize,
            deliveries: number("CDS_AWAY_DELIVERIES").unwrap_or(40) as usize,
        }
    }

    /// Settings of the server. Short leases show in seconds what the real ones, of 45 s, do in minutes.
    fn server(&self) -> String {
        let quick = if self.away > Duration::from_secs(60) { "" } else { QUICK };
        format!("{quick}max_attempts = 1")
    }

    /// From one line of a job to its next, milliseconds: all jobs together start some forty processes a second.
    fn pause_ms(&self) -> u64 {
        (self.jobs as u64 * 25).max(100)
    }

    /// Lines of a job: more than fit into the time without a server.
    fn lines(&self) -> u64 {
        (self.away.as_millis() as u64 + 6_000) / self.pause_ms() + 1
    }

    /// Lines of the second step: more than is kept in memory, as far as the disk of a test allows.
    fn burst(&self) -> u64 {
        1_200_000 / self.jobs as u64
    }

    /// How long the end of it all may take.
    fn patience(&self) -> Duration {
        LONG + Duration::from_millis(100) * (self.jobs + self.deliveries) as u32
    }

    /// Prints for longer than the server is away, a lot at the end, and does what it does once.
    fn pipeline(&self) -> String {
        let (lines, burst, pause) = (self.lines(), self.burst(), self.pause_ms() as f64 / 1000.0);
        let mut jobs = String::new();
        for n in 1..=self.jobs {
            jobs.push_str(&format!(
                "- job: j{n}
  steps:
  - script:
    - echo once >> $DIR/j{n}
    - for i in $(seq 1 {lines}); do echo line $i; sleep {pause}; done
  - script:
    - seq 1 {burst}
    - echo last
"
            ));
        }
        format!("version: v1.0\nname: long\njobs:\n{jobs}")
    }
}

/// Delivers until there is an answer, twice; the number of the run.
async fn deliver(client: Client, n: usize, pause: Duration) -> BTreeSet<i64> {
    let start = RunStart { payload: Some(serde_json::json!({"delivery": n})), ..RunStart::default() };
    let key = format!("delivery-{n}");
    let mut told = BTreeSet::new();
    for _ in 0..2 {
        loop {
            if let Ok(run) = client.run_start("AWAY", "short", &start, Some(&key)).await {
                told.insert(run.brief.number);
                break;
            }
            tokio::time::sleep(pause).await;
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jobs_survive_a_server_that_is_away() {
    let world = World::from_environment();
    let (away, patience) = (world.away, world.away + world.patience());
    let setup = Setup { no_hatchery: true, server: world.server(), ..Setup::default() };
    let mut server = TestServer::with(setup).await;
    let _hatchery = TestHatchery::start(&server, "far", &format!("max_workers = {}", world.jobs), &[]).await;
    let project = server.project("AWAY").await;
    let workflow = "{name: long, version: v2.0, workflow: {long: {pipeline: long}}}";
    project.push(&[("long.pip.yml", &world.pipeline()), ("long.yml", workflow)]).await;
    project.push_script("short", &["true"]).await;
    let payload = Some(serde_json::json!({"dir": server.scratch().to_str().unwrap()}));
    let run = project.run("long", RunStart { payload, ..RunStart::default() }).await;
    let number = run.brief.number;
    let all_begun = |run: &cds_api::runs::Run| {
        let jobs = run.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
        jobs.filter(|job| job.status == Status::Building).count() == world.jobs
    };
    project.when_within(patience, "long", number, "every job's begin", all_begun).await;
    server.kill().await;
    let begin = Instant::now();
    // About a thousand tries a second, of all together.
    let pause = Duration::from_millis(world.deliveries.max(20) as u64);
    let couriers: Vec<_> =
        (0..world.deliveries).map(|n| tokio::spawn(deliver(project.client.clone(), n, pause))).collect();
    tokio::time::sleep(away).await;
    assert!(couriers.iter().all(|courier| !courier.is_finished()), "nobody was there to answer");
    server.restart().await;
    println!("the server was away for {:?}", begin.elapsed());
    let over = |run: &cds_api::runs::Run| run.brief.status.is_final();
    let run = project.when_within(patience, "long", number, "the end", over).await;
    // With one attempt for each job, a single loss would have failed the run.
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    for n in 1..=world.jobs {
        let job = find_job(&run, "long", &format!("j{n}"));
        assert_eq!(job.attempts.len(), 1, "{job:#?}");
        let once = std::fs::read_to_string(server.scratch().join(format!("j{n}"))).unwrap();
        assert_eq!(once, "once\n");
        let log = project.attempt_log(job, 1, 0).await;
        let lines: Vec<u64> =
            log.lines().filter_map(|line| line.strip_prefix("line ")?.parse().ok()).collect();
        assert_eq!(lines, (1..=world.lines()).collect::<Vec<_>>());
        let log = project.attempt_log(job, 1, 1).await;
        let lines: Vec<u64> = log.lines().filter_map(|line| line.parse().ok()).collect();
        assert_eq!((lines.len() as u64, lines.last()), (world.burst(), Some(&world.burst())));
        assert!(lines.iter().zip(1..).all(|(line, n)| *line == n));
    }
    let mut told = BTreeSet::new();
    for courier in couriers {
        let numbers = within("a delivery", patience, courier).await.expect("no panic");
        assert_eq!(numbers.len(), 1, "one delivery made the runs {numbers:?}");
        told.extend(numbers);
    }
    assert_eq!(told.len(), world.deliveries, "two deliveries share a run");
    assert_eq!(all_runs(&project, "short").await, told);
    println!(
        "{} jobs and {} deliveries, {:?} after the begin",
        world.jobs,
        world.deliveries,
        begin.elapsed()
    );
    for number in told {
        let run = project.when_within(patience, "short", number, "the end", over).await;
        assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    }
}

/// What a job does with the server itself, with its way to the result: each waits until the server is gone.
const WITH_SERVER: &[(&str, &str)] = &[
    ("upload", "artifactUpload: {path: up.bin, tag: '1'}"),
    ("download", "artifactDownload: {path: ., pattern: kept.bin}"),
    ("tests", "jUnitReport: report.xml"),
    ("tag", "script: ['worker tag colour=blue']"),
    ("push", "script: ['worker cache push later d']"),
    ("pull", "script: ['worker cache pull sooner', 'grep -q kept d/f']"),
    ("version", "script: ['worker set-version 4.5.6']"),
    ("result", "script: ['worker run-result add static-file page http://localhost/page']"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_jobs_do_with_a_server_that_is_away_is_done_when_it_is_back() {
    let setup = Setup { no_hatchery: true, server: format!("{QUICK}max_attempts = 1"), ..Setup::default() };
    let mut server = TestServer::with(setup).await;
    let most = format!("max_workers = {}", WITH_SERVER.len());
    let _hatchery = TestHatchery::start(&server, "far", &most, &[]).await;
    let project = server.project("AWAY").await;
    let report = r#"<testsuite name="s"><testcase name="one"/><testcase name="two"/></testsuite>"#;
    let mut pipeline = "version: v1.0
name: with
stages: [before, away]
jobs:
- job: before
  stage: before
  steps:
  - script: ['echo kept > kept.bin', 'mkdir d', 'echo kept > d/f', 'worker cache push sooner d']
  - artifactUpload: {path: kept.bin, tag: '1'}
"
    .to_string();
    for (job, step) in WITH_SERVER {
        pipeline.push_str(&format!(
            "- job: {job}
  stage: away
  steps:
  - script:
    - echo up > up.bin; mkdir -p d; echo new > d/f; echo '{report}' > report.xml
    - touch $DIR/{job}
    - until [ -e $DIR/go ]; do sleep 0.1; done
  - {step}
"
        ));
    }
    let workflow = "{name: with, version: v2.0, workflow: {with: {pipeline: with}}}";
    project.push(&[("with.pip.yml", &pipeline), ("with.yml", workflow)]).await;
    let dir = server.scratch().to_path_buf();
    let payload = Some(serde_json::json!({"dir": dir.to_str().unwrap()}));
    let run = project.run("with", RunStart { payload, ..RunStart::default() }).await;
    let begun = async || WITH_SERVER.iter().all(|(job, _)| dir.join(job).exists()).then_some(());
    eventually("every job at work", LONG, begun).await;
    server.kill().await;
    std::fs::write(dir.join("go"), "").unwrap();
    // Longer than a lease.
    tokio::time::sleep(Duration::from_secs(10)).await;
    server.restart().await;
    let over = |run: &cds_api::runs::Run| run.brief.status.is_final();
    let run = project.when_within(LONG, "with", run.brief.number, "the end", over).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    let log = project.attempt_log(find_job(&run, "with", "upload"), 1, 1).await;
    assert!(log.contains("the server cannot do this now, trying again until it can"), "{log}");
    let number = cds_client::RunNumber::from(run.brief.number);
    let mut names: Vec<String> = project
        .client
        .run_artifacts("AWAY", "with", number)
        .await
        .unwrap()
        .into_iter()
        .map(|artifact| artifact.name)
        .collect();
    names.sort();
    assert_eq!(names, ["kept.bin", "page", "up.bin"]);
    let tests = project.client.run_tests("AWAY", "with", number).await.unwrap();
    assert_eq!((tests.total, tests.ok), (2, 2));
    assert_eq!(run.brief.version, "4.5.6");
    assert!(run.brief.tags.iter().any(|t| t.tag == "colour" && t.value == "blue"), "{:?}", run.brief.tags);
}

/// A file that can't be read as it stands there is no fault of the server's.
#[tokio::test]
async fn what_can_never_be_sent_is_not_tried_again() {
    // Its size is not what can be read of it.
    const SHORT_OF_IT: &str = "/sys/kernel/mm/transparent_hugepage/enabled";
    let server = TestServer::start().await;
    let project = server.project("NEVER").await;
    let mut cases = vec![("mkfifo odd", "it is not a regular file")];
    if std::path::Path::new(SHORT_OF_IT).exists() {
        cases.push(("ln -s /sys/kernel/mm/transparent_hugepage/enabled odd", "could be read"));
    }
    for (make, why) in cases {
        let pipeline = format!(
            "version: v1.0\nname: odd\njobs:\n- job: odd\n  steps:\n  - script: [{make}]\n  - artifactUpload: {{path: odd, tag: '1'}}\n"
        );
        let workflow = "{name: odd, version: v2.0, workflow: {odd: {pipeline: odd}}}";
        project.push(&[("odd.pip.yml", &pipeline), ("odd.yml", workflow)]).await;
        let run = project.run("odd", RunStart::default()).await;
        let run = project.ended("odd", run.brief.number).await;
        assert_eq!(run.brief.status, Status::Fail);
        let log = project.attempt_log(find_job(&run, "odd", "odd"), 1, 1).await;
        assert!(log.contains(why) && !log.contains("trying again"), "{make}: {log}");
    }
}
