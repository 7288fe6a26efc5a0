//! News of what other servers on the same database have committed: what is in memory here may be old.
//! A token that was revoked there is worth nothing here either, as soon as the news has come.

use super::{TICK, wakes::reload};
use crate::App;
use cds_store::{Wake, queue};
use std::{collections::HashSet, time::Duration};
use tokio::sync::broadcast::error::RecvError;

/// Changes of the queue come in swarms; it is read once for all that come within this time.
const GATHER: Duration = Duration::from_millis(10);

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups_of_others();
    let mut due = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep_until(due.unwrap_or_else(tokio::time::Instant::now)), if due.is_some() => {
                due = None;
                if let Err(e) = agree(&app).await {
                    tracing::warn!(error = %e, "the queue could not be compared with the database");
                    due = Some(tokio::time::Instant::now() + TICK);
                }
            }
            wake = wakeups.recv() => match wake {
                Ok(Wake::Run(id)) => app.live().outdated(id),
                Ok(Wake::Queue) => due = due.or(Some(tokio::time::Instant::now() + GATHER)),
                Ok(Wake::Identity) => app.tokens().forget(),
                Ok(Wake::Disabled(worker)) => drop(app.fleet().disable_worker(worker, app.now())),
                Ok(Wake::All) | Err(RecvError::Lagged(_)) => {
                    app.tokens().forget();
                    app.live().all_outdated();
                    due = due.or(Some(tokio::time::Instant::now() + GATHER));
                }
                Ok(_) => {}
                Err(RecvError::Closed) => return,
            }
        }
    }
}

/// Makes the queue in memory agree with the database.
async fn agree(app: &App) -> Result<(), cds_store::Error> {
    // Noted first: what comes into memory while the database is read is newer than what was read.
    let waiting = app.fleet().queued();
    if !waiting.is_empty() {
        let marks = app.store().read(queue::marks).await?;
        let free: HashSet<_> = marks.iter().filter(|m| m.waits()).map(|m| (m.job, m.attempt)).collect();
        let now = app.now();
        for (job, attempt) in waiting.into_iter().filter(|order| !free.contains(order)) {
            app.fleet().unqueue(job, attempt, now);
        }
    }
    reload(app).await;
    Ok(())
}
