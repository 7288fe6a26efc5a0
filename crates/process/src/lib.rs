//! What the kernel says about processes: who they are, whose children, what marks they carry. For whoever has to find
//! and end everything that a job has started.
//!
//! Of our own, because a process chooses its name, and the usual readers of `/proc` fail at one that is not UTF-8:
//! whoever takes such a name would not be found.

pub mod orphans;

use rustix::{
    buffer::spare_capacity,
    fs::{Mode, OFlags, open},
    io::{Errno, read},
    process::{Pid, PidfdFlags, Signal, WaitOptions, kill_process, pidfd_open, pidfd_send_signal, waitpid},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    fs,
    time::{Duration, Instant},
};

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
    /// It was stopped (SIGSTOP) and waits to be continued. Not so for one that is traced.
    pub stopped: bool,
}

/// Reads a process; `None` if there is none.
pub fn stat(pid: i32) -> Option<Stat> {
    parse(pid, &fs::read(format!("/proc/{pid}/stat")).ok()?)
}

/// Reads the text of `/proc/<pid>/stat`.
pub fn parse(pid: i32, text: &[u8]) -> Option<Stat> {
    let mut fields = fields(text)?;
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let start = fields.nth(16)?.parse().ok()?;
    let zombie = matches!(state, "Z" | "X" | "x");
    Some(Stat { id: ProcId { pid, start }, parent, group, zombie, stopped: state == "T" })
}

/// The fields of `/proc/<pid>/stat` from the state on.
fn fields(text: &[u8]) -> Option<std::str::SplitAsciiWhitespace<'_>> {
    // The name is in parentheses and may hold any bytes, parentheses too: the last one ends it.
    let behind = text.iter().rposition(|b| *b == b')')? + 1;
    Some(std::str::from_utf8(&text[behind..]).ok()?.split_ascii_whitespace())
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
    /// Sends a signal to exactly this process, not to one that has got its number since. Nothing if it has ended.
    pub fn signal(self, signal: Signal) {
        let Some(Ok(fd)) = self.pid().map(|pid| pidfd_open(pid, PidfdFlags::empty())) else { return };
        if ProcId::of(self.pid) == Some(self) {
            let _ = pidfd_send_signal(&fd, signal);
        }
    }
}

/// Every process of the machine that can be read.
pub fn all() -> impl Iterator<Item = Stat> {
    listed().filter_map(stat)
}

fn listed() -> impl Iterator<Item = i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Children of this process, of all its threads; those that end or come meanwhile may be missing. `None`: the kernel
/// does not tell.
pub fn children() -> Option<Vec<i32>> {
    let mut all = Vec::new();
    for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
        // A thread that has ended has none.
        match fs::read_to_string(thread.path().join("children")) {
            Ok(pids) => all.extend(pids.split_ascii_whitespace().filter_map(|pid| pid.parse::<i32>().ok())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && thread.path().exists() => {
                return None;
            }
            Err(_) => {}
        }
    }
    Some(all)
}

/// Whether a process carries the entry `NAME=value` in the environment it was started with. Not so for one that may
/// not be read (another user's) or has ended.
///
/// While a process executes a new program there is a moment when the kernel shows it without any environment: it is
/// asked again then (at most for [`EXEC`]), or whoever looked at that moment would take it for a stranger.
pub fn has_environment(pid: i32, entry: &[u8]) -> bool {
    carries(pid, entry).unwrap_or(false)
}

