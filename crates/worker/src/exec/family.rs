//! All processes of one job, and how to get rid of them.
//!
//! A process belongs to a job if it carries the job's marker in its environment, is in the process group of a
//! step, or descends from such a process. Because the worker is a *subreaper*, orphans become its children, so
//! that a worker without children knows, by one system call, that nothing is left of a job.

use cds_process::{ProcId, Stat};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process_group, waitid, waitpid};
use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::{Duration, Instant},
};

/// How long the dead are waited for after SIGKILL (a process in uninterruptible sleep may need long).
const BURIAL: Duration = Duration::from_secs(10);

/// Processes of one job.
pub(crate) struct Family {
    /// `NAME=value` in the environment of every process.
    marker: Vec<u8>,
    /// This program is a worker and nothing else: every child that is not a running step is an orphan of a job.
    sole: bool,
    /// Leaders of steps that run now; they are waited for by whoever started them.
    leaders: Mutex<HashSet<i32>>,
}

/// Whom to kill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// A step's leader, its group and its descendants.
    Step(i32),
    /// Everything of the job.
    Job,
}

/// Makes orphans of this process's descendants its children.
pub(crate) fn become_subreaper() {
    if let Err(error) = rustix::process::set_child_subreaper(Some(rustix::process::getpid())) {
        tracing::warn!(%error, "cannot become a subreaper; daemonised processes are found by their environment only");
    }
}

impl Family {
    /// The family whose members carry `marker` (`NAME=value`).
    pub fn new(marker: String, sole: bool) -> Self {
        Self { marker: marker.into_bytes(), sole, leaders: Mutex::default() }
    }

    /// A step's process was started.
    pub fn started(&self, leader: i32) {
        self.leaders().insert(leader);
    }

    /// A step's process was waited for.
    pub fn ended(&self, leader: i32) {
        self.leaders().remove(&leader);
    }

    fn leaders(&self) -> std::sync::MutexGuard<'_, HashSet<i32>> {
        self.leaders.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Whether something of the job may be left; cheap when it can be ruled out.
    fn may_have_members(&self) -> bool {
        if !self.sole {
            return true;
        }
        let peek = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error says that there are no children at all.
        waitid(WaitId::All, peek).is_ok()
    }

    /// Living members, and dead ones that this process has to bury.
    fn members(&self, scope: Scope) -> (Vec<Stat>, Vec<Stat>) {
        let me = std::process::id() as i32;
        let leaders = self.leaders().clone();
        let table: Vec<Stat> = cds_process::all().collect();
        let roots: HashSet<i32> = match scope {
            Scope::Step(leader) => HashSet::from([leader]),
            Scope::Job => leaders.clone(),
        };
        let mut members: HashSet<i32> = table
            .iter()
            .filter(|p| p.id.pid != me)
            .filter(|p| {
                roots.contains(&p.id.pid) || roots.contains(&p.group) || {
                    scope == Scope::Job
                        && ((self.sole && p.parent == me)
                            || (!p.zombie && cds_process::has_environment(p.id.pid, &self.marker)))
                }
            })
            .map(|p| p.id.pid)
            .collect();
        cds_process::with_descendants(&table, &mut members);
        members.remove(&me);
        let (dead, living): (Vec<_>, Vec<_>) =
            table.into_iter().filter(|p| members.contains(&p.id.pid)).partition(|p| p.zombie);
        let dead = dead.into_iter().filter(|p| p.parent == me && !leaders.contains(&p.id.pid)).collect();
        (living, dead)
    }

