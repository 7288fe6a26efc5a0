//! Gives mutexes that are free to who waits, lowest run number first.

use super::TICK;
use crate::{App, app::live::told};
use cds_engine::{
    Event,
    upkeep::{self, Granted, Told},
};
use cds_store::{
    Wake,
    slots::{self, Slot},
};
use tokio::sync::broadcast::error::RecvError;

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups();
    // Given before this server started, perhaps without the run having been told.
    let mut untold = app.store().read(slots::held).await.unwrap_or_default();
    loop {
        let mut again = Vec::new();
        for slot in untold {
            if !tell(&app, slot.clone()).await {
                again.push(slot);
            }
        }
        untold = again;
        match app.store().write(slots::grant).await {
            Ok(granted) => {
                for slot in granted {
                    if !tell(&app, slot.clone()).await {
                        untold.push(slot);
                    }
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

/// Tells a run that it has a mutex. False if it must be told again, because the store failed.
async fn tell(app: &App, slot: Slot) -> bool {
    let applied = app.apply(slot.run, &Event::SlotGranted { node_run: slot.node_run }).await;
    if let Err(e) = &applied {
        tracing::warn!(run = %slot.run, error = %e, "a mutex was given to a run that cannot be told");
    }
    let told = told(&applied);
    // Told before, or not wanted any more: the run knows.
    let holds = matches!(told, Told::Ignored(_))
        && app
            .load_run(slot.run)
            .await
            .is_ok_and(|run| run.nodes.get(slot.node_run.0 as usize).is_some_and(|n| n.holds_slot));
    match upkeep::granted(told, holds) {
        Granted::Keep => true,
        Granted::TellAgain => false,
        Granted::GiveBack => {
            let (run, node_run) = (slot.run, slot.node_run);
            if let Err(e) = app.store().write(move |tx| slots::release(tx, run, node_run)).await {
                tracing::warn!(%run, error = %e, "a mutex nobody wants could not be taken back");
            }
            true
        }
    }
}
