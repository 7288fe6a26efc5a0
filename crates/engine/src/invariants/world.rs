//! A small model of what the server keeps outside of runs, to check effects against.

use super::{Check, ensure};
use crate::{
    event::{Effect, SlotKey, TimerKey},
    state::Run,
    work::find_job,
};
use cds_model::{Attempt, JobNo, NodeRunNo, RunId, Status, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A mutex in the model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Who has it.
    pub holder: Option<(RunId, NodeRunNo)>,
    /// Who waits, lowest run number first.
    pub waiting: BTreeSet<(i64, RunId, NodeRunNo)>,
}

/// Queue, mutexes and timers. What has been released or done stays so, so that a late or repeated effect does
/// nothing: a real server must remember as much.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    /// Attempts that are queued or leased.
    pub jobs: BTreeMap<(RunId, JobNo), Attempt>,
    /// Attempts whose workers have been told to stop.
    pub cancelled: BTreeSet<(RunId, JobNo, Attempt)>,
    /// Highest attempt of a job that is over.
    pub done: BTreeMap<(RunId, JobNo), Attempt>,
    /// Mutexes.
    pub slots: BTreeMap<SlotKey, Slot>,
    /// Node runs that gave their mutex back.
    pub released: BTreeSet<(RunId, NodeRunNo)>,
    /// Timers set.
    pub timers: BTreeMap<(RunId, TimerKey), Timestamp>,
}

impl World {
    /// Carries an effect out.
    pub fn carry_out(&mut self, run: RunId, number: i64, effect: &Effect) {
        match effect {
            Effect::QueueJob(q) => {
                let id = (run, q.job);
                let over = self.done.get(&id).is_some_and(|done| *done >= q.attempt);
                if !over && self.jobs.get(&id).is_none_or(|known| *known < q.attempt) {
                    self.jobs.insert(id, q.attempt);
                }
            }
            Effect::CancelJob { job, attempt } => {
                if self.jobs.get(&(run, *job)) == Some(attempt) {
                    self.cancelled.insert((run, *job, *attempt));
                }
            }
            Effect::DoneJob { job, attempt } => {
                let id = (run, *job);
                if self.jobs.get(&id).is_some_and(|known| known <= attempt) {
                    self.jobs.remove(&id);
                }
                self.cancelled.remove(&(run, *job, *attempt));
                let done = self.done.entry(id).or_insert(*attempt);
                *done = (*done).max(*attempt);
            }
            Effect::RequestSlot { key, node_run } => {
                let who = (run, *node_run);
                let slot = self.slots.entry(key.clone()).or_default();
                if !self.released.contains(&who) && slot.holder != Some(who) {
                    slot.waiting.insert((number, run, *node_run));
                }
            }
            Effect::ReleaseSlot { key, node_run } => {
                let who = (run, *node_run);
                self.released.insert(who);
                let slot = self.slots.entry(key.clone()).or_default();
                slot.waiting.remove(&(number, run, *node_run));
                if slot.holder == Some(who) {
                    slot.holder = None;
                }
            }
            Effect::SetTimer { key, at } => {
                self.timers.insert((run, key.clone()), *at);
            }
            Effect::Announce(_) => {}
        }
    }

    /// Gives free mutexes to those that wait; the answer is to be delivered as `SlotGranted`.
    pub fn grant(&mut self) -> Vec<(RunId, NodeRunNo)> {
        let mut granted = Vec::new();
        for slot in self.slots.values_mut().filter(|s| s.holder.is_none()) {
            if let Some((_, run, node_run)) = slot.waiting.pop_first() {
                slot.holder = Some((run, node_run));
                granted.push((run, node_run));
            }
        }
        granted
    }

    /// Delivering effects twice changes nothing: neither at once nor all over again.
    pub fn repeats_are_harmless(&self, run: RunId, number: i64, effects: &[Effect]) -> Check {
        let mut once = self.clone();
        effects.iter().for_each(|e| once.carry_out(run, number, e));
        let mut twice = self.clone();
        for effect in effects {
            twice.carry_out(run, number, effect);
            twice.carry_out(run, number, effect);
        }
        let mut again = once.clone();
        effects.iter().for_each(|e| again.carry_out(run, number, e));
        ensure("delivering an effect twice changes nothing", once == twice && once == again, || {
            format!("{effects:?}")
        })
    }

    /// Compares the model with the runs once all effects are carried out and all grants delivered.
    pub fn check(&self, runs: &[&Run]) -> Check {
        const LIMIT: &str = "a mutex is held once at a time";
        const QUEUE: &str = "the queue holds what the runs wait for";
        let mut holders: BTreeMap<SlotKey, (RunId, NodeRunNo)> = BTreeMap::new();
        let mut open = 0;
        for run in runs {
            for node in &run.nodes {
                if node.holds_slot {
                    let name = run.spec.node(node.node).map_or_else(String::new, |n| n.name.clone());
                    let key = SlotKey { workflow: run.spec.workflow_id, node: name };
                    let who = (run.id, node.no);
                    let other = holders.insert(key.clone(), who);
                    ensure(LIMIT, other.is_none(), || format!("{key:?}: {other:?} and {who:?}"))?;
                    let known = self.slots.get(&key).and_then(|s| s.holder);
                    ensure(LIMIT, known == Some(who), || {
                        format!("{key:?}: {who:?}, the server says {known:?}")
                    })?;
                }
                for job in node.stages.iter().flat_map(|s| &s.jobs) {
                    if !job.status.is_final() || job.stopping {
                        open += 1;
                        let known = self.jobs.get(&(run.id, job.no)).copied();
                        ensure(QUEUE, known == Some(job.attempt()), || {
                            format!("job {} at attempt {}, the queue says {known:?}", job.no, job.attempt())
                        })?;
                    }
                }
            }
        }
        for (key, slot) in &self.slots {
            let Some(who) = slot.holder else {
                ensure("every granted slot is released", slot.waiting.is_empty(), || {
                    format!("{key:?} is free")
                })?;
                continue;
            };
            ensure("every granted slot is released", holders.get(key) == Some(&who), || {
                format!("{key:?} is kept by {who:?}")
            })?;
        }
        ensure(QUEUE, self.jobs.len() == open, || format!("{} jobs, {open} open", self.jobs.len()))
    }

    /// Whether a job of a run is unfinished according to the run.
    pub fn is_open(run: &Run, job: JobNo) -> bool {
        find_job(run, job).is_some_and(|at| {
            let job = &run.nodes[at.node.0 as usize].stages[at.stage].jobs[at.job];
            matches!(job.status, Status::Waiting | Status::Building)
        })
    }
}
