//! Gives mutexes that are free to who waits, lowest run number first.

use super::TICK;
use crate::{App, app::live::Applied};
use cds_engine::Event;
use cds_store::{
    Wake,
    slots::{self, Slot},
};
use tokio::sync::broadcast::error::RecvError;

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups();
    // Given before this server started, perhaps without the run having been told.
    let held = app.store().read(slots::held).await.unwrap_or_default();
    for slot in held {
        tell(&app, slot).await;
    }
    loop {
        match app.store().write(slots::grant).await {
            Ok(granted) => {
                for slot in granted {
                    tell(&app, slot).await;
                }
            }
            Err(e) => tracing::warn!(error = %e, "mutexes could not be given"),
        }
        let deadline = tokio::time::Instant::now() + TICK;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                wake = wakeups.recv() => match wake {
                    Ok(Wake::Slot | Wake::All) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        }
    }
}

async fn tell(app: &App, slot: Slot) {
    let told = app.apply(slot.run, &Event::SlotGranted { node_run: slot.node_run }).await;
    let wanted = match &told {
        Ok(Applied::Advanced(_)) => true,
        // Told before, or not wanted any more: the run knows.
        Ok(Applied::Ignored(_)) => app
            .load_run(slot.run)
            .await
            .is_ok_and(|run| run.nodes.get(slot.node_run.0 as usize).is_some_and(|n| n.holds_slot)),
        Err(e) => {
            tracing::warn!(run = %slot.run, error = %e, "a mutex was given to a run that cannot be told");
            false
        }
    };
    if !wanted {
        let (run, node_run) = (slot.run, slot.node_run);
        if let Err(e) = app.store().write(move |tx| slots::release(tx, run, node_run)).await {
            tracing::warn!(%run, error = %e, "a mutex nobody wants could not be taken back");
        }
    }
}
