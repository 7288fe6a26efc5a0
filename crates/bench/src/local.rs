//! The whole way: a server with its own hatchery, worker processes, real shells.

use crate::{
    process::{median, median_of, ms},
    results::{Goal, Row, percentile},
};
use anyhow::{Context, bail};
use cds_api::runs::{Run, RunStart};
use cds_client::RunQuery;
use cds_model::{JobRef, Status};
use cds_testkit::{Project, Setup, TestServer};
use futures::StreamExt;
use std::{
    fmt::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

/// Jobs of a run that measures throughput, and runs.
const JOBS: usize = 50;
const RUNS: usize = 20;
/// How often is asked whether all runs have ended.
const LOOK: Duration = Duration::from_millis(20);
/// Runs that are looked at until they have ended; then all are.
const LATEST: u64 = 20;
/// Shells of the reference.
const SHELLS: usize = 1000;
/// Runs that measure the time to the first byte of a log.
const FIRST_LOGS: usize = 50;
/// Nodes of the chain.
const CHAIN: usize = 100;
/// No run may take longer.
pub const LIMIT: Duration = Duration::from_secs(120);

/// A server with workers that wait, and a project with the workflows.
pub struct Place {
    /// The server.
    pub server: TestServer,
    /// The project.
    pub project: Project,
    workers: usize,
}

impl Place {
    /// Starts it.
    ///
    /// # Errors
    /// If a first run does not end well.
    pub async fn new() -> anyhow::Result<Self> {
        // A worker waits for the server between its jobs: two for each core keep the cores busy.
        let workers = 2 * std::thread::available_parallelism()?.get();
        let setup = Setup { hatchery: format!("max_workers = {workers}"), ..Setup::default() };
        let server = TestServer::with(setup).await;
        let project = server.project("BENCH").await;
        push(&project).await;
        // Warm: workers are there, and wait.
        ended(&project, "many", &start(&project, "many").await).await?;
        Ok(Self { server, project, workers })
    }
}

/// From a start to the first byte of the log, and from job to job.
pub async fn latency() -> anyhow::Result<Vec<Row>> {
    let place = Place::new().await?;
    let spawn = tokio::task::spawn_blocking(|| median(50, shell)).await??;
    latencies(&place.project, spawn).await
}

/// Jobs per second.
pub async fn jobs() -> anyhow::Result<Vec<Row>> {
    let place = Place::new().await?;
    Ok(vec![throughput(&place.project, place.workers).await?])
}

/// The workflows: `many` jobs that do nothing, one that says `hello`, and a `chain`.
async fn push(project: &Project) {
    let mut many = String::from("version: v1.0\nname: many\nstages:\n- All\njobs:\n");
    for i in 0..JOBS {
        let _ = write!(many, "- job: job {i}\n  stage: All\n  steps:\n  - script:\n    - 'true'\n");
    }
    let one = "name: many\nversion: v2.0\nworkflow:\n  many:\n    pipeline: many\n";
    project.push(&[("many.pip.yml", &many), ("many.yml", one)]).await;
    project.push_script("hello", &["echo hello"]).await;
    let link = "version: v1.0\nname: link\njobs:\n- job: job\n  steps:\n  - script:\n    - 'true'\n";
    let mut chain = String::from("name: chain\nversion: v2.0\nworkflow:\n");
    for i in 0..CHAIN {
        let _ = write!(chain, "  n{i}:\n    pipeline: link\n");
        if i > 0 {
            let _ = write!(chain, "    depends_on:\n    - n{}\n", i - 1);
        }
    }
    project.push(&[("link.pip.yml", link), ("chain.yml", &chain)]).await;
}

/// Starts a run.
pub async fn start(project: &Project, workflow: &str) -> Run {
    project.run(workflow, RunStart::default()).await
}

/// Waits for a good end.
///
/// # Errors
/// If it ends otherwise.
pub async fn ended(project: &Project, workflow: &str, run: &Run) -> anyhow::Result<Run> {
    let is_final = |run: &Run| run.brief.status.is_final();
    let run = project.when_within(LIMIT, workflow, run.brief.number, "its end", is_final).await;
    if run.brief.status != Status::Success {
        bail!("{workflow} ended {}", run.brief.status);
    }
    Ok(run)
}

/// The first job of a run.
///
/// # Errors
/// If it has none.
pub fn only_job(run: &Run) -> anyhow::Result<JobRef> {
    let job = run.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs).next();
    Ok(job.context("a job")?.id)
}

