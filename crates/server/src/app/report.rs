//! What workers say: logs, steps, ends. Nothing of it is believed unless the worker holds the attempt it speaks of.

use super::live::{Applied, ApplyError, told};
use crate::{
    App,
    fleet::Held,
    http::error::{Error, Result},
    routes::jobs::log_error,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use cds_api::worker::{Assignment, LogChunk, LogLength, ReportAck, StepReport, WorkerReport};
use cds_blobs::{LogKey, LogStream};
use cds_engine::{
    Event, Ignored,
    state::StepRun,
    upkeep::{self, lease},
};
use cds_model::{Attempt, HatcheryId, JobRef, Timestamp, WorkerId};
use cds_store::{Tx, queue};
use std::time::Duration;

/// Longest time a call may wait for a job.
const LONGEST_WAIT: u64 = 60_000;

impl App {
    /// The hold of a worker on an attempt, or 409 `lease_lost`. The hold of a worker that comes from another server is
    /// taken over. Where other servers may give the attempt away, nothing is said out of memory when what this server
    /// has written is about to end: then the lease is written anew, or it is not known whose the attempt is.
    pub(crate) async fn fence(&self, worker: WorkerId, job: JobRef, attempt: Attempt) -> Result<Held> {
        let (now, terms) = (self.now(), self.terms());
        let held = self.fleet().held(job, attempt, worker, now);
        let known = held.is_some();
        if let Some(held) = held.filter(|held| terms.vouches(held.until, now)) {
            return Ok(held);
        }
        let find = move |tx: &mut Tx<'_>| {
            let row = queue::get(tx, job.run, job.job, attempt)?.map(|e| e.mark().lease);
            // What is held here is only written anew.
            let mine = known && row.is_some_and(|row| row.worker == Some(worker));
            Ok(row.filter(|_| mine || lease::taken_over(row, worker, now)))
        };
        let row = if terms.shared {
            let written = self.store().write(move |tx| {
                let Some(row) = find(tx)? else { return Ok(None) };
                let until = row.until.map_or(now + terms.lasts(), |known| known.max(now + terms.lasts()));
                let extended = queue::extend(tx, job.run, job.job, attempt, worker, until)?;
                Ok(extended.then_some(lease::Row { until: Some(until), ..row }))
            });
            written.await.map_err(Error::store_away)?
        } else {
            self.store().read(find).await.map_err(Error::internal)?
        };
        let Some(row) = row else {
            self.fleet().release(job, attempt);
            if known {
                let app = self.clone();
                tokio::spawn(async move { app.seal_attempt(job, attempt).await });
            }
            return Err(Error::lease_lost());
        };
        if !known {
            self.fleet().restore(job, attempt, worker, row.stopped, now);
        }
        if let Some(until) = row.until.filter(|_| terms.shared) {
            self.fleet().written(job, attempt, until);
        }
        self.fleet().held(job, attempt, worker, now).ok_or_else(Error::lease_lost)
    }

    /// How long a worker may go on from its last word that was answered, should it hear nothing more.
    pub(crate) fn hold_ms(&self, job: JobRef, attempt: Attempt) -> Option<u64> {
        let hold = self.terms().hold(self.fleet().written_until(job, attempt), self.now())?;
        Some(u64::try_from(hold.as_millis()).unwrap_or(u64::MAX))
    }

    /// Takes in a report.
    pub async fn report(
        &self,
        worker: WorkerId,
        hatchery: HatcheryId,
        report: WorkerReport,
    ) -> Result<ReportAck> {
        self.heard(worker, hatchery).await;
        let held = match self.fence(worker, report.job, report.attempt).await {
            Ok(held) => held,
            // The end was reported before and its answer was lost: say yes again.
            Err(_) if report.end.is_some() && self.ended(&report, worker).await => {
                let next = self.next_with_end(worker, &report, true).await?;
                return Ok(ReportAck { next: next.map(Box::new), ..ReportAck::default() });
            }
            Err(e) => return Err(e),
        };
        self.may_log(&held, report.job, report.logs.iter().map(|chunk| chunk.step)).await?;
        let logs = self.append_logs(&report)?;
        let steps: Vec<(u16, StepRun)> = report.steps.iter().map(step).collect();
        let seals: Vec<(u16, u64)> =
            report.steps.iter().filter_map(|s| Some((s.step, s.log_length?))).collect();
        let mut ack = ReportAck { cancel: held.cancelled.is_some(), logs, ..ReportAck::default() };
        if let Some(end) = &report.end {
            let event = Event::JobEnded {
                job: report.job.job,
                attempt: report.attempt,
                status: end.status,
                reason: end.reason.clone().unwrap_or_default(),
                infrastructure: end.infrastructure,
                variables: end.variables.clone(),
                steps,
            };
            let applied = self.apply(report.job.run, &event).await;
            if !upkeep::end_is_known(told(&applied)) {
                // Its worker keeps its hold and says it again.
                return Err(applied.map(drop).err().map_or_else(Error::lease_lost, Error::from));
            }
            // Whatever the run says of it, this worker has no more to do with the job.
            self.fleet().release(report.job, report.attempt);
            self.fleet().free_worker(worker, true, self.now());
            self.seal(report.job, report.attempt, seals, &held, true);
            let applied = applied?;
            if let Applied::Ignored(Ignored::OldAttempt) = applied {
                return Err(Error::lease_lost());
            }
            let repeated = !matches!(applied, Applied::Advanced(_));
            ack.next = self.next_with_end(worker, &report, repeated).await?.map(Box::new);
        } else {
            if !steps.is_empty() {
                let event = Event::StepNews { job: report.job.job, attempt: report.attempt, steps };
                if let Applied::Ignored(Ignored::OldAttempt) = self.apply(report.job.run, &event).await? {
                    return Err(Error::lease_lost());
                }
            }
            self.seal(report.job, report.attempt, seals, &held, false);
            if let Some(wait) = report.take_wait_ms.filter(|_| !ack.cancel) {
                ack.cancel = self.stop_asked(&held, Duration::from_millis(wait.min(LONGEST_WAIT))).await;
            }
            ack.hold_ms = self.hold_ms(report.job, report.attempt);
        }
        Ok(ack)
    }

    /// Waits until the job is to be stopped, at most for `wait`, and at most for a heartbeat: waiting here is
    /// being heard of.
    async fn stop_asked(&self, held: &Held, wait: Duration) -> bool {
        let wait = wait.min(self.config().lease() / 3);
        let closing = self.closing();
        tokio::select! {
            () = held.stop.notified() => true,
            () = tokio::time::sleep(wait) => false,
            () = closing.cancelled() => false,
        }
    }

    /// Whether this very attempt is known to have ended, and was this worker's. Of an attempt that another one has
    /// followed nothing is said: it may have been lost.
    async fn ended(&self, report: &WorkerReport, worker: WorkerId) -> bool {
        // Not out of memory: another server may have written it.
        let Ok(loaded) = cds_store::runs::load(self.store(), report.job.run).await else { return false };
        super::view::find_job(&loaded.run, report.job.job).is_some_and(|(_, _, j)| {
            let last = j.attempts.len() == report.attempt.0 as usize;
            last && j.attempts.last().is_some_and(|a| a.status.is_final() && a.worker == Some(worker))
        })
    }

    /// Notes that logs of these steps are written to, which must be steps of the job.
    pub(crate) async fn may_log(
        &self,
        held: &Held,
        job: JobRef,
        to: impl Iterator<Item = u16> + Clone,
    ) -> Result<()> {
        let Some(last) = to.clone().max() else { return Ok(()) };
        let steps = match held.steps.get() {
            Some(steps) => *steps,
            None => {
                let steps = super::view::steps_of(&self.load_run(job.run).await?, job.job);
                *held.steps.get_or_init(|| steps)
            }
        };
        if usize::from(last) >= steps {
            return Err(Error::bad_request(format!(
                "job {job} has no step {last} to log to: it has {steps}, counted from 0"
            )));
        }
        held.wrote(to);
        Ok(())
    }

    fn append_logs(&self, report: &WorkerReport) -> Result<Vec<LogLength>> {
        let mut lengths: Vec<LogLength> = Vec::new();
        for chunk in &report.logs {
            let bytes = chunk_bytes(chunk)?;
            let key = log_key(report.job, report.attempt, chunk.step);
            let length = self.append_log(&key, chunk.offset, &bytes, chunk.at_ms)?;
            match lengths.iter_mut().find(|l| l.step == chunk.step) {
                Some(known) => known.length = length,
                None => lengths.push(LogLength { step: chunk.step, length }),
            }
        }
        Ok(lengths)
    }

    /// Appends to a log. The worker's clock is believed as far as it can be right: not later than now.
    pub(crate) fn append_log(&self, key: &LogKey, offset: u64, bytes: &[u8], at_ms: i64) -> Result<u64> {
        // What a worker says may be anything: nothing was printed before there were such clocks, or later than now.
        let at = Timestamp(at_ms.max(0)).min(self.now());
        let length = self.logs().append(key, offset, bytes, at).map_err(log_error)?;
        self.metrics().log_bytes.inc_by(bytes.len() as u64);
        Ok(length)
    }

    /// Completes logs of steps in the background: followers are told, the bytes become durable. If the server dies first,
    /// the next start completes the logs of attempts that have ended.
    ///
    /// At the end of an attempt what is still open, because its worker did not say how long it is, or something else than
    /// it is, ends where it is: nothing follows, and whoever reads must not wait for it.
    fn seal(&self, job: JobRef, attempt: Attempt, seals: Vec<(u16, u64)>, held: &Held, end: bool) {
        if seals.is_empty() && !(end && held.completed(&[])) {
            return;
        }
        let held = held.clone();
        let app = self.clone();
        tokio::spawn(async move {
            // Together: one wait for the disk serves them all.
            let keys: Vec<_> =
                seals.iter().map(|(step, length)| (log_key(job, attempt, *step), *length)).collect();
            let done =
                futures::future::join_all(keys.iter().map(|(key, length)| app.complete(key, *length))).await;
            let sealed: Vec<u16> =
                seals.iter().zip(done).filter_map(|((step, _), done)| done.then_some(*step)).collect();
            if held.completed(&sealed) && end {
                app.seal_attempt(job, attempt).await;
            }
        });
    }

    /// The next job of a worker by its take of this number, waiting at most `wait_ms`. `None` = none came.
    pub(super) async fn next_job(
        &self,
        worker: WorkerId,
        wait_ms: u64,
        take: Option<i64>,
    ) -> Result<Option<Assignment>> {
        let deadline = tokio::time::Instant::now() + Duration::from_millis(wait_ms.min(LONGEST_WAIT));
        let closing = self.closing();
        loop {
            let mut wait = self.fleet().wait(worker, self.now());
            let order = tokio::select! {
                order = wait.order() => order,
                () = tokio::time::sleep_until(deadline) => wait.stop(),
                () = closing.cancelled() => wait.stop(),
            };
            let Some((job, attempt)) = order else { return Ok(None) };
            let name = self.fleet().worker_name(worker);
            match self.apply_taken(job, attempt, worker, name, take).await {
                Ok(Applied::Advanced(run)) => {
                    if let Some((_, _, j)) = super::view::find_job(&run, job.job)
                        && let Some(a) = j.attempts.last()
                    {
                        self.metrics().waited(self.now().since(a.queued));
                    }
                    match self.assign(&run, job, attempt).await {
                        Ok(assignment) => return Ok(Some(assignment)),
                        Err(e) => {
                            // The job can't be given out: that is no fault of the worker, who goes on.
                            self.cannot_be_given(job, attempt, &e).await;
                            self.fleet().free_worker(worker, false, self.now());
                        }
                    }
                }
                // A copy of the question was answered in this very moment: the job is for somebody else.
                Ok(Applied::OldTake) => {
                    self.fleet().give_back(worker, job, attempt, self.now());
                    return self.given(worker, take).await;
                }
                // It was stopped or taken in this very moment.
                Ok(Applied::Ignored(_)) => self.fleet().free_worker(worker, false, self.now()),
                Err(e) => {
                    tracing::warn!(%job, error = %e, "a job could not be handed out");
                    self.fleet().free_worker(worker, false, self.now());
                    if let ApplyError::Parked(why) = e {
                        self.park_job(job, attempt, why).await;
                    } else if let Ok(Some(given)) = self.given(worker, take).await {
                        // It was, and only the answer was lost.
                        return Ok(Some(given));
                    }
                }
            }
        }
    }

    /// The job of a run that is set aside is set aside with it, so that it keeps no worker and shows why it waits.
    async fn park_job(&self, job: JobRef, attempt: Attempt, why: String) {
        let parked =
            self.store().write(move |tx| queue::park(tx, job.run, job.job, attempt, Some(&why))).await;
        if let Err(e) = parked {
            tracing::warn!(%job, error = %e, "a job of a parked run could not be set aside");
        }
    }

    /// What an attempt needs can't be put together: it fails.
    pub(super) async fn cannot_be_given(&self, job: JobRef, attempt: Attempt, why: &Error) {
        self.fail(job, attempt, format!("unable to prepare this job: {}", why.message())).await;
    }

    async fn fail(&self, job: JobRef, attempt: Attempt, reason: String) {
        let event = Event::JobEnded {
            job: job.job,
            attempt,
            status: cds_model::Status::Fail,
            reason,
            infrastructure: false,
            variables: Default::default(),
            steps: Vec::new(),
        };
        if let Err(e) = self.apply(job.run, &event).await {
            tracing::error!(%job, error = %e, "a job could not be failed");
        }
        self.fleet().release(job, attempt);
    }

    /// A worker has died, or was not heard of for too long. False if that could not be recorded: then the hold stays
    /// as it is, and is found to have run out later.
    pub async fn worker_lost(&self, job: JobRef, attempt: Attempt, reason: String) -> bool {
        let event = Event::WorkerLost { job: job.job, attempt, reason };
        if let Err(e) = self.apply(job.run, &event).await {
            tracing::error!(%job, error = %e, "the loss of a worker could not be recorded");
            if matches!(e, ApplyError::Db(_) | ApplyError::Broken(_)) {
                return false;
            }
        }
        self.metrics().attempts_lost.inc();
        self.fleet().release(job, attempt);
        self.seal_attempt(job, attempt).await;
        true
    }

    /// Completes the logs of an attempt whose worker cannot do so any more, at the length they have.
    pub async fn seal_attempt(&self, job: JobRef, attempt: Attempt) {
        let keys = self.logs().list(job.run, job.job, attempt).unwrap_or_default();
        let open = keys.iter().filter_map(|key| {
            let state = self.logs().state(key).ok().flatten()?;
            (!state.sealed).then(|| self.complete(key, state.length))
        });
        futures::future::join_all(open).await;
    }

    /// False if it is not as long as that, or could not be written.
    async fn complete(&self, key: &LogKey, length: u64) -> bool {
        let sealed = self.logs().seal(key, length).await;
        if let Err(e) = &sealed {
            tracing::warn!(%key, error = %e, "a log could not be completed");
        }
        sealed.is_ok()
    }
}

/// Name of a step's log.
pub fn log_key(job: JobRef, attempt: Attempt, step: u16) -> LogKey {
    LogKey { run: job.run, job: job.job, attempt, step: LogStream::Step(step) }
}

fn chunk_bytes(chunk: &LogChunk) -> Result<std::borrow::Cow<'_, [u8]>> {
    match (&chunk.text, &chunk.base64) {
        (Some(text), None) => Ok(text.as_bytes().into()),
        (None, Some(coded)) => STANDARD
            .decode(coded)
            .map(Into::into)
            .map_err(|e| Error::bad_request(format!("log chunk of step {}: {e}", chunk.step))),
        _ => Err(Error::bad_request(format!(
            "log chunk of step {}: give either 'text' or 'base64'",
            chunk.step
        ))),
    }
}

fn step(s: &StepReport) -> (u16, StepRun) {
    (
        s.step,
        StepRun {
            status: s.status,
            start: s.start_ms.map(Timestamp),
            done: s.done_ms.map(Timestamp),
            exit_code: s.exit_code,
            reason: s.reason.clone().unwrap_or_default(),
        },
    )
}
