//! A server that is away for longer than any lease: jobs go on, and find it again. What is delivered meanwhile is
//! delivered until it is answered, and makes one run.

use crate::{chaos::seconds, hooks::all_runs};
use cds_api::runs::RunStart;
use cds_client::Client;
use cds_model::Status;
use cds_testkit::{LONG, Setup, TestHatchery, TestServer, find_job, within};
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
