//! Finds out when a database that was full has room again, so that health does not wait for somebody to try.

use crate::App;
use std::time::Duration;

const EVERY: Duration = Duration::from_secs(5);

pub async fn run(app: App) {
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        if app.store().lacks_room()
            && let Err(e) = app.store().try_room().await
        {
            tracing::warn!(error = %e, "whether there is room in the database could not be found out");
        }
    }
}
