//! News of what other servers on the same database have committed, and orders that were lost on their way.

use super::{TICK, restore::queued};
use crate::App;
use cds_engine::upkeep::lease;
use cds_model::{Attempt, JobRef, WorkerId};
use cds_store::{Wake, queue};
use std::collections::{HashMap, HashSet};
use tokio::sync::broadcast::error::RecvError;

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups();
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = tick.tick() => reload(&app).await,
            wake = wakeups.recv() => match wake {
                Ok(Wake::All) | Err(RecvError::Lagged(_)) => reload(&app).await,
                Ok(_) => {
                    for (job, attempt) in app.fleet().lost_orders() {
                        let found = app.store().read(move |tx| queue::get(tx, job.run, job.job, attempt)).await;
                        if let Ok(Some(entry)) = found
                            && entry.worker.is_none()
                        {
                            app.fleet().push([queued(entry)], app.now());
                        }
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// The queue as the store has it: whatever is missing in memory is put there, holds that are over are dropped, and
/// leases that ran out without anybody here having them are given up. What waits in memory too much is found out when
/// it is handed out, because the lease is committed against the store.
pub(super) async fn reload(app: &App) {
    app.fleet().lost_orders();
    let doubtful = app.fleet().doubtful();
    // Before the store is read: a hold that is newer than what was read is none of its business.
    let holds = app.fleet().holds();
    let entries = match app.store().read(queue::load).await {
        Ok((entries, _)) => entries,
        Err(e) => {
            for (job, attempt, worker, until) in doubtful {
                app.fleet().doubt(job, attempt, worker, until);
            }
            return tracing::warn!(error = %e, "the queue could not be read");
        }
    };
    let (now, lasts) = (app.now(), app.config().lease());
    let trusts = lease::trusts_the_store(app.fleet().look_at_clock(now, lasts), now, lasts);
    let rows: HashMap<(JobRef, Attempt), lease::Row> =
        entries.iter().map(|e| ((JobRef { run: e.run, job: e.job }, e.attempt), e.lease())).collect();
    for (job, held) in &holds {
        app.fleet().compare(*job, held, rows.get(&(*job, held.attempt)).copied(), now);
    }
    let holds = app.fleet().holds();
    let held: HashSet<(JobRef, Attempt)> = holds.iter().map(|(job, held)| (*job, held.attempt)).collect();
    let on_their_way: Vec<JobRef> = app.fleet().on_their_way();
    let mut waiting = Vec::new();
    for entry in entries.into_iter().filter(|e| e.parked.is_none() && !e.cancelled) {
        let (job, attempt) = (JobRef { run: entry.run, job: entry.job }, entry.attempt);
        if entry.worker.is_none() {
            if !on_their_way.contains(&job) {
                waiting.push(queued(entry));
            }
        } else if !held.contains(&(job, attempt)) && !on_their_way.contains(&job) {
            let row = entry.lease();
            let ghost = doubtful.iter().any(|(j, a, worker, until)| {
                (*j, *a) == (job, attempt) && lease::is_ghost(row, *worker, *until)
            });
            // What was read may be over by now.
            if (ghost || trusts && lease::is_orphan(row, now))
                && still_leased(app, job, attempt, row.worker).await
            {
                tracing::warn!(%job, "a lease is nobody's: its attempt is lost");
                app.worker_lost(job, attempt, "it was leased, and no worker had it".into()).await;
            }
        }
    }
    app.fleet().push(waiting, now);
}

async fn still_leased(app: &App, job: JobRef, attempt: Attempt, worker: Option<WorkerId>) -> bool {
    let entry = app.store().read(move |tx| queue::get(tx, job.run, job.job, attempt)).await;
    matches!(entry, Ok(Some(e)) if e.worker == worker)
}