/// The same; `None`: it has ended meanwhile.
fn carries(pid: i32, entry: &[u8]) -> Option<bool> {
    let begin = Instant::now();
    let mut empty = 0;
    loop {
        let all = match environment(pid) {
            Ok(all) => all,
            Err(Errno::ACCESS | Errno::PERM) => return Some(false),
            Err(_) => return None,
        };
        if !all.is_empty() {
            return Some(all.split(|b| *b == 0).any(|e| e == entry));
        }
        // Twice, as the place of an environment that is just being filled looks empty too.
        empty += u8::from(has_none(pid));
        if empty == 2 || begin.elapsed() > EXEC {
            return stat(pid).filter(|s| !s.zombie).map(|_| false);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// The environment a process was started with, as of one moment: a single read, as a process that executes a program
/// between two takes the old one away.
fn environment(pid: i32) -> rustix::io::Result<Vec<u8>> {
    let file = open(format!("/proc/{pid}/environ"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut all = Vec::with_capacity(1 << 16);
    while read(&file, spare_capacity(&mut all))? > 0 && all.len() == all.capacity() {
        all.reserve(all.len());
    }
    Ok(all)
}

/// How long a process may take to get its environment when it executes a program.
const EXEC: Duration = Duration::from_millis(200);

/// Whether a process that shows no environment has none: it has ended, is a thread of the kernel, or was given none
/// (`env -i`: its place is known and empty). One that executes a program has no place for it yet.
fn has_none(pid: i32) -> bool {
    const KERNEL_THREAD: u64 = 0x0020_0000;
    let Ok(text) = fs::read(format!("/proc/{pid}/stat")) else { return true };
    let fields: Vec<&str> = fields(&text).into_iter().flatten().collect();
    let number = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok());
    // Counted from the state on: `flags` is the 9th of proc_pid_stat(5), `env_start` and `env_end` the 50th and 51st.
    let (Some(flags), Some(start), Some(end)) = (number(6), number(47), number(48)) else { return true };
    matches!(fields[0], "Z" | "X" | "x") || flags & KERNEL_THREAD != 0 || (end != 0 && start == end)
}

/// Every living process with `name=value` in its environment.
pub fn marked(name: &str, value: &str) -> Vec<Stat> {
    let entry = format!("{name}={value}");
    all().filter(|s| !s.zombie && has_environment(s.id.pid, entry.as_bytes())).collect()
}

/// Looks again and again for living processes with `name=value` in their environment.
#[derive(Debug)]
pub struct Hunt {
    entry: Vec<u8>,
    /// Zombies of the last look.
    dead: HashSet<ProcId>,
    /// Looks in a row that found nobody.
    empty: u8,
}

/// So many looks in a row that find nobody are believed, however much goes on beside.
const BELIEVED: u8 = 10;

impl Hunt {
    /// For processes with this mark.
    pub fn new(name: &str, value: &str) -> Self {
        Self { entry: format!("{name}={value}").into_bytes(), dead: HashSet::new(), empty: 0 }
    }

    /// Those found now. `None`: there are none. An empty list: none was seen, but somebody ended while the table was
    /// read, and may have left a child that was not in it; look again.
    pub fn look(&mut self) -> Option<Vec<Stat>> {
        let (mut found, mut dead, mut moved) = (Vec::new(), HashSet::new(), false);
        for pid in listed() {
            match stat(pid) {
                None => moved = true,
                Some(s) if s.zombie => {
                    moved |= !self.dead.contains(&s.id);
                    dead.insert(s.id);
                }
                Some(s) => match carries(pid, &self.entry) {
                    Some(true) => found.push(s),
                    Some(false) => {}
                    None => moved = true,
                },
            }
        }
        self.dead = dead;
        self.empty = if found.is_empty() { self.empty + 1 } else { 0 };
        (!found.is_empty() || (moved && self.empty < BELIEVED)).then_some(found)
    }
}

/// Adds to `members` (process ids) every process descended from one of them.
pub fn with_descendants(table: &[Stat], members: &mut HashSet<i32>) {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    for stat in table {
        children.entry(stat.parent).or_default().push(stat.id.pid);
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

/// What a process has started since a moment, its orphans included if it is a subreaper.
#[derive(Clone, Debug)]
pub struct Offspring {
    of: i32,
    /// Whoever made this process out of a shell may have left it children that are none of its business.
    before: HashSet<ProcId>,
}

impl Offspring {
    /// Of this process, from now on.
    pub fn from_now() -> Self {
        let of = i32::try_from(std::process::id()).unwrap_or_default();
        let table: Vec<Stat> = all().collect();
        let before = table.iter().filter(|s| s.parent == of).map(|s| s.id).collect();
        Self { of, before }
    }

    /// Those that live.
    pub fn living(&self) -> Vec<ProcId> {
        let table: Vec<Stat> = all().collect();
        let children = table.iter().filter(|s| s.parent == self.of && !self.before.contains(&s.id));
        let mut members = children.map(|s| s.id.pid).collect();
        with_descendants(&table, &mut members);
        table.iter().filter(|s| members.contains(&s.id.pid) && !s.zombie).map(|s| s.id).collect()
    }

    /// Kills them, and those they start meanwhile, for as long as `limit`; returns how many are left. Blocks. To be called
    /// when nobody waits for children any more: the dead are buried.
    pub fn kill(&self, limit: Duration) -> usize {
        let begin = Instant::now();
        loop {
            let living = self.living();
            living.iter().for_each(|id| id.signal(Signal::KILL));
            // Whoever forks and ends faster than the table can be read is, as an orphan, a child of this process.
            let struck = strike(|pid| ProcId::of(pid).is_some_and(|id| self.before.contains(&id)));
            if living.is_empty() && struck == 0 {
                return 0;
            }
            if begin.elapsed() > limit {
                return living.len().max(struck);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Kills and buries the children of this process but for those to be spared, round after round for a moment, so that
/// one that forks and ends is met at some turn; gives how many were there in the last round.
pub fn strike(spared: impl Fn(i32) -> bool) -> usize {
    let mut count = 0;
    for _ in 0..STRIKES {
        let children = children().unwrap_or_default();
        let children: Vec<Pid> =
            children.into_iter().filter(|pid| !spared(*pid)).filter_map(Pid::from_raw).collect();
        count = children.len();
        if count == 0 {
            break;
        }
        for pid in children {
            // A child keeps its number until it is waited for, so no stranger is hit.
            let _ = kill_process(pid, Signal::KILL);
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
    count
}

/// Rounds of one call, some tens of microseconds each.
const STRIKES: usize = 50;

#[cfg(test)]
mod tests {
    use super::*;

    /// Children of one test are offspring in the eyes of another: one after the other.
    fn alone() -> std::sync::MutexGuard<'static, ()> {
        static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    #[test]
    fn a_name_with_parentheses_is_no_trap() {
        let text = b"42 (a) b\n\xff (c) S 7 42 42 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 0 0";
        let stat = parse(42, text).unwrap();
        let id = ProcId { pid: 42, start: 98765 };
        assert_eq!(stat, Stat { id, parent: 7, group: 42, zombie: false, stopped: false });
        assert_eq!(parse(42, b"nonsense"), None);
        assert_eq!(parse(42, b"42 (x) S 7"), None);
    }

    #[test]
    fn nobody_hides_behind_a_name_that_is_no_text() {
        let _alone = alone();
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join(std::ffi::OsStr::from_bytes(b"\xff\xfe) S 1"));
        // Not written by this process: what another test starts meanwhile would hold the file open ("text file busy").
        let copied = std::process::Command::new("/bin/cp").arg("/bin/sleep").arg(&program).status().unwrap();
        assert!(copied.success());
        let mut command = std::process::Command::new(&program);
        let mut child = command.arg("60").env("CDS_TEST_MARK", "hidden").spawn().unwrap();
        let found = marked("CDS_TEST_MARK", "hidden");
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.iter().map(|s| s.id.pid).collect::<Vec<_>>(), [child.id() as i32]);
    }

    #[test]
    fn whoever_executes_a_program_is_no_stranger() {
        let _alone = alone();
        // Looked at from the first moment on, many times: without the second look some are missed.
        for round in 0..300 {
            let mark = format!("exec-{round}");
            // Executes anew again and again.
            let mut command = std::process::Command::new("/bin/sh");
            let script = "n=$1; [ $n = 0 ] && exec sleep 60; exec /bin/sh -c \"$0\" \"$0\" $((n - 1))";
            let mut child =
                command.args(["-c", script, script, "3"]).env("CDS_TEST_MARK", &mark).spawn().unwrap();
            let seen: Vec<bool> = (0..20)
                .map(|_| has_environment(child.id() as i32, format!("CDS_TEST_MARK={mark}").as_bytes()))
                .collect();
            child.kill().unwrap();
            child.wait().unwrap();
            assert!(seen.iter().all(|s| *s), "round {round}: {seen:?}");
        }
    }

    #[test]
    fn who_has_no_environment_costs_no_wait() {
        let _alone = alone();
        let mut child = std::process::Command::new("/bin/sleep").arg("60").env_clear().spawn().unwrap();
        let begin = Instant::now();
        while !has_none(child.id() as i32) {
            assert!(begin.elapsed() < Duration::from_secs(20), "an empty environment has a place");
        }
        child.kill().unwrap();
        assert!(!has_none(std::process::id() as i32));
        child.wait().unwrap();
    }

    #[test]
    fn this_process_is_found() {
        let me = ProcId::of(std::process::id() as i32).unwrap();
        assert!(me.lives());
        assert!(!ProcId { start: me.start + 1, ..me }.lives(), "another start time is another process");
        let table: Vec<Stat> = all().collect();
        let found = table.iter().find(|s| s.id == me).unwrap();
        let mut family = HashSet::from([found.parent]);
        with_descendants(&table, &mut family);
        assert!(family.contains(&me.pid));
    }

    #[test]
    fn offspring_is_killed_with_its_own_and_what_was_there_before_is_not() {
        let _alone = alone();
        let mut older = std::process::Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let offspring = Offspring::from_now();
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", "/bin/sleep 60 & echo; wait"]).stdout(std::process::Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        // It says a word when both live.
        std::io::Read::read_exact(shell.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let pid = shell.id() as i32;
        let mine: Vec<ProcId> = all().filter(|s| s.id.pid == pid || s.parent == pid).map(|s| s.id).collect();
        assert_eq!(mine.len(), 2);
        let living = offspring.living();
        assert!(mine.iter().all(|id| living.contains(id)), "{living:?}");
        // Tests beside this one start processes too, which are to live.
        let others = all().filter(|s| s.parent == offspring.of && s.id.pid != pid).map(|s| s.id);
        let before = offspring.before.iter().copied().chain(others).collect();
        Offspring { before, ..offspring }.kill(Duration::from_secs(10));
        assert!(!mine.iter().any(|id| id.lives()));
        assert!(ProcId::of(older.id() as i32).unwrap().lives());
        older.kill().unwrap();
        older.wait().unwrap();
        // It is buried already.
        assert!(shell.wait().is_err());
    }

    #[test]
    fn a_signal_reaches_only_whom_it_is_meant_for() {
        let _alone = alone();
        let mut child = std::process::Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let id = ProcId::of(child.id() as i32).unwrap();
        ProcId { start: id.start + 1, ..id }.signal(Signal::KILL);
        assert!(id.lives());
        id.signal(Signal::KILL);
        assert!(!child.wait().unwrap().success());
        id.signal(Signal::KILL);
    }
}
