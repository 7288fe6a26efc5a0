//! Events of one run that wait for each other are committed together. One commit takes as long as many, and a stage
//! of many jobs would otherwise go no faster than its run can be committed.

use super::live::{Applied, ApplyError, event_json};
use crate::App;
use cds_engine::{Effect, Event, Ignored, Run, Transition};
use cds_model::RunId;
use cds_store::{
    idempotency::Once,
    runs::{self, CommitError, Context, Loaded, QueueLease, RunCommit},
};
use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncGuard, oneshot};

/// At most this many events in a commit.
const MOST: usize = 64;

/// A run in memory: its state under a lock, and the events that wait for the lock.
#[derive(Default)]
pub struct LiveRun {
    state: AsyncMutex<Option<Loaded>>,
    /// Another server has changed the run since it was loaded.
    outdated: AtomicBool,
    waiting: Mutex<VecDeque<Waiting>>,
}

/// An event and who wants to know what became of it.
struct Waiting {
    event: Event,
    leases: Vec<QueueLease>,
    once: Option<Once>,
    answer: oneshot::Sender<Result<Applied, ApplyError>>,
}

/// What the engine made of some events, one after the other.
struct Steps {
    run: Run,
    effects: Vec<Effect>,
    leases: Vec<QueueLease>,
    once: Option<Once>,
    /// One for each event; `None` = it changed the run.
    unchanged: Vec<Option<Result<Applied, ApplyError>>>,
}

impl LiveRun {
    /// The state, locked; `None` = it must be loaded.
    pub async fn lock(&self) -> AsyncGuard<'_, Option<Loaded>> {
        let mut guard = self.state.lock().await;
        // Taken back before it is loaded again: what changes meanwhile sets it anew.
        if self.outdated.swap(false, Ordering::SeqCst) {
            *guard = None;
        }
        guard
    }

    /// What is in memory is old.
    pub fn set_outdated(&self) {
        self.outdated.store(true, Ordering::SeqCst);
    }

    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(|p| p.into_inner())
    }
}

impl App {
    /// Applies an event, alone or with others that wait for the same run. Must not be cut off: it may have taken
    /// over the events of others.
    pub(super) async fn apply_together(
        &self,
        id: RunId,
        event: Event,
        leases: Vec<QueueLease>,
        once: Option<Once>,
    ) -> Result<Applied, ApplyError> {
        let live = self.live().slot(id);
        let (answer, mut answered) = oneshot::channel();
        live.waiting().push_back(Waiting { event, leases, once, answer });
        let mut guard = live.lock().await;
        loop {
            match answered.try_recv() {
                Ok(applied) => return applied,
                Err(oneshot::error::TryRecvError::Closed) => {
                    return Err(ApplyError::Broken("another event of the run could not be applied".into()));
                }
                // Nobody has done it meanwhile: then it is done here, with whatever else waits.
                Err(oneshot::error::TryRecvError::Empty) => self.apply_waiting(id, &live, &mut guard).await,
            }
        }
    }

    /// Takes events that wait, from the first one on, as many as can go together, and answers them.
    async fn apply_waiting(&self, id: RunId, live: &LiveRun, guard: &mut Option<Loaded>) {
        let mut events: Vec<Waiting> = {
            let mut waiting = live.waiting();
            let count = waiting.len().min(MOST);
            waiting.drain(..count).collect()
        };
        let (taken, result) = self.commit_together(id, &events, guard).await;
        let mut waiting = live.waiting();
        for later in events.drain(taken..).rev() {
            waiting.push_front(later);
        }
        drop(waiting);
        let (shared, unchanged) = match result {
            Ok((shared, unchanged)) => (Ok(shared), unchanged),
            Err(e) => (Err(e), Vec::new()),
        };
        let mut unchanged = unchanged.into_iter();
        for event in events {
            let applied = match unchanged.next().flatten() {
                Some(unchanged) => unchanged,
                None => shared.clone().and_then(|run| run.map(Applied::Advanced).ok_or(ApplyError::NotFound)),
            };
            // Whoever asked may be gone.
            let _ = event.answer.send(applied);
        }
    }

