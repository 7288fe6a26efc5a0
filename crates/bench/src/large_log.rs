//! A job that prints a gigabyte: how fast that is, and whether the memory of worker and server grows with it.

use crate::{
    local::{LIMIT, Place, only_job, start},
    process::{forget_peak, rss_mb},
    results::{Goal, Row},
};
use anyhow::{Context, bail};
use cds_testkit::TestServer;
use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

/// Bytes of the log.
const LOG: u64 = 1_000_000_000;
/// What prints it.
const PRINT: &str = "yes 'a line of a log that is as long as lines are, perhaps a little longer than most' | head -c 1000000000";
/// After so many bytes the peaks of memory are noted, to compare those at the end with.
const EARLY: u64 = 100_000_000;
/// How often is asked how long the log is.
const LOOK: Duration = Duration::from_millis(10);

/// Largest memory so far of the server and of the worker that has the job, MB.
struct Peaks {
    server: f64,
    worker: f64,
}

/// The processes that are watched.
struct Watched {
    server: u32,
    workers: Vec<u32>,
}

impl Watched {
    /// Of the workers all, as it is not known which one gets the job.
    fn of(server: &TestServer) -> anyhow::Result<Self> {
        // A worker is told its directory, which is below that of the server.
        let data = server.data().canonicalize()?;
        let ours = |pid: &u32| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let words: Vec<_> = line.split(|b| *b == 0).map(String::from_utf8_lossy).collect();
            words.get(1).is_some_and(|w| w == "worker")
                && words.iter().any(|w| Path::new(&**w).starts_with(&data))
        };
        let pids = std::fs::read_dir("/proc")?.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok());
        let workers: Vec<u32> = pids.filter(ours).collect();
        if workers.is_empty() {
            bail!("no worker is found");
        }
        Ok(Self { server: server.pid(), workers })
    }

    fn forget_peaks(&self) -> anyhow::Result<()> {
        self.workers.iter().chain([&self.server]).try_for_each(|pid| forget_peak(*pid))
    }

    fn peaks(&self) -> anyhow::Result<Peaks> {
        // A worker that has ended was not the one.
        let workers = self.workers.iter().filter_map(|pid| rss_mb(*pid, "VmHWM").ok());
        let worker = workers.reduce(f64::max).context("all workers have ended")?;
        Ok(Peaks { server: rss_mb(self.server, "VmHWM")?, worker })
    }
}

/// Bytes of a log per second, through everything, and memory.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let place = Place::new().await?;
    let project = &place.project;
    project.push_script("large", &[PRINT]).await;
    let watched = Watched::of(&place.server)?;
    watched.forget_peaks()?;
    let begin = Instant::now();
    let run = start(project, "large").await;
    let job = only_job(&run)?;
    let mut early = None;
    // Until the whole log can be read and is complete.
    let length = loop {
        let lines = project.client.log_lines(job, 1, 0, 0, 1).await?;
        if early.is_none() && lines.length >= EARLY {
            early = Some(watched.peaks()?);
        }
        if lines.complete {
            break lines.length;
        }
        if begin.elapsed() > LIMIT {
            bail!("the log has only {} bytes after {LIMIT:?}", lines.length);
        }
        tokio::time::sleep(LOOK).await;
    };
    let seconds = begin.elapsed().as_secs_f64();
    let (late, early) = (watched.peaks()?, early.context("the log was never short")?);
    if length < LOG {
        bail!("the log is complete with {length} bytes instead of {LOG}");
    }
    let file = place.server.scratch().join("piped");
    let piped = tokio::task::spawn_blocking(move || {
        let begin = Instant::now();
        let status = Command::new("sh")
            .arg("-c")
            .arg(format!("({PRINT}) | cat > \"$1\" && sync -d \"$1\""))
            .arg("sh")
            .arg(&file)
            .status()?;
        let seconds = begin.elapsed().as_secs_f64();
        std::fs::remove_file(&file)?;
        anyhow::ensure!(status.success(), "the pipe ended with {status}");
        Ok(seconds)
    })
    .await??;
    let at = "peak at the first 100 MB of the same log";
    Ok(vec![
        Row::new(
            "log.mb_per_s",
            length as f64 / 1e6 / seconds,
            "MB/s",
            Some((LOG as f64 / 1e6 / piped, "the same through a pipe into a file, synced")),
            Goal::AtLeast(150.0),
        ),
        Row::new("log.worker_rss_mb", late.worker, "MB", Some((early.worker, at)), Goal::None),
        Row::new("log.server_rss_mb", late.server, "MB", Some((early.server, at)), Goal::None),
    ])
}
