//! Ends what a worker leaves behind.

use crate::{
    MARKER,
    record::{Places, Record, remove_tree},
};
use cds_model::WorkerId;
use cds_process::ProcId;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, kill_process_group, waitpid};
use std::{
    collections::{BTreeSet, HashSet},
    io,
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// Ends every worker that a provider which is gone for good has started from this directory, with all that they have
/// started, and removes the directory. Blocks: a worker that sees its provider gone ends its job in order, and is given
/// `grace` for that; `waits` is called before the first wait.
///
/// # Errors
/// It cannot be read or removed.
pub fn clear(directory: &Path, grace: Duration, waits: impl FnOnce()) -> io::Result<()> {
    let records = match Places(directory.into()).load() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        records => records?,
    };
    let until = Instant::now() + grace;
    let mut waits = Some(waits);
    for Record { worker, process, .. } in records {
        let leader = process.or_else(|| oldest_marked(worker));
        // Only while it lives, its job's processes without a mark are known: as its children.
        while leader.is_some_and(ProcId::lives) && Instant::now() < until {
            if let Some(tell) = waits.take() {
                tell();
            }
            sleep(Duration::from_millis(20));
        }
        leader.filter(|leader| leader.lives()).inspect(|leader| kill_family(*leader));
        kill_marked(worker);
    }
    remove_tree(directory)
}

/// The process of a worker that was not written down yet: of what carries its mark, the oldest.
pub(crate) fn oldest_marked(worker: WorkerId) -> Option<ProcId> {
    let marked = cds_process::marked(MARKER, &worker.to_string());
    marked.iter().map(|stat| stat.id).min_by_key(|id| (id.start, id.pid))
}

/// Kills a worker with all that descends from it, also what has lost its mark: whatever loses its parent there becomes
/// a child of the worker, so the worker goes last.
fn kill_family(leader: ProcId) {
    leader.signal(Signal::STOP);
    for _ in 0..200 {
        let table: Vec<_> = cds_process::all().collect();
        let mut members = HashSet::from([leader.pid]);
        cds_process::with_descendants(&table, &mut members);
        let living = table.iter().filter(|s| s.id != leader && !s.zombie && members.contains(&s.id.pid));
        if living.map(|stat| stat.id.signal(Signal::KILL)).count() == 0 {
            break;
        }
        sleep(Duration::from_millis(2));
    }
    leader.signal(Signal::KILL);
}

/// Kills what has lost its mark and its worker: as a child of this process it is known all the same. Blocks.
pub fn kill_orphans() -> usize {
    let killed = cds_process::orphans::end(ORPHANS);
    if killed > 0 {
        tracing::info!(killed, "killed orphans of workers that are dead");
    }
    killed
}

/// Longest time for it. Programs of this process's own may be at work, among whose children none is looked for.
const ORPHANS: Duration = Duration::from_secs(4);

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
