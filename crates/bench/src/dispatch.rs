//! How many jobs a server hands out and takes back in a second: simulated workers speak the real protocol to a real
//! server process, and do nothing else. They share the machine with it.

use crate::{
    process,
    results::{Goal, Row},
    simulated::Fleet,
};
use anyhow::{Context, bail};
use cds_api::runs::RunStart;
use cds_client::RunQuery;
use cds_model::Status;
use cds_testkit::{Postgres, Project, Setup, TestServer};
use futures::StreamExt;
use std::{
    fmt::Write,
    time::{Duration, Instant},
};

/// Simulated workers.
const WORKERS: u32 = 64;
/// Jobs of the one stage of a run.
const JOBS: usize = 50;
/// Runs, warm-up not counted.
const RUNS: usize = 400;
/// Runs that are looked at until they have ended.
const LATEST: usize = 20;
/// Callers that start runs at a time.
const STARTERS: usize = 4;
/// A measurement that takes longer is given up, and counts what was done.
const LIMIT: Duration = Duration::from_secs(45);
/// Callers of the reference.
const CALLERS: usize = 8;
/// How long the reference is measured.
const REFERENCE_TIME: Duration = Duration::from_secs(2);
/// After so long a server that was busy has given back what it does not need.
const REST: Duration = Duration::from_secs(12);
/// How often is asked whether all runs have ended.
const LOOK: Duration = Duration::from_millis(50);

/// Jobs per second on SQLite, and the memory of the server after it.
pub async fn sqlite() -> anyhow::Result<Vec<Row>> {
    let dir = tempfile::tempdir()?;
    let place = dir.path().to_path_buf();
    let bare = move |name: &str, flushed| {
        cds_store::testing::sqlite_commits(&place.join(name), CALLERS, REFERENCE_TIME, flushed)
            .map_err(anyhow::Error::msg)
    };
    let (reference, flushed) =
        tokio::task::spawn_blocking(move || anyhow::Ok((bare("bare.db", false)?, bare("flushed.db", true)?)))
            .await??;
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    let Measured { rate, cpu } = measure(&server).await?;
    let loaded = process::rss_mb(server.pid(), "VmRSS")?;
    tokio::time::sleep(REST).await;
    let rested = process::rss_mb(server.pid(), "VmRSS")?;
    Ok(vec![
        Row::new(
            "dispatch.jobs_per_s.sqlite",
            rate,
            "jobs/s",
            Some((
                reference,
                "bare one-row commits/s, 8 callers, kept through the end of the process as ours",
            )),
            Goal::AtLeast(2000.0),
        ),
        // What a disk gives that is waited for each time; our commits on SQLite are not.
        Row::new(
            "dispatch.flushed_commits_per_s.sqlite",
            flushed,
            "commits/s",
            Some((reference, "the same not waiting for the disk")),
            Goal::None,
        ),
        // Tells more than the rate when the machine is busy with other things.
        Row::new("dispatch.server_cpu_us_per_job.sqlite", cpu * 1e6, "us", None, Goal::None),
        Row::new(
            "server.rss_mb.loaded",
            loaded,
            "MB",
            Some((process::program_mb("cds")?, "size of the program")),
            Goal::AtMost(60.0),
        ),
        Row::new("server.rss_mb.rested", rested, "MB", Some((loaded, "just after the jobs")), Goal::None),
    ])
}

/// Jobs per second on PostgreSQL; nothing if the environment says that there is none.
pub async fn postgres() -> anyhow::Result<Vec<Row>> {
    let started = tokio::task::spawn_blocking(Postgres::start).await?;
    let Some(postgres) = started else { return Ok(Vec::new()) };
    let (postgres, urls) = tokio::task::spawn_blocking(move || {
        let urls = (postgres.database(), postgres.database());
        (postgres, urls)
    })
    .await?;
    let reference = tokio::task::spawn_blocking(move || {
        cds_store::testing::postgres_commits(&urls.1, CALLERS, REFERENCE_TIME)
    })
    .await?
    .map_err(anyhow::Error::msg)?;
    let server =
        TestServer::with(Setup { no_hatchery: true, postgres: Some(urls.0), ..Setup::default() }).await;
    let Measured { rate, .. } = measure(&server).await?;
    drop(server);
    tokio::task::spawn_blocking(move || drop(postgres)).await?;
    Ok(vec![Row::new(
        "dispatch.jobs_per_s.postgres",
        rate,
        "jobs/s",
        Some((reference, "bare one-row commits/s, 8 callers, waiting for the disk as ours")),
        Goal::AtLeast(1500.0),
    )])
}

struct Measured {
    /// Jobs per second.
    rate: f64,
    /// Seconds of processor time of the server for each job.
    cpu: f64,
}

async fn measure(server: &TestServer) -> anyhow::Result<Measured> {
    let project = server.project("BENCH").await;
    push(&project).await;
    let fleet = Fleet::start(server, WORKERS).await?;
    runs(&project, 2, Instant::now() + LIMIT).await.context("warm-up")?;
    let (before, cpu) = (fleet.ended(), process::cpu_seconds(server.pid())?);
    let begin = Instant::now();
    runs(&project, RUNS, begin + LIMIT).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let ended = (fleet.ended() - before) as f64;
    let cpu = process::cpu_seconds(server.pid())? - cpu;
    fleet.stop().await?;
    Ok(Measured { rate: ended / seconds, cpu: cpu / ended.max(1.0) })
}

/// One node, one stage, many jobs of one step.
async fn push(project: &Project) {
    let mut pipeline = String::from("version: v1.0\nname: many\nstages:\n- All\njobs:\n");
    for i in 0..JOBS {
        let _ = write!(pipeline, "- job: job {i}\n  stage: All\n  steps:\n  - script:\n    - 'true'\n");
    }
    let workflow = "name: many\nversion: v2.0\nworkflow:\n  many:\n    pipeline: many\n";
    project.push(&[("many.pip.yml", &pipeline), ("many.yml", workflow)]).await;
}

/// Starts runs and waits until all of them have ended, or `until`.
async fn runs(project: &Project, count: usize, until: Instant) -> anyhow::Result<()> {
    let start = |_| async { project.run("many", RunStart::default()).await.brief.number };
    let numbers: Vec<i64> =
        futures::stream::iter(0..count).map(start).buffer_unordered(STARTERS).collect().await;
    let first = numbers.iter().copied().min().unwrap_or_default();
    // The whole list only when its newest runs, which are the last ones, have ended: asking costs the server, too.
    let mut asked = count.min(LATEST);
    while Instant::now() < until {
        let query = RunQuery { limit: Some(asked as u64), ..RunQuery::default() };
        let listed = project.client.runs(&project.key, "many", &query).await?;
        let mine: Vec<_> = listed.iter().filter(|r| r.number >= first).collect();
        if let Some(bad) = mine.iter().find(|r| r.status.is_final() && r.status != Status::Success) {
            bail!("run {} ended {}", bad.number, bad.status);
        }
        let ended = mine.iter().all(|r| r.status.is_final());
        if mine.len() == count && ended {
            return Ok(());
        }
        if ended && asked < count {
            asked = count;
            continue;
        }
        tokio::time::sleep(LOOK).await;
    }
    eprintln!("given up after {LIMIT:?}: what was done by then is counted");
    Ok(())
}
