//! Workers and hatcheries come and go.

use crate::{
    App,
    auth::{
        Caller,
        tokens::{fresh_secret, fresh_token, kind},
    },
    http::error::{Error, Result},
};
use cds_api::{
    fleet::{Hatchery, HatcheryRegister, Worker, WorkerBrief, WorkerIdentity},
    worker::{WorkerRegister, WorkerRegistered},
};
use cds_engine::upkeep::lease;
use cds_model::{Attempt, HatcheryId, JobRef, Secret, WorkerId};
use cds_store::{hatcheries, queue, tokens, workers};
use std::{collections::BTreeSet, time::Duration};

/// A worker that was ordered must register within this time.
const BOOTSTRAP: Duration = Duration::from_secs(600);
/// A worker's token outlives any job, and its row its token.
const WORKER: Duration = Duration::from_secs(7 * 24 * 3600);

impl App {
    /// A token for the server's own hatchery. Made anew at every start; older ones end.
    pub(crate) async fn own_hatchery_token(&self) -> cds_store::Result<Secret<String>> {
        let (secret, now) = (fresh_secret(), self.now());
        // Every server on a database has its own; a new start of this one ends only its own.
        let owner = format!("own:{}", self.id());
        let row = fresh_token(kind::HATCHERY, &owner, "local", now, Duration::from_secs(3650 * 24 * 3600));
        let s = secret.clone();
        self.store()
            .write(move |tx| {
                tokens::delete_of(tx, &owner)?;
                tokens::insert(tx, &row, &s)
            })
            .await?;
        Ok(Secret::new(secret))
    }

    /// A hatchery comes, or comes back under its name.
    pub async fn register_hatchery(&self, body: HatcheryRegister) -> Result<HatcheryId> {
        if body.name.is_empty() {
            return Err(Error::bad_request("a hatchery needs a name"));
        }
        let now = self.now();
        if self.fleet().hatchery_taken(&body.name, &body.instance, now) {
            let about = format!(
                "another hatchery named {} is at work: give one of the two another name; this one takes over if that ends",
                body.name
            );
            return Err(Error::conflict(about));
        }
        let row = hatcheries::Hatchery {
            id: HatcheryId::new(),
            name: body.name.clone(),
            model_type: body.model_type.clone(),
            version: body.version.clone(),
            offer: serde_json::to_string(&body.offer).map_err(Error::internal)?,
            token: String::new(),
            last_error: String::new(),
            lastbeat: now,
        };
        let id = self.store().write(move |tx| hatcheries::put(tx, &row)).await.map_err(Error::internal)?;
        self.fleet().register_hatchery(id, &body, now);
        Ok(id)
    }

    /// Identities for workers about to be spawned; `None` if the hatchery is not known here.
    pub async fn order_workers(
        &self,
        hatchery: HatcheryId,
        count: u32,
    ) -> Result<Option<Vec<WorkerIdentity>>> {
        let mut prefix = None;
        self.fleet().each_hatchery(|id, h, _| {
            if id == hatchery {
                prefix = Some(h.name.clone());
            }
        });
        let Some(prefix) = prefix else { return Ok(None) };
        let now = self.now();
        let orders: Vec<WorkerIdentity> = (0..count)
            .map(|_| {
                let worker = WorkerId::new();
                // The end of the id is random, its beginning is the time.
                let id = worker.0.simple().to_string();
                WorkerIdentity { worker, name: format!("{prefix}-{}", &id[24..]), token: fresh_secret() }
            })
            .collect();
        let rows: Vec<(tokens::Token, String)> = orders
            .iter()
            .map(|o| {
                let row = fresh_token(kind::BOOTSTRAP, o.worker, hatchery.to_string(), now, BOOTSTRAP);
                (row, o.token.clone())
            })
            .collect();
        self.store()
            .write(move |tx| rows.iter().try_for_each(|(row, secret)| tokens::insert(tx, row, secret)))
            .await
            .map_err(Error::internal)?;
        for order in &orders {
            self.fleet().order_worker(order.worker, order.name.clone(), hatchery, now);
        }
        Ok(Some(orders))
    }

