//! What a server does with a message: one transaction, then an answer.

use crate::{
    store::{Outcome, Standing, WorkerRow},
    world::{Happening, Sim, Step},
};
use cds_engine::{Event, dispatch::dispatch};
use cds_hatchery::plan::WorkerState;
use cds_model::{Attempt, JobRef, Status, Timestamp, WorkerId};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// A worker that has not been heard of for this long is lost, ms.
const LEASE: u128 = 30_000;
/// A worker that was ordered and never registered is given up after this, ms.
const PENDING: u128 = 120_000;

/// A question to a server.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Register(WorkerId),
    Take(WorkerId),
    Beat {
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
    },
    End {
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
        status: Status,
    },
    /// Which instances a hatchery has, alive or not, and a number for the answer.
    Sync {
        hatchery: usize,
        life: u32,
        instances: Vec<(WorkerId, bool)>,
    },
    Identities {
        hatchery: usize,
        life: u32,
        count: u32,
    },
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Registered(WorkerId),
    /// `None`: no job now.
    Job {
        worker: WorkerId,
        job: Option<(JobRef, Attempt)>,
    },
    /// Whether the worker should go on with it.
    Beat {
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
        go_on: bool,
    },
    /// The end has been noted, or nobody waits for it.
    Ended {
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
    },
    /// The server has given the worker up.
    Refused(WorkerId),
    Orders {
        hatchery: usize,
        life: u32,
        told: Vec<WorkerId>,
        wanted: u32,
        destroy: BTreeSet<WorkerId>,
        workers: BTreeMap<WorkerId, WorkerState>,
    },
    Identities {
        hatchery: usize,
        life: u32,
        workers: Vec<WorkerId>,
    },
}

impl Sim {
    /// A question reaches a server: commit, then answer.
    pub fn arrives(&mut self, server: usize, ask: Ask) -> Step {
        if !self.servers[server].up {
            return Ok(());
        }
        let reply = match ask {
            Ask::Register(worker) => self.register(server, worker),
            Ask::Take(worker) => self.take(server, worker)?,
            Ask::Beat { worker, job, attempt } => self.beat(server, worker, job, attempt),
            Ask::End { worker, job, attempt, status } => self.end(server, worker, job, attempt, status)?,
            Ask::Sync { hatchery, life, instances } => self.sync(server, hatchery, life, &instances)?,
            Ask::Identities { hatchery, life, count } => {
                let now = self.clock(server);
                let workers: Vec<WorkerId> = (0..count).map(|_| WorkerId(self.fresh())).collect();
                for worker in &workers {
                    let row = WorkerRow { hatchery, standing: Standing::Pending, ordered: now, heard: now };
                    self.store.workers.insert(*worker, row);
                }
                Reply::Identities { hatchery, life, workers }
            }
        };
        let epoch = self.servers[server].epoch;
        let think = self.dice.ms(0, 5);
        self.later(think, Happening::Answers { server, epoch, reply });
        Ok(())
    }

    /// The worker's row, if the server still deals with it; being heard of is noted.
    fn known(&mut self, server: usize, worker: WorkerId) -> Option<&mut WorkerRow> {
        let now = self.clock(server);
        let row = self.store.workers.get_mut(&worker).filter(|r| r.standing != Standing::Gone)?;
        row.heard = now;
        Some(row)
    }

    fn register(&mut self, server: usize, worker: WorkerId) -> Reply {
        match self.known(server, worker) {
            None => Reply::Refused(worker),
            Some(row) => {
                if row.standing == Standing::Pending {
                    row.standing = Standing::Idle;
                }
                Reply::Registered(worker)
            }
        }
    }

    fn take(&mut self, server: usize, worker: WorkerId) -> Result<Reply, String> {
        let (standing, hatchery) = match self.known(server, worker) {
            None => return Ok(Reply::Refused(worker)),
            Some(row) => (row.standing, row.hatchery),
        };
        let job = match standing {
            // The answer to the last question was lost.
            Standing::Busy(job, attempt) => Some((job, attempt)),
            Standing::Idle => {
                let view = self.view(hatchery);
                let found = self.store.queue.lease_for(&view).map(|q| (q.job, q.attempt));
                match found {
                    Some((job, attempt)) if self.lease(server, worker, job, attempt)? => Some((job, attempt)),
                    _ => None,
                }
            }
            Standing::Pending | Standing::Gone => None,
        };
        Ok(Reply::Job { worker, job })
    }

    fn lease(
        &mut self,
        server: usize,
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
    ) -> Result<bool, String> {
        let taken = Event::JobTaken { job: job.job, attempt, worker, worker_name: format!("w{worker}") };
        let committed = self.commit(server, job.run, taken)? == Outcome::Committed;
        if !committed {
            return Err(format!("{job} at {attempt} was queued, but the run does not let it be taken"));
        }
        self.store.queue.remove(job, attempt);
        if let Some(row) = self.store.workers.get_mut(&worker) {
            row.standing = Standing::Busy(job, attempt);
        }
        Ok(true)
    }

