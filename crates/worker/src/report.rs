//! The half of a running job that talks to the server: sends what the spool holds, keeps the lease, learns of
//! cancellation, and at the end takes the next job with the last report.

use crate::{logs::Spool, takes::Takes};
use cds_api::worker::{Assignment, LogLength, ReportAck, WorkerReport};
use cds_client::{Client, ClientError, JobKey};
use std::{
    sync::{Mutex, MutexGuard},
    time::Duration,
};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

/// News wait at most this long for more when something was sent just before.
const INTERVAL: Duration = Duration::from_millis(50);
/// Even what is printed first waits so long: a trivial job ends meanwhile, and costs one request instead of two.
const GATHER: Duration = Duration::from_millis(3);
/// As long as nothing was printed, the news are only that the first step began, which the assignment has told.
const QUIET: Duration = Duration::from_millis(25);
/// Pauses between tries.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(2);
/// When to begin to wait for a stop, and how long a request for it waits.
const WATCH_AFTER: Duration = Duration::from_millis(300);
const WATCH_WAIT: Duration = Duration::from_secs(25);
/// Times a lease is longer than the interval of heartbeats.
const LEASE: u32 = 3;
/// A server that is down gives the attempt to nobody else, and when it comes back it grants a whole lease. So an
/// attempt is kept that long while nobody listens at the server's address, unless there may be other servers: then it
/// is kept as long as the server has said (`hold_ms`).
const DOWN: Duration = Duration::from_secs(3600);

/// What the other half of the job has to know.
pub(crate) struct Signals {
    /// The job was stopped.
    pub cancel: CancellationToken,
    /// The attempt is not ours any more.
    pub lost: CancellationToken,
}

/// How long an attempt is kept beyond what its last report says.
pub(crate) struct Kept(Mutex<KeptUntil>);

struct KeptUntil {
    until: Instant,
    /// When another server may give the attempt to somebody else; `None` = there is none.
    own_until: Option<Instant>,
    /// Since when the server has been down; `None` = it answers.
    down: Option<Instant>,
}

impl Kept {
    /// Not beyond; `own_until` is when another server may give the attempt to somebody else, if there is one.
    pub fn new(own_until: Option<Instant>) -> Self {
        Self(Mutex::new(KeptUntil { until: Instant::now(), own_until, down: None }))
    }

    fn lock(&self) -> MutexGuard<'_, KeptUntil> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn until(&self) -> Instant {
        self.lock().until
    }

    /// The server has answered what was asked at `asked`: from then on the attempt is kept for a lease. The answer may
    /// have taken its time.
    fn heard(&self, asked: Instant, lease: Duration) {
        let mut kept = self.lock();
        kept.until = kept.until.max(asked + lease);
        kept.down = None;
    }

    /// It has said when another server may give the attempt away.
    fn own(&self, own_until: Option<Instant>) {
        let mut kept = self.lock();
        // Said twice: a lease is never shortened.
        kept.own_until = own_until.map(|until| kept.own_until.map_or(until, |known| known.max(until)));
    }

    /// It is down, or cannot store anything, and was so at `at`.
    fn down(&self, at: Instant, lease: Duration) {
        let mut kept = self.lock();
        let since = *kept.down.get_or_insert(at);
        let most = kept.own_until.unwrap_or(since + DOWN);
        kept.until = kept.until.max((at + lease).min(most));
    }
}

/// A job that the server has given out.
#[derive(Debug)]
pub(crate) struct Given {
    /// What is to be done.
    pub assignment: Box<Assignment>,
    /// When it was asked for: its lease is younger.
    pub asked: Instant,
}

impl Given {
    /// When another server may give it to somebody else, if there is one.
    pub fn own_until(&self) -> Option<Instant> {
        self.assignment.hold_ms.map(|ms| own_until(self.asked, ms))
    }
}

