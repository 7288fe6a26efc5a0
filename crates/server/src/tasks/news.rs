//! News for `GET /v1/events`, in the order of their ids: of this server's commits and of others'.

use super::TICK;
use crate::App;
use cds_store::{Wake, events};
use std::sync::Arc;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

/// Events read at once.
const PAGE: i64 = 500;

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups();
    // Everything up to here was told, or nobody was there to be told.
    let mut told = app.store().read(events::last).await.unwrap_or(0);
    loop {
        let mut newest = 0;
        let mut look = false;
        let mut wake = match tokio::time::timeout(TICK, wakeups.recv()).await {
            Ok(Ok(wake)) => Some(wake),
            Ok(Err(RecvError::Lagged(_))) | Err(_) => Some(Wake::All),
            Ok(Err(RecvError::Closed)) => return,
        };
        while let Some(w) = wake {
            match w {
                Wake::Event(id) => newest = newest.max(id),
                Wake::All => look = true,
                _ => {}
            }
            wake = match wakeups.try_recv() {
                Ok(wake) => Some(wake),
                Err(TryRecvError::Lagged(_)) => Some(Wake::All),
                Err(TryRecvError::Empty | TryRecvError::Closed) => None,
            };
        }
        if app.events().receiver_count() == 0 {
            // Whoever comes reads the store first, and wants only what is newer.
            told = told.max(newest);
        } else if look || newest > told {
            told = tell(&app, told).await;
        }
    }
}

/// Tells what came after `told`; up to where.
async fn tell(app: &App, mut told: i64) -> i64 {
    loop {
        let rows = match app.store().read(move |tx| events::after(tx, told, PAGE)).await {
            Ok(rows) => rows,
            Err(e) => {
                tracing::warn!(error = %e, "events could not be read and are told later");
                return told;
            }
        };
        let more = rows.len() as i64 == PAGE;
        for row in rows {
            told = row.id;
            if let Ok(mut news) = serde_json::from_str::<cds_api::runs::Event>(&row.data) {
                news.id = row.id;
                // Nobody listening any more is not a fault.
                let _ = app.events().send(Arc::new(news));
            }
        }
        if !more {
            return told;
        }
    }
}