    /// Waits for orphans that have ended, so that a long job that makes many does not fill the process table.
    pub fn bury_orphans(&self) {
        if !self.sole {
            return;
        }
        let leaders = self.leaders().clone();
        let orphans =
            cds_process::children().unwrap_or_default().into_iter().filter(|pid| !leaders.contains(pid));
        for pid in orphans.filter_map(Pid::from_raw) {
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }

    /// Orphans of the job among the children of this process, seen or not: whoever forks and ends faster than the table
    /// of processes can be read is never in it, but always somebody's child, and an orphan's parent is this process.
    fn has_orphans(&self, scope: Scope) -> bool {
        if scope != Scope::Job || !self.sole {
            return false;
        }
        let leaders = self.leaders().clone();
        if leaders.is_empty() {
            return self.may_have_members();
        }
        cds_process::children().unwrap_or_default().iter().any(|pid| !leaders.contains(pid))
    }

    /// Buries the dead and returns the living.
    fn look(&self, scope: Scope) -> Vec<Stat> {
        let (living, dead) = self.members(scope);
        for p in dead {
            if let Some(pid) = Pid::from_raw(p.id.pid) {
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
        living
    }

    /// Ends all members: SIGTERM, then SIGKILL to those that live after `grace`. Returns when none is left, or
    /// gives up on processes that the kernel does not let go, and returns how many.
    pub async fn kill(&self, scope: Scope, grace: Duration) -> usize {
        if scope == Scope::Job && !self.may_have_members() {
            return 0;
        }
        let begin = Instant::now();
        let mut pause = Duration::from_millis(2);
        let mut asked = HashSet::new();
        loop {
            let living = if asked.is_empty() { self.freeze(scope) } else { self.look(scope) };
            let orphans = self.has_orphans(scope);
            if living.is_empty() && !orphans {
                return 0;
            }
            let elapsed = begin.elapsed();
            if elapsed >= grace + BURIAL {
                let left = living.len().max(1);
                tracing::error!(left, "processes of the job do not end after SIGKILL");
                return left;
            }
            if elapsed >= grace {
                self.signal(scope, &living, Signal::KILL);
                if orphans {
                    let leaders = self.leaders().clone();
                    cds_process::strike(|pid| leaders.contains(&pid));
                }
            } else {
                // Each is asked once: some programs take a second SIGTERM for impatience.
                let fresh = unasked(&living, &asked);
                asked.extend(fresh.iter().map(|p| p.id));
                self.signal(scope, &fresh, Signal::TERM);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2)
                .min(Duration::from_millis(50))
                .min(grace.saturating_sub(elapsed).max(Duration::from_millis(2)));
        }
    }

    /// Stops all members, so that none starts another one between being seen and being asked to end; the living.
    /// They go on when they are asked.
    fn freeze(&self, scope: Scope) -> Vec<Stat> {
        let mut frozen = HashSet::new();
        // More than a few generations within milliseconds: that one is not about to tidy up.
        for _ in 0..5 {
            let living = self.look(scope);
            let fresh: Vec<_> = living.iter().filter(|p| frozen.insert(p.id)).collect();
            if fresh.is_empty() {
                return living;
            }
            fresh.iter().for_each(|p| p.id.signal(Signal::STOP));
        }
        self.look(scope)
    }

    fn signal(&self, scope: Scope, members: &[Stat], signal: Signal) {
        // The group first: one call reaches processes that fork faster than the table can be read.
        if signal == Signal::KILL {
            let groups: HashSet<i32> = match scope {
                Scope::Step(leader) => HashSet::from([leader]),
                Scope::Job => self.leaders().clone(),
            };
            for pid in groups.into_iter().filter_map(Pid::from_raw) {
                let _ = kill_process_group(pid, signal);
            }
        }
        for p in members {
            p.id.signal(signal);
            if signal == Signal::TERM {
                // A stopped process takes no notice before it is continued.
                p.id.signal(Signal::CONT);
            }
        }
    }
}

/// Those of the living that are to be asked to end: not yet asked, and not the work of one who was. What such a process
/// starts from then on is how it tidies up; what it leaves behind when it ends is nobody's.
fn unasked(living: &[Stat], asked: &HashSet<ProcId>) -> Vec<Stat> {
    let parents: HashMap<i32, &Stat> = living.iter().map(|p| (p.id.pid, p)).collect();
    let tidies_up = |p: &Stat| {
        let above = std::iter::successors(parents.get(&p.parent), |above| parents.get(&above.parent));
        // The table was not read in one moment: it may have circles.
        above.take(living.len()).any(|above| asked.contains(&above.id))
    };
    living.iter().filter(|p| !asked.contains(&p.id) && !tidies_up(p)).copied().collect()
}

impl Drop for Family {
    /// A job that is dropped in the middle (the program ends, a test panics) leaves nothing behind either.
    fn drop(&mut self) {
        if self.leaders().is_empty() {
            return;
        }
        for p in self.look(Scope::Job) {
            p.id.signal(Signal::KILL);
        }
    }
}