    /// How many of the events were dealt with, and what became of them: the run, if any of them changed it, and
    /// the answers to those that did not.
    #[allow(clippy::type_complexity)]
    async fn commit_together(
        &self,
        id: RunId,
        events: &[Waiting],
        guard: &mut Option<Loaded>,
    ) -> (usize, Result<(Option<Arc<Run>>, Vec<Option<Result<Applied, ApplyError>>>), ApplyError>) {
        // Events whose worker was answered before.
        let mut old = HashSet::new();
        loop {
            let remembered = guard.is_some();
            let loaded = match guard.take() {
                Some(loaded) => loaded,
                None => match runs::load(self.store(), id).await {
                    Ok(loaded) => loaded,
                    Err(e) => return (events.len(), Err(e.into())),
                },
            };
            let now = self.now();
            let Steps { run, effects, leases, once, unchanged } = walk(&loaded.run, events, &old, now);
            let count = unchanged.len();
            if unchanged.iter().all(Option::is_some) {
                // A commit would have found out that another server has changed the run. A "no" has to be looked into.
                if remembered {
                    match self.store().read(move |tx| runs::version(tx, id)).await {
                        Ok(version) if version != Some(loaded.version) => continue,
                        Ok(_) => {}
                        Err(e) => return (count, Err(e.into())),
                    }
                }
                *guard = Some(loaded);
                return (count, Ok((None, unchanged)));
            }
            let spec_hash = if Arc::ptr_eq(&run.spec, &loaded.run.spec) {
                loaded.spec_hash.clone()
            } else {
                match runs::put_spec(self.store(), &run.spec, now).await {
                    Ok(hash) => hash,
                    Err(e) => return (count, Err(e.into())),
                }
            };
            let context = Context {
                workflow: loaded.workflow,
                project: loaded.project,
                version: loaded.version,
                spec_hash: spec_hash.clone(),
                triggered_by: loaded.triggered_by.clone(),
                once,
                priority: 0,
                now,
                leases,
                event: Some(event_json(Some(&loaded.run), &run, &effects)),
            };
            let commit = match RunCommit::from_transition(Some(&loaded.run), &run, &effects, context) {
                Ok(commit) => commit,
                Err(e) => return (count, Err(e.into())),
            };
            let failed = match self.store().commit(commit).await {
                Ok(done) => {
                    let before = loaded.run.head.status;
                    let shared = Arc::new(run.clone());
                    *guard = Some(Loaded { run, version: done.version, spec_hash, ..loaded });
                    // Under the run's lock: what follows from two commits of a run happens in their order.
                    self.carry_out(&shared, &effects, now);
                    if shared.head.status.is_final() && !before.is_final() {
                        self.metrics().run_ended(shared.head.status.as_str());
                        self.live().forget(id);
                    }
                    return (count, Ok((Some(shared), unchanged)));
                }
                Err(CommitError::Conflict) => {
                    // Another server was quicker: take its state and apply again.
                    self.metrics().conflicts.inc();
                    continue;
                }
                Err(CommitError::OldTake(worker)) => {
                    // The others go without it.
                    let of_it = |e: &Waiting| e.leases.iter().any(|l| l.worker == worker);
                    let found =
                        events[..count].iter().enumerate().filter(|(i, e)| of_it(e) && !old.contains(i));
                    let found: Vec<usize> = found.map(|(i, _)| i).collect();
                    if found.is_empty() {
                        ApplyError::Broken(format!(
                            "worker {worker} has been answered, and was not asked for"
                        ))
                    } else {
                        old.extend(found);
                        *guard = Some(loaded);
                        continue;
                    }
                }
                Err(CommitError::Parked(why)) => ApplyError::Parked(why),
                Err(CommitError::VersionTaken(v)) => {
                    *guard = Some(loaded);
                    ApplyError::VersionTaken(v)
                }
                Err(CommitError::Repeated(_)) => {
                    // Only an event that goes by itself has a key.
                    *guard = Some(loaded);
                    return (count, Ok((None, vec![Some(Ok(Applied::Ignored(Ignored::Repeated)))])));
                }
                Err(CommitError::KeyReused) => {
                    *guard = Some(loaded);
                    ApplyError::KeyReused
                }
                Err(CommitError::Db(e)) => e.into(),
            };
            return (count, Err(failed));
        }
    }
}

