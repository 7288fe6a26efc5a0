//! Ends what a worker leaves behind.

use crate::{
    MARKER,
    record::{Places, remove_tree},
};
use cds_model::WorkerId;
use cds_process::ProcId;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};
use std::{collections::BTreeSet, io, path::Path, thread::sleep, time::Duration};

/// Ends every worker that a provider which is gone for good has started from this directory, with all that they have
/// started, and removes the directory. Blocks.
///
/// # Errors
/// It cannot be read or removed.
pub fn clear(directory: &Path) -> io::Result<()> {
    match Places(directory.into()).load() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        records => {
            for record in records? {
                kill_marked(record.worker);
            }
        }
    }
    remove_tree(directory)
}

/// Kills the process group of a worker whose leader has just ended. Cheap: the first thing to do.
pub(crate) fn kill_group(leader: ProcId) {
    if let Some(pid) = leader.pid() {
        // "No such process" means that nobody is left.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

/// Kills every process that carries the worker's marker, wherever it hid, and waits until none is left (at most
/// some seconds: a process in an uninterruptible wait cannot be killed). Returns how many had to be killed.
/// Blocking: reads all of `/proc`.
pub(crate) fn kill_marked(worker: WorkerId) -> usize {
    let mut hunt = cds_process::Hunt::new(MARKER, &worker.to_string());
    let mut killed = BTreeSet::new();
    // A process may fork between being listed and being killed, so look until nothing is found.
    for round in 0..200 {
        let Some(found) = hunt.look() else { break };
        for stat in found {
            // Checked again right before the signal, as numbers are reused.
            if stat.id.lives()
                && let Some(pid) = stat.id.pid()
            {
                let _ = kill_process(pid, Signal::KILL);
                killed.insert(stat.id);
            }
        }
        sleep(Duration::from_millis(if round < 5 { 2 } else { 20 }));
    }
    reap(&killed);
    killed.len()
}

/// Reaps those that became children of this process because their own parent died first.
fn reap(killed: &BTreeSet<ProcId>) {
    let me = std::process::id() as i32;
    for id in killed {
        for _ in 0..50 {
            match cds_process::stat(id.pid) {
                Some(stat) if stat.id == *id && stat.parent == me && stat.zombie => {
                    let _ = waitpid(Pid::from_raw(id.pid), WaitOptions::NOHANG);
                    break;
                }
                Some(stat) if stat.id == *id && !stat.zombie => sleep(Duration::from_millis(2)),
                _ => break,
            }
        }
    }
}
