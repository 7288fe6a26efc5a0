//! The same work by another CI server: 200 jobs that say hello, two at a time, on the same machine in the same call.
//!
//! Buildbot is installed from PyPI into a directory of its own. Without Python or the packages it is left out, and that
//! is said. Laminar is in no registry of packages, so it is not measured here: 24 to 29 jobs/s were measured on such
//! a machine with a build of its sources.

use crate::{
    local,
    process::{median_of, rss_mb},
    results::{Goal, Row},
};
use anyhow::{Context, ensure};
use cds_testkit::{Setup, TestServer};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

/// Jobs that are counted.
const JOBS: usize = 200;
/// Jobs whose first line of log is waited for, one after the other.
const SINGLE: usize = 10;
/// Jobs at a time.
const SLOTS: usize = 2;
/// Callers that start runs at a time.
const CALLERS: usize = 64;
/// Times the rate of Laminar that we want to reach: its middle figure on such a machine, in jobs/s.
const LAMINAR: f64 = 26.5;

#[derive(Deserialize)]
struct Peer {
    jobs_per_s: f64,
    first_log_ms: f64,
    server_rss_mb: f64,
}

/// Buildbot and CDS, one after the other; without Buildbot, CDS alone.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let buildbot = tokio::task::spawn_blocking(buildbot).await?;
    let buildbot = buildbot.inspect_err(|why| eprintln!("Buildbot is left out: {why:#}")).ok();
    let ours = ours().await?;
    let beside =
        |of: fn(&Peer) -> f64| buildbot.as_ref().map(|peer| (of(peer), "Buildbot 4.3, the same jobs"));
    Ok(vec![
        Row::new(
            "peers.jobs_per_s",
            ours.jobs_per_s,
            "jobs/s",
            beside(|peer| peer.jobs_per_s),
            Goal::AtLeast(10.0 * LAMINAR),
        ),
        Row::new(
            "peers.run_to_first_log_ms",
            ours.first_log_ms,
            "ms",
            beside(|peer| peer.first_log_ms),
            Goal::None,
        ),
        Row::new(
            "peers.server_rss_mb",
            ours.server_rss_mb,
            "MB",
            beside(|peer| peer.server_rss_mb),
            Goal::None,
        ),
    ])
}

async fn ours() -> anyhow::Result<Peer> {
    let setup = Setup { hatchery: format!("max_workers = {SLOTS}"), ..Setup::default() };
    let server = TestServer::with(setup).await;
    let project = server.project("PEER").await;
    project.push_script("hello", &["echo hello"]).await;
    let mut first = Vec::new();
    for _ in 0..SINGLE {
        first.push(local::first_log(&project, "hello").await?);
    }
    let begin = Instant::now();
    // As with Buildbot: all are asked for, then it is looked whether the last ones are done.
    let numbers = local::start_all(&project, "hello", JOBS, CALLERS).await;
    local::all_ended(&project, "hello", numbers).await?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Peer {
        jobs_per_s: JOBS as f64 / seconds,
        first_log_ms: median_of(&first)?,
        server_rss_mb: rss_mb(server.pid(), "VmRSS")?,
    })
}

fn buildbot() -> anyhow::Result<Peer> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/buildbot.py");
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let output = Command::new("python3")
        .arg(script)
        .arg(target.join("bench/buildbot"))
        .args([JOBS.to_string(), SLOTS.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("python3 is not there")?;
    ensure!(
        output.status.success(),
        "Buildbot could not be measured: its driver ended with {}",
        output.status
    );
    let text = String::from_utf8(output.stdout)?;
    Ok(serde_json::from_str(text.lines().last().context("the driver printed nothing")?)?)
}