    /// A worker trades its one-time token for one of its own.
    pub async fn register_worker(
        &self,
        worker: WorkerId,
        hatchery: HatcheryId,
        body: WorkerRegister,
    ) -> Result<WorkerRegistered> {
        let now = self.now();
        let secret = fresh_secret();
        let row = fresh_token(kind::WORKER, worker, hatchery.to_string(), now, WORKER);
        let record = workers::Worker {
            id: worker,
            name: body.name.clone(),
            hatchery,
            status: "Waiting".into(),
            os: body.os.clone(),
            arch: body.arch.clone(),
            version: body.version.clone(),
            info: body.hostname.clone(),
            job: None,
            jobs_done: 0,
            created: now,
            lastbeat: Some(now),
        };
        let s = secret.clone();
        self.store()
            .write(move |tx| {
                // The one-time token ends here, and with it any second registration. Takes the worker's tokens along.
                workers::delete(tx, record.id)?;
                tokens::insert(tx, &row, &s)?;
                workers::insert(tx, &record)
            })
            .await
            .map_err(Error::internal)?;
        self.tokens().forget();
        self.fleet().register_worker(worker, hatchery, &body, now);
        let config = self.config();
        Ok(WorkerRegistered {
            worker,
            token: secret,
            heartbeat_ms: config.heartbeat_ms,
            idle_timeout_ms: config.worker_idle_ms,
            max_jobs: config.worker_max_jobs,
        })
    }

    /// A worker speaks. Of one that is new here the database knows more: it registered at another server, or before
    /// this one was started.
    pub(super) async fn heard(&self, worker: WorkerId, hatchery: HatcheryId) {
        let now = self.now();
        if !self.fleet().touch(worker, hatchery, now) {
            return;
        }
        match self.store().read(move |tx| workers::get(tx, worker)).await {
            Ok(row) => row.iter().for_each(|row| self.fleet().take_in(row, now)),
            Err(e) => tracing::warn!(%worker, error = %e, "a worker could not be looked up"),
        }
    }

    /// A worker gets no more jobs, on no server. The one that it has it may end. False if it is not known.
    pub async fn disable_worker(&self, worker: WorkerId) -> Result<bool> {
        let known =
            self.store().write(move |tx| workers::disable(tx, worker)).await.map_err(Error::store_away)?;
        Ok(self.fleet().disable_worker(worker, self.now()) || known)
    }

    /// A hatchery says that a worker has ended.
    pub async fn worker_gone(&self, hatchery: HatcheryId, worker: WorkerId, exit: &str) {
        self.fleet().destroyed(hatchery, worker);
        self.forget_worker(worker, if exit.is_empty() { "it ended" } else { exit }).await;
    }

    /// Workers that a hatchery has and this server has not heard of: they registered at another server, or before this
    /// one was started. They are taken in, so that nobody takes them for workers that never registered.
    pub async fn know_workers(&self, hatchery: HatcheryId, listed: Vec<WorkerId>) {
        let now = self.now();
        let mut unknown: BTreeSet<WorkerId> = listed.into_iter().collect();
        self.fleet().each_worker(|id, _| {
            unknown.remove(&id);
        });
        if unknown.is_empty() {
            return;
        }
        match self.store().read(move |tx| workers::of_hatchery(tx, hatchery)).await {
            Ok(rows) => {
                for row in rows.into_iter().filter(|row| unknown.contains(&row.id)) {
                    self.fleet().take_in(&row, now);
                }
            }
            Err(e) => tracing::warn!(%hatchery, error = %e, "the workers of a hatchery could not be read"),
        }
    }

    /// A hatchery did not list a worker. One that was heard of a moment ago may be too young for the list.
    pub async fn worker_unlisted(&self, _hatchery: HatcheryId, worker: WorkerId) {
        // A silence that is the clock's is none of the worker's.
        let now = self.fleet().look_at_clock(|| self.now(), self.config().lease()).now;
        let mut seen = now;
        self.fleet().each_worker(|id, w| {
            if id == worker {
                seen = w.seen;
            }
        });
        let heartbeat = Duration::from_millis(self.config().heartbeat_ms);
        if lease::unlisted_is_gone(seen, now, heartbeat) {
            self.forget_worker(worker, "its hatchery does not have it any more").await;
        }
    }

