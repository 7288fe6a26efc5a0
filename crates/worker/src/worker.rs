//! The worker's life: register, take, run, report, take the next, until it is idle, told to go, or has done
//! its number of jobs.

use crate::{
    dirs::Spare,
    exec, job,
    local_api::LocalApi,
    logs::Spool,
    parent,
    report::{Given, Kept, Reported, Reporter, Signals},
    requirements,
    takes::Takes,
};
use cds_api::worker::{AssignedSecret, WorkerRegister, WorkerRegistered};
use cds_client::{Client, ClientError, JobKey};
use cds_expr::mask::Masker;
use cds_model::Secret;
use indexmap::IndexMap;
use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

/// Longest wait for a job in one request.
const TAKE_WAIT: Duration = Duration::from_secs(30);
/// How often orphans that have ended are waited for while a job runs.
const BURY_INTERVAL: Duration = Duration::from_secs(2);
/// The server may be out of reach this long, while idle, before the worker gives up.
const PATIENCE: Duration = Duration::from_secs(120);
/// From the end of the parent to that of the worker, however its job takes it.
const ORPHANED_GRACE: Duration = Duration::from_secs(6);

/// How a worker is set up.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// Address of the API.
    pub api_url: String,
    /// One-time token to register with.
    pub token: Secret<String>,
    /// Shown name; also `cds.worker`.
    pub name: String,
    /// Directories of jobs are made below it. Created if missing.
    pub basedir: PathBuf,
    /// Executable behind the `worker` command of scripts; `None` = this program.
    pub worker_binary: Option<PathBuf>,
    /// `HATCHERY_NAME`, `HATCHERY_WORKER`, `HATCHERY_REGION` and whatever else steps should find in their
    /// environment.
    pub inject: IndexMap<String, String>,
    /// This process is a worker and nothing else: it becomes a subreaper, and every orphan it gets is ended with
    /// the job. False where the worker shares its process (tests).
    pub sole: bool,
    /// End on SIGTERM and SIGINT, cleanly.
    pub handle_signals: bool,
    /// Ends the worker cleanly: its job is killed and given back.
    pub shutdown: CancellationToken,
    /// The process that started this one, if the worker is to end with it: its job is killed, and nobody is told.
    pub parent: Option<i32>,
}

impl WorkerConfig {
    /// A worker in a process of its own.
    pub fn new(
        api_url: impl Into<String>,
        token: Secret<String>,
        name: impl Into<String>,
        basedir: impl Into<PathBuf>,
    ) -> Self {
        Self {
            api_url: api_url.into(),
            token,
            name: name.into(),
            basedir: basedir.into(),
            worker_binary: None,
            inject: IndexMap::new(),
            sole: true,
            handle_signals: true,
            shutdown: CancellationToken::new(),
            parent: None,
        }
    }
}

/// Why a worker ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// No job came in time.
    Idle,
    /// It has done as many jobs as it may.
    JobsDone,
    /// It was told to.
    Shutdown,
    /// The server does not know it any more.
    Dismissed,
    /// The process that it was to end with has ended.
    Orphaned,
}

/// Why a worker could not work.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// Registration or waiting for jobs failed.
    #[error("{what}: {source}")]
    Api {
        /// What was tried.
        what: &'static str,
        /// How it failed.
        source: ClientError,
    },
    /// The host refused something.
    #[error("{what}: {source}")]
    Host {
        /// What was tried.
        what: String,
        /// How it failed.
        source: io::Error,
    },
}

/// What all jobs of a worker share.
pub(crate) struct Worker {
    pub config: WorkerConfig,
    /// Holds an executable named `worker`.
    pub bin_dir: PathBuf,
    /// Directories for the next job.
    pub spare: Spare,
    /// Counts the jobs that were taken.
    pub takes: Takes,
    /// The parent has ended: there is nobody to report to.
    pub orphaned: CancellationToken,
    /// The mask of the last job: making one takes long, and the next job often has the same secrets.
    masker: Mutex<(Vec<String>, Arc<Masker>)>,
}

/// Runs a worker to its end. The future must run inside a tokio runtime; one thread is enough.
pub async fn run(config: WorkerConfig) -> Result<Exit, WorkerError> {
    let host = |what: &str| {
        let what = what.to_string();
        move |source| WorkerError::Host { what, source }
    };
    std::fs::create_dir_all(&config.basedir).map_err(host("cannot create the base directory"))?;
    let config = WorkerConfig {
        basedir: config.basedir.canonicalize().map_err(host("cannot find the base directory"))?,
        ..config
    };
    if config.sole {
        exec::become_subreaper();
        exec::ipc::renew();
    }
    let signals = config.handle_signals.then(|| listen(config.shutdown.clone()));
    let signals = signals.transpose().map_err(host("cannot listen to signals"))?;
    let bin_dir = bin_dir(&config).map_err(host("cannot make the worker command"))?;
    // Beside the scripts' `PATH`, not in it.
    let spare = Spare::new(bin_dir.with_extension("spare"));
    let (takes, orphaned) = (Takes::default(), CancellationToken::new());
    let worker = Arc::new(Worker { config, bin_dir, spare, takes, orphaned, masker: Mutex::default() });
    let result = tokio::select! {
        result = worker.clone().work() => result,
        () = worker.out_of_patience() => Ok(Exit::Orphaned),
    };
    if let Some(task) = signals {
        task.abort();
    }
    worker.spare.discard();
    let _ = std::fs::remove_dir_all(&worker.bin_dir);
    result
}

