//! Live runs in memory, and the one way to change a run: load, apply, commit, then act.

use super::together::LiveRun;
use crate::{App, http::error::Error as HttpError};
use cds_engine::{Effect, Event, Ignored, Refusal, Run, dispatch::QueuedJob, upkeep::Told};
use cds_model::{Attempt, JobNo, JobRef, RunId, Timestamp, WorkerId};
use cds_store::{
    idempotency::Once,
    runs::{self, CommitError, Context, LoadError, Loaded, QueueLease, RunCommit},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

/// At most this many runs are kept; those that have ended go first.
const KEEP: usize = 4_096;

type Slot = Arc<LiveRun>;

/// Runs that were lately changed here. One lock for each run, so that its events are applied one after the other.
#[derive(Default)]
pub struct LiveRuns(Mutex<HashMap<RunId, Slot>>);

impl LiveRuns {
    pub(super) fn slot(&self, run: RunId) -> Slot {
        let mut runs = self.0.lock().unwrap_or_else(|p| p.into_inner());
        if runs.len() >= KEEP && !runs.contains_key(&run) {
            // Whatever nobody uses at this moment can be loaded again.
            runs.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        runs.entry(run).or_default().clone()
    }

    /// Another server has changed a run: it is loaded again before anything else is done with it.
    pub fn outdated(&self, run: RunId) {
        if let Some(slot) = self.0.lock().unwrap_or_else(|p| p.into_inner()).get(&run) {
            slot.set_outdated();
        }
    }

    /// Other servers may have changed any run.
    pub fn all_outdated(&self) {
        self.0.lock().unwrap_or_else(|p| p.into_inner()).values().for_each(|slot| slot.set_outdated());
    }

    /// Forgets a run: it ended, or was deleted.
    pub fn forget(&self, run: RunId) {
        self.0.lock().unwrap_or_else(|p| p.into_inner()).remove(&run);
    }
}

/// Why an event was not applied.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApplyError {
    /// There is no such run.
    #[error("there is no such run")]
    NotFound,
    /// Its rows can't be read.
    #[error("the run is parked: {0}")]
    Parked(String),
    /// The run's state forbids it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The version is used by another run.
    #[error("version '{0}' already used by another workflow run")]
    VersionTaken(String),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] cds_store::Error),
    /// The task that applied it ended in the middle.
    #[error("the task that applied an event has ended: {0}")]
    Broken(String),
}

impl From<LoadError> for ApplyError {
    fn from(e: LoadError) -> Self {
        match e {
            LoadError::NotFound => ApplyError::NotFound,
            LoadError::Parked(why) => ApplyError::Parked(why),
            LoadError::Db(e) => ApplyError::Db(e),
        }
    }
}

impl From<ApplyError> for HttpError {
    fn from(e: ApplyError) -> Self {
        match e {
            ApplyError::NotFound => HttpError::not_found("run"),
            ApplyError::Parked(why) => HttpError::conflict(format!(
                "this run is set aside because its record can't be read ({why}); it can be stopped and deleted, and taken up again (unpark) once its record is mended or a newer version reads it"
            )),
            ApplyError::Refused(r) => {
                let status = match r.id {
                    Some(74 | 176 | 107) => axum::http::StatusCode::BAD_REQUEST,
                    _ => axum::http::StatusCode::CONFLICT,
                };
                let e = HttpError::new(status, "refused", r.message);
                match r.id {
                    Some(id) => e.id(id),
                    None => e,
                }
            }
            ApplyError::VersionTaken(v) => {
                HttpError::conflict(format!("version {v} already used by another workflow run")).id(192)
            }
            ApplyError::KeyReused => super::once::reused(),
            ApplyError::Db(e) => HttpError::internal(e),
            broken @ ApplyError::Broken(_) => HttpError::internal(broken),
        }
    }
}

