//! Tells the other servers on the database that this one is there, and learns of them.

use crate::App;
use std::time::Duration;

/// What this server has is told so often while jobs wait, because it says why they do.
const EVERY: Duration = Duration::from_secs(1);
/// And once in so many rounds while none does.
const IDLE: u32 = 5;

pub async fn run(app: App) {
    // SQLite is one server's own.
    if app.store().dialect() == cds_store::Dialect::Sqlite {
        return std::future::pending().await;
    }
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut rounds = 0;
    loop {
        tick.tick().await;
        rounds += 1;
        if app.fleet().waiting() == 0 && rounds % IDLE != 1 {
            continue;
        }
        if let Err(e) = app.meet().await {
            tracing::warn!(error = %e, "other servers could not be told of this one");
        }
    }
}