/// When a hold ends that the server has told in an answer to what was asked then.
fn own_until(asked: Instant, hold_ms: u64) -> Instant {
    // Whatever it says, more than the longest wait makes no difference.
    asked + Duration::from_millis(hold_ms).min(DOWN)
}

/// How reporting ended.
#[derive(Debug)]
pub(crate) enum Reported {
    /// The end is stored; the next job, if there is one.
    Done(Option<Given>),
    /// The attempt is not ours any more.
    Lost,
    /// The worker itself is not known any more.
    Dismissed,
}

pub(crate) struct Reporter<'a> {
    /// With the worker's token.
    pub client: &'a Client,
    /// The job.
    pub key: JobKey,
    /// What is to be sent.
    pub spool: &'a Spool,
    /// Send something at least this often.
    pub heartbeat: Duration,
    /// With the end, wait for the next job so long; `None` = don't take one.
    pub take_wait: &'a (dyn Fn() -> Option<Duration> + Send + Sync),
    /// Counts the jobs that were taken.
    pub takes: &'a Takes,
    /// For the other half.
    pub signals: &'a Signals,
    /// How long the attempt is kept although its reports do not arrive.
    pub kept: &'a Kept,
}

/// Why one exchange with the server failed for good.
enum Failure {
    Lost,
    Dismissed,
}

