//! Rings timers: queue, job and run time-outs.

use super::TICK;
use crate::{App, app::live::told};
use cds_engine::{Event, upkeep};
use cds_store::{Wake, timers};
use tokio::sync::broadcast::error::RecvError;

/// Between two looks.
const SHORTEST: std::time::Duration = std::time::Duration::from_millis(20);
/// Timers that are looked at together.
const BATCH: i64 = 100;

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups();
    loop {
        let told = ring(&app).await.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "timers could not be looked at");
            false
        });
        // One that is due and can't be told now rings again with the next tick: the store is full or away.
        let next = if told { app.store().read(timers::next).await.ok().flatten() } else { None };
        let sleep = next.map_or(TICK, |at| at.since(app.now()).min(TICK)).max(SHORTEST);
        let deadline = tokio::time::Instant::now() + sleep;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                wake = wakeups.recv() => match wake {
                    // Most are set for when a job takes too long: no reason to look now.
                    Ok(Wake::Timer(at)) if at.since(app.now()) >= TICK => {}
                    Ok(Wake::Timer(_) | Wake::All) | Err(RecvError::Lagged(_)) => break,
                    Ok(_) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        }
    }
}

/// Tells runs of what is due. False if some could not be told now.
async fn ring(app: &App) -> Result<bool, cds_store::Error> {
    loop {
        let now = app.now();
        let (due, bad) = app.store().read(move |tx| timers::due(tx, now, BATCH)).await?;
        if bad > 0 {
            for row in app.store().write(move |tx| timers::sweep(tx, now, BATCH)).await? {
                tracing::error!(row, "a timer can't be read and is deleted");
            }
        } else if due.is_empty() {
            return Ok(true);
        }
        let mut later = false;
        for timer in due {
            // What the engine makes of it is its business; a run that can't be read has no timers to wait for.
            let applied = app.apply(timer.run, &Event::Timer(timer.key.clone())).await;
            if let Err(e) = &applied {
                tracing::debug!(run = %timer.run, error = %e, "a timer rang for nobody");
            }
            if upkeep::timer_is_done(told(&applied)) {
                app.store().write(move |tx| timers::done(tx, &timer)).await?;
            } else {
                later = true;
            }
        }
        if later {
            return Ok(false);
        }
    }
}
