//! The system's process table, as far as it concerns one job.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::{
    collections::{HashMap, HashSet},
    fs,
};

/// One line of the process table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Process {
    pub pid: i32,
    pub parent: i32,
    pub group: i32,
    /// Dead, and not yet waited for.
    pub zombie: bool,
    /// Clock ticks since boot; with the id it names a process for ever.
    pub started: u64,
}

/// Every process that can be seen.
pub(super) fn read() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.filter_map(|e| one(e.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// One process.
pub(super) fn one(pid: i32) -> Option<Process> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

pub(super) fn parse(pid: i32, stat: &[u8]) -> Option<Process> {
    // A process chooses its name: any bytes, so fields are counted behind the last bracket.
    let behind = stat.iter().rposition(|b| *b == b')')? + 1;
    let mut fields = std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let started = fields.nth(16)?.parse().ok()?;
    Some(Process { pid, parent, group, zombie: matches!(state, "Z" | "X" | "x"), started })
}

/// Whether the process carries the entry `NAME=value` in the environment it was started with.
pub(super) fn has_environment(pid: i32, entry: &[u8]) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|all| all.split(|b| *b == 0).any(|e| e == entry))
}

/// Adds to `members` every process descended from one of them.
pub(super) fn with_descendants(table: &[Process], members: &mut HashSet<i32>) {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for p in table {
        children.entry(p.parent).or_default().push(p.pid);
    }
    let mut stack: Vec<i32> = members.iter().copied().collect();
    while let Some(pid) = stack.pop() {
        for child in children.get(&pid).into_iter().flatten() {
            if members.insert(*child) {
                stack.push(*child);
            }
        }
    }
}

/// Sends a signal to exactly this process, not to one that has got its id since.
pub(super) fn signal(process: &Process, signal: Signal) {
    let Some(pid) = Pid::from_raw(process.pid) else { return };
    let Ok(fd) = pidfd_open(pid, PidfdFlags::empty()) else { return };
    if one(process.pid).is_some_and(|now| now.started == process.started) {
        let _ = pidfd_send_signal(&fd, signal);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_odd_names() {
        let line = b"7 (a) b\n\xff (c) S 3 5 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
        let expected = Process { pid: 7, parent: 3, group: 5, zombie: false, started: 4242 };
        assert_eq!(parse(7, line), Some(expected));
        assert_eq!(parse(7, b"7 (x"), None);
    }

    #[test]
    fn nobody_hides_behind_a_name_that_is_no_text() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe) S 1"));
        fs::copy("/bin/sleep", &program).unwrap();
        let mut child = std::process::Command::new(&program).arg("60").spawn().unwrap();
        let found = read().into_iter().find(|p| p.pid == child.id() as i32);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.map(|p| p.parent), Some(std::process::id() as i32));
    }

    #[test]
    fn this_process_is_in_the_table() {
        let me = std::process::id() as i32;
        let table = read();
        assert!(table.iter().any(|p| p.pid == me && !p.zombie && p.started > 0));
        let mut family = HashSet::from([table.iter().find(|p| p.pid == me).unwrap().parent]);
        with_descendants(&table, &mut family);
        assert!(family.contains(&me));
    }
}
