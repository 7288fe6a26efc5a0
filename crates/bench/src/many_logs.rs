//! The start of a server that has as many small logs as may be in the journal: at 32,768 of them, or 128 MiB, the log
//! store packs them, and then they cost a start nothing.

use crate::{
    process::{REST, end_server, median_of, ms, rss_mb, start_server},
    results::{Goal, Row},
};
use anyhow::Context;
use cds_blobs::{LogKey, LogStore, LogStream};
use cds_model::{Attempt, JobNo, RunId, Timestamp};
use futures::StreamExt;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Runs, and the jobs of each, one log a job.
const RUNS: usize = 640;
const JOBS: u32 = 50;
/// Lines of each: 3.6 kB, so that both limits are near.
const LINES: usize = 75;
/// Logs written at a time.
const AT_ONCE: usize = 256;
/// Starts that are counted.
const STARTS: usize = 5;

/// Starts a server without logs and one with many, several times each.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let (few, many) = (tempfile::tempdir()?, tempfile::tempdir()?);
    for dir in [few.path(), many.path()] {
        end_server(start_server(dir)?)?;
    }
    fill(&many.path().join("data/logs")).await?;
    let (few_ms, few_mb) = starts(few.path())?;
    let (many_ms, many_mb) = starts(many.path())?;
    Ok(vec![
        Row::new(
            "server.start_ms.many_logs",
            many_ms,
            "ms",
            Some((few_ms, "the same without logs")),
            Goal::AtMost(300.0),
        ),
        Row::new(
            "server.rss_mb.many_logs",
            many_mb,
            "MB",
            Some((few_mb, "the same without logs")),
            Goal::None,
        ),
    ])
}

/// Median time of a start, and the memory after the last one.
fn starts(dir: &Path) -> anyhow::Result<(f64, f64)> {
    let (mut times, mut rss) = (Vec::new(), 0.0);
    for i in 0..STARTS {
        let begin = Instant::now();
        let server = start_server(dir)?;
        times.push(ms(begin.elapsed()));
        if i + 1 == STARTS {
            std::thread::sleep(REST);
            rss = rss_mb(server.id(), "VmRSS")?;
        }
        end_server(server)?;
    }
    Ok((median_of(&times)?, rss))
}

/// Writes logs that are complete, as many jobs one shortly after the other do.
async fn fill(dir: &Path) -> anyhow::Result<()> {
    let store = LogStore::open(dir)?;
    let runs: Vec<RunId> = (0..RUNS).map(|_| RunId::new()).collect();
    let keys = runs.iter().flat_map(|run| {
        (0..JOBS).map(|job| LogKey {
            run: *run,
            job: JobNo(job),
            attempt: Attempt(1),
            step: LogStream::Step(0),
        })
    });
    let write = |key: LogKey| {
        let store = store.clone();
        async move {
            let text: String = (0..LINES)
                .map(|i| format!("line {i} of job {}: nothing was to be done\n", key.job))
                .collect();
            let length = store.append(&key, 0, text.as_bytes(), Timestamp(0))?;
            store.seal(&key, length).await
        }
    };
    let mut written = futures::stream::iter(keys).map(write).buffer_unordered(AT_ONCE);
    while let Some(done) = written.next().await {
        done?;
    }
    drop(written);
    drop(store);
    // Its thread may still be at packing, and holds the lock meanwhile.
    for _ in 0..60 {
        if LogStore::open(dir).is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    LogStore::open(dir).map(drop).context("the logs do not come to rest")
}
