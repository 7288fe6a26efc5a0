//! Processes: start, read what they print, end them with everything they have started.

mod family;
pub(crate) mod ipc;
mod mounts;

pub(crate) use family::{Family, Scope, become_subreaper};

use crate::logs::StepLog;
use indexmap::IndexMap;
use std::{
    ffi::{OsStr, OsString},
    io,
    os::fd::OwnedFd,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{net::unix::pipe, time::Instant};
use tokio_util::sync::CancellationToken;

/// Read at a time; also what a pipe holds by default.
const CHUNK: usize = 64 * 1024;
/// How long the pipe is read on after the process itself has ended, because a background process may hold it.
const LINGER: Duration = Duration::from_secs(1);
/// What processes get when the job is somebody else's. The server counts on it: `upkeep::lease::LOST_GRACE` of the engine.
pub(crate) const LOST_GRACE: Duration = Duration::from_secs(2);

/// A process to start.
pub(crate) struct Spec<'a> {
    /// Executable: a path, or a name looked up in the `PATH` of `env`.
    pub program: &'a OsStr,
    /// Arguments.
    pub args: &'a [OsString],
    /// Working directory.
    pub dir: &'a Path,
    /// The whole environment.
    pub env: &'a IndexMap<OsString, OsString>,
}

/// Whether and how processes may be ended.
pub(crate) struct Control<'a> {
    /// Processes of the job.
    pub family: &'a Family,
    /// Ends the step when it is cancelled.
    pub kill: &'a CancellationToken,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// The job is somebody else's by then: less grace.
    pub lost: &'a CancellationToken,
}

impl Control<'_> {
    fn grace(&self) -> Duration {
        if self.lost.is_cancelled() { LOST_GRACE.min(self.grace) } else { self.grace }
    }
}

/// Runs a process to its end, its two outputs merged in order into `log`.
///
/// The process leads a group of its own and has no input. The error is that of the start.
pub(crate) async fn run(spec: &Spec<'_>, log: &StepLog, control: &Control<'_>) -> io::Result<ExitStatus> {
    run_with(spec, control, Some(log), &mut |bytes| log.write(bytes)).await
}

/// Runs a process and returns what it prints to either output, at most `limit` bytes of it.
pub(crate) async fn capture(
    spec: &Spec<'_>,
    control: &Control<'_>,
    limit: usize,
) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut all = Vec::new();
    let mut take =
        |bytes: &[u8]| all.extend_from_slice(&bytes[..bytes.len().min(limit - all.len().min(limit))]);
    let status = run_with(spec, control, None, &mut take).await?;
    Ok((status, all))
}

async fn run_with(
    spec: &Spec<'_>,
    control: &Control<'_>,
    room: Option<&StepLog>,
    take: &mut (dyn FnMut(&[u8]) + Send),
) -> io::Result<ExitStatus> {
    let (reader, writer) = io::pipe()?;
    let reader = pipe::Receiver::from_owned_fd(OwnedFd::from(reader))?;
    let mut command = tokio::process::Command::new(spec.program);
    command
        .args(spec.args)
        .current_dir(spec.dir)
        .env_clear()
        .envs(spec.env)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .kill_on_drop(true);
    let mut child = command.spawn()?;
    // It holds the write end, which must be closed here for the end of the output to be seen.
    drop(command);
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0);
    control.family.started(leader);

    let mut buffer = vec![0; CHUNK];
    let mut exit = None;
    let mut open = true;
    let mut full = false;
    let mut linger_end = Instant::now();
    let mut drained = 0;
    let mut killing = None;
    let mut killed = false;
    while exit.is_none() || open {
        tokio::select! {
            status = child.wait(), if exit.is_none() => {
                control.family.ended(leader);
                exit = Some(status?);
                linger_end = Instant::now() + LINGER;
            }
            () = control.kill.cancelled(), if killing.is_none() => {
                killing = Some(Box::pin(control.family.kill(Scope::Step(leader), control.grace())));
            }
            () = finished(&mut killing), if killing.is_some() && !killed => killed = true,
            () = async { if let Some(log) = room { log.room().await } }, if full => full = false,
            ready = reader.readable(), if open && !full => {
                ready?;
                match reader.try_read(&mut buffer) {
                    Ok(0) => open = false,
                    Ok(n) => {
                        take(&buffer[..n]);
                        full = room.is_some_and(|log| !log.has_room());
                        if exit.is_some() {
                            drained += n;
                        }
                    }
                    Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                    Err(_) => open = false,
                }
            }
            // What the process itself has printed is in the pipe and is read whatever it takes.
            () = tokio::time::sleep_until(linger_end), if exit.is_some() && (drained > CHUNK || !full) => open = false,
        }
    }
    if !killed {
        finished(&mut killing).await;
    }
    let Some(exit) = exit else { return Err(io::Error::other("the process ended without a status")) };
    if open_ended(&reader) {
        drain(reader);
    }
    Ok(exit)
}

/// Waits for a kill that has begun.
async fn finished<F: Future<Output = usize>>(killing: &mut Option<std::pin::Pin<Box<F>>>) {
    if let Some(killing) = killing {
        killing.await;
    }
}

/// Whether someone still holds the pipe's other end.
fn open_ended(reader: &pipe::Receiver) -> bool {
    let mut byte = [0; 1];
    !matches!(reader.try_read(&mut byte), Ok(0))
}

/// Reads on, so that a background process which still prints is not killed by a broken pipe. Ends with the
/// last process that holds the pipe, at the latest when the job's processes are killed.
fn drain(reader: pipe::Receiver) {
    tokio::spawn(async move {
        let mut buffer = vec![0; CHUNK];
        while reader.readable().await.is_ok() {
            match reader.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => break,
            }
        }
    });
}

/// How a process ended, in the reference's words: `exit status N`, `signal: killed`.
pub(crate) fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(9)) => "signal: killed".into(),
        (None, Some(15)) => "signal: terminated".into(),
        (None, Some(11)) => "signal: segmentation fault".into(),
        (None, Some(6)) => "signal: aborted".into(),
        (None, Some(2)) => "signal: interrupt".into(),
        (None, Some(n)) => format!("signal: {n}"),
        (None, None) => "unknown end".into(),
    }
}