    /// A worker that asks for a job by the take of this number has none but what that take gave it. What it was given
    /// before (`more`: as far as the store knows) it has given up, or it never reached it: a new attempt is made at
    /// once, instead of when the lease has run out.
    ///
    /// # Errors
    /// If that cannot be recorded: the worker must ask again.
    pub(super) async fn void_holds(
        &self,
        worker: WorkerId,
        take: Option<i64>,
        more: Vec<(JobRef, Attempt)>,
    ) -> Result<()> {
        let mut lost = self.fleet().holds_beside(worker, take);
        lost.extend(more.into_iter().filter(|it| !lost.contains(it)).collect::<Vec<_>>());
        for (job, attempt) in lost {
            let name = self.fleet().worker_name(worker);
            let reason = format!("the worker {name} has given the job up, or it never reached it");
            if !self.worker_lost(job, attempt, reason).await {
                return Err(Error::internal("what the worker had cannot be given up now"));
            }
        }
        Ok(())
    }

    /// A worker is gone: what it had gets a new attempt.
    pub async fn forget_worker(&self, worker: WorkerId, how: &str) {
        let now = self.now();
        let name = self.fleet().worker_name(worker);
        let order = self.fleet().remove_worker(worker, now);
        let mut lost = self.fleet().holds_of(worker);
        lost.extend(order.filter(|o| !lost.contains(o)));
        // The store knows of leases that memory does not: of another server, or of a commit whose answer was lost.
        if let Ok(entries) = self.store().read(move |tx| queue::of_worker(tx, worker)).await {
            for e in entries.into_iter().filter(|e| !e.cancelled) {
                let order = (JobRef { run: e.run, job: e.job }, e.attempt);
                if !lost.contains(&order) {
                    lost.push(order);
                }
            }
        }
        for (job, attempt) in lost {
            self.worker_lost(job, attempt, format!("lost connection with the worker {name}: {how}")).await;
        }
        let done = self
            .store()
            .write(move |tx| {
                tokens::delete_of(tx, &worker.to_string())?;
                workers::delete(tx, worker)
            })
            .await;
        if let Err(e) = done {
            tracing::warn!(%worker, error = %e, "a worker that ended could not be removed");
        }
        self.tokens().forget();
    }

    /// Workers for people. What they run is told to those who may read it.
    pub async fn workers(&self, caller: &Caller) -> Result<Vec<Worker>> {
        let mut hatcheries = std::collections::HashMap::new();
        self.fleet().each_hatchery(|id, h, _| drop(hatcheries.insert(id, h.name.clone())));
        let mut all = Vec::new();
        let mut jobs = Vec::new();
        self.fleet().each_worker(|id, w| {
            jobs.push((id, w.job.map(|(job, _)| job)));
            all.push(Worker {
                id,
                name: w.name.clone(),
                hatchery: hatcheries.get(&w.hatchery).cloned().unwrap_or_default(),
                status: w.status.as_str().into(),
                os: w.os.clone(),
                arch: w.arch.clone(),
                version: w.version.clone(),
                lastbeat: w.seen.to_rfc3339(),
                job: None,
                jobs_done: w.jobs_done,
            });
        });
        let jobs: std::collections::HashMap<_, _> =
            jobs.into_iter().filter_map(|(id, job)| Some((id, job?))).collect();
        let open = self.readable_runs(caller, jobs.values().map(|job| job.run).collect()).await?;
        for worker in &mut all {
            worker.job = jobs.get(&worker.id).filter(|job| open.contains(&job.run)).map(ToString::to_string);
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// Hatcheries for people.
    pub fn hatcheries(&self) -> Vec<Hatchery> {
        let mut briefs: std::collections::HashMap<HatcheryId, Vec<WorkerBrief>> = Default::default();
        self.fleet().each_worker(|worker, w| {
            briefs
                .entry(w.hatchery)
                .or_default()
                .push(WorkerBrief { worker, status: w.status.as_str().into() });
        });
        let mut all = Vec::new();
        self.fleet().each_hatchery(|id, h, up| {
            all.push(Hatchery {
                id,
                name: h.name.clone(),
                model_type: h.model_type.clone(),
                version: h.version.clone(),
                offer: h.offer.clone(),
                status: if up { "up" } else { "down" }.into(),
                lastbeat: h.seen.to_rfc3339(),
                wanted: h.wanted,
                workers: briefs.remove(&id).unwrap_or_default(),
                last_error: h.last_error.clone(),
            });
        });
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }
}
