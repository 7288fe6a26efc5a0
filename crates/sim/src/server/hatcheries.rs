//! Hatcheries: what they have and what is wanted of them. And workers that are gone.

use crate::{
    faults::Sabotage,
    memory::{Hatch, Known, Op, Then},
    server::{HEARTBEAT, Reply},
    world::{Sim, Step},
};
use cds_engine::{Event, upkeep::lease};
use cds_hatchery::plan::WorkerState;
use cds_model::{Attempt, JobRef, Timestamp, WorkerId};
use std::collections::{BTreeMap, BTreeSet};

impl Sim {
    pub fn views(&self, server: usize, now: Timestamp) -> Vec<cds_engine::dispatch::HatcheryView> {
        let regions: Vec<&str> = self.hatcheries.iter().map(|h| h.region).collect();
        self.servers[server].memory.views(&regions, self.config.workers, now)
    }

    pub(super) fn identities(
        &mut self,
        server: usize,
        hatchery: usize,
        life: u32,
        count: u32,
    ) -> Option<Reply> {
        if !self.reaches_store(server) || self.store.full {
            return None;
        }
        let now = self.clock(server);
        let workers: Vec<WorkerId> = (0..count).map(|_| WorkerId(self.fresh())).collect();
        for worker in &workers {
            self.store.workers.insert(
                *worker,
                crate::store::WorkerRow { hatchery, registered: false, take: 0, given: None },
            );
            let known = Known { hatchery, pending: true, seen: now, job: None };
            self.servers[server].memory.workers.insert(*worker, known);
        }
        Some(Reply::Identities { hatchery, life, workers })
    }

    pub(super) fn sync(
        &mut self,
        server: usize,
        hatchery: usize,
        life: u32,
        instances: &[(WorkerId, bool)],
    ) -> Result<Option<Reply>, String> {
        let now = self.clock(server);
        if !self.reaches_store(server) {
            return Ok(None);
        }
        let (lasts, jump_counts) = (self.lease(), !self.broken(Sabotage::Jump));
        let memory = &mut self.servers[server].memory;
        if jump_counts {
            memory.look_at_clock(now, lasts);
        }
        let known =
            memory.hatcheries.entry(hatchery).or_insert(Hatch { seen: now, destroy: BTreeSet::new() });
        known.seen = now;
        let mut told = Vec::new();
        let mut listed = BTreeSet::new();
        for (worker, alive) in instances {
            listed.insert(*worker);
            if !alive {
                told.push(*worker);
                self.worker_gone(server, *worker)?;
                continue;
            }
            let memory = &mut self.servers[server].memory;
            match memory.workers.get_mut(worker) {
                // It exists, and may take its time.
                Some(known) if known.pending => known.seen = now,
                Some(_) => {}
                // Another server, or an earlier life of this one, has let it in.
                None => {
                    if let Some(row) = self.store.workers.get(worker) {
                        let known = Known { hatchery, pending: !row.registered, seen: now, job: None };
                        memory.workers.insert(*worker, known);
                    }
                }
            }
        }
        let unlisted: Vec<WorkerId> = self.servers[server]
            .memory
            .workers
            .iter()
            .filter(|(w, k)| k.hatchery == hatchery && !k.pending && !listed.contains(w))
            .filter(|(_, k)| lease::unlisted_is_gone(k.seen, now, HEARTBEAT))
            .map(|(w, _)| *w)
            .collect();
        for worker in unlisted {
            self.worker_gone(server, worker)?;
        }
        let views = self.views(server, now);
        let memory = &self.servers[server].memory;
        let decision = memory.decide(&views, now);
        let id = cds_model::HatcheryId(uuid::Uuid::from_u128(hatchery as u128));
        let view = views.iter().find(|v| v.id == id);
        // New ones are wanted only when those that start or idle do not suffice, so they count in full.
        let wanted = decision
            .wanted
            .get(&id)
            .map_or(0, |new| new + view.map_or(0, |v| v.starting + v.idle.len() as u32));
        let state = |k: &Known| match k.job {
            Some(_) => WorkerState::Busy,
            None if k.pending => WorkerState::Pending,
            None => WorkerState::Idle,
        };
        let mut workers: BTreeMap<WorkerId, WorkerState> = memory
            .workers
            .iter()
            .filter(|(_, k)| k.hatchery == hatchery)
            .map(|(w, k)| (*w, state(k)))
            .collect();
        // One whose token has ended is refused whatever it says.
        for (worker, alive) in instances {
            if *alive && !self.store.workers.contains_key(worker) {
                workers.insert(*worker, WorkerState::Gone);
            }
        }
        let destroy = self.servers[server].memory.hatcheries[&hatchery].destroy.clone();
        Ok(Some(Reply::Orders { hatchery, life, told, wanted, destroy, workers }))
    }

    /// A worker is gone: what it had gets a new attempt, and its token ends.
    pub fn worker_gone(&mut self, server: usize, worker: WorkerId) -> Step {
        let memory = &mut self.servers[server].memory;
        let mut lost: Vec<(JobRef, Attempt)> =
            memory.held.iter().filter(|(_, h)| h.worker == worker).map(|(j, h)| (*j, h.attempt)).collect();
        if let Some(known) = memory.workers.remove(&worker) {
            lost.extend(known.job.filter(|o| !lost.contains(o)));
            if let Some(hatchery) = memory.hatcheries.get_mut(&known.hatchery) {
                hatchery.destroy.remove(&worker);
            }
        }
        if self.reaches_store(server) && !self.store.full {
            // Rows tell what servers have forgotten, or never knew.
            let rows = self.store.queue.iter().filter(|(_, r)| r.worker == Some(worker) && !r.stopped);
            for ((run, job, attempt), _) in rows {
                let id = (JobRef { run: *run, job: *job }, *attempt);
                if !lost.contains(&id) {
                    lost.push(id);
                }
            }
            self.store.workers.remove(&worker);
        }
        for (job, attempt) in lost {
            self.worker_lost(server, job, attempt, "its instance has ended")?;
        }
        Ok(())
    }

    /// An attempt is lost with its worker.
    pub fn worker_lost(&mut self, server: usize, job: JobRef, attempt: Attempt, why: &str) -> Step {
        self.servers[server].memory.release(job, attempt);
        let event = Event::WorkerLost { job: job.job, attempt, reason: why.into() };
        self.submit(server, Op { run: job.run, event, lease: None, then: Then::Lost { job, attempt } })
    }
}
