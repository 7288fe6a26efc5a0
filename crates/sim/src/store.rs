//! What is committed: runs, the queue, leases, mutexes, timers, workers. One transaction at a time, all or nothing.

use cds_engine::{
    Effect, Event, Run, Transition,
    dispatch::{HatcheryView, Queue, QueuedJob},
    event::{Start, TimerKey},
    invariants::{self, Violation, World},
};
use cds_model::{Attempt, HatcheryId, JobNo, JobRef, NodeRunNo, RunId, Timestamp, WorkerId};
use std::collections::{BTreeMap, BTreeSet};

/// Where a worker stands for the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Pending,
    Idle,
    Busy(JobRef, Attempt),
    /// Given up: whatever it says is refused.
    Gone,
}

#[derive(Clone, Debug)]
pub(crate) struct WorkerRow {
    pub hatchery: usize,
    pub standing: Standing,
    pub ordered: Timestamp,
    pub heard: Timestamp,
}

#[derive(Clone, Debug)]
pub(crate) struct RunRow {
    pub run: Run,
    pub start: (Start, Timestamp),
    pub events: Vec<(Event, Timestamp)>,
}

#[derive(Default)]
pub(crate) struct Store {
    pub runs: BTreeMap<RunId, RunRow>,
    pub world: World,
    pub queue: Queue,
    pub workers: BTreeMap<WorkerId, WorkerRow>,
    /// Mutexes given whose runs have not heard of it.
    pub grants: BTreeSet<(RunId, NodeRunNo)>,
    pub commits: u64,
    pub ignored: u64,
}

/// What a transaction came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Committed,
    Ignored,
    Refused(String),
}

impl Store {
    /// Commits the start of a run.
    pub fn start(&mut self, start: Start, now: Timestamp) -> Result<Outcome, Violation> {
        match cds_engine::start(start.clone(), now) {
            Transition::Advanced { run, effects } => {
                invariants::check_start(&run, &effects)?;
                self.carry_out(&run, &effects, now)?;
                self.runs.insert(run.id, RunRow { run, start: (start, now), events: Vec::new() });
                self.commits += 1;
                Ok(Outcome::Committed)
            }
            Transition::Ignored(_) => Ok(Outcome::Ignored),
            Transition::Refused(refusal) => Ok(Outcome::Refused(refusal.message)),
        }
    }

    /// Commits what an event makes of a run, with everything that follows.
    pub fn event(&mut self, id: RunId, event: Event, now: Timestamp) -> Result<Outcome, Violation> {
        let Some(row) = self.runs.get(&id) else { return Ok(Outcome::Ignored) };
        match cds_engine::apply(&row.run, &event, now) {
            Transition::Advanced { run, effects } => {
                invariants::check_step(&row.run, &event, &run, &effects)?;
                self.carry_out(&run, &effects, now)?;
                if let Some(row) = self.runs.get_mut(&id) {
                    row.run = run;
                    row.events.push((event, now));
                }
                self.commits += 1;
                Ok(Outcome::Committed)
            }
            Transition::Ignored(_) => {
                self.ignored += 1;
                Ok(Outcome::Ignored)
            }
            Transition::Refused(refusal) => Ok(Outcome::Refused(refusal.message)),
        }
    }

    fn carry_out(&mut self, run: &Run, effects: &[Effect], now: Timestamp) -> Result<(), Violation> {
        self.world.repeats_are_harmless(run.id, run.number, effects)?;
        for effect in effects {
            self.world.carry_out(run.id, run.number, effect);
            match effect {
                Effect::QueueJob(q) => {
                    let job = JobRef { run: run.id, job: q.job };
                    if self.world.jobs.get(&(run.id, q.job)) == Some(&q.attempt) {
                        let (requirements, groups) = (q.requirements.clone(), q.groups.clone());
                        let attempt = q.attempt;
                        self.queue.push(QueuedJob {
                            job,
                            attempt,
                            priority: 0,
                            queued: now,
                            requirements,
                            groups,
                        });
                    }
                }
                Effect::DoneJob { job, attempt } => {
                    self.attempt_is_over(JobRef { run: run.id, job: *job }, *attempt)
                }
                _ => {}
            }
        }
        self.grants.extend(self.world.grant());
        Ok(())
    }

    fn attempt_is_over(&mut self, job: JobRef, attempt: Attempt) {
        self.queue.remove(job, attempt);
        for row in self.workers.values_mut() {
            // Whoever still works on it has not said that it ended: it is lost or deaf. One that has said so was
            // set free before.
            if matches!(row.standing, Standing::Busy(j, a) if j == job && a <= attempt) {
                row.standing = Standing::Gone;
            }
        }
        for key in [
            TimerKey::Queue(job.job, attempt),
            TimerKey::StopGrace(job.job, attempt),
            TimerKey::Job(job.job, attempt),
        ] {
            self.world.timers.remove(&(job.run, key));
        }
    }

    /// What dispatch may know of a hatchery.
    pub fn view(&self, hatchery: usize, region: &str, max_workers: u32) -> HatcheryView {
        let mut view = HatcheryView {
            id: HatcheryId(uuid::Uuid::from_u128(hatchery as u128)),
            name: format!("h{hatchery}"),
            region: region.into(),
            os_arch: "linux/amd64".into(),
            binaries: ["sh".to_string(), "bash".to_string()].into_iter().collect(),
            max_workers,
            ..HatcheryView::default()
        };
        for (worker, row) in self.workers.iter().filter(|(_, r)| r.hatchery == hatchery) {
            match row.standing {
                Standing::Pending => view.starting += 1,
                Standing::Idle => view.idle.push(*worker),
                Standing::Busy(..) => view.busy += 1,
                Standing::Gone => {}
            }
        }
        view
    }

    /// Everything that must hold between transactions.
    pub fn check(&self) -> Result<(), Violation> {
        let broken = |what: String| Violation { invariant: "queue and leases agree with the runs", what };
        if self.grants.is_empty() {
            let runs: Vec<&Run> = self.runs.values().map(|r| &r.run).collect();
            self.world.check(&runs)?;
        }
        let mut leased: BTreeMap<(RunId, JobNo), (Attempt, WorkerId)> = BTreeMap::new();
        for (worker, row) in &self.workers {
            if let Standing::Busy(job, attempt) = row.standing
                && let Some(other) = leased.insert((job.run, job.job), (attempt, *worker))
            {
                return Err(broken(format!("{job} has two workers, {worker} and {other:?}")));
            }
        }
        for ((run, job), attempt) in &self.world.jobs {
            let queued = self.queue.get(JobRef { run: *run, job: *job }).map(|q| q.attempt);
            let lease = leased.get(&(*run, *job)).map(|(a, _)| *a);
            let running = self.world.cancelled.contains(&(*run, *job, *attempt));
            if (queued == Some(*attempt)) == (lease == Some(*attempt)) && !running {
                return Err(broken(format!("{run}.{job} at {attempt}: queued {queued:?}, leased {lease:?}")));
            }
        }
        if let Some(stale) =
            self.queue.iter().find(|q| !self.world.jobs.contains_key(&(q.job.run, q.job.job)))
        {
            return Err(broken(format!("{} is queued and over", stale.job)));
        }
        Ok(())
    }
}
