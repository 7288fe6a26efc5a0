//! What the kernel says about processes.

use rustix::process::Pid;
use serde::{Deserialize, Serialize};
use std::fs;

/// A process that cannot be mistaken for a later one of the same number: pid and start time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ProcId {
    /// Process id.
    pub pid: i32,
    /// Clock ticks from the machine's start to the process's.
    pub start: u64,
}

/// The parts of `/proc/<pid>/stat` that matter here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Which process.
    pub id: ProcId,
    /// Its parent.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// It has ended and waits to be reaped.
    pub zombie: bool,
}

/// Reads a process; `None` if there is none.
pub fn stat(pid: i32) -> Option<Stat> {
    parse_stat(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

fn parse_stat(pid: i32, text: &[u8]) -> Option<Stat> {
    // The name is in parentheses and may hold any bytes, parentheses too: the last one ends it.
    let behind = text.iter().rposition(|b| *b == b')')? + 1;
    let mut fields = std::str::from_utf8(&text[behind..]).ok()?.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let start = fields.nth(16)?.parse().ok()?;
    Some(Stat { id: ProcId { pid, start }, parent, group, zombie: matches!(state, "Z" | "X") })
}

impl ProcId {
    /// The process of this number now.
    pub fn of(pid: i32) -> Option<ProcId> {
        stat(pid).map(|s| s.id)
    }
    /// Whether it still runs (a zombie does not).
    pub fn lives(self) -> bool {
        stat(self.pid).is_some_and(|s| s.id == self && !s.zombie)
    }
    /// For calls to the kernel.
    pub fn pid(self) -> Option<Pid> {
        Pid::from_raw(self.pid)
    }
}

/// Every process of the machine that can be read.
pub fn all() -> impl Iterator<Item = Stat> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(stat)
}

/// The value of a variable in the environment a process was started with. `None` also for a process that may not
/// be read (another user's) or has ended.
pub fn environment_value(pid: i32, name: &str) -> Option<String> {
    let environ = fs::read(format!("/proc/{pid}/environ")).ok()?;
    environ.split(|b| *b == 0).find_map(|entry| {
        let value = entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        String::from_utf8(value.to_vec()).ok()
    })
}

/// Every living process with `name=value` in its environment.
pub fn marked(name: &str, value: &str) -> Vec<Stat> {
    all().filter(|s| !s.zombie && environment_value(s.id.pid, name).as_deref() == Some(value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_is_no_trap() {
        let text = b"42 (a) b\n\xff (c) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0";
        let stat = parse_stat(42, text).unwrap();
        assert_eq!(stat, Stat { id: ProcId { pid: 42, start: 98765 }, parent: 7, group: 42, zombie: false });
        assert_eq!(parse_stat(42, b"nonsense"), None);
        assert_eq!(parse_stat(42, b"42 (x) S 7"), None);
    }

    #[test]
    fn nobody_hides_behind_a_name_that_is_no_text() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe"));
        fs::copy("/bin/sleep", &program).unwrap();
        let mut command = std::process::Command::new(&program);
        let mut child = command.arg("60").env("CDS_TEST_MARK", "hidden").spawn().unwrap();
        let found = marked("CDS_TEST_MARK", "hidden");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.iter().map(|s| s.id.pid).collect::<Vec<_>>(), [child.id() as i32]);
    }

    #[test]
    fn this_process_is_found() {
        let me = ProcId::of(std::process::id() as i32).unwrap();
        assert!(me.lives());
        assert!(!ProcId { start: me.start + 1, ..me }.lives(), "another start time is another process");
        assert!(all().any(|s| s.id == me));
    }
}
