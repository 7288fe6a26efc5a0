//! Waits for the end of a worker's process.

use cds_process::ProcId;
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
    process::{PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, waitid},
};
use std::{convert::Infallible, io, os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};
use tokio::{
    process::Child,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};

/// How long a worker stays stopped.
const ASLEEP: Duration = Duration::from_secs(1);

/// A worker's process: our own child, or one found again after a restart.
pub(crate) enum Watched {
    /// Started by this provider.
    Child(Child),
    /// Started by an earlier run of the hatchery.
    Adopted(ProcId),
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// For people.
    pub exit: String,
    /// Exit status 0.
    pub clean: bool,
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        let exit = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, Some(signal)) => format!("signal {signal}"),
            (None, None) => status.to_string(),
        };
        End { exit, clean: status.success() }
    }
}

impl Watched {
    /// Resolves when the process has ended.
    pub async fn ended(self) -> End {
        match self {
            Watched::Child(mut child) => match child.wait().await {
                Ok(status) => status.into(),
                Err(error) => End { exit: format!("its end could not be learnt: {error}"), clean: false },
            },
            // Not our child, so its exit status went to another process.
            Watched::Adopted(id) => {
                if let Err(error) = wait_for(id).await {
                    tracing::warn!(pid = id.pid, %error, "cannot wait for a worker found again; looking instead");
                    while id.lives() {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                }
                End { exit: "ended (its exit status went to an earlier hatchery)".into(), clean: false }
            }
        }
    }
}

/// Continues a worker whenever it has been stopped for [`ASLEEP`]: its job can do that, and it would then neither hear of a
/// stop of the run nor of the end of its lease. Never returns.
pub(crate) async fn keep_awake(id: ProcId, is_child: bool) -> Infallible {
    let stopped = || match id.pid().filter(|_| is_child) {
        // Quicker than to read its state, as there may be many workers, and each looks at every news.
        Some(pid) => {
            let look = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
            waitid(WaitId::Pid(pid), look).is_ok_and(|status| status.is_some())
        }
        None => cds_process::stat(id.pid).is_some_and(|stat| stat.id == id && stat.stopped),
    };
    // The kernel tells of children that are stopped as it does of those that end.
    let mut news = signal(SignalKind::child()).ok().filter(|_| is_child);
    loop {
        if stopped() {
            tokio::time::sleep(ASLEEP).await;
            if stopped() {
                tracing::warn!(pid = id.pid, "a worker was stopped by a signal; it is continued");
                id.signal(Signal::CONT);
            }
        }
        let told = match &mut news {
            Some(news) => news.recv().await.is_some(),
            None => false,
        };
        if !told {
            tokio::time::sleep(ASLEEP).await;
        }
    }
}

async fn wait_for(id: ProcId) -> io::Result<()> {
    let Some(pid) = id.pid() else { return Ok(()) };
    let fd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(fd) => fd,
        Err(Errno::SRCH) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    // Checked after the descriptor holds the process: from here on the number cannot mean another one.
    if !id.lives() {
        return Ok(());
    }
    // A thread of its own, not one of the runtime's: the runtime waits for those when it shuts down. There are as
    // many as there were workers at the last restart.
    let (say, heard) = oneshot::channel();
    std::thread::Builder::new().name("adopted-worker".into()).spawn(move || {
        let result = loop {
            match poll(&mut [PollFd::new(&fd, PollFlags::IN)], None) {
                Err(Errno::INTR) => {}
                other => break other,
            }
        };
        let _ = say.send(result);
    })?;
    heard.await.map_err(io::Error::other)??;
    Ok(())
}
