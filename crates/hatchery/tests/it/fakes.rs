//! A server in memory that keeps the wire's promises, and a provider that fails on demand.

use cds_api::fleet::{
    HatcheryOrders, HatcheryRegister, HatcheryRegistered, HatcherySync, WorkerBrief, WorkerIdentity,
    WorkerOrder, WorkerOrders,
};
use cds_hatchery::{
    Agent, AgentError, HatcheryConfig,
    server::{Server, ServerError},
};
use cds_model::{HatcheryId, Timestamp, WorkerId};
use cds_provider::{Capacity, Instance, InstanceId, InstanceState, Provider, ProviderError, SpawnOrder};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

#[derive(Default)]
pub struct ServerState {
    pub known: Option<HatcheryId>,
    pub registrations: Vec<HatcheryRegister>,
    pub syncs: Vec<HatcherySync>,
    pub wanted: u32,
    pub destroy: BTreeSet<WorkerId>,
    pub workers: BTreeMap<WorkerId, String>,
    pub ends: Vec<(WorkerId, String, Instant)>,
    /// Errors to answer with, one for each call.
    pub faults: VecDeque<ServerError>,
    /// Every call fails.
    pub down: bool,
}

#[derive(Clone)]
pub struct FakeServer {
    state: Arc<Mutex<ServerState>>,
    version: Arc<watch::Sender<u64>>,
}

impl FakeServer {
    pub fn new(wanted: u32) -> Self {
        let state = Arc::new(Mutex::new(ServerState { wanted, ..ServerState::default() }));
        Self { state, version: Arc::new(watch::Sender::new(1)) }
    }
    pub fn look(&self) -> MutexGuard<'_, ServerState> {
        self.state.lock().unwrap()
    }
    /// Changes something and wakes the poll.
    pub fn change(&self, change: impl FnOnce(&mut ServerState)) {
        change(&mut self.look());
        self.version.send_modify(|v| *v += 1);
    }
    fn fault(&self) -> Result<(), ServerError> {
        let mut state = self.look();
        match state.faults.pop_front() {
            Some(fault) => Err(fault),
            None if state.down => Err(ServerError::Other("connection refused".into())),
            None => Ok(()),
        }
    }
}

impl Server for FakeServer {
    async fn register(&self, body: &HatcheryRegister) -> Result<HatcheryRegistered, ServerError> {
        self.fault()?;
        let mut state = self.look();
        state.registrations.push(body.clone());
        let hatchery = *state.known.get_or_insert_with(HatcheryId::new);
        Ok(HatcheryRegistered { hatchery })
    }

    async fn sync(&self, body: &HatcherySync) -> Result<HatcheryOrders, ServerError> {
        self.fault()?;
        let mut changes = self.version.subscribe();
        {
            let mut state = self.look();
            if state.known != Some(body.hatchery) {
                return Err(ServerError::UnknownHatchery("register first".into()));
            }
            state.syncs.push(body.clone());
            for report in &body.instances {
                if report.alive {
                    state.workers.entry(report.worker).and_modify(|s| *s = "Waiting".into());
                } else if state.workers.remove(&report.worker).is_some() {
                    state.ends.push((report.worker, report.exit.clone(), Instant::now()));
                }
            }
        }
        let wait = Duration::from_millis(body.wait_ms);
        let _ = timeout(wait, changes.wait_for(|version| *version > body.seen)).await;
        let version = *self.version.borrow();
        let state = self.look();
        let brief =
            |(worker, status): (&WorkerId, &String)| WorkerBrief { worker: *worker, status: status.clone() };
        Ok(HatcheryOrders {
            version,
            wanted: state.wanted,
            destroy: state.destroy.iter().copied().collect(),
            workers: state.workers.iter().map(brief).collect(),
        })
    }

    async fn workers(&self, body: &WorkerOrder) -> Result<WorkerOrders, ServerError> {
        self.fault()?;
        let mut state = self.look();
        let workers = (0..body.count).map(|_| {
            let worker = WorkerId::new();
            state.workers.insert(worker, "Pending".into());
            WorkerIdentity { worker, name: format!("w-{worker}"), token: "once".into() }
        });
        Ok(WorkerOrders { workers: workers.collect() })
    }
}