    fn beat(&mut self, server: usize, worker: WorkerId, job: JobRef, attempt: Attempt) -> Reply {
        let Some(row) = self.known(server, worker) else { return Reply::Refused(worker) };
        let current = row.standing == Standing::Busy(job, attempt);
        let cancelled = self.store.world.cancelled.contains(&(job.run, job.job, attempt));
        Reply::Beat { worker, job, attempt, go_on: current && !cancelled }
    }

    fn end(
        &mut self,
        server: usize,
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
        status: Status,
    ) -> Result<Reply, String> {
        let Some(row) = self.known(server, worker) else { return Ok(Reply::Refused(worker)) };
        if row.standing == Standing::Busy(job, attempt) {
            row.standing = Standing::Idle;
            let event = Event::JobEnded {
                job: job.job,
                attempt,
                status,
                reason: String::new(),
                infrastructure: false,
                variables: IndexMap::from([("cds.build.sim".to_string(), worker.to_string())]),
                steps: Vec::new(),
            };
            self.commit(server, job.run, event)?;
        }
        Ok(Reply::Ended { worker, job, attempt })
    }

    fn sync(
        &mut self,
        server: usize,
        hatchery: usize,
        life: u32,
        instances: &[(WorkerId, bool)],
    ) -> Result<Reply, String> {
        let mut told = Vec::new();
        for (worker, alive) in instances {
            if !alive {
                told.push(*worker);
                self.lose(server, *worker, "its instance has ended")?;
            }
        }
        let mine = self.store.workers.iter().filter(|(_, r)| r.hatchery == hatchery);
        let state = |standing| match standing {
            Standing::Pending => WorkerState::Pending,
            Standing::Idle => WorkerState::Idle,
            Standing::Busy(..) => WorkerState::Busy,
            Standing::Gone => WorkerState::Gone,
        };
        let workers: BTreeMap<_, _> = mine.map(|(w, r)| (*w, state(r.standing))).collect();
        let destroy = workers.iter().filter(|(_, s)| **s == WorkerState::Gone).map(|(w, _)| *w).collect();
        let views: Vec<_> = (0..self.hatcheries.len()).map(|h| self.view(h)).collect();
        let decision = dispatch(&self.store.queue, &views, self.clock(server));
        // New ones are wanted only when those that start or idle do not suffice, so they count in full.
        let wanted = decision
            .wanted
            .get(&views[hatchery].id)
            .map_or(0, |new| new + views[hatchery].starting + views[hatchery].idle.len() as u32);
        Ok(Reply::Orders { hatchery, life, told, wanted, destroy, workers })
    }

    fn view(&self, hatchery: usize) -> cds_engine::dispatch::HatcheryView {
        let region = self.hatcheries[hatchery].region;
        self.store.view(hatchery, region, self.config.workers)
    }

    /// A worker is lost; its job, if any, gets a new attempt.
    fn lose(&mut self, server: usize, worker: WorkerId, why: &str) -> Step {
        let Some(row) = self.store.workers.get_mut(&worker) else { return Ok(()) };
        let standing = std::mem::replace(&mut row.standing, Standing::Gone);
        if let Standing::Busy(job, attempt) = standing {
            self.commit(server, job.run, Event::WorkerLost { job: job.job, attempt, reason: why.into() })?;
        }
        Ok(())
    }

    /// Timers that are due, leases that ran out, mutexes that were given.
    pub fn housekeeping(&mut self, server: usize) -> Step {
        let wait = self.dice.ms(200, 1200);
        self.later(wait, Happening::Housekeeping(server));
        if !self.servers[server].up {
            return Ok(());
        }
        for (run, node_run) in self.store.grants.clone() {
            // A server killed in the middle leaves the rest to the next.
            if self.unlucky() {
                return Ok(());
            }
            self.store.grants.remove(&(run, node_run));
            self.commit(server, run, Event::SlotGranted { node_run })?;
        }
        let now = self.clock(server);
        let due: Vec<_> = self
            .store
            .world
            .timers
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(key, _)| key.clone())
            .collect();
        for (run, key) in due {
            if self.store.world.timers.remove(&(run, key.clone())).is_some() {
                self.commit(server, run, Event::Timer(key))?;
            }
        }
        let overdue = |row: &WorkerRow, now: Timestamp| match row.standing {
            Standing::Pending => now.since(row.ordered).as_millis() > PENDING,
            Standing::Idle | Standing::Busy(..) => now.since(row.heard).as_millis() > LEASE,
            Standing::Gone => false,
        };
        let lost: Vec<WorkerId> =
            self.store.workers.iter().filter(|(_, r)| overdue(r, now)).map(|(w, _)| *w).collect();
        for worker in lost {
            self.lose(server, worker, "not heard of for too long")?;
        }
        Ok(())
    }
}
