//! News of what other servers on the same database have committed, and orders that were lost on their way.

use super::{TICK, restore::queued};
use crate::{App, fleet::Look};
use cds_engine::upkeep::lease;
use cds_model::{Attempt, JobRef, Timestamp, WorkerId};
use cds_store::{Wake, queue, workers};
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
    let marks = match app.store().read(queue::marks).await {
        Ok(marks) => marks,
        Err(e) => {
            for (job, attempt, worker, until) in doubtful {
                app.fleet().doubt(job, attempt, worker, until);
            }
            return tracing::warn!(error = %e, "the queue could not be read");
        }
    };
    let lasts = app.config().lease();
    let Look { now, jumped } = app.fleet().look_at_clock(|| app.now(), lasts);
    let trusts = lease::trusts_the_store(jumped, now, lasts);
    let rows: HashMap<(JobRef, Attempt), lease::Row> =
        marks.iter().filter(|m| m.lease.worker.is_some()).map(|m| ((m.job, m.attempt), m.lease)).collect();
    for (job, held) in &holds {
        if app.fleet().compare(*job, held, rows.get(&(*job, held.attempt)).copied(), now) {
            app.seal_attempt(*job, held.attempt).await;
        }
    }
    let holds = app.fleet().holds();
    let held: HashSet<(JobRef, Attempt)> = holds.iter().map(|(job, held)| (*job, held.attempt)).collect();
    let missing = app.fleet().lacks(marks.iter().filter(|m| m.waits()).map(|m| (m.job, m.attempt)));
    let waiting = match missing.is_empty() {
        true => Vec::new(),
        false => app.store().read(move |tx| queue::of_runs(tx, &missing)).await.unwrap_or_default(),
    };
    let on_their_way: HashSet<JobRef> = app.fleet().on_their_way().into_iter().collect();
    for mark in marks.iter().filter(|m| !m.parked && !m.lease.stopped && m.lease.worker.is_some()) {
        let order = (mark.job, mark.attempt);
        if held.contains(&order) || on_their_way.contains(&mark.job) {
            continue;
        }
        let ghost = doubtful
            .iter()
            .any(|(j, a, worker, until)| (*j, *a) == order && lease::is_ghost(mark.lease, *worker, *until));
        // What was read may be over by now.
        if (ghost || trusts && lease::is_orphan(mark.lease, now))
            && still_leased(app, mark.job, mark.attempt, mark.lease.worker).await
        {
            tracing::warn!(job = %mark.job, "a lease is nobody's: its attempt is lost");
            app.worker_lost(mark.job, mark.attempt, nobodys(app, mark.lease, ghost, now).await).await;
        }
    }
    let waiting = waiting
        .into_iter()
        .filter(|e| e.mark().waits() && !on_their_way.contains(&JobRef { run: e.run, job: e.job }));
    app.fleet().push(waiting.map(queued), now);
}

/// Why the lease of a worker that is not known here is given up.
async fn nobodys(app: &App, lease: lease::Row, ghost: bool, now: Timestamp) -> String {
    let Some(worker) = lease.worker.filter(|_| !ghost) else {
        return "its worker was never told of it: the answer of the database was lost".into();
    };
    let known = app.store().read(move |tx| workers::get(tx, worker)).await.ok().flatten();
    let name = known.map_or_else(|| worker.to_string(), |w| w.name);
    let quiet = lease.until.map(|until| now.since(app.terms().heard(until)).as_secs());
    let quiet = quiet.map_or_else(String::new, |s| format!(" for {s} s"));
    format!("lost connection with the worker {name}: no server has heard of it{quiet}")
}

async fn still_leased(app: &App, job: JobRef, attempt: Attempt, worker: Option<WorkerId>) -> bool {
    let entry = app.store().read(move |tx| queue::get(tx, job.run, job.job, attempt)).await;
    matches!(entry, Ok(Some(e)) if e.worker == worker)
}
