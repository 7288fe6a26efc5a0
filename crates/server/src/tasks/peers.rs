//! Tells the other servers on the database that this one is there, and learns of them.

use crate::App;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(5);

pub async fn run(app: App) {
    // SQLite is one server's own.
    if app.store().dialect() == cds_store::Dialect::Sqlite {
        return std::future::pending().await;
    }
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if let Err(e) = app.meet().await {
            tracing::warn!(error = %e, "other servers could not be told of this one");
        }
    }
}
