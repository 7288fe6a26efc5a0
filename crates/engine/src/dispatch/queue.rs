//! The queue in memory: jobs by what they need, so that thousands of like jobs cost as much as one.

use super::{HatcheryView, QueuedJob, matches};
use crate::requirements::SHARED_INFRA;
use cds_model::{Attempt, JobRef, Timestamp};
use cds_workflow::def::Requirement;
use std::{
    borrow::Borrow,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// What a kind of jobs needs; order and doubles make no difference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Needs {
    /// Sorted, without doubles.
    pub requirements: Vec<Requirement>,
    /// Sorted, without doubles; empty = every hatchery may.
    pub groups: Vec<String>,
}

impl Needs {
    /// The needs of one job.
    pub fn of(job: &QueuedJob) -> Self {
        let (mut requirements, mut groups) = (job.requirements.clone(), job.groups.clone());
        requirements.sort_unstable();
        requirements.dedup();
        groups.sort_unstable();
        groups.dedup();
        Self { requirements, groups }
    }

    /// Whether a hatchery may run such jobs: its groups allow it and its workers offer everything.
    pub fn fits(&self, hatchery: &HatcheryView) -> bool {
        allowed(&self.groups, hatchery) && matches(&self.requirements, hatchery).is_ok()
    }
}

/// Whether the groups of a job let a hatchery run it.
pub(super) fn allowed(groups: &[String], hatchery: &HatcheryView) -> bool {
    groups.is_empty()
        || hatchery.groups.is_empty()
        || hatchery.groups.iter().any(|g| g == SHARED_INFRA || groups.contains(g))
}

/// Place in the queue: the smallest goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    priority: Reverse<i32>,
    queued: Timestamp,
    pub job: JobRef,
}

impl Key {
    fn of(job: &QueuedJob) -> Self {
        Self { priority: Reverse(job.priority), queued: job.queued, job: job.job }
    }
}

/// Jobs of one kind in their order, with their attempts.
pub(super) type Jobs = BTreeMap<Key, Attempt>;

/// Room for so many jobs is kept when the queue gets shorter.
const ROOM: usize = 1_000;

/// The jobs that wait for a worker. At most one attempt of a job is in it.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    kinds: HashMap<Arc<Needs>, Jobs>,
    by_job: HashMap<JobRef, (Arc<Needs>, Key, QueuedJob)>,
}

impl Queue {
    /// An empty queue.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts an attempt in. Repeated: nothing changes. A newer attempt replaces an older one; an older one is
    /// ignored, because it is history. Returns whether the queue changed.
    pub fn push(&mut self, mut job: QueuedJob) -> bool {
        if let Some((_, _, known)) = self.by_job.get(&job.job) {
            if known.attempt > job.attempt || *known == job {
                return false;
            }
            let (id, attempt) = (known.job, known.attempt);
            self.remove(id, attempt);
        }
        // Lists that were read or put together item by item have room for four times what most hold.
        job.requirements.shrink_to_fit();
        job.groups.shrink_to_fit();
        let (needs, key) = (Needs::of(&job), Key::of(&job));
        let needs = match self.kinds.get_key_value(&needs) {
            Some((known, _)) => known.clone(),
            None => Arc::new(needs),
        };
        self.kinds.entry(needs.clone()).or_default().insert(key, job.attempt);
        self.by_job.insert(job.job, (needs, key, job));
        true
    }

    /// Takes an attempt out; a newer attempt of the job stays. Returns what was taken out.
    pub fn remove(&mut self, job: JobRef, attempt: Attempt) -> Option<QueuedJob> {
        if self.by_job.get(&job).is_none_or(|(_, _, known)| known.attempt > attempt) {
            return None;
        }
        let (needs, key, job) = self.by_job.remove(&job)?;
        // A table keeps the room of the longest queue there ever was.
        if self.by_job.capacity() > ROOM && self.by_job.len() < self.by_job.capacity() / 8 {
            self.by_job.shrink_to(self.by_job.len() * 2);
        }
        if let Some(jobs) = self.kinds.get_mut(&needs) {
            jobs.remove(&key);
            if jobs.is_empty() {
                self.kinds.remove(&needs);
            }
        }
        Some(job)
    }

