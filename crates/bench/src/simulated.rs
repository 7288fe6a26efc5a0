//! Workers that run nothing: they register through a hatchery of their own, take jobs, and report at once that all
//! went well, with ten lines of log.

use anyhow::Context;
use cds_api::{
    fleet::{HatcheryRegister, HatcherySync, InstanceReport, Offer, WorkerOrder},
    users::TokenCreate,
    worker::{Assignment, JobEnd, LogChunk, StepReport, WorkerRegister, WorkerReport},
};
use cds_client::Client;
use cds_model::{Clock, HatcheryId, Secret, Status, WallClock, WorkerId};
use cds_testkit::TestServer;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinSet;

/// How long a call waits for a job.
const WAIT: Duration = Duration::from_secs(5);
/// How long a hatchery waits for wishes; they are not fulfilled, as all workers are there from the start.
const SYNC_WAIT: Duration = Duration::from_secs(5);
/// Lines of log of each step.
const LINES: usize = 10;

/// All simulated workers and their hatchery. They end with this value.
pub struct Fleet {
    tasks: JoinSet<anyhow::Result<()>>,
    ended: Arc<AtomicU64>,
}

impl Fleet {
    /// Registers a hatchery and its workers, and begins to work.
    ///
    /// # Errors
    /// If the server refuses anything.
    pub async fn start(server: &TestServer, workers: u32) -> anyhow::Result<Self> {
        let wish = TokenCreate {
            name: "bench".into(),
            description: String::new(),
            scopes: vec!["hatchery".into()],
            duration_days: 1,
        };
        let token = server.admin().token_create(&wish).await.context("a token for the hatchery")?;
        let hatchery = server.anonymous().with_token(Some(Secret::new(token.secret)));
        let body = HatcheryRegister {
            name: "simulated".into(),
            model_type: "local".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            offer: Offer { os_arch: "linux/amd64".into(), max_workers: workers, ..Offer::default() },
            instance: String::new(),
        };
        let id = hatchery.hatchery_register(&body).await.context("the hatchery registers")?.hatchery;
        let order = WorkerOrder { hatchery: id, count: workers };
        let orders = hatchery.hatchery_workers(&order).await.context("identities for workers")?;
        let ended = Arc::new(AtomicU64::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(sync(hatchery, id, orders.workers.iter().map(|w| w.worker).collect()));
        for identity in orders.workers {
            // Each worker has connections of its own, as processes have.
            let client = Client::new(&server.url(), Some(Secret::new(identity.token)))?;
            let registered = client
                .worker_register(&WorkerRegister {
                    name: identity.name,
                    os: "linux".into(),
                    arch: "amd64".into(),
                    version: env!("CARGO_PKG_VERSION").into(),
                    hostname: "localhost".into(),
                    pid: std::process::id(),
                })
                .await
                .context("a worker registers")?;
            tasks.spawn(work(client.with_token(Some(Secret::new(registered.token))), ended.clone()));
        }
        Ok(Self { tasks, ended })
    }

    /// Jobs whose end was sent.
    pub fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }

    /// Ends all workers.
    ///
    /// # Errors
    /// If one of them ended earlier by itself.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        while let Some(early) = self.tasks.try_join_next() {
            early.context("a simulated worker")??;
        }
        self.tasks.shutdown().await;
        Ok(())
    }
}

/// Keeps the hatchery alive in the eyes of the server.
async fn sync(client: Client, hatchery: HatcheryId, workers: Vec<WorkerId>) -> anyhow::Result<()> {
    let instances: Vec<InstanceReport> = workers
        .into_iter()
        .map(|worker| InstanceReport { worker, alive: true, exit: String::new() })
        .collect();
    let mut seen = 0;
    loop {
        let body = HatcherySync {
            hatchery,
            instances: instances.clone(),
            seen,
            wait_ms: SYNC_WAIT.as_millis() as u64,
            last_error: String::new(),
            failures: 0,
            refused: false,
            leaving: false,
        };
        seen = client.hatchery_sync(&body).await.context("sync")?.version;
        // Every new job is a new wish; a real hatchery is busy meanwhile, too.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn work(client: Client, ended: Arc<AtomicU64>) -> anyhow::Result<()> {
    let mut next: Option<Box<Assignment>> = None;
    let mut number = 1;
    loop {
        let assignment = match next.take() {
            Some(assignment) => assignment,
            None => match client.worker_take_nth(number, WAIT).await.context("take")? {
                Some(assignment) => Box::new(assignment),
                None => continue,
            },
        };
        // The end is acknowledged together with the next job, so it is counted when it is sent; what counts for
        // the measurement is that all runs have ended.
        number += 1;
        let report = report(&assignment, number);
        ended.fetch_add(1, Ordering::Relaxed);
        next = client.worker_report(&report).await.context("report")?.next;
    }
}

fn report(assignment: &Assignment, number: u64) -> WorkerReport {
    let now = WallClock.now().ms();
    let (mut logs, mut steps) = (Vec::new(), Vec::new());
    for step in 0..assignment.steps.len() {
        let step = u16::try_from(step).unwrap_or(u16::MAX);
        let text: String = (0..LINES)
            .map(|i| format!("line {i} of {}: nothing was to be done\n", assignment.name))
            .collect();
        steps.push(StepReport {
            step,
            status: Status::Success,
            start_ms: Some(now),
            done_ms: Some(now),
            log_length: Some(text.len() as u64),
            exit_code: Some(0),
            reason: None,
        });
        logs.push(LogChunk { step, offset: 0, text: Some(text), base64: None, at_ms: now });
    }
    WorkerReport {
        job: assignment.job,
        attempt: assignment.attempt,
        logs,
        steps,
        end: Some(JobEnd {
            status: Status::Success,
            reason: None,
            infrastructure: false,
            variables: Default::default(),
        }),
        take_wait_ms: Some(WAIT.as_millis() as u64),
        take_number: Some(number),
    }
}