/// Cancels `shutdown` at the first signal that asks to end.
fn listen(shutdown: CancellationToken) -> io::Result<tokio::task::JoinHandle<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    Ok(tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
        shutdown.cancel();
    }))
}

/// A directory that holds `worker`, a link to the program.
fn bin_dir(config: &WorkerConfig) -> io::Result<PathBuf> {
    let target = match &config.worker_binary {
        Some(path) => path.canonicalize()?,
        // The file may be replaced or gone; the running program is always there.
        None => std::env::current_exe()
            .ok()
            .filter(|p| p.exists())
            .unwrap_or_else(|| format!("/proc/{}/exe", std::process::id()).into()),
    };
    let dir = tempfile::Builder::new().prefix("bin-").tempdir_in(&config.basedir)?.keep();
    std::os::unix::fs::symlink(target, dir.join("worker"))?;
    Ok(dir)
}

/// The secret part of a private key. `-----BEGIN …` and `-----END …` are no secret, and show people that a key
/// was there; as in the reference, they stay visible.
fn without_armour(secret: &str) -> &str {
    let text = secret.trim();
    let body = text.strip_prefix("-----BEGIN ").and_then(|t| t.split_once('\n')).map(|(_, rest)| rest);
    let body = body.and_then(|b| b.rfind("\n-----END ").map(|end| b[..end].trim()));
    body.filter(|b| !b.is_empty()).unwrap_or(secret)
}