    /// A job, if it is queued.
    pub fn get(&self, job: JobRef) -> Option<&QueuedJob> {
        self.by_job.get(&job).map(|(_, _, job)| job)
    }

    /// How many jobs wait.
    pub fn len(&self) -> usize {
        self.by_job.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.by_job.is_empty()
    }

    /// The first job that a worker of this hatchery may take. It stays in the queue until [`Queue::remove`].
    pub fn lease_for(&self, hatchery: &HatcheryView) -> Option<&QueuedJob> {
        let mut best: Option<&Key> = None;
        for (needs, jobs) in &self.kinds {
            let Some((key, _)) = jobs.first_key_value() else { continue };
            // Comparing is cheaper than matching.
            if best.is_none_or(|b| key < b) && needs.fits(hatchery) {
                best = Some(key);
            }
        }
        best.and_then(|key| self.get(key.job))
    }

    /// All jobs in the order in which they go.
    pub fn iter(&self) -> impl Iterator<Item = &QueuedJob> {
        let mut all: Vec<(&Key, &QueuedJob)> = self.by_job.values().map(|(_, key, job)| (key, job)).collect();
        all.sort_unstable_by_key(|(key, _)| **key);
        all.into_iter().map(|(_, job)| job)
    }

    /// The job's place, from 1, among the jobs that want the same hatcheries; `None` if it is not queued.
    pub fn position(&self, job: JobRef, fleet: &[impl Borrow<HatcheryView>]) -> Option<usize> {
        let (needs, key, _) = self.by_job.get(&job)?;
        let mine: Vec<&HatcheryView> = fleet.iter().map(Borrow::borrow).filter(|h| needs.fits(h)).collect();
        let ahead: usize = self
            .kinds
            .iter()
            .filter(|(other, _)| *other == needs || mine.iter().any(|h| other.fits(h)))
            .map(|(_, jobs)| rank(jobs, key))
            .sum();
        Some(ahead + 1)
    }

    pub(super) fn kinds(&self) -> impl Iterator<Item = (&Needs, &Jobs)> {
        self.kinds.iter().map(|(needs, jobs)| (&**needs, jobs))
    }
}

/// How many keys are before `key`. Counted from both ends: who asks is mostly near one of them.
fn rank(jobs: &Jobs, key: &Key) -> usize {
    let (mut before, mut from) = (jobs.range(..key), jobs.range(key..));
    let mut n = 0;
    loop {
        if before.next().is_none() {
            return n;
        }
        if from.next().is_none() {
            return jobs.len() - n;
        }
        n += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cds_model::{JobNo, RunId};

    #[test]
    fn a_short_queue_does_not_keep_the_room_of_a_long_one() {
        let job = |n: u32| QueuedJob {
            job: JobRef { run: RunId(Default::default()), job: JobNo(n) },
            attempt: Attempt(1),
            priority: 0,
            queued: Timestamp(i64::from(n)),
            requirements: Vec::new(),
            groups: Vec::new(),
        };
        let mut queue = Queue::new();
        for n in 0..20_000 {
            assert!(queue.push(job(n)));
        }
        let long = queue.by_job.capacity();
        for n in 0..19_990 {
            assert!(queue.remove(job(n).job, Attempt(1)).is_some());
        }
        assert!(queue.by_job.capacity() < long / 8, "{} of {long}", queue.by_job.capacity());
        assert_eq!(
            queue.iter().map(|j| j.job.job.0).collect::<Vec<_>>(),
            (19_990..20_000).collect::<Vec<_>>()
        );
    }
}