#[derive(Default)]
pub struct ProviderState {
    pub instances: BTreeMap<InstanceId, Instance>,
    pub spawn_faults: VecDeque<ProviderError>,
    pub list_faults: VecDeque<ProviderError>,
    pub destroy_faults: VecDeque<ProviderError>,
    /// Every spawn fails this way.
    pub always: Option<ProviderError>,
    pub spawns: u32,
    pub most_alive: usize,
    /// Workers end at once, this way.
    pub stillborn: Option<(String, bool)>,
}

impl ProviderState {
    pub fn alive(&self) -> Vec<WorkerId> {
        self.instances.values().filter(|i| i.is_alive()).map(|i| i.worker).collect()
    }
}

#[derive(Clone)]
pub struct FakeProvider {
    pub state: Arc<Mutex<ProviderState>>,
    pub news: Arc<Notify>,
    pub has_news: bool,
    pub delay: Duration,
}

impl FakeProvider {
    pub fn new() -> Self {
        Self { state: Arc::default(), news: Arc::default(), has_news: true, delay: Duration::ZERO }
    }
    pub fn look(&self) -> MutexGuard<'_, ProviderState> {
        self.state.lock().unwrap()
    }
    /// Spawns so far, alive now, most alive at a time. Two looks in one expression would wait for each other.
    pub fn counts(&self) -> (u32, usize, usize) {
        let state = self.look();
        (state.spawns, state.alive().len(), state.most_alive)
    }
    pub fn kill(&self, worker: WorkerId) {
        for instance in self.look().instances.values_mut().filter(|i| i.worker == worker) {
            instance.state = InstanceState::Ended { exit: "signal 9".into(), clean: false };
        }
        self.news.notify_one();
    }
}

impl Provider for FakeProvider {
    fn kind(&self) -> &'static str {
        "fake"
    }
    fn capacity(&self) -> Capacity {
        Capacity { os_arch: "linux/amd64".into(), cores: 2, ..Capacity::default() }
    }
    async fn list(&self) -> Result<Vec<Instance>, ProviderError> {
        let mut state = self.look();
        match state.list_faults.pop_front() {
            Some(fault) => Err(fault),
            None => Ok(state.instances.values().cloned().collect()),
        }
    }
    async fn spawn(&self, order: &SpawnOrder) -> Result<InstanceId, ProviderError> {
        sleep(self.delay).await;
        let mut state = self.look();
        state.spawns += 1;
        if let Some(fault) = state.spawn_faults.pop_front().or_else(|| state.always.clone()) {
            return Err(fault);
        }
        let id = InstanceId(format!("i-{}", order.worker));
        let born = match &state.stillborn {
            Some((exit, clean)) => InstanceState::Ended { exit: exit.clone(), clean: *clean },
            None => InstanceState::Alive,
        };
        let instance = Instance { id: id.clone(), worker: order.worker, state: born };
        state.instances.entry(id.clone()).or_insert(instance);
        state.most_alive = state.most_alive.max(state.alive().len());
        self.news.notify_one();
        Ok(id)
    }
    async fn destroy(&self, id: &InstanceId) -> Result<(), ProviderError> {
        sleep(self.delay).await;
        let mut state = self.look();
        match state.destroy_faults.pop_front() {
            Some(fault) => Err(fault),
            None => {
                state.instances.remove(id);
                self.news.notify_one();
                Ok(())
            }
        }
    }
    async fn changed(&self) {
        if self.has_news { self.news.notified().await } else { std::future::pending().await }
    }
    fn has_news(&self) -> bool {
        self.has_news
    }
}

/// A hatchery that runs in the background.
pub struct Hatchery {
    pub cancel: CancellationToken,
    pub task: JoinHandle<Result<(), AgentError>>,
}

impl Hatchery {
    pub fn start<P: Provider>(config: &HatcheryConfig, provider: P, server: FakeServer) -> Self {
        let agent = Agent::new(config, "1.2.3", provider, server, Timestamp(1_700_000_000_000));
        let cancel = CancellationToken::new();
        Self { task: tokio::spawn(agent.run(cancel.clone())), cancel }
    }
    pub async fn stop(self) -> Result<(), AgentError> {
        self.cancel.cancel();
        self.task.await.unwrap()
    }
}

pub fn config(max_workers: u32) -> HatcheryConfig {
    HatcheryConfig { name: "h".into(), max_workers, ..HatcheryConfig::default() }
}

/// Waits until a condition holds; on the paused clock this costs no time.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(120), "waited in vain: {what}");
        sleep(Duration::from_millis(1)).await;
    }
}
