//! Workers that come, and ask for jobs.

use crate::{
    memory::{Op, Then},
    server::Reply,
    world::{Sim, Step},
};
use cds_engine::{
    Event,
    dispatch::{Decision, QueuedJob},
};
use cds_model::{JobRef, WorkerId};

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

    pub(super) fn take(
        &mut self,
        server: usize,
        worker: WorkerId,
        turn: u32,
    ) -> Result<Option<Reply>, String> {
        let now = self.clock(server);
        let hatchery = match self.token(server, worker) {
            Err(()) => return Ok(None),
            Ok(None) => return Ok(Some(Reply::Refused(worker))),
            Ok(Some(hatchery)) => hatchery,
        };
        let none = Ok(Some(Reply::Job { worker, turn, job: None, hold: None }));
        let memory = &mut self.servers[server].memory;
        memory.touch(worker, hatchery, now);
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
        let lease = Some((job.job, attempt, worker, until));
        let then = Then::Taken { worker, turn, job, attempt, until };
        self.submit(server, Op { run: job.run, event, lease, then })?;
        Ok(None)
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
