//! Programs as processes: how long they take to start, how much memory they hold.

use crate::results::{Goal, Row, percentile};
use anyhow::Context;
use cds_testkit::bin;
use rustix::process::{Pid, Signal, kill_process};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Starts of the server, the first one, which makes the database, not counted.
const SERVER_STARTS: usize = 5;
/// Starts of `cdsctl` and of the reference.
const CTL_STARTS: usize = 20;
/// A server that does nothing is looked at after so long.
pub const REST: Duration = Duration::from_secs(2);
/// Of the clock of /proc in a second; the same on all machines that Linux runs on today.
const TICKS: f64 = 100.0;

/// Milliseconds.
pub fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// A number of `/proc/PID/status` in MB, e.g. `VmRSS`.
///
/// # Errors
/// If there is no such process or number.
pub fn rss_mb(pid: u32, field: &str) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line =
        text.lines().find_map(|l| l.strip_prefix(field)?.strip_prefix(':')).context("no such field")?;
    let kb: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kb * 1024.0 / 1e6)
}

/// Makes the peak of a process's memory (`VmHWM`) what it holds now.
///
/// # Errors
/// If there is no such process.
pub fn forget_peak(pid: u32) -> anyhow::Result<()> {
    Ok(std::fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

/// Processor time that a process has used, in seconds (to a hundredth).
///
/// # Errors
/// If there is no such process.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in parentheses may hold anything; user and system time are the 12th and 13th field behind it.
    let (_, fields) = text.rsplit_once(')').context("no name in stat")?;
    let ticks: Vec<u64> =
        fields.split_whitespace().skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<u64>() as f64 / TICKS)
}

/// Size of one of our programs in MB.
///
/// # Errors
/// If it can't be looked at.
pub fn program_mb(name: &str) -> anyhow::Result<f64> {
    Ok(std::fs::metadata(bin(name))?.len() as f64 / 1e6)
}

/// Starts the server several times on one directory, and `cdsctl`; also the memory of a server that does nothing.
pub fn measure() -> anyhow::Result<Vec<Row>> {
    let spawn = median(CTL_STARTS, || run(Command::new("true")))?;
    let dir = tempfile::tempdir()?;
    let (mut times, mut idle) = (Vec::new(), 0.0);
    for i in 0..=SERVER_STARTS {
        let begin = Instant::now();
        let server = start_server(dir.path())?;
        if i > 0 {
            times.push(ms(begin.elapsed()));
        }
        if i == SERVER_STARTS {
            std::thread::sleep(REST);
            idle = rss_mb(server.id(), "VmRSS")?;
        }
        end_server(server)?;
    }
    let ctl = median(CTL_STARTS, || {
        let mut command = Command::new(bin("cdsctl"));
        // No context, no server: it says its own version.
        command.arg("-f").arg(dir.path().join("none")).arg("version").env("HOME", dir.path());
        run(command)
    })?;
    let reference = Some((spawn, "start and end of `true`"));
    Ok(vec![
        Row::new("server.start_ms", median_of(&times)?, "ms", reference, Goal::AtMost(300.0)),
        Row::new(
            "server.rss_mb.idle",
            idle,
            "MB",
            Some((program_mb("cds")?, "size of the program")),
            Goal::AtMost(30.0),
        ),
        Row::new("cdsctl.start_ms", ctl, "ms", reference, Goal::AtMost(20.0)),
    ])
}

/// Ends a server and waits for its end.
///
/// # Errors
/// If it has gone already.
pub fn end_server(mut server: Child) -> anyhow::Result<()> {
    let pid = i32::try_from(server.id()).ok().and_then(Pid::from_raw).context("a process id")?;
    kill_process(pid, Signal::TERM)?;
    server.wait()?;
    Ok(())
}

/// Starts a server with its defaults, and waits until it says that it is ready.
///
/// # Errors
/// If it does not get ready.
pub fn start_server(dir: &Path) -> anyhow::Result<Child> {
    let mut child = Command::new(bin("cds"))
        .args(["server", "--listen", "127.0.0.1:0", "--data"])
        .arg(dir.join("data"))
        .env("CDS_ADMIN_USERNAME", "admin")
        .env("CDS_ADMIN_PASSWORD", "correct horse battery")
        .env("HOME", dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let out = child.stdout.take().context("a pipe")?;
    for line in BufReader::new(out).lines() {
        if line?.starts_with("CDS is ready at ") {
            return Ok(child);
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    anyhow::bail!("the server did not get ready")
}

/// Runs a program to its end. Its exit status does not matter: `cdsctl version` without a server may complain.
fn run(mut command: Command) -> anyhow::Result<()> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    Ok(())
}

/// Median of how long `act` takes, milliseconds.
///
/// # Errors
/// The first of `act`.
pub fn median(times: usize, act: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut taken = Vec::new();
    for _ in 0..times {
        let begin = Instant::now();
        act()?;
        taken.push(ms(begin.elapsed()));
    }
    median_of(&taken)
}

/// Median of measurements.
///
/// # Errors
/// If there are none.
pub fn median_of(values: &[f64]) -> anyhow::Result<f64> {
    percentile(values, 0.5).context("nothing was measured")
}
