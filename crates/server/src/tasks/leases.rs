//! Leases: renewed in the store while workers are heard of, taken back when they are not. What is a lease, and when it
//! is lost, say the rules of [`cds_engine::upkeep::lease`].

use crate::{App, fleet::Held};
use cds_engine::upkeep::lease::{self, Terms};
use cds_model::{Attempt, JobRef, Timestamp, WorkerId};
use cds_store::{queue, workers};
use std::{collections::BTreeMap, time::Duration};

/// Looks at the clock, and waits for nothing else: a database that is silent for long must not look like a clock that
/// has jumped, after which every worker counts as heard of now.
pub async fn clock(app: App) {
    let lasts = app.terms().silence;
    let mut tick = tokio::time::interval(lease::look_every(lasts));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        app.fleet().look_at_clock(|| app.now(), lasts);
    }
}

pub async fn run(app: App) {
    let terms = app.terms();
    let lasts = terms.silence;
    let mut tick = tokio::time::interval(lease::look_every(lasts));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let now = app.fleet().look_at_clock(|| app.now(), lasts).now;
        app.fleet().mark_down(now);
        give_up_late(&app, now).await;
        // Ordered, and its hatchery has not mentioned it since: it will not come, and nobody is to wait for it.
        for worker in app.fleet().never_came(now) {
            match app.store().read(move |tx| workers::get(tx, worker)).await {
                // It came to another server.
                Ok(Some(_)) => {
                    app.fleet().remove_worker(worker, now);
                }
                Ok(None) => app.forget_worker(worker, "it was ordered and never came").await,
                Err(e) => tracing::warn!(%worker, error = %e, "a worker could not be looked up"),
            }
        }
        app.fleet().forget_strangers(now);
        renew(&app, terms, now).await;
    }
}

/// Gives up what is held by workers that are silent or deaf.
pub(crate) async fn give_up_late(app: &App, now: Timestamp) {
    let grace = Duration::from_millis(app.config().kill_grace_ms) + Duration::from_secs(10);
    for (job, held) in app.fleet().expired(app.terms().silence, grace, now) {
        if let Some(deaf) = is_lost(app, job, held, now).await {
            // Deaf or dead: its hatchery ends it, and whatever it runs.
            app.fleet().destroy_worker(deaf.worker);
        }
    }
}

/// Gives a late hold up, unless the store knows better.
async fn is_lost(app: &App, job: JobRef, held: Held, now: Timestamp) -> Option<Held> {
    if held.cancelled.is_some() {
        // It has had its time to let go: written down, so that nothing it says from now on is taken in.
        app.worker_lost(job, held.attempt, "did not let go of the job that was stopped".into()).await;
        return Some(held);
    }
    // Its worker may report to another server on the same database, which then renews the lease.
    let row = match app.store().read(move |tx| queue::get(tx, job.run, job.job, held.attempt)).await {
        Ok(entry) => entry.map(|e| e.mark().lease),
        Err(e) => {
            tracing::warn!(%job, error = %e, "a lease could not be looked at");
            return None;
        }
    };
    match lease::late(row, held.worker, now) {
        lease::Fate::Keep | lease::Fate::Stop => None,
        lease::Fate::Drop => {
            // Another server has given it up: whoever reads its log here is told that nothing follows.
            app.fleet().release(job, held.attempt);
            app.seal_attempt(job, held.attempt).await;
            None
        }
        lease::Fate::Lost => {
            let name = app.fleet().worker_name(held.worker);
            let quiet = now.since(held.seen).as_secs();
            let why = format!("lost connection with the worker {name}: not heard of for {quiet} s");
            app.worker_lost(job, held.attempt, why).await;
            Some(held)
        }
    }
}

/// A lease to renew.
type Renewed = (JobRef, Attempt, WorkerId);

/// Writes down until when leases hold, never less than is known: who heard of the worker last may be another server.
/// Each attempt by itself: a worker that is at something else does not keep what it has never heard of.
async fn renew(app: &App, terms: Terms, now: Timestamp) {
    // Those that end at about the same time go in one statement, and as their earliest.
    let about = (terms.silence / 10).as_millis().max(1) as i64;
    let mut renewed: BTreeMap<i64, (Timestamp, Vec<Renewed>)> = BTreeMap::new();
    for (job, held) in app.fleet().holds() {
        let Some(until) = terms.until(held.seen, now).filter(|_| held.heard || terms.renews_unheard()) else {
            continue;
        };
        // Where little would be won nothing is written: most jobs are over before their lease needs it.
        if lease::is_renewed(held.until, until, terms.silence) {
            let group = renewed.entry(until.ms() / about).or_insert_with(|| (until, Vec::new()));
            group.0 = group.0.min(until);
            group.1.push((job, held.attempt, held.worker));
        }
    }
    if renewed.is_empty() {
        return;
    }
    let written = app.store().write_simple(move |tx| {
        let mut written = Vec::new();
        for (until, leases) in renewed.values() {
            let done = queue::renew(tx, leases, *until)?;
            written.extend(done.into_iter().map(|(job, attempt)| (job, attempt, *until)));
        }
        Ok(written)
    });
    match written.await {
        Ok(written) => {
            for (job, attempt, until) in written {
                app.fleet().written(job, attempt, until);
            }
        }
        Err(e) => tracing::warn!(error = %e, "leases could not be renewed"),
    }
}