impl App {
    /// Issues rows again that the store has lost, with the run as it is. Nothing is done if the run has changed since
    /// it was read: then it has to be looked at again.
    pub(crate) async fn issue_again(&self, loaded: Loaded, effects: Vec<Effect>) -> Result<(), ApplyError> {
        let (id, now) = (loaded.run.id, self.now());
        let live = self.live().slot(id);
        let mut guard = live.lock().await;
        let context = Context {
            workflow: loaded.workflow,
            project: loaded.project,
            version: loaded.version,
            spec_hash: loaded.spec_hash.clone(),
            triggered_by: loaded.triggered_by.clone(),
            once: None,
            priority: 0,
            now,
            leases: Vec::new(),
            event: None,
        };
        let commit = RunCommit::from_transition(Some(&loaded.run), &loaded.run, &effects, context)?;
        match self.store().commit(commit).await {
            Ok(done) => {
                self.carry_out(&loaded.run, &effects, now);
                *guard = Some(Loaded { version: done.version, ..loaded });
                Ok(())
            }
            Err(
                CommitError::Conflict
                | CommitError::Repeated(_)
                | CommitError::KeyReused
                | CommitError::OldTake(_),
            ) => Ok(()),
            Err(CommitError::Parked(why)) => Err(ApplyError::Parked(why)),
            Err(CommitError::VersionTaken(v)) => Err(ApplyError::VersionTaken(v)),
            Err(CommitError::Db(e)) => Err(e.into()),
        }
    }
}

/// Applies events one after the other, as far as they can go into one commit.
fn walk(run: &Run, events: &[Waiting], old: &HashSet<usize>, now: cds_model::Timestamp) -> Steps {
    let mut steps = Steps {
        run: run.clone(),
        effects: Vec::new(),
        leases: Vec::new(),
        once: None,
        unchanged: Vec::new(),
    };
    for (i, waiting) in events.iter().enumerate() {
        if old.contains(&i) {
            steps.unchanged.push(Some(Ok(Applied::OldTake)));
            continue;
        }
        let first = steps.unchanged.is_empty();
        let common = common(&waiting.event) && waiting.once.is_none();
        if !first && !common {
            break;
        }
        match cds_engine::apply(&steps.run, &waiting.event, now) {
            Transition::Advanced { run, effects } => {
                let together = common && effects.iter().all(harmless);
                if !first && !together {
                    break;
                }
                steps.run = run;
                steps.effects.extend(effects);
                steps.leases.extend(waiting.leases.iter().cloned());
                steps.once.clone_from(&waiting.once);
                steps.unchanged.push(None);
                if !together {
                    break;
                }
            }
            Transition::Ignored(why) => steps.unchanged.push(Some(Ok(Applied::Ignored(why)))),
            Transition::Refused(refusal) => steps.unchanged.push(Some(Err(refusal.into()))),
        }
    }
    steps
}

/// What jobs do all the time. Everything else is committed by itself: it is rare, and a fault of it (a version that
/// is taken) must not be a fault of others.
fn common(event: &Event) -> bool {
    matches!(event, Event::JobTaken { .. } | Event::StepNews { .. } | Event::JobEnded { .. })
}

/// Effects that may stand in one commit with those of other events, whatever their order.
fn harmless(effect: &Effect) -> bool {
    match effect {
        Effect::QueueJob(_) | Effect::DoneJob { .. } | Effect::SetTimer { .. } | Effect::Announce(_) => true,
        Effect::CancelJob { .. } | Effect::RequestSlot { .. } | Effect::ReleaseSlot { .. } => false,
    }
}
