//! What happens by itself: timers, mutexes, leases, house-keeping, and news of other servers. Every task is woken
//! by what it waits for; its tick is only there in case a wake-up is lost.

pub mod fleet_news;
mod keeping;
pub(crate) mod leases;
mod news;
mod others;
mod peers;
mod reconcile;
mod restore;
mod room;
pub(crate) mod slots;
mod timers;
mod wakes;

use crate::App;
use std::time::Duration;

#[cfg(test)]
pub use reconcile::reconcile;
pub(crate) use reconcile::reconcile_run;
pub use restore::restore;

/// Starts all tasks; they end when the server closes.
pub fn spawn(app: &App) {
    let tasks: [(&'static str, futures::future::BoxFuture<'static, ()>); 12] = [
        ("timers", Box::pin(timers::run(app.clone()))),
        ("slots", Box::pin(slots::run(app.clone()))),
        ("clock", Box::pin(leases::clock(app.clone()))),
        ("leases", Box::pin(leases::run(app.clone()))),
        ("wakes", Box::pin(wakes::run(app.clone()))),
        ("reconcile", Box::pin(reconcile::run(app.clone()))),
        ("keeping", Box::pin(keeping::run(app.clone()))),
        ("fleet news", Box::pin(fleet_news::run(app.clone()))),
        ("news", Box::pin(news::run(app.clone()))),
        ("others", Box::pin(others::run(app.clone()))),
        ("peers", Box::pin(peers::run(app.clone()))),
        ("room", Box::pin(room::run(app.clone()))),
    ];
    for (name, task) in tasks {
        let closing = app.closing();
        tokio::spawn(async move {
            tokio::select! {
                () = task => tracing::error!(name, "a task has ended"),
                () = closing.cancelled() => {}
            }
        });
    }
}

/// In case a wake-up is lost.
const TICK: Duration = Duration::from_secs(10);
