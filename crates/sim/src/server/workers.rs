//! Workers that come, and ask for jobs.

use crate::{
    faults::Sabotage,
    memory::{Given, Op, Then},
    server::{Reply, Take},
    world::{Sim, Step},
};
use cds_engine::{
    Event,
    dispatch::{Decision, QueuedJob},
    upkeep::lease,
};
use cds_model::{Attempt, JobRef, Timestamp, WorkerId};

/// Why an attempt is given up whose worker asks for a job.
pub(crate) const ASKED: &str = "its worker asks for a job";

/// What becomes of a take with a number.
enum Asked {
    /// It can't be known now, or the worker is gone.
    Nobody,
    /// It was answered; the last one that was has this number.
    Old(u32),
    /// This was the answer, and still holds until then.
    Given(JobRef, Attempt, Timestamp),
    /// It is new, and what the worker had before it has given up.
    New(Vec<(JobRef, Attempt)>),
}

impl Sim {
    /// The hatchery of a worker whose token is good. `None`: it is refused.
    pub(super) fn token(&mut self, server: usize, worker: WorkerId) -> Result<Option<usize>, ()> {
        // A server knows tokens of workers it has seen by heart.
        if !self.reaches_store(server) && !self.servers[server].memory.workers.contains_key(&worker) {
            return Err(());
        }
        Ok(self.store.workers.get(&worker).map(|row| row.hatchery))
    }

    pub(super) fn register(&mut self, server: usize, worker: WorkerId) -> Option<Reply> {
        if !self.reaches_store(server) || self.store.full {
            return None;
        }
        let now = self.clock(server);
        let Some(row) = self.store.workers.get_mut(&worker) else { return Some(Reply::Refused(worker)) };
        row.registered = true;
        let hatchery = row.hatchery;
        self.servers[server].memory.touch(worker, hatchery, now);
        Some(Reply::Registered(worker))
    }

    pub(super) fn take(&mut self, server: usize, take: Take) -> Result<Option<Reply>, String> {
        let worker = take.worker;
        let now = self.clock(server);
        let hatchery = match self.token(server, worker) {
            Err(()) => return Ok(None),
            Ok(None) => return Ok(Some(Reply::Refused(worker))),
            Ok(Some(hatchery)) => hatchery,
        };
        let none = Ok(Some(Reply::Job { take, job: None, hold: None }));
        let memory = &mut self.servers[server].memory;
        memory.touch(worker, hatchery, now);
        if let Some(number) = take.number {
            match self.asked(server, worker, number) {
                Asked::Nobody => return Ok(None),
                Asked::Old(last) => return Ok(Some(Reply::OldTake { take, last })),
                Asked::Given(job, attempt, until) => {
                    let hold = self.terms().hold(Some(until), now);
                    return Ok(Some(Reply::Job { take, job: Some((job, attempt)), hold }));
                }
                Asked::New(others) => {
                    for (job, attempt) in others {
                        self.worker_lost(server, job, attempt, ASKED)?;
                    }
                }
            }
        }
        let memory = &mut self.servers[server].memory;
        if memory.workers.get(&worker).is_some_and(|w| w.job.is_some())
            && !memory.held.values().any(|h| h.worker == worker)
        {
            // Its lease is being committed: this is a copy of its question.
            return none;
        }
        // Whoever asks has nothing: what it had is over, or its lease will run out.
        memory.free(worker);
        if memory.queue.is_empty() {
            return none;
        }
        let views = self.views(server, now);
        let memory = &mut self.servers[server].memory;
        let decision = memory.decide(&views, now);
        let Some(found) = decision.leases.iter().find(|l| l.worker == worker) else { return none };
        let (job, attempt) = (found.job, found.attempt);
        self.in_order(server, &decision, job)?;
        let memory = &mut self.servers[server].memory;
        memory.queue.remove(job, attempt);
        if let Some(known) = memory.workers.get_mut(&worker) {
            known.job = Some((job, attempt));
        }
        let event = Event::JobTaken { job: job.job, attempt, worker, worker_name: String::new() };
        let until = now + self.terms().lasts();
        let lease = Some(Given { job: job.job, attempt, worker, until, take: take.number });
        let then = Then::Taken { take, job, attempt, until };
        self.submit(server, Op { run: job.run, event, lease, then })?;
        Ok(None)
    }

    /// What is known of a take of this number. The commit looks at it again.
    fn asked(&mut self, server: usize, worker: WorkerId, number: u32) -> Asked {
        let (now, lasts) = (self.clock(server), self.terms().lasts());
        if !self.reaches_store(server) {
            return Asked::Nobody;
        }
        let Some(row) = self.store.workers.get(&worker).copied() else { return Asked::Nobody };
        if number <= row.take && !self.broken(Sabotage::Take) {
            let old = Asked::Old(row.take);
            let Some((job, attempt)) = row.given.filter(|_| number == row.take) else { return old };
            let Some(lease) = self.store.queue.get_mut(&(job.run, job.job, attempt)) else { return old };
            if lease.stopped || !lease::taken_over(Some(lease.lease()), worker, now) {
                return old;
            }
            if self.store.full {
                return Asked::Nobody;
            }
            let until = lease.until.map_or(now + lasts, |known| known.max(now + lasts));
            lease.until = Some(until);
            let memory = &mut self.servers[server].memory;
            if memory.held.get(&job).is_none_or(|h| h.attempt != attempt || h.worker != worker) {
                memory.hold(job, attempt, worker, now, false);
            }
            if let Some(held) = memory.held.get_mut(&job) {
                held.until = Some(until);
                held.take = Some(number);
            }
            return Asked::Given(job, attempt, until);
        }
        let held = &self.servers[server].memory.held;
        let mine = held.iter().filter(|(_, h)| h.worker == worker && h.take != Some(number));
        let mut others: Vec<(JobRef, Attempt)> = mine.map(|(job, h)| (*job, h.attempt)).collect();
        for ((run, job, attempt), row) in &self.store.queue {
            let it = (JobRef { run: *run, job: *job }, *attempt);
            if row.worker == Some(worker) && !row.stopped && !others.contains(&it) {
                others.push(it);
            }
        }
        Asked::New(others)
    }

    /// Of jobs with the same needs those that are older are handed out before, or in the same decision.
    fn in_order(&self, server: usize, decision: &Decision, job: JobRef) -> Step {
        let queue = &self.servers[server].memory.queue;
        let Some(it) = queue.get(job) else { return Err(format!("{job} is handed out and not queued")) };
        let mut older = queue.iter().take_while(|q| q.job != job);
        let like = |q: &&QueuedJob| q.requirements == it.requirements && q.groups == it.groups;
        match older.find(|q| like(q) && !decision.leases.iter().any(|l| l.job == q.job)) {
            Some(first) => Err(format!("{job} is handed out before {}, which is older", first.job)),
            None => Ok(()),
        }
    }
}