/// What became of an event, as the rules of `upkeep` want to know it.
pub(crate) fn told(result: &Result<Applied, ApplyError>) -> Told {
    match result {
        Ok(Applied::Advanced(_)) => Told::Advanced,
        Ok(Applied::Ignored(why)) => Told::Ignored(*why),
        Ok(Applied::OldTake) => Told::Refused,
        Err(ApplyError::NotFound) => Told::Gone,
        Err(ApplyError::Parked(_)) => Told::Parked,
        Err(ApplyError::Refused(_) | ApplyError::KeyReused | ApplyError::VersionTaken(_)) => Told::Refused,
        Err(ApplyError::Db(_) | ApplyError::Broken(_)) => Told::Failed,
    }
}

/// What became of an event.
#[derive(Clone, Debug)]
pub enum Applied {
    /// It was committed.
    Advanced(Arc<Run>),
    /// It was late, repeated, or about nothing this run has.
    Ignored(Ignored),
    /// The worker that was to get the job has been answered before.
    OldTake,
}

impl App {
    /// A run as it is now.
    pub async fn load_run(&self, id: RunId) -> Result<Run, ApplyError> {
        let slot = self.live().slot(id);
        let mut guard = slot.lock().await;
        if let Some(loaded) = guard.as_ref() {
            return Ok(loaded.run.clone());
        }
        let loaded = match runs::load(self.store(), id).await {
            Ok(loaded) => loaded,
            Err(e) => {
                self.live().forget(id);
                return Err(e.into());
            }
        };
        let run = loaded.run.clone();
        if run.head.status.is_final() {
            // Looked at now and then, seldom changed: not worth the memory.
            self.live().forget(id);
        } else {
            *guard = Some(loaded);
        }
        Ok(run)
    }

    /// Applies an event to a run and commits what follows.
    pub async fn apply(&self, id: RunId, event: &Event) -> Result<Applied, ApplyError> {
        self.apply_with(id, event, Vec::new(), None).await
    }

    /// Applies an event that a request asks for, once however often the request arrives: a repetition is
    /// [`Ignored::Repeated`].
    pub(super) async fn apply_once(
        &self,
        id: RunId,
        event: &Event,
        once: Option<Once>,
    ) -> Result<Applied, ApplyError> {
        self.apply_with(id, event, Vec::new(), once).await
    }

    /// A worker takes a job: the event and the lease in one commit, and the number of its take, if it counts them.
    pub async fn apply_taken(
        &self,
        job: JobRef,
        attempt: Attempt,
        worker: WorkerId,
        worker_name: String,
        take: Option<i64>,
    ) -> Result<Applied, ApplyError> {
        let event = Event::JobTaken { job: job.job, attempt, worker, worker_name };
        let until = self.now() + self.terms().lasts();
        let lease = QueueLease { job: job.job, attempt, worker, until, take };
        let app = self.clone();
        // In a task of its own up to the hold: a lease that nobody holds here would never be given up.
        let taken = tokio::spawn(async move {
            let applied = app.apply_with(job.run, &event, vec![lease], None).await;
            match told(&applied) {
                Told::Advanced => {
                    let held = app.fleet().hold(job, attempt, worker, take, until, app.now());
                    if let Ok(Applied::Advanced(run)) = &applied {
                        held.steps.get_or_init(|| super::view::steps_of(run, job.job));
                    }
                }
                // Should it have been made, whoever counts is told of it when it asks again.
                Told::Failed if take.is_some() => {}
                Told::Failed => app.fleet().doubt(job, attempt, worker, until),
                Told::Ignored(_) | Told::Refused | Told::Gone | Told::Parked => {}
            }
            applied
        });
        taken.await.unwrap_or_else(|e| Err(ApplyError::Broken(e.to_string())))
    }

    /// In a task of its own: a caller who hangs up must not cut off what follows from a commit.
    async fn apply_with(
        &self,
        id: RunId,
        event: &Event,
        leases: Vec<QueueLease>,
        once: Option<Once>,
    ) -> Result<Applied, ApplyError> {
        let (app, event) = (self.clone(), event.clone());
        match tokio::spawn(async move { app.apply_together(id, event, leases, once).await }).await {
            Ok(applied) => applied,
            Err(e) => Err(ApplyError::Broken(e.to_string())),
        }
    }

