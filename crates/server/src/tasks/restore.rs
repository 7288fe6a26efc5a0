//! At start: the queue and the leases as the store has them, and what a crash left half done.

use crate::App;
use cds_engine::dispatch::QueuedJob;
use cds_model::JobRef;
use cds_store::{queue, runs, workers};
use std::collections::HashMap;

/// Runs that ended lately, at most so many.
const LATELY: i64 = 1_000;

/// Fills the fleet from the store.
///
/// # Errors
/// The database failed.
pub async fn restore(app: &App) -> Result<(), cds_store::Error> {
    let now = app.fleet().look_at_clock(|| app.now(), app.config().lease()).now;
    let (entries, faults) = app.store().read(queue::load).await?;
    for fault in faults {
        tracing::error!(%fault, "a row of the queue can't be read and is left aside");
    }
    let known: HashMap<_, _> =
        app.store().read(workers::list).await?.into_iter().map(|w| (w.id, w)).collect();
    let mut waiting = Vec::new();
    for e in entries.into_iter().filter(|e| e.parked.is_none()) {
        let job = JobRef { run: e.run, job: e.job };
        match e.worker {
            Some(worker) => {
                if let Some(row) = known.get(&worker) {
                    app.fleet().take_in(row, now);
                }
                app.fleet().restore(job, e.attempt, worker, e.cancelled, now);
            }
            None => waiting.push(queued(e)),
        }
    }
    app.fleet().push(waiting, now);
    // Logs of attempts that ended while nobody was there to complete them.
    let runs = app.store().read(move |tx| {
        let mut runs = runs::live(tx)?;
        // Those that ended while other servers on the database were there, too.
        runs.extend(runs::unsealed(tx, now, LATELY)?);
        Ok(runs)
    });
    for id in runs.await? {
        let Ok(run) = app.load_run(id).await else { continue };
        let mut ended = Vec::new();
        crate::app::view::each_job(&run, |_, _, job| {
            for (i, attempt) in job.attempts.iter().enumerate() {
                if attempt.status.is_final() {
                    ended.push((JobRef { run: id, job: job.no }, cds_model::Attempt(i as u32 + 1)));
                }
            }
        });
        for (job, attempt) in ended {
            app.seal_attempt(job, attempt).await;
        }
    }
    Ok(())
}

/// A row of the queue as dispatch sees it.
pub fn queued(e: queue::Entry) -> QueuedJob {
    QueuedJob {
        job: JobRef { run: e.run, job: e.job },
        attempt: e.attempt,
        priority: i32::try_from(e.priority).unwrap_or(0),
        queued: e.queued,
        requirements: e.requirements,
        groups: e.groups,
    }
}