impl Reporter<'_> {
    /// Sends until the end has arrived or the attempt is lost.
    pub async fn run(&self) -> Reported {
        let watch = async {
            self.watch().await;
            std::future::pending::<()>().await;
        };
        let result = tokio::select! {
            result = self.run_to_end() => result,
            () = watch => Err(Failure::Lost),
        };
        match result {
            Ok(next) => Reported::Done(next),
            Err(failure) => {
                self.signals.lost.cancel();
                match failure {
                    Failure::Lost => Reported::Lost,
                    Failure::Dismissed => Reported::Dismissed,
                }
            }
        }
    }

    /// Keeps a report without news waiting at the server, so that a stop arrives at once and not with the next
    /// heartbeat. Ends when it has arrived, or when the server does not let reports wait.
    async fn watch(&self) {
        // Short jobs don't pay for it.
        sleep(WATCH_AFTER).await;
        let report = WorkerReport {
            job: self.key.job,
            attempt: self.key.attempt,
            logs: Vec::new(),
            steps: Vec::new(),
            end: None,
            take_wait_ms: Some(WATCH_WAIT.as_millis() as u64),
            take_number: None,
        };
        loop {
            let begin = Instant::now();
            match self.client.worker_report(&report).await {
                Ok(ack) if ack.cancel => return self.signals.cancel.cancel(),
                Ok(ack) => {
                    // The attempt is ours, even if what else there is to say can't be stored at the moment.
                    self.kept.heard(begin, self.heartbeat * LEASE);
                    self.owned(&ack, begin);
                    if begin.elapsed() < WATCH_WAIT / 20 {
                        return;
                    }
                }
                Err(error) if error.is_transient() => sleep(MAX_PAUSE).await,
                // The other reports learn of it too, and know what to do.
                Err(_) => return self.spool.news.notify_one(),
            }
        }
    }

    /// Notes what an answer to a report says about the lease.
    fn owned(&self, ack: &ReportAck, asked: Instant) {
        self.kept.own(ack.hold_ms.map(|ms| own_until(asked, ms)));
    }

    async fn run_to_end(&self) -> Result<Option<Given>, Failure> {
        // The assignment itself counts as the first contact.
        let mut contact = Instant::now();
        let mut sent: Option<Instant> = None;
        loop {
            let heartbeat_at = contact + self.heartbeat;
            if !self.spool.has_news() {
                // Whether there are news or the heartbeat is due is seen below.
                let _ = timeout_at(heartbeat_at, self.spool.news.notified()).await;
            }
            if self.spool.has_news() {
                let wait = sent.map_or(QUIET, |t| INTERVAL.saturating_sub(t.elapsed()).max(GATHER));
                let printed = async {
                    self.spool.printed.notified().await;
                    sleep(GATHER).await;
                };
                tokio::select! {
                    () = self.spool.urgent.notified() => {}
                    () = sleep(wait) => {}
                    () = printed, if sent.is_none() => {}
                }
            } else if Instant::now() < heartbeat_at {
                continue;
            }
            while Instant::now() < heartbeat_at
                && let Some(piece) = self.spool.large_piece()
            {
                self.put(piece, contact).await?;
            }
            let batch = self.spool.batch();
            let empty = batch.logs.is_empty() && batch.steps.is_empty() && batch.end.is_none();
            if empty && Instant::now() < heartbeat_at {
                // Half a character, perhaps: only more news can help.
                let _ = timeout_at(heartbeat_at, self.spool.news.notified()).await;
                continue;
            }
            let ended = batch.end.is_some();
            let take_wait = if ended { (self.take_wait)() } else { None };
            let report = WorkerReport {
                job: self.key.job,
                attempt: self.key.attempt,
                logs: batch.logs,
                steps: batch.steps,
                end: batch.end,
                take_wait_ms: take_wait.map(|d| d.as_millis() as u64),
                take_number: take_wait.map(|_| self.takes.number()),
            };
            let begin = Instant::now();
            let limit = contact + self.heartbeat * LEASE + take_wait.unwrap_or_default();
            let step = report.logs.first().map_or(0, |l| l.step);
            let ack = self.retry(limit, step, || self.client.worker_report(&report)).await?;
            let Some((ack, asked)) = ack else { continue };
            contact = begin;
            sent = Some(Instant::now());
            self.spool.told(&report.steps);
            for stored in &ack.logs {
                self.stored(stored)?;
            }
            if ended {
                if ack.next.is_some() {
                    self.takes.answered();
                }
                return Ok(ack.next.map(|assignment| Given { assignment, asked }));
            }
            self.owned(&ack, asked);
            if ack.cancel {
                self.signals.cancel.cancel();
            }
        }
    }

    async fn put(&self, piece: crate::logs::Piece, contact: Instant) -> Result<(), Failure> {
        let answer = self
            .retry(contact + self.heartbeat * LEASE, piece.step, || {
                let bytes = piece.bytes.clone();
                self.client.worker_log(self.key, piece.step, piece.offset, piece.at_ms, bytes)
            })
            .await?;
        match answer {
            Some((stored, _)) => self.stored(&stored),
            None => Ok(()),
        }
    }

    fn stored(&self, stored: &LogLength) -> Result<(), Failure> {
        self.spool.acknowledge(stored).map_err(|_| {
            tracing::error!(job = %self.key.job, step = stored.step, length = stored.length,
                "the server's copy of the log does not match what was sent");
            Failure::Lost
        })
    }

    /// Repeats an exchange until it succeeds or the lease has run out at `limit`. Gives the answer and when it was asked
    /// for. `None`: the server holds another length of a log than was thought; the spool knows now, and the caller begins
    /// anew.
    async fn retry<T, R>(
        &self,
        limit: Instant,
        step: u16,
        exchange: impl Fn() -> R,
    ) -> Result<Option<(T, Instant)>, Failure>
    where
        R: Future<Output = Result<T, ClientError>>,
    {
        let mut pause = FIRST_PAUSE;
        let lease = self.heartbeat * LEASE;
        loop {
            // What was learnt of the server meanwhile counts for later exchanges too.
            let limit = limit.max(self.kept.until());
            let asked = Instant::now();
            let error = match timeout_at(limit, exchange()).await {
                Ok(Ok(answer)) => {
                    self.kept.heard(asked, lease);
                    return Ok(Some((answer, asked)));
                }
                Ok(Err(error)) => error,
                Err(_) => ClientError::Timeout { url: self.client.base_url().to_string() },
            };
            if error.is_transient() {
                // It is down, or it has answered, and knows that this worker lives.
                if error.is_refused() {
                    self.kept.down(Instant::now(), lease.max(pause * 2));
                } else if error.is_code("disk_full") || error.is_code("store_away") {
                    self.kept.down(asked, lease.max(pause * 2));
                }
                let limit = limit.max(self.kept.until());
                if Instant::now() + pause >= limit {
                    tracing::warn!(job = %self.key.job, %error, "the server was out of reach for the whole lease");
                    return Err(Failure::Lost);
                }
                tracing::debug!(%error, "report failed, trying again");
                sleep(pause).await;
                pause = (pause * 2).min(MAX_PAUSE);
                continue;
            }
            let Some(refusal) = error.api() else {
                tracing::error!(%error, "report failed");
                return Err(Failure::Lost);
            };
            if refusal.status.as_u16() == 401 {
                return Err(Failure::Dismissed);
            }
            if refusal.status.as_u16() != 409 || refusal.code == "lease_lost" {
                if refusal.code != "lease_lost" {
                    tracing::error!(%error, "report was refused");
                }
                return Err(Failure::Lost);
            }
            match gap(&refusal.details, &refusal.message, step) {
                Some(stored) => {
                    self.stored(&stored)?;
                    return Ok(None);
                }
                None => {
                    tracing::error!(%error, "report was refused");
                    return Err(Failure::Lost);
                }
            }
        }
    }
}

