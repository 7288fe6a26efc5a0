//! What a job asks of the server besides its reports: files, caches, tags, results. The server may be away for a while,
//! and no job may fail of it.

use crate::job::Job;
use cds_client::ClientError;
use std::{fmt, time::Duration};
use tokio::time::{Instant, sleep};

const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// Whoever reads the log is told of a wait that is longer.
const SILENT: Duration = Duration::from_secs(2);

/// Why something failed that a job and the server do together.
#[derive(Debug)]
pub(crate) enum Fault {
    /// The server, or the way to it.
    Server(ClientError),
    /// This machine.
    Here(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Server(error) => error.fmt(f),
            Fault::Here(why) => f.write_str(why),
        }
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        Fault::Server(error)
    }
}

impl From<String> for Fault {
    fn from(why: String) -> Self {
        Fault::Here(why)
    }
}

impl From<std::io::Error> for Fault {
    fn from(error: std::io::Error) -> Self {
        Fault::Here(error.to_string())
    }
}

/// Whether the server is away, and not merely in trouble with this call.
fn is_away(error: &ClientError) -> bool {
    match error.api() {
        // Of what only another server has, which may never come back, nobody can say when it is there.
        Some(refusal) if refusal.code == "elsewhere" => false,
        // Also what stands before a server that is started anew, and a disk of it that is full until somebody helps.
        Some(refusal) => matches!(refusal.status.as_u16(), 429 | 502..=504 | 507),
        None => error.is_transient(),
    }
}

impl Job {
    /// Does something with the server, and does it again from the beginning while the server is away, as long as the
    /// attempt is ours. So it must be something that may be done twice.
    pub async fn ask<T, F, R>(&self, call: F) -> Result<T, Fault>
    where
        F: Fn() -> R,
        R: Future<Output = Result<T, Fault>>,
    {
        let began = Instant::now();
        let (mut pause, mut told) = (FIRST_PAUSE, false);
        loop {
            let error = match call().await {
                Err(Fault::Server(error)) if is_away(&error) => error,
                done => return done,
            };
            if !told && began.elapsed() > SILENT {
                told = true;
                if let Some(log) = self.log() {
                    log.line(&format!(
                        "warning: the server cannot do this now, trying again until it can: {error}"
                    ));
                }
            }
            tokio::select! {
                () = sleep(pause) => {}
                () = self.lost.cancelled() => return Err(error.into()),
            }
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cds_client::ApiFailure;

    #[test]
    fn what_may_never_come_is_not_waited_for() {
        let answer = |status: u16, code: &str| {
            let status = status.try_into().unwrap();
            let (message, details) = (String::new(), Vec::new());
            let (id, request_id, retry_after) = (None, String::new(), None);
            let failure =
                ApiFailure { status, code: code.into(), message, id, details, request_id, retry_after };
            is_away(&ClientError::Api(Box::new(failure)))
        };
        for (status, code) in [(503, "store_away"), (507, "disk_full"), (502, "http_502"), (429, "http_429")]
        {
            assert!(answer(status, code), "{code}");
        }
        for (status, code) in [(503, "elsewhere"), (409, "conflict"), (404, "not_found"), (500, "internal")] {
            assert!(!answer(status, code), "{code}");
        }
    }
}