/// Registers; keeps trying while the server can't be reached or is just starting.
async fn register(client: &Client, body: &WorkerRegister) -> Result<WorkerRegistered, ClientError> {
    let begin = Instant::now();
    let mut pause = Duration::from_millis(50);
    loop {
        match client.worker_register(body).await {
            Err(error) if error.is_transient() && begin.elapsed() < PATIENCE => {
                tracing::debug!(%error, "cannot register, trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(5));
            }
            other => return other,
        }
    }
}

impl Worker {
    /// Hides these secrets.
    pub fn masker(&self, secrets: &[AssignedSecret]) -> Arc<Masker> {
        let mut last = self.masker.lock().unwrap_or_else(|e| e.into_inner());
        if !last.0.iter().eq(secrets.iter().map(|s| &s.value)) {
            let values: Vec<String> = secrets.iter().map(|s| s.value.clone()).collect();
            let masker = Masker::new(values.iter().map(|v| without_armour(v).to_string()));
            *last = (values, Arc::new(masker));
        }
        last.1.clone()
    }

    /// Waits for the end of the parent, tells the job to end, and waits for as long as that may take. Never ends
    /// without a parent.
    async fn out_of_patience(&self) {
        let Some(parent) = self.config.parent else { return std::future::pending().await };
        parent::ended(parent).await;
        self.orphaned.cancel();
        self.config.shutdown.cancel();
        tokio::time::sleep(ORPHANED_GRACE).await;
    }

    async fn work(self: Arc<Self>) -> Result<Exit, WorkerError> {
        let anonymous = Client::new(&self.config.api_url, Some(self.config.token.clone()))
            .map_err(|source| WorkerError::Api { what: "cannot set up the client", source })?;
        let body = WorkerRegister {
            name: self.config.name.clone(),
            os: requirements::os().into(),
            arch: requirements::arch().into(),
            version: env!("CARGO_PKG_VERSION").into(),
            hostname: requirements::hostname(),
            pid: std::process::id(),
        };
        let registered = tokio::select! {
            answer = register(&anonymous, &body) => {
                answer.map_err(|source| WorkerError::Api { what: "cannot register", source })?
            }
            () = self.config.shutdown.cancelled() => return Ok(Exit::Shutdown),
        };
        let client = anonymous.with_token(Some(Secret::new(registered.token.clone())));
        let mut local = LocalApi::default();
        let mut jobs = 0;
        let mut next = None;
        let mut idle_since = Instant::now();
        loop {
            let given = match next.take() {
                Some(given) => given,
                None => match self.take(&client, &registered, idle_since).await? {
                    Ok(given) => given,
                    Err(exit) => return Ok(exit),
                },
            };
            jobs += 1;
            let last = registered.max_jobs > 0 && jobs >= registered.max_jobs;
            match self.run_job(&client, &registered, &mut local, given, last).await {
                Reported::Done(job) => {
                    // The last report has waited for a job already.
                    let waited = Duration::from_millis(registered.idle_timeout_ms).min(TAKE_WAIT);
                    idle_since = Instant::now().checked_sub(waited).unwrap_or_else(Instant::now);
                    next = job;
                }
                Reported::Lost => idle_since = Instant::now(),
                Reported::Dismissed if self.orphaned.is_cancelled() => return Ok(Exit::Orphaned),
                Reported::Dismissed => return Ok(Exit::Dismissed),
            }
            if next.is_none() && self.config.shutdown.is_cancelled() {
                return Ok(Exit::Shutdown);
            }
            if next.is_none() && last {
                return Ok(Exit::JobsDone);
            }
        }
    }

    /// Waits for a job, or for a reason to end.
    async fn take(
        &self,
        client: &Client,
        registered: &WorkerRegistered,
        idle_since: Instant,
    ) -> Result<Result<Given, Exit>, WorkerError> {
        let idle_end = idle_since + Duration::from_millis(registered.idle_timeout_ms);
        let mut pause = Duration::from_millis(100);
        let mut trouble: Option<Instant> = None;
        loop {
            let left = idle_end.saturating_duration_since(Instant::now());
            let wait = left.min(TAKE_WAIT);
            let begin = Instant::now();
            let answer = tokio::select! {
                answer = client.worker_take_nth(self.takes.number(), wait) => answer,
                () = self.config.shutdown.cancelled() => return Ok(Err(Exit::Shutdown)),
            };
            match answer {
                Ok(Some(assignment)) => {
                    self.takes.answered();
                    return Ok(Ok(Given { assignment: Box::new(assignment), asked: begin.into() }));
                }
                Ok(None) if Instant::now() >= idle_end => return Ok(Err(Exit::Idle)),
                Ok(None) => {
                    trouble = None;
                    // A server that does not wait as it was asked to must not be asked all the time.
                    if begin.elapsed() < wait / 2 {
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                }
                Err(e) if e.status().is_some_and(|s| s.as_u16() == 401) => return Ok(Err(Exit::Dismissed)),
                Err(e) if self.takes.is_old(&e) => {}
                Err(e) if e.is_transient() && trouble.is_none_or(|t| t.elapsed() < PATIENCE) => {
                    trouble.get_or_insert_with(Instant::now);
                    tracing::debug!(error = %e, "cannot take a job, trying again");
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.config.shutdown.cancelled() => return Ok(Err(Exit::Shutdown)),
                    }
                    pause = (pause * 2).min(Duration::from_secs(5));
                }
                Err(source) => return Err(WorkerError::Api { what: "cannot take a job", source }),
            }
        }
    }

    async fn run_job(
        self: &Arc<Self>,
        client: &Client,
        registered: &WorkerRegistered,
        local: &mut LocalApi,
        given: Given,
        last: bool,
    ) -> Reported {
        let kept = Kept::new(given.own_until());
        let assignment = *given.assignment;
        let spool = Arc::new(Spool::default());
        let signals = Signals { cancel: CancellationToken::new(), lost: CancellationToken::new() };
        let key = JobKey { job: assignment.job, attempt: assignment.attempt };
        let shutdown = &self.config.shutdown;
        let idle = Duration::from_millis(registered.idle_timeout_ms);
        let take_wait = || (!last && !shutdown.is_cancelled()).then(|| idle.min(TAKE_WAIT));
        let reporter = Reporter {
            client,
            key,
            spool: &spool,
            heartbeat: Duration::from_millis(registered.heartbeat_ms.max(10)),
            take_wait: &take_wait,
            takes: &self.takes,
            signals: &signals,
            kept: &kept,
        };
        let job = match local.port().await {
            Ok(port) => {
                let lost = signals.lost.clone();
                job::Job::new(self, client.clone(), port, assignment.clone(), spool.clone(), lost)
            }
            Err(e) => Err(crate::machine::Halt::Infrastructure(format!("cannot open the local API: {e}"))),
        };
        match job {
            Ok((job, dirs)) => {
                let job = Arc::new(job);
                local.attach(job.clone());
                let run = async {
                    let orphans = async {
                        loop {
                            tokio::time::sleep(BURY_INTERVAL).await;
                            job.family.bury_orphans();
                        }
                    };
                    tokio::select! {
                        () = job::drive(&job, dirs, &signals, shutdown) => {}
                        () = orphans => {}
                    }
                    local.detach();
                };
                let report = async {
                    tokio::select! {
                        reported = reporter.run() => return reported,
                        () = shutdown.cancelled() => {}
                    }
                    // The request in flight may wait for a next job, which is not wanted any more. What it
                    // carried is said again: reports may be repeated.
                    let limit = Duration::from_millis(assignment.kill_grace_ms) + Duration::from_secs(40);
                    tokio::select! {
                        reported = tokio::time::timeout(limit, reporter.run()) => {
                            reported.unwrap_or(Reported::Lost)
                        }
                        () = self.orphaned.cancelled() => Reported::Dismissed,
                    }
                };
                tokio::join!(run, report).1
            }
            Err(halt) => {
                job::refuse(&spool, &assignment, halt);
                reporter.run().await
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_body_of_a_key_is_secret() {
        let key = "-----BEGIN X-----\nabc\ndef\n-----END X-----\n";
        assert_eq!(without_armour(key), "abc\ndef");
        for other in ["plain", "-----BEGIN X-----\nabc", "-----BEGIN X-----\n-----END X-----", ""] {
            assert_eq!(without_armour(other), other);
        }
    }
}
