//! Adopts and reaps orphans: processes whose parent, a worker or a part of a job, died before them.

use cds_process::ProcId;
use rustix::process::{Pid, WaitOptions, getpid, set_child_subreaper, waitpid};
use std::{collections::HashSet, io, time::Duration};
use tokio::signal::unix::{SignalKind, signal};

/// A zombie older than this is nobody's: whoever starts processes here collects them at once.
const PATIENCE: Duration = Duration::from_secs(5);

/// Makes this process the parent of orphans among its descendants, and reaps those that nobody waits for; those of a
/// worker that ends in disorder are killed, see [`cds_process::orphans`]. To be called once, in the program's main process,
/// within a runtime; children of the program's own must be waited for within seconds of their end.
pub fn become_subreaper() -> io::Result<()> {
    if !cds_process::orphans::expect() {
        tracing::info!("as the first process here it gets everybody's orphans, and ends none of them");
    }
    set_child_subreaper(Some(getpid()))?;
    let mut ends = signal(SignalKind::child())?;
    tokio::spawn(async move {
        let mut suspects = HashSet::new();
        while ends.recv().await.is_some() {
            // Signals of many ends melt into one, so this looks until no zombie is left.
            loop {
                tokio::time::sleep(PATIENCE).await;
                let seen = std::mem::take(&mut suspects);
                suspects = match tokio::task::spawn_blocking(move || collect(seen)).await {
                    Ok(rest) => rest,
                    Err(_) => return,
                };
                if suspects.is_empty() {
                    break;
                }
            }
        }
    });
    Ok(())
}

/// Reaps the zombies that were there last time already; returns the others.
fn collect(seen: HashSet<ProcId>) -> HashSet<ProcId> {
    let me = std::process::id() as i32;
    let mut rest = HashSet::new();
    for stat in cds_process::all().filter(|s| s.zombie && s.parent == me) {
        if seen.contains(&stat.id) {
            let _ = waitpid(Pid::from_raw(stat.id.pid), WaitOptions::NOHANG);
        } else {
            rest.insert(stat.id);
        }
    }
    rest
}
