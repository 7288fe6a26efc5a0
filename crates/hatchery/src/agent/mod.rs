//! The one loop: observe the provider, plan, act, tell the server; then wait until something happens.
//!
//! It wakes when the provider has news, when the server answers, when something it started is done, and when a pause
//! is over. No tick is the only way for news to arrive: an ended worker interrupts the long poll, because its job
//! gets a new attempt only when the server knows.

mod act;
mod observe;
mod sync;

use crate::{
    backoff::Backoff,
    config::HatcheryConfig,
    plan::{Limits, Orders, Seen},
    server::Server,
};
use act::{Done, Spare};
use cds_api::fleet::{InstanceReport, WorkerIdentity};
use cds_model::{HatcheryId, Timestamp, WorkerId};
use cds_provider::{InstanceId, Provider};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use sync::InFlight;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

/// How often a provider that has no news is listed.
const LIST_EVERY: Duration = Duration::from_secs(1);
/// The same for one that has, for safety's sake.
const LIST_ANYWAY: Duration = Duration::from_secs(30);
/// Longest a listing may take.
const LIST_LIMIT: Duration = Duration::from_secs(30);
/// At shutdown, beside the workers' own grace.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(10);

/// Why a hatchery did not end well.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// Workers could not be ended at shutdown; the next start finds them again.
    #[error("{0} workers could not be ended")]
    WorkersLeft(usize),
}

/// A hatchery at work. Make it with [`Agent::new`], then [`Agent::run`] it.
pub struct Agent<P, S> {
    provider: Arc<P>,
    server: Arc<S>,
    name: String,
    region: String,
    version: String,
    /// Tells this process from another one of its name.
    instance: String,
    api_url: String,
    limits: Limits,
    grace: Duration,
    /// The loop's own clock never jumps: the wall clock at the start, and what has passed since.
    started: (Timestamp, Instant),

    hatchery: Option<HatcheryId>,
    /// How many workers were offered at the last registration.
    offered: Option<u32>,
    registering: bool,
    orders: Option<Orders>,
    orders_version: u64,
    in_flight: Option<InFlight>,
    sync_number: u64,
    /// Starts of workers that failed, in all.
    failed_starts: u32,
    /// The number and the fault that the server was told last.
    told_error: (u32, String),
    server_failures: u32,
    server_held: Option<Instant>,

    seen: BTreeMap<InstanceId, Seen>,
    /// Ends of instances that the provider lists no more, and that the server may not know yet.
    gone: BTreeMap<WorkerId, InstanceReport>,
    /// Workers that the server has seen registered.
    registered: BTreeSet<WorkerId>,
    /// When this loop started them; workers found again are not here.
    started_at: BTreeMap<WorkerId, Timestamp>,
    list_wanted: bool,
    list_held: Option<Instant>,
    list_failures: u32,
    last_list: Instant,

    /// Identities being ordered.
    ordering: u32,
    /// Spawns under way.
    starting: BTreeMap<WorkerId, WorkerIdentity>,
    spare: Vec<Spare>,
    backoff: Backoff,
    /// Early ends of workers in a row, weighted.
    crashes: u32,
    tasks: JoinSet<Done>,
}

impl<P: Provider, S: Server> Agent<P, S> {
    /// `version` is the program's; `now` is the wall clock.
    pub fn new(config: &HatcheryConfig, version: &str, provider: P, server: S, now: Timestamp) -> Self {
        let capacity = provider.capacity();
        let mut limits = config.limits(capacity.cores);
        if capacity.max_instances > 0 {
            limits.max_workers = limits.max_workers.min(capacity.max_instances);
        }
        Self {
            provider: Arc::new(provider),
            server: Arc::new(server),
            name: config.name.clone(),
            region: config.region.clone(),
            version: version.into(),
            instance: HatcheryId::new().to_string(),
            api_url: config.api_url.clone(),
            limits,
            grace: Duration::from_secs(config.grace_s.into()),
            started: (now, Instant::now()),
            hatchery: None,
            offered: None,
            registering: false,
            orders: None,
            orders_version: 0,
            in_flight: None,
            sync_number: 0,
            failed_starts: 0,
            told_error: (0, String::new()),
            server_failures: 0,
            server_held: None,
            seen: BTreeMap::new(),
            gone: BTreeMap::new(),
            registered: BTreeSet::new(),
            started_at: BTreeMap::new(),
            list_wanted: true,
            list_held: None,
            list_failures: 0,
            last_list: Instant::now(),
            ordering: 0,
            starting: BTreeMap::new(),
            spare: Vec::new(),
            backoff: Backoff::default(),
            crashes: 0,
            tasks: JoinSet::new(),
        }
    }

    /// Works until `cancel`; then ends every worker and tells the server.
    ///
    /// # Errors
    /// If workers could not be ended at shutdown. Trouble before that is retried and logged.
    pub async fn run(mut self, cancel: CancellationToken) -> Result<(), AgentError> {
        tracing::info!(hatchery = self.name, max_workers = self.limits.max_workers, "hatchery starts");
        while !cancel.is_cancelled() {
            if self.list_is_due() {
                tokio::select! {
                    () = self.observe() => {}
                    () = cancel.cancelled() => break,
                }
            }
            if !self.list_wanted {
                self.act();
            }
            self.talk();
            let wake = self.next_wake();
            tokio::select! {
                () = cancel.cancelled() => break,
                () = self.provider.changed() => self.list_wanted = true,
                Some(done) = self.tasks.join_next() => self.settle(done.ok()),
                () = sleep_until(wake) => {}
            }
            // Many things end together; one pass is enough for all of them.
            while let Some(done) = self.tasks.try_join_next() {
                self.settle(done.ok());
            }
        }
        self.shut_down().await
    }

    fn now(&self) -> Timestamp {
        self.started.0 + self.started.1.elapsed()
    }

    /// When something is due even if nothing happens.
    fn next_wake(&self) -> Instant {
        let every = if self.provider.has_news() { LIST_ANYWAY } else { LIST_EVERY };
        let mut wake = self.last_list + every;
        let mut sooner = |at: Option<Instant>| {
            if let Some(at) = at {
                wake = wake.min(at);
            }
        };
        let now = self.now();
        sooner(self.backoff.held_until(now).map(|at| Instant::now() + at.since(now)));
        // What is held and already under way wakes the loop by its end.
        sooner(self.server_held.filter(|_| self.in_flight.is_none() || self.hatchery.is_none()));
        sooner(self.list_held);
        wake
    }

    async fn shut_down(&mut self) -> Result<(), AgentError> {
        tracing::info!(hatchery = self.name, "hatchery stops, ending its workers");
        if let Some(sync) = self.in_flight.take() {
            sync.abort.abort();
        }
        let limit = self.grace + SHUTDOWN_LIMIT;
        let finish = async {
            // What is being started must be known before it can be ended.
            while !self.starting.is_empty() {
                match self.tasks.join_next().await {
                    Some(done) => self.settle(done.ok()),
                    None => break,
                }
            }
            self.tasks.abort_all();
            for _ in 0..3 {
                self.observe().await;
                if self.seen.is_empty() {
                    break;
                }
                self.destroy_all().await;
            }
        };
        if timeout(limit, finish).await.is_err() {
            tracing::warn!("workers do not end in time");
        }
        self.say_goodbye().await;
        match self.seen.len() {
            0 => Ok(()),
            left => Err(AgentError::WorkersLeft(left)),
        }
    }
}

/// A number from 0 to 1 that differs from process to process and call to call; good enough to spread retries.
fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0u8) as f64 / u64::MAX as f64
}