/// Milliseconds from the request that starts a run of one job to the first bytes of its log at a listener. The run has
/// ended when this returns.
pub async fn first_log(project: &Project, workflow: &str) -> anyhow::Result<f64> {
    let begin = Instant::now();
    let run = start(project, workflow).await;
    let mut stream = project.client.log_follow(only_job(&run)?, 1, 0, 0).await?;
    let mut taken = None;
    while let Some(event) = tokio::time::timeout(LIMIT, stream.next()).await?? {
        if event.event == "bytes" {
            taken = Some(ms(begin.elapsed()));
            break;
        }
    }
    ended(project, workflow, &run).await?;
    taken.context("the log ended without a byte")
}

async fn latencies(project: &Project, spawn: f64) -> anyhow::Result<Vec<Row>> {
    let mut first = Vec::new();
    for _ in 0..FIRST_LOGS {
        first.push(first_log(project, "hello").await?);
    }
    let chain = ended(project, "chain", &start(project, "chain").await).await?;
    // Of the steps, on the worker's clock: reports, decisions, commits and assignments lie between them.
    let mut steps = Vec::new();
    for job in chain.node_runs.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs) {
        let step = job.attempts.last().and_then(|a| a.steps.first()).context("a step")?;
        steps.push((moment(step.start.as_deref())?, moment(step.done.as_deref())?));
    }
    steps.sort_by(|a, b| a.0.total_cmp(&b.0));
    let between: Vec<f64> = steps.windows(2).map(|two| two[1].0 - two[0].1).collect();
    let reference = Some((spawn, "one `sh -c true`"));
    let nothing = "nothing was measured";
    Ok(vec![
        Row::new(
            "latency.run_to_first_log_ms.p50",
            percentile(&first, 0.5).context(nothing)?,
            "ms",
            reference,
            Goal::AtMost(50.0),
        ),
        Row::new(
            "latency.run_to_first_log_ms.p99",
            percentile(&first, 0.99).context(nothing)?,
            "ms",
            reference,
            Goal::AtMost(200.0),
        ),
        Row::new("latency.job_to_next_job_ms.p50", median_of(&between)?, "ms", reference, Goal::AtMost(20.0)),
    ])
}

/// RFC 3339 to milliseconds.
fn moment(text: Option<&str>) -> anyhow::Result<f64> {
    let text = text.context("a time")?;
    let time = chrono::DateTime::parse_from_rfc3339(text).with_context(|| text.to_string())?;
    Ok(time.timestamp_micros() as f64 / 1e3)
}

async fn throughput(project: &Project, workers: usize) -> anyhow::Result<Row> {
    let begin = Instant::now();
    let numbers = start_all(project, "many", RUNS, RUNS).await;
    all_ended(project, "many", numbers).await?;
    let seconds = begin.elapsed().as_secs_f64();
    let reference = tokio::task::spawn_blocking(move || shells(workers)).await??;
    Ok(Row::new(
        "local.jobs_per_s",
        (JOBS * RUNS) as f64 / seconds,
        "jobs/s",
        Some((reference, "`sh -c true`/s, as many threads as workers")),
        Goal::ShareOfReference(0.25),
    ))
}

/// Starts runs, at most `callers` at a time, and returns their numbers.
pub async fn start_all(project: &Project, workflow: &str, count: usize, callers: usize) -> Vec<i64> {
    let starts = (0..count).map(|_| async { start(project, workflow).await.brief.number });
    futures::stream::iter(starts).buffer_unordered(callers).collect().await
}

/// Waits for the good end of runs. Asks for the list, first for its end, which is short: the whole runs, with all
/// their jobs, would keep the server as busy as the workers do.
///
/// # Errors
/// If one ends otherwise, or not.
pub async fn all_ended(project: &Project, workflow: &str, mut open: Vec<i64>) -> anyhow::Result<()> {
    let (begin, all) = (Instant::now(), open.len() as u64);
    let mut limit = all.min(LATEST);
    loop {
        let query = RunQuery { limit: Some(limit), ..RunQuery::default() };
        let mut last_ones_ended = true;
        for run in project.client.runs(&project.key, workflow, &query).await? {
            if run.status.is_final() && run.status != Status::Success {
                bail!("run {} ended {}", run.number, run.status);
            }
            last_ones_ended &= run.status.is_final();
            open.retain(|number| *number != run.number || !run.status.is_final());
        }
        if open.is_empty() {
            return Ok(());
        }
        if begin.elapsed() > LIMIT {
            bail!("{} runs have not ended after {LIMIT:?}", open.len());
        }
        if last_ones_ended && limit < all {
            limit = all;
            continue;
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn shell() -> anyhow::Result<()> {
    Command::new("sh").args(["-c", "true"]).stdin(Stdio::null()).status()?;
    Ok(())
}

fn shells(threads: usize) -> anyhow::Result<f64> {
    let each = SHELLS / threads;
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let work = || (0..each).try_for_each(|_| shell());
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|t| t.join().map_err(|_| anyhow::anyhow!("a thread panicked"))?)
    })?;
    Ok((each * threads) as f64 / begin.elapsed().as_secs_f64())
}
