//! A worker of the test's own, which remembers what the server has acknowledged. It sends log chunks of any size,
//! repeats and overlaps them, and says ends twice.

use cds_api::{
    fleet::{HatcheryRegister, HatcherySync, InstanceReport, Offer, WorkerIdentity, WorkerOrder},
    users::TokenCreate,
    worker::{Assignment, JobEnd, LogChunk, StepReport, WorkerRegister, WorkerReport},
};
use cds_client::{Client, ClientError};
use cds_model::{Clock, JobRef, Secret, Status, WallClock, WorkerId};
use cds_testkit::{Dice, SHORT, TestServer, eventually};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::task::JoinHandle;

/// What was acknowledged of an attempt's only log.
#[derive(Clone, Debug)]
pub struct Acked {
    /// Which job.
    pub job: JobRef,
    /// Which attempt.
    pub attempt: u32,
    /// What the probe has written.
    pub written: String,
    /// How much of it the server has acknowledged.
    pub length: usize,
    /// The end was acknowledged too.
    pub ended: bool,
    /// What must not be.
    pub faults: Vec<String>,
}

/// The probe. Ends with this value.
pub struct Probe {
    acked: Arc<Mutex<Vec<Acked>>>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Probe {
    /// A hatchery of one worker that takes jobs of this region.
    pub async fn start(server: &TestServer, region: &str, name: &str, dice: Dice) -> Self {
        let (hatchery, order) = named_hatchery(server, region, name).await;
        let worker = register(&hatchery.client, order).await;
        let acked: Arc<Mutex<Vec<Acked>>> = Arc::default();
        let list = tokio::spawn(hatchery.keep_known(worker.0));
        let work = tokio::spawn(work(worker.1, acked.clone(), dice));
        Self { acked, tasks: [list, work] }
    }

    /// What was acknowledged so far.
    pub fn acked(&self) -> Vec<Acked> {
        self.acked.lock().expect("no panic").clone()
    }
}

/// The hatchery of the probe.
pub struct ProbeHatchery {
    pub client: Client,
    body: HatcheryRegister,
}

/// A hatchery for a region, and an identity for a worker of it.
pub async fn hatchery(server: &TestServer, region: &str) -> (ProbeHatchery, WorkerIdentity) {
    named_hatchery(server, region, &format!("probe-{region}")).await
}

/// The same with a name, which must be unique among the servers on a database.
pub async fn named_hatchery(
    server: &TestServer,
    region: &str,
    name: &str,
) -> (ProbeHatchery, WorkerIdentity) {
    let token = TokenCreate {
        name: name.into(),
        description: String::new(),
        scopes: vec!["hatchery".into()],
        duration_days: 1,
    };
    let token = server.admin().token_create(&token).await.expect("a token").secret;
    let client = server.anonymous().with_token(Some(Secret::new(token)));
    let offer =
        Offer { region: region.into(), os_arch: "linux/amd64".into(), max_workers: 1, ..Offer::default() };
    let body = HatcheryRegister {
        name: name.into(),
        model_type: "probe".into(),
        version: "1".into(),
        offer,
        instance: String::new(),
    };
    let hatchery = client.hatchery_register(&body).await.expect("a registration").hatchery;
    let order = client.hatchery_workers(&WorkerOrder { hatchery, count: 1 }).await.expect("an identity");
    (ProbeHatchery { client, body }, order.workers.into_iter().next().expect("one"))
}

impl ProbeHatchery {
    /// Registers anew whenever the server has forgotten it, and lists its worker.
    pub async fn keep_known(self, worker: WorkerId) {
        loop {
            if let Ok(registered) = self.client.hatchery_register(&self.body).await {
                let mut seen = 0;
                loop {
                    let sync = HatcherySync {
                        hatchery: registered.hatchery,
                        instances: vec![InstanceReport { worker, alive: true, exit: String::new() }],
                        seen,
                        wait_ms: 1_000,
                        last_error: String::new(),
                        failures: 0,
                        refused: false,
                        leaving: false,
                    };
                    match self.client.hatchery_sync(&sync).await {
                        Ok(orders) => seen = orders.version,
                        Err(_) => break,
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Trades the identity's one-time token for a worker's client.
pub async fn register(any: &Client, identity: WorkerIdentity) -> (WorkerId, Client) {
    let client = any.with_token(Some(Secret::new(identity.token)));
    let body = WorkerRegister {
        name: identity.name,
        os: "linux".into(),
        arch: "amd64".into(),
        version: "1".into(),
        hostname: "probe".into(),
        pid: 1,
    };
    let registered =
        eventually("the probe's registration", SHORT, || async { client.worker_register(&body).await.ok() })
            .await;
    (identity.worker, any.with_token(Some(Secret::new(registered.token))))
}

async fn work(client: Client, acked: Arc<Mutex<Vec<Acked>>>, mut dice: Dice) {
    loop {
        match client.worker_take(Duration::from_secs(2)).await {
            Ok(Some(assignment)) => {
                let attempt = assignment.attempt.0;
                let fresh = Acked {
                    job: assignment.job,
                    attempt,
                    written: String::new(),
                    length: 0,
                    ended: false,
                    faults: Vec::new(),
                };
                acked.lock().expect("no panic").push(fresh);
                let save = |now: &Acked| {
                    if let Some(last) = acked.lock().expect("no panic").last_mut() {
                        last.clone_from(now);
                    }
                };
                run(&client, &assignment, save, &mut dice).await;
            }
            Ok(None) => {}
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// Runs a job: writes for about a second, then ends it.
async fn run(client: &Client, assignment: &Assignment, save: impl Fn(&Acked), dice: &mut Dice) {
    let (job, attempt) = (assignment.job, assignment.attempt);
    let mut it = Acked {
        job,
        attempt: attempt.0,
        written: String::new(),
        length: 0,
        ended: false,
        faults: Vec::new(),
    };
    let report = |logs: Vec<LogChunk>| WorkerReport {
        job,
        attempt,
        logs,
        steps: Vec::new(),
        end: None,
        take_wait_ms: None,
        take_number: None,
    };
    let rounds = 10 + dice.below(30);
    let mut round = 0;
    while round < rounds || it.length < it.written.len() {
        if round < rounds {
            let lines = 1 + dice.below(40);
            for line in 0..lines {
                it.written.push_str(&format!("{round}.{line} of {attempt}: {}\n", "é".repeat(9)));
            }
        }
        round += 1;
        // From the end of what is acknowledged, or from somewhere before: it is to be compared, not doubled.
        let back = if dice.below(3) == 0 { dice.below(1 + it.length as u64) as usize } else { 0 };
        let from = (it.length - back..=it.length).find(|at| it.written.is_char_boundary(*at));
        let from = from.unwrap_or(it.length);
        let text = it.written[from..].to_string();
        let chunk = LogChunk {
            step: 0,
            offset: from as u64,
            text: Some(text),
            base64: None,
            at_ms: WallClock.now().ms(),
        };
        match client.worker_report(&report(vec![chunk])).await {
            Ok(ack) => {
                for stored in ack.logs {
                    let length = stored.length as usize;
                    if length < it.length || length > it.written.len() {
                        it.faults.push(format!("{length} bytes are stored, {} were acknowledged", it.length));
                    }
                    it.length = length;
                }
                save(&it);
                if ack.cancel {
                    it.faults.push("the job was cancelled".into());
                }
            }
            Err(e) if again(&e) => {}
            Err(e) => {
                if !e.is_code("lease_lost") {
                    it.faults.push(format!("the chunk at {from} was refused: {e:?}"));
                }
                return save(&it);
            }
        }
        tokio::time::sleep(dice.ms(5, 60)).await;
    }
    let end = WorkerReport {
        steps: vec![StepReport {
            step: 0,
            status: Status::Success,
            start_ms: Some(WallClock.now().ms()),
            done_ms: Some(WallClock.now().ms()),
            log_length: Some(it.written.len() as u64),
            exit_code: Some(0),
            reason: None,
        }],
        end: Some(JobEnd {
            status: Status::Success,
            reason: None,
            infrastructure: false,
            variables: Default::default(),
        }),
        ..report(Vec::new())
    };
    // Said again after a good answer, sometimes: it may have been lost on its way.
    let mut twice = dice.below(2) == 0;
    loop {
        match client.worker_report(&end).await {
            Ok(_) if twice => twice = false,
            Ok(_) => {
                it.ended = true;
                return save(&it);
            }
            Err(e) if again(&e) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(e) => {
                if !e.is_code("lease_lost") {
                    it.faults.push(format!("the end was refused: {e:?}"));
                }
                return save(&it);
            }
        }
    }
}

fn again(e: &ClientError) -> bool {
    e.is_transient() || matches!(e, ClientError::Decode { .. })
}