/// What the server holds, from the refusal of a log chunk that begins behind it. Its details hold the number;
/// which log it is about is told by `step=N`, or known by the caller.
fn gap(details: &[String], message: &str, step: u16) -> Option<LogLength> {
    let number = |key: &str| {
        details.iter().map(String::as_str).chain([message]).find_map(|text| {
            let rest = &text[text.find(key)? + key.len()..];
            let rest = rest.trim_start_matches(['=', ':', ' ']);
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            rest[..end].parse::<u64>().ok()
        })
    };
    let have = details.iter().find_map(|d| d.parse().ok()).or_else(|| number("have"))?;
    Some(LogLength { step: u16::try_from(number("step").unwrap_or(step.into())).ok()?, length: have })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_kept_while_nobody_else_can_have_it() {
        let (now, lease) = (Instant::now(), Duration::from_secs(30));
        let after = |s: u64| now + Duration::from_secs(s);
        // A server of its own: down for as long as an hour.
        let kept = Kept::new(None);
        for s in (0..4000).step_by(10) {
            kept.down(after(s), lease);
        }
        assert_eq!(kept.until(), now + DOWN);
        // One of several: no longer than it has said, and what it said before does not shorten that.
        let kept = Kept::new(Some(after(100)));
        for s in (0..4000).step_by(10) {
            kept.down(after(s), lease);
        }
        assert_eq!(kept.until(), after(100));
        kept.own(Some(after(120)));
        kept.own(Some(after(110)));
        kept.down(after(118), lease);
        assert_eq!(kept.until(), after(120));
        // It is known to be alone now.
        kept.own(None);
        kept.down(after(119), lease);
        assert_eq!(kept.until(), after(149));
    }

    #[test]
    fn an_answer_that_took_long_keeps_no_longer() {
        let (now, lease) = (Instant::now() + Duration::from_secs(60), Duration::from_secs(30));
        let kept = Kept::new(None);
        kept.heard(now, lease);
        assert_eq!(kept.until(), now + lease);
    }

    #[test]
    fn gaps_are_understood() {
        let details = ["step=3".to_string(), "have=120".to_string()];
        assert_eq!(gap(&details, "", 0), Some(LogLength { step: 3, length: 120 }));
        let details = ["77".to_string()];
        assert_eq!(gap(&details, "send from offset 77", 2), Some(LogLength { step: 2, length: 77 }));
        assert_eq!(gap(&[], "log of step 1: have 7", 0), Some(LogLength { step: 1, length: 7 }));
        assert_eq!(gap(&[], "no", 0), None);
    }
}
