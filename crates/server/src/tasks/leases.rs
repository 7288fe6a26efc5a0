//! Leases: renewed in the store while workers are heard of, taken back when they are not.

use crate::App;
use cds_store::queue;
use std::{collections::BTreeSet, time::Duration};

pub async fn run(app: App) {
    let lease = app.config().lease();
    let grace = Duration::from_millis(app.config().kill_grace_ms) + Duration::from_secs(10);
    let mut tick = tokio::time::interval((lease / 6).max(Duration::from_millis(200)));
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut before = app.now();
    loop {
        tick.tick().await;
        let now = app.now();
        // A clock that jumped, or a machine that slept, says nothing about workers: hear them first.
        let jumped = now.since(before) > lease / 2 || now < before;
        before = now;
        if jumped {
            continue;
        }
        app.fleet().mark_down(now);
        for (job, held) in app.fleet().expired(lease, grace, now) {
            if held.cancelled.is_none() {
                // Its worker may report to another server on the same database, which then renews the lease.
                let entry = app.store().read(move |tx| queue::get(tx, job.run, job.job, held.attempt)).await;
                match entry {
                    Ok(Some(e))
                        if e.worker == Some(held.worker)
                            && e.lease_until.is_some_and(|until| until > now) =>
                    {
                        continue;
                    }
                    Ok(Some(e)) if e.worker == Some(held.worker) => {}
                    // Over, or somebody else's: nothing of ours.
                    Ok(_) => {
                        app.fleet().release(job, held.attempt);
                        continue;
                    }
                    Err(e) => {
                        tracing::warn!(%job, error = %e, "a lease could not be looked at");
                        continue;
                    }
                }
                let name = app.fleet().worker_name(held.worker);
                let quiet = now.since(held.seen).as_secs();
                app.worker_lost(
                    job,
                    held.attempt,
                    format!("lost connection with the worker {name}: not heard of for {quiet} s"),
                )
                .await;
            } else {
                app.seal_attempt(job, held.attempt).await;
            }
            // Deaf or dead: its hatchery ends it, and whatever it runs.
            app.fleet().destroy_worker(held.worker);
        }
        let until = now + lease;
        // Only for workers that are heard of here: whoever is not must be able to lose it.
        let workers: BTreeSet<_> = app
            .fleet()
            .holds()
            .into_iter()
            .filter(|(_, held)| now.since(held.seen) < lease)
            .map(|(_, held)| held.worker)
            .collect();
        if workers.is_empty() {
            continue;
        }
        let renewed = app
            .store()
            // Short jobs are over before theirs needs it.
            .write_simple(move |tx| queue::renew(tx, &workers, until, now + lease * 2 / 3))
            .await;
        if let Err(e) = renewed {
            tracing::warn!(error = %e, "leases could not be renewed");
        }
    }
}