    /// Commits a new run. `Err(Ok(id))` = the request was carried out before, by that run.
    pub(crate) async fn commit_new(
        &self,
        run: Run,
        effects: Vec<Effect>,
        context: Context,
    ) -> Result<Arc<Run>, Result<RunId, ApplyError>> {
        let app = self.clone();
        match tokio::spawn(async move { app.commit_new_here(run, &effects, context).await }).await {
            Ok(committed) => committed,
            Err(e) => Err(Err(ApplyError::Broken(e.to_string()))),
        }
    }

    async fn commit_new_here(
        &self,
        run: Run,
        effects: &[Effect],
        context: Context,
    ) -> Result<Arc<Run>, Result<RunId, ApplyError>> {
        let now = context.now;
        let mut loaded = Loaded {
            run,
            version: 0,
            workflow: context.workflow,
            project: context.project,
            spec_hash: context.spec_hash.clone(),
            triggered_by: context.triggered_by.clone(),
        };
        let context = Context { event: Some(event_json(None, &loaded.run, effects)), ..context };
        let commit =
            RunCommit::from_transition(None, &loaded.run, effects, context).map_err(|e| Err(e.into()))?;
        // Locked over the commit: what the commit wakes (a mutex that is given at once) must find this state, and
        // must not be overwritten by it.
        let id = loaded.run.id;
        let slot = self.live().slot(id);
        let mut guard = slot.lock().await;
        let done = match self.store().commit(commit).await {
            Ok(done) => done,
            Err(e) => {
                self.live().forget(id);
                return Err(match e {
                    CommitError::Repeated(id) => Ok(id),
                    CommitError::KeyReused => Err(ApplyError::KeyReused),
                    CommitError::Conflict | CommitError::OldTake(_) => Err(ApplyError::NotFound),
                    CommitError::Parked(why) => Err(ApplyError::Parked(why)),
                    CommitError::VersionTaken(v) => Err(ApplyError::VersionTaken(v)),
                    CommitError::Db(e) => Err(e.into()),
                });
            }
        };
        loaded.version = done.version;
        let shared = Arc::new(loaded.run.clone());
        if shared.head.status.is_final() {
            self.live().forget(id);
        } else {
            *guard = Some(loaded);
        }
        self.carry_out(&shared, effects, now);
        Ok(shared)
    }

    /// Effects that live in memory. All of them are rows too, so that a crash here loses nothing.
    pub(super) fn carry_out(&self, run: &Run, effects: &[Effect], now: Timestamp) {
        let mut queued = Vec::new();
        for effect in effects {
            match effect {
                Effect::QueueJob(q) => queued.push(QueuedJob {
                    job: at(run.id, q.job),
                    attempt: q.attempt,
                    priority: 0,
                    queued: now,
                    requirements: q.requirements.clone(),
                    groups: q.groups.clone(),
                }),
                Effect::CancelJob { job, attempt } => self.fleet().cancel(at(run.id, *job), *attempt, now),
                Effect::DoneJob { job, attempt } => {
                    if let Some((_, _, j)) = super::view::find_job(run, *job)
                        && j.status.is_final()
                    {
                        self.metrics().job_ended(j.status.as_str());
                    }
                    self.fleet().done(at(run.id, *job), *attempt, now);
                }
                // The store wakes the tasks that deal with these, and those that tell the news.
                Effect::RequestSlot { .. } | Effect::ReleaseSlot { .. } | Effect::SetTimer { .. } => {}
                Effect::Announce(_) => {}
            }
        }
        if !queued.is_empty() {
            self.fleet().push(queued, now);
        }
    }
}

fn at(run: RunId, job: JobNo) -> JobRef {
    JobRef { run, job }
}

pub(super) fn event_json(before: Option<&Run>, run: &Run, effects: &[Effect]) -> String {
    // The id is given by the database.
    let event = super::events::event(0, before, run, effects, run.head.last_execution);
    serde_json::to_string(&event).unwrap_or_default()
}
