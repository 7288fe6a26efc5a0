//! Says to whoever follows the news that queue, workers or hatcheries have changed. It names nothing: what somebody may
//! see of them, a request finds out.

use crate::App;
use cds_api::runs::Event;
use std::{sync::Arc, time::Duration};

/// From one word to the next: with many workers something changes all the time.
const PAUSE: Duration = Duration::from_secs(1);

/// Kind of the event.
pub const KIND: &str = "fleet.updated";

pub async fn run(app: App) {
    loop {
        app.fleet().touched().await;
        let event = Event { kind: KIND.into(), at: app.now().to_rfc3339(), ..Event::default() };
        // Nobody listening is not a fault.
        let _ = app.events().send(Arc::new(event));
        tokio::time::sleep(PAUSE).await;
    }
}
