//! What a server does by itself: timers, mutexes, leases, the queue as the store has it, reconciliation, and what it
//! reads when it starts. The counterpart of `crates/server/src/tasks`.

use crate::{
    faults::{Fault, Sabotage},
    memory::{Memory, Op, Then},
    store::Commit,
    world::{Happening, Sim, Step},
};
use cds_engine::{
    Event,
    upkeep::{self, lease},
};
use cds_model::{JobRef, RunId, Timestamp};
use std::{collections::BTreeSet, time::Duration};

/// How long a worker that was told to stop may be deaf.
const GRACE: Duration = Duration::from_secs(15);
/// From one look at the whole queue to the next, ms.
const RELOAD: i64 = 10_000;
/// From one reconciliation to the next, ms.
const RECONCILE: i64 = 60_000;

impl Sim {
    /// Timers that are due, and mutexes that are free or of which a run has not heard.
    pub fn housekeeping(&mut self, server: usize) -> Step {
        let wait = self.dice.ms(500, 2000);
        self.later(wait, Happening::Housekeeping(server));
        if !self.works(server) {
            return Ok(());
        }
        self.store.grant();
        let untold: Vec<_> = self
            .store
            .slots
            .iter()
            .filter(|((_, _, run, node_run), held)| {
                let node = self.store.runs.get(run).and_then(|r| r.run.nodes.get(node_run.0 as usize));
                **held && node.is_none_or(|n| !n.holds_slot)
            })
            .map(|((_, _, run, node_run), _)| (*run, *node_run))
            .collect();
        for (run, node_run) in untold {
            if !self.waits(server, run, |op| matches!(op.then, Then::Slot(n) if n == node_run)) {
                let event = Event::SlotGranted { node_run };
                self.submit(server, Op { run, event, lease: None, then: Then::Slot(node_run) })?;
            }
        }
        let now = self.clock(server);
        let due: Vec<_> = self
            .store
            .timers
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(key, at)| (key.clone(), *at))
            .collect();
        for ((run, key), at) in due {
            if self.servers[server].memory.ringing.insert((run, key.clone())) {
                let event = Event::Timer(key.clone());
                self.submit(server, Op { run, event, lease: None, then: Then::Timer(key, at) })?;
            }
        }
        Ok(())
    }

    fn works(&self, server: usize) -> bool {
        self.servers[server].up && self.reaches_store(server)
    }

    fn waits(&self, server: usize, run: RunId, is: impl Fn(&Op) -> bool) -> bool {
        self.servers[server].memory.busy.get(&run).is_some_and(|q| q.iter().any(is))
    }

    /// One look at the leases.
    pub fn look(&mut self, server: usize) -> Step {
        let lease = self.lease();
        let every = lease::look_every(lease).as_millis() as i64;
        let wait = every + self.dice.ms(0, 200);
        self.later(wait, Happening::Look(server));
        if !self.servers[server].up {
            return Ok(());
        }
        let now = self.clock(server);
        let jump_counts = !self.broken(Sabotage::Jump);
        let memory = &mut self.servers[server].memory;
        if jump_counts {
            memory.look_at_clock(now, lease);
        }
        let late = memory.late(lease, GRACE, now);
        let reaches = self.reaches_store(server);
        for (job, held) in late {
            if held.stopped.is_some() {
                self.worker_lost(server, job, held.attempt, "did not let go")?;
            } else {
                if !reaches {
                    continue;
                }
                let row = self.store.queue.get(&(job.run, job.job, held.attempt)).map(|r| r.lease());
                match lease::late(row, held.worker, now) {
                    lease::Fate::Keep | lease::Fate::Stop => continue,
                    lease::Fate::Drop => {
                        self.servers[server].memory.release(job, held.attempt);
                        continue;
                    }
                    lease::Fate::Lost => self.worker_lost(server, job, held.attempt, "not heard of")?,
                }
            }
            // Deaf or dead: its hatchery ends it, and whatever it runs.
            let memory = &mut self.servers[server].memory;
            if let Some(hatchery) = memory.workers.get(&held.worker).map(|w| w.hatchery)
                && let Some(known) = memory.hatcheries.get_mut(&hatchery)
            {
                known.destroy.insert(held.worker);
            }
        }
        if !self.broken(Sabotage::Pending) {
            let gone: Vec<_> = self.servers[server]
                .memory
                .workers
                .iter()
                .filter(|(_, w)| w.pending && lease::pending_is_gone(w.seen, now))
                .map(|(w, _)| *w)
                .collect();
            for worker in gone {
                // It may have come to another server.
                if self.store.workers.get(&worker).is_some_and(|row| row.registered) {
                    self.servers[server].memory.workers.remove(&worker);
                } else {
                    self.worker_gone(server, worker)?;
                }
            }
        }
        let memory = &mut self.servers[server].memory;
        let holders: Vec<_> = memory.held.values().map(|h| h.worker).collect();
        memory.workers.retain(|w, k| k.pending || !lease::is_forgotten(k.seen, holders.contains(w), now));
        if !reaches || self.store.full {
            return Ok(());
        }
        let held: Vec<_> = self.servers[server].memory.held.iter().map(|(j, h)| (*j, h.clone())).collect();
        for (job, held) in held {
            let renews = held.heard || self.terms().renews_unheard();
            let Some(until) = self.terms().until(held.seen, now).filter(|_| renews) else { continue };
            let key = (job.run, job.job, held.attempt);
            let Some(row) = self.store.queue.get_mut(&key) else { continue };
            if row.worker == Some(held.worker) && lease::is_renewed(row.until, until, lease) {
                row.until = Some(until);
                self.note(|| {
                    format!("server {server} renews attempt {} of {job} until {until}", held.attempt)
                });
                // The answer may be lost.
                if !self.fault(Fault::LostCommit)
                    && let Some(held) = self.servers[server].memory.held.get_mut(&job)
                {
                    held.until = Some(until);
                }
            }
        }
        Ok(())
    }

    /// The queue as the store has it: what is missing in memory is put there, what is over is dropped, what nobody
    /// looks after is taken care of.
    pub fn reload(&mut self, server: usize) -> Step {
        let wait = RELOAD + self.dice.ms(0, 1000);
        self.later(wait, Happening::Reload(server));
        if !self.works(server) || self.broken(Sabotage::Wake) {
            return Ok(());
        }
        let now = self.clock(server);
        let (lasts, jump_counts) = (self.lease(), !self.broken(Sabotage::Jump));
        let memory = &mut self.servers[server].memory;
        if jump_counts {
            memory.look_at_clock(now, lasts);
        }
        let trusts = lease::trusts_the_store(memory.jumped, now, lasts);
        let mut dropped = Vec::new();
        for (job, held) in &mut memory.held {
            let row = self.store.queue.get(&(job.run, job.job, held.attempt)).map(|r| r.lease());
            match lease::against_store(row, held.worker) {
                lease::Fate::Drop => dropped.push((*job, held.attempt)),
                lease::Fate::Stop => drop(held.stopped.get_or_insert(now)),
                lease::Fate::Keep | lease::Fate::Lost => {}
            }
        }
        for (job, attempt) in dropped {
            memory.release(job, attempt);
        }
        let on_their_way: BTreeSet<JobRef> =
            memory.workers.values().filter_map(|w| w.job.map(|(j, _)| j)).collect();
        let stale: Vec<_> = memory
            .queue
            .iter()
            .filter(|q| {
                let row = self.store.queue.get(&(q.job.run, q.job.job, q.attempt));
                row.is_none_or(|row| row.worker.is_some())
            })
            .map(|q| (q.job, q.attempt))
            .collect();
        for (job, attempt) in stale {
            memory.queue.remove(job, attempt);
        }
        let mut orphans = Vec::new();
        for ((run, job, attempt), row) in &self.store.queue {
            let job = JobRef { run: *run, job: *job };
            if row.worker.is_none() && !row.stopped && !on_their_way.contains(&job) {
                memory.queue.push(row.queued.clone());
            } else if !memory.held.contains_key(&job) && !row.stopped && !on_their_way.contains(&job) {
                let doubtful = memory.doubtful.get(&(job, *attempt));
                let ghost = doubtful.is_some_and(|(w, until)| lease::is_ghost(row.lease(), *w, *until));
                if ghost || trusts && lease::is_orphan(row.lease(), now) {
                    orphans.push((job, *attempt));
                }
            }
        }
        memory.doubtful.clear();
        for (job, attempt) in orphans {
            if !self.waits(
                server,
                job.run,
                |op| matches!(op.event, Event::WorkerLost { job: j, .. } if j == job.job),
            ) {
                self.worker_lost(server, job, attempt, "its lease ran out, and nobody had it")?;
            }
        }
        Ok(())
    }

    /// A server starts: queue and leases as the store has them. What it finds leased it holds, and
    /// has not heard of.
    pub fn restore(&mut self, server: usize) {
        let now = self.clock(server);
        let mut memory = Memory::default();
        memory.look_at_clock(now, self.lease());
        for ((run, job, attempt), row) in &self.store.queue {
            let job = JobRef { run: *run, job: *job };
            match row.worker {
                Some(worker) => {
                    if let Some(known) = self.store.workers.get(&worker) {
                        memory.touch(worker, known.hatchery, now);
                    }
                    memory.hold(job, *attempt, worker, now, row.stopped);
                    memory.held.entry(job).and_modify(|held| held.heard = false);
                }
                None => drop(memory.queue.push(row.queued.clone())),
            }
        }
        self.servers[server].memory = memory;
        self.servers[server].ends.clear();
    }

    /// Compares every run with its rows.
    pub fn reconcile(&mut self, server: usize) -> Step {
        let wait = RECONCILE + self.dice.ms(0, 5000);
        self.later(wait, Happening::Reconcile(server));
        if !self.works(server) || self.store.full {
            return Ok(());
        }
        let now = self.clock(server);
        let ids: Vec<RunId> =
            self.store.runs.values().filter(|r| !r.run.head.status.is_final()).map(|r| r.run.id).collect();
        for id in ids {
            self.reconcile_run(server, id, now)?;
        }
        Ok(())
    }

    fn reconcile_run(&mut self, server: usize, id: RunId, now: Timestamp) -> Step {
        let Some(row) = self.store.runs.get(&id) else { return Ok(()) };
        let mending = upkeep::reconcile(&row.run, &self.store.rows(id));
        if let Some(bad) = mending.found.iter().find(|f| f.kind == "stuck" || f.kind == "timer_missing") {
            return Err(format!("there is nothing to mend: {} ({}) of run {id}", bad.kind, bad.what));
        }
        let expect = row.version;
        if !mending.effects.is_empty() && !self.servers[server].memory.busy.contains_key(&id) {
            let run = row.run.clone();
            let commit = Commit { expect, run, effects: mending.effects, event: None, lease: None, now };
            self.send_commit(server, commit);
        }
        for event in mending.events {
            // Mutexes are told again by themselves.
            if !matches!(event, Event::SlotGranted { .. }) {
                self.submit(server, Op { run: id, event, lease: None, then: Then::Nothing })?;
            }
        }
        Ok(())
    }

    /// How long something of a job runs on without an answer: its worker gives it up before, and then ends it.
    pub fn worker_gives_up(&self) -> i64 {
        self.terms().worker_has_ended().as_millis() as i64
    }
}
