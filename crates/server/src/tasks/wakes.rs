//! News of what other servers on the same database have committed, and orders that were lost on their way.

use super::{TICK, restore::queued};
use crate::App;
use cds_model::JobRef;
use cds_store::{Wake, queue};
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

/// The queue as the store has it: whatever is missing in memory is put there. What is there too much is found out
/// when it is handed out, because the lease is committed against the store.
pub(super) async fn reload(app: &App) {
    app.fleet().lost_orders();
    let (entries, _) = match app.store().read(queue::load).await {
        Ok(loaded) => loaded,
        Err(e) => return tracing::warn!(error = %e, "the queue could not be read"),
    };
    let on_their_way: Vec<JobRef> = app.fleet().on_their_way();
    let waiting = entries
        .into_iter()
        .filter(|e| e.parked.is_none() && e.worker.is_none() && !e.cancelled)
        .map(queued)
        .filter(|q| !on_their_way.contains(&q.job));
    app.fleet().push(waiting.collect::<Vec<_>>(), app.now());
}
