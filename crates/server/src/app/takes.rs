//! Takes: a worker asks for a job. Those of a worker that counts them have numbers, and the last one that was answered
//! with a job is noted with the lease, in one commit. So a take that comes twice, late or to another server gives nobody
//! a job that is not waited for, and takes nothing away.

use super::live::ApplyError;
use crate::{
    App,
    http::error::{Error, Result},
};
use cds_api::worker::{Assignment, WorkerReport, WorkerTake};
use cds_engine::upkeep::lease;
use cds_model::{Attempt, HatcheryId, JobRef, WorkerId};
use cds_store::{queue, workers};

/// What is known of a take.
enum Asked {
    /// It was not answered before. What its worker had it has given up.
    New(Vec<(JobRef, Attempt)>),
    /// This was the answer, and is again.
    Given(Box<Assignment>),
    /// It was answered, and what it gave is over; or later ones were. This was the last one.
    Old(i64),
}

impl App {
    /// A worker that has nothing asks for a job.
    ///
    /// # Errors
    /// 409 `old_take` if it was answered before and there is nothing more to say; 503 `store_away`.
    pub async fn take(
        &self,
        worker: WorkerId,
        hatchery: HatcheryId,
        body: &WorkerTake,
    ) -> Result<Option<Assignment>> {
        self.heard(worker, hatchery).await;
        let take = number(body.number)?;
        let had = match take {
            None => Vec::new(),
            Some(take) => match self.asked(worker, take).await? {
                Asked::New(had) => had,
                Asked::Given(given) => return Ok(Some(*given)),
                Asked::Old(last) => return Err(Error::old_take(last)),
            },
        };
        self.void_holds(worker, take, had).await?;
        self.next_job(worker, body.wait_ms, take).await
    }

    /// The job that a worker takes with the end of another. Of a report that was `repeated` the take may have been
    /// answered.
    pub(super) async fn next_with_end(
        &self,
        worker: WorkerId,
        report: &WorkerReport,
        repeated: bool,
    ) -> Result<Option<Assignment>> {
        let Some(wait_ms) = report.take_wait_ms else { return Ok(None) };
        let take = number(report.take_number)?;
        if let Some(take) = take.filter(|_| repeated) {
            match self.asked(worker, take).await? {
                Asked::New(_) => {}
                Asked::Given(given) => return Ok(Some(*given)),
                Asked::Old(_) => return Ok(None),
            }
        }
        self.next_job(worker, wait_ms, take).await
    }

    /// What a take was answered with elsewhere, or by a commit whose outcome is not known.
    pub(super) async fn given(&self, worker: WorkerId, take: Option<i64>) -> Result<Option<Assignment>> {
        let Some(take) = take else { return Ok(None) };
        Ok(match self.asked(worker, take).await? {
            Asked::Given(given) => Some(*given),
            Asked::New(_) | Asked::Old(_) => None,
        })
    }

    /// What the store knows of a take. Two that come at the same time may both be new: only one of them is committed.
    async fn asked(&self, worker: WorkerId, take: i64) -> Result<Asked> {
        let known = self.store().read(move |tx| {
            let last = workers::last_take(tx, worker)?;
            let had = match last {
                Some(last) if take > last.number => queue::of_worker(tx, worker)?,
                _ => Vec::new(),
            };
            Ok(last.map(|last| (last, had)))
        });
        let Some((last, had)) = known.await.map_err(Error::store_away)? else {
            return Err(Error::unauthorized("this worker is not known any more"));
        };
        if take > last.number {
            let had = had.into_iter().filter(|e| !e.cancelled);
            return Ok(Asked::New(had.map(|e| (JobRef { run: e.run, job: e.job }, e.attempt)).collect()));
        }
        let given = last.given.filter(|_| take == last.number);
        let Some((job, attempt)) = given else { return Ok(Asked::Old(last.number)) };
        match self.give_again(worker, take, job, attempt).await? {
            Some(assignment) => Ok(Asked::Given(Box::new(assignment))),
            None => Ok(Asked::Old(last.number)),
        }
    }

    /// An attempt again that its worker was given before; `None` if it is over. Its lease begins anew.
    async fn give_again(
        &self,
        worker: WorkerId,
        take: i64,
        job: JobRef,
        attempt: Attempt,
    ) -> Result<Option<Assignment>> {
        let (now, lasts) = (self.now(), self.terms().lasts());
        let written = self.store().write(move |tx| {
            let row = queue::get(tx, job.run, job.job, attempt)?.map(|e| e.mark().lease);
            let Some(row) = row.filter(|row| !row.stopped && lease::taken_over(Some(*row), worker, now))
            else {
                return Ok(None);
            };
            let until = row.until.map_or(now + lasts, |known| known.max(now + lasts));
            let extended = queue::extend(tx, job.run, job.job, attempt, worker, until)?;
            Ok(extended.then_some(until))
        });
        let Some(until) = written.await.map_err(Error::store_away)? else { return Ok(None) };
        let run = match self.load_run(job.run).await {
            Ok(run) => run,
            Err(ApplyError::Db(e)) => return Err(Error::store_away(e)),
            // Set aside or gone.
            Err(_) => return Ok(None),
        };
        self.fleet().hold_again(job, attempt, worker, take, until, now);
        match self.assign(&run, job, attempt).await {
            Ok(assignment) => Ok(Some(assignment)),
            Err(e) => {
                self.cannot_be_given(job, attempt, &e).await;
                self.fleet().free_worker(worker, false, self.now());
                Ok(None)
            }
        }
    }
}

/// The number of a take, as the store has it.
fn number(number: Option<u64>) -> Result<Option<i64>> {
    let Some(number) = number else { return Ok(None) };
    match i64::try_from(number) {
        Ok(number) if number > 0 => Ok(Some(number)),
        _ => {
            Err(Error::bad_request(format!("takes are counted from 1, and {number} is none of the numbers")))
        }
    }
}
