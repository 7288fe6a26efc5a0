//! Who gets which job, and how many workers are wanted (spec 13).
//!
//! The server keeps a [`Queue`] in memory and the views of its hatcheries; [`dispatch()`] decides over both, and
//! [`explain()`] says of one job why it waits. Nothing here knows a clock or a database.

mod explain;
mod matching;
mod queue;

pub use explain::{WaitReason, explain, obstacles};
pub use matching::{Mismatch, matches, mismatches};
pub use queue::{Needs, Queue};

use cds_model::{Attempt, HatcheryId, JobRef, Timestamp, WorkerId};
use cds_workflow::def::Requirement;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
};

/// An attempt of a job that waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedJob {
    /// Which job.
    pub job: JobRef,
    /// Which attempt.
    pub attempt: Attempt,
    /// Higher goes first.
    pub priority: i32,
    /// When it was queued; older goes first.
    pub queued: Timestamp,
    /// What its worker must offer.
    pub requirements: Vec<Requirement>,
    /// Groups whose hatcheries may run it; empty = all.
    pub groups: Vec<String>,
}

/// A hatchery as dispatch sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HatcheryView {
    /// Which hatchery.
    pub id: HatcheryId,
    /// Its name, for people.
    pub name: String,
    /// Whether it has been heard of lately: only then is a new worker wanted of it.
    pub up: bool,
    /// Its region; empty = it serves the jobs that ask for none.
    pub region: String,
    /// `os/arch` of its workers, e.g. `linux/amd64`.
    pub os_arch: String,
    /// Host name of its workers.
    pub hostname: String,
    /// Programs its workers find in their PATH.
    pub binaries: BTreeSet<String>,
    /// Memory of a worker, MiB.
    pub memory_mb: u64,
    /// Most workers at a time.
    pub max_workers: u32,
    /// Workers asked for that have not registered yet.
    pub starting: u32,
    /// Workers with a job.
    pub busy: u32,
    /// Workers without a job.
    pub idle: Vec<WorkerId>,
    /// Groups it works for; empty = `shared.infra`, which may run everything.
    pub groups: Vec<String>,
    /// Its last attempt to start a worker failed.
    pub trouble: Option<Trouble>,
}

/// Why a hatchery is asked for new workers only if no other one has room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it said.
    pub why: String,
    /// From then on it is asked like the others again: what was wrong may be over. `None`: it was refused for good, and
    /// starts nothing until somebody has mended that.
    pub until: Option<Timestamp>,
}

impl Default for HatcheryView {
    fn default() -> Self {
        Self {
            id: HatcheryId(Default::default()),
            name: String::new(),
            up: true,
            region: String::new(),
            os_arch: String::new(),
            hostname: String::new(),
            binaries: BTreeSet::new(),
            memory_mb: 0,
            max_workers: 0,
            starting: 0,
            busy: 0,
            idle: Vec::new(),
            groups: Vec::new(),
            trouble: None,
        }
    }
}

impl HatcheryView {
    /// How many more workers it may start.
    pub fn room(&self) -> u32 {
        let used = self.busy.saturating_add(self.starting).saturating_add(self.idle.len() as u32);
        if self.up && !self.refused() { self.max_workers.saturating_sub(used) } else { 0 }
    }

    /// Workers that may be expected to come.
    fn coming(&self) -> u32 {
        if self.up && !self.refused() { self.starting } else { 0 }
    }

    /// It starts no workers until somebody has mended what is wrong.
    fn refused(&self) -> bool {
        self.trouble.as_ref().is_some_and(|t| t.until.is_none())
    }

    /// Why its workers do not start, as far as is known now.
    fn trouble(&self, now: Timestamp) -> Option<&str> {
        self.trouble.as_ref().filter(|t| t.until.is_none_or(|until| now < until)).map(|t| t.why.as_str())
    }
}

/// A worker gets a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Which job.
    pub job: JobRef,
    /// Which attempt.
    pub attempt: Attempt,
    /// Whose worker.
    pub hatchery: HatcheryId,
    /// Which worker.
    pub worker: WorkerId,
}

/// What [`dispatch()`] decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Jobs and workers to be joined, most urgent first; no job and no worker twice.
    pub leases: Vec<Lease>,
    /// New workers wanted of each hatchery, beside those that are starting; only hatcheries with at least one.
    pub wanted: BTreeMap<HatcheryId, u32>,
}

/// What is left of a hatchery while jobs are handed out.
struct Left {
    idle: usize,
    starting: u32,
    room: u32,
    troubled: bool,
    /// How many kinds of jobs it can run: the choosiest is used first, so that the others stay free.
    serves: usize,
}

/// Hands out jobs by priority, then age: to an idle worker, else to one that is starting, else a new one is wanted.
/// Hatcheries whose workers do not start come last, so that they hold up no job that another one could run.
///
/// Costs what the kinds of jobs (sets of requirements) times the hatcheries cost, plus the jobs that found a place;
/// jobs that cannot be matched cost nothing.
pub fn dispatch(queue: &Queue, fleet: &[HatcheryView], now: Timestamp) -> Decision {
    let mut left: Vec<Left> = fleet
        .iter()
        .map(|h| Left {
            idle: h.idle.len(),
            starting: h.coming(),
            room: h.room(),
            troubled: h.trouble(now).is_some(),
            serves: 0,
        })
        .collect();
    if left.iter().all(|l| l.idle == 0 && l.starting == 0 && l.room == 0) {
        return Decision::default();
    }
    let mut kinds = Vec::new();
    let mut heads = BinaryHeap::new();
    for (needs, jobs) in queue.kinds() {
        let fit: Vec<usize> = (0..fleet.len()).filter(|&i| needs.fits(&fleet[i])).collect();
        if fit.is_empty() {
            continue;
        }
        for &i in &fit {
            left[i].serves += 1;
        }
        let mut jobs = jobs.iter();
        if let Some((key, attempt)) = jobs.next() {
            heads.push(Reverse((*key, *attempt, kinds.len())));
            kinds.push((fit, jobs));
        }
    }
    let mut decision = Decision::default();
    while let Some(Reverse((key, attempt, kind))) = heads.pop() {
        let (fit, rest) = &mut kinds[kind];
        let choose = |has: &dyn Fn(&Left) -> bool, left: &[Left]| {
            fit.iter().copied().filter(|&i| has(&left[i])).min_by_key(|&i| (left[i].serves, i))
        };
        if let Some(i) = choose(&|l| l.idle > 0, &left) {
            let worker = fleet[i].idle[fleet[i].idle.len() - left[i].idle];
            left[i].idle -= 1;
            decision.leases.push(Lease { job: key.job, attempt, hatchery: fleet[i].id, worker });
        } else if let Some((i, wanted)) = [false, true].into_iter().find_map(|troubled| {
            let starting = choose(&|l| l.troubled == troubled && l.starting > 0, &left).map(|i| (i, false));
            starting.or_else(|| choose(&|l| l.troubled == troubled && l.room > 0, &left).map(|i| (i, true)))
        }) {
            if wanted {
                left[i].room -= 1;
                *decision.wanted.entry(fleet[i].id).or_default() += 1;
            } else {
                left[i].starting -= 1;
            }
        } else {
            // Nothing is given back while we hand out: the rest of this kind finds no place either.
            continue;
        }
        if let Some((key, attempt)) = rest.next() {
            heads.push(Reverse((*key, *attempt, kind)));
        }
    }
    decision
}
