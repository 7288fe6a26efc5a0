//! Rings timers: queue, job and run time-outs.

use super::TICK;
use crate::App;
use cds_engine::Event;
use cds_store::{Wake, timers};
use tokio::sync::broadcast::error::RecvError;

pub async fn run(app: App) {
    let mut wakeups = app.store().wakeups();
    loop {
        if let Err(e) = ring(&app).await {
            tracing::warn!(error = %e, "timers could not be looked at");
        }
        let next = app.store().read(timers::next).await.ok().flatten();
        let sleep = next.map_or(TICK, |at| at.since(app.now()).min(TICK));
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

async fn ring(app: &App) -> Result<(), cds_store::Error> {
    loop {
        let now = app.now();
        let due = app.store().read(move |tx| timers::due(tx, now, 100)).await?;
        if due.is_empty() {
            return Ok(());
        }
        for timer in due {
            // What the engine makes of it is its business; a run that can't be read has no timers to wait for.
            if let Err(e) = app.apply(timer.run, &Event::Timer(timer.key.clone())).await {
                tracing::debug!(run = %timer.run, error = %e, "a timer rang for nobody");
            }
            app.store().write(move |tx| timers::done(tx, &timer)).await?;
        }
    }
}
