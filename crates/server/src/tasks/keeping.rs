//! House-keeping: seals ended runs, compresses their logs, forgets what has had its time.

use crate::App;
use cds_model::JobRef;
use cds_store::{
    caches, events, hatcheries, idempotency, queue, runs, servers, slots, timers, tokens, users, workers,
};
use std::{collections::HashSet, time::Duration};

const EVERY: Duration = Duration::from_secs(30);
/// The disk is looked through once in so many rounds.
const SWEEPS: u64 = 120;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Runs are sealed some time after their end, because that is when they are looked at most and may be restarted.
const SEAL_AFTER: Duration = Duration::from_secs(600);

pub async fn run(app: App) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for n in 0_u64.. {
        tick.tick().await;
        if let Err(e) = keep(&app).await {
            tracing::warn!(error = %e, "house-keeping failed and is tried again");
        }
        if n % SWEEPS == 0
            && let Err(e) = sweep(&app).await
        {
            tracing::warn!(error = %e, "old caches were not looked for and are later");
        }
    }
}

async fn keep(app: &App) -> Result<(), cds_store::Error> {
    let now = app.now();
    let ago = move |d: Duration| cds_model::Timestamp(now.ms().saturating_sub(d.as_millis() as i64));
    let before = ago(SEAL_AFTER);
    loop {
        let ended = app.store().read(move |tx| runs::unsealed(tx, before, 100)).await?;
        if ended.is_empty() {
            break;
        }
        let mut sealed = 0;
        for id in ended {
            compact_logs(app, id).await;
            match app.store().write(move |tx| runs::seal(tx, id)).await {
                Ok(done) => sealed += usize::from(done),
                // One run that can't be sealed is in nobody's way.
                Err(e) => tracing::warn!(run = %id, error = %e, "a run could not be sealed"),
            }
            app.live().forget(id);
        }
        // What can't be sealed now is looked at again next time, and not over and over.
        if sealed == 0 {
            break;
        }
    }
    app.store()
        .write(move |tx| {
            events::prune(tx, ago(7 * DAY))?;
            tokens::prune(tx, now)?;
            users::prune_unverified(tx, ago(2 * DAY))?;
            idempotency::prune(tx, ago(DAY))?;
            timers::prune(tx)?;
            queue::prune(tx)?;
            slots::prune(tx)?;
            workers::prune(tx, ago(8 * DAY))?;
            hatcheries::prune(tx, ago(30 * DAY))?;
            servers::prune(tx, ago(30 * DAY))?;
            runs::spec::prune(tx, now)?;
            Ok(())
        })
        .await?;
    // Caches that nobody has fetched for long; their bytes go with them.
    for blob in app.store().write(move |tx| caches::prune(tx, ago(30 * DAY))).await? {
        app.delete_cache(&blob).await;
    }
    Ok(())
}

/// Removes caches on this disk that nobody names: replaced or deleted by another server, or left by a crash. Young ones
/// may be about to be named.
async fn sweep(app: &App) -> Result<(), cds_store::Error> {
    let before = cds_model::Timestamp(app.now().ms().saturating_sub(DAY.as_millis() as i64));
    let old = match app.files().caches(before).await {
        Ok(old) => old,
        Err(e) => {
            tracing::warn!(error = %e, "the caches on this disk could not be listed");
            return Ok(());
        }
    };
    if old.is_empty() {
        return Ok(());
    }
    let named: HashSet<String> = app.store().read(caches::blobs).await?.into_iter().collect();
    for key in old.iter().filter(|key| !named.contains(key.as_str())) {
        app.delete_cache(key.as_str()).await;
    }
    Ok(())
}

async fn compact_logs(app: &App, id: cds_model::RunId) {
    let Ok(run) = app.load_run(id).await else { return };
    let mut all = Vec::new();
    crate::app::view::each_job(&run, |_, _, job| {
        for i in 0..job.attempts.len() {
            all.push((job.no, cds_model::Attempt(i as u32 + 1)));
        }
    });
    for (job, attempt) in all {
        app.seal_attempt(JobRef { run: id, job }, attempt).await;
    }
    if let Err(e) = app.logs().compact_run(id).await {
        tracing::debug!(run = %id, error = %e, "logs were left uncompressed");
    }
}
