//! Compares what the store holds beside runs with what the runs say it must hold, and mends it: rows that were lost are
//! issued again, news that never came is told. A healthy store gives this nothing to do; it is here so that a run always
//! ends, whatever has happened to its rows. The rules are [`cds_engine::upkeep::reconcile`]'s.

use crate::{App, app::live::ApplyError};
use cds_engine::upkeep::{self, Mending, Rows};
use cds_model::{JobRef, RunId};
use cds_store::{
    Tx, queue,
    runs::{self, LoadError, Loaded},
    slots, timers,
};
use std::{collections::BTreeSet, time::Duration};

/// Runs that are compared in one go, before others have their turn.
const BATCH: usize = 200;

pub async fn run(app: App) {
    let every = app.config().reconcile_s;
    if every == 0 {
        return std::future::pending().await;
    }
    let mut tick = tokio::time::interval(Duration::from_secs(every));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        match reconcile(&app).await {
            Ok(0) => {}
            Ok(mended) => tracing::warn!(mended, "runs and the rows beside them did not agree"),
            Err(e) => tracing::warn!(error = %e, "runs could not be compared with the rows beside them"),
        }
    }
}

/// Compares every run that is not over, or has something in the queue, with what stands beside it. Gives how much was
/// found and mended.
///
/// # Errors
/// The database failed.
pub async fn reconcile(app: &App) -> Result<usize, cds_store::Error> {
    let ids: Vec<RunId> = app
        .store()
        .read(|tx| {
            let mut ids: BTreeSet<RunId> = runs::live(tx)?.into_iter().collect();
            ids.extend(queue::runs(tx)?);
            Ok(ids.into_iter().collect())
        })
        .await?;
    let mut mended = 0;
    for batch in ids.chunks(BATCH) {
        for id in batch {
            mended += reconcile_run(app, *id).await?;
        }
        tokio::task::yield_now().await;
    }
    Ok(mended)
}

pub(crate) async fn reconcile_run(app: &App, id: RunId) -> Result<usize, cds_store::Error> {
    let (loaded, parked, mending) = match app.store().try_read(move |tx| compare(tx, id)).await {
        Ok(compared) => compared,
        Err(LoadError::NotFound) => return Ok(0),
        Err(LoadError::Parked(why)) => return set_aside(app, id, why).await,
        // Its rows can't be read: loading it the usual way sets it aside, with the reason.
        Err(LoadError::Db(_)) => {
            app.live().forget(id);
            return match runs::load(app.store(), id).await {
                Err(LoadError::Db(e)) => Err(e),
                Err(LoadError::Parked(why)) => {
                    app.metrics().mended("unreadable");
                    Ok(1 + set_aside(app, id, why).await?)
                }
                Ok(_) | Err(LoadError::NotFound) => Ok(0),
            };
        }
    };
    for found in &mending.found {
        tracing::warn!(run = %id, kind = found.kind, what = %found.what, "mended");
        app.metrics().mended(found.kind);
    }
    let mut count = mending.found.len();
    if parked {
        count += take_up(app, id).await?;
    }
    if !mending.effects.is_empty()
        && let Err(e) = app.issue_again(loaded, mending.effects).await
    {
        tracing::warn!(run = %id, error = %e, "rows could not be issued again");
    }
    for event in mending.events {
        match app.apply(id, &event).await {
            Ok(_) | Err(ApplyError::NotFound) => {}
            Err(e) => tracing::warn!(run = %id, error = %e, "a run could not be told what it had missed"),
        }
    }
    Ok(count)
}

/// Jobs of a run that is set aside wait beside the queue, with the reason: no worker is wanted for them, and of those
/// that have one nothing can be recorded.
async fn set_aside(app: &App, id: RunId, why: String) -> Result<usize, cds_store::Error> {
    let found: Vec<queue::Entry> = app.store().read(move |tx| queue::of_run(tx, id)).await?;
    let found: Vec<_> = found.into_iter().filter(|e| e.parked.is_none()).collect();
    for e in found.iter().filter(|e| e.worker.is_none()) {
        app.fleet().cancel(JobRef { run: id, job: e.job }, e.attempt, app.now());
    }
    let count = found.len();
    if count > 0 {
        app.store()
            .write(move |tx| {
                found.iter().try_for_each(|e| queue::park(tx, id, e.job, e.attempt, Some(&why)).map(drop))
            })
            .await?;
    }
    Ok(count)
}

/// A run that can be read again has its jobs back in the queue.
async fn take_up(app: &App, id: RunId) -> Result<usize, cds_store::Error> {
    app.store()
        .write(move |tx| {
            let parked: Vec<_> = queue::of_run(tx, id)?.into_iter().filter(|e| e.parked.is_some()).collect();
            parked.iter().try_for_each(|e| queue::park(tx, id, e.job, e.attempt, None).map(drop))?;
            Ok(parked.len())
        })
        .await
}

/// A run, whether jobs of it are set aside, and what the rows beside it lack; read at one moment.
fn compare(tx: &mut Tx<'_>, id: RunId) -> Result<(Loaded, bool, Mending), LoadError> {
    let loaded = runs::load_in(tx, id)?;
    let entries = queue::of_run(tx, id)?;
    let parked = entries.iter().any(|e| e.parked.is_some());
    let rows = Rows {
        queue: entries
            .into_iter()
            .map(|e| upkeep::QueueRow {
                job: e.job,
                attempt: e.attempt,
                worker: e.worker,
                stopped: e.cancelled,
            })
            .collect(),
        slots: slots::of_run(tx, id)?
            .into_iter()
            .map(|s| upkeep::SlotRow { node: s.node, node_run: s.node_run, held: s.held })
            .collect(),
        timers: timers::of_run(tx, id)?.into_iter().map(|t| t.key).collect(),
    };
    let mending = upkeep::reconcile(&loaded.run, &rows);
    Ok((loaded, parked, mending))
}
