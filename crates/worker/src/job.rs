//! One job from its assignment to its end: the machine decides, this runs what it says.

use crate::{
    dirs::JobDirs,
    env::{self, EnvSource, Environment},
    exec::{Control, Family, LOST_GRACE, Scope, ipc},
    logs::{Spool, StepLog},
    machine::{Halt, Machine, Next, Outcome, Verdict},
    report::Signals,
    steps,
    vars::Vars,
    worker::Worker,
};
use cds_api::worker::Assignment;
use cds_client::{Client, JobKey};
use cds_expr::mask::Masker;
use cds_model::{Clock, WallClock, limit};
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What background processes get to end themselves once their job has ended.
const LEFTOVER_GRACE: Duration = Duration::from_millis(300);
/// On top of the grace, before a step that does not come back is given up.
const GIVE_UP: Duration = Duration::from_secs(20);

/// A running job, as its steps and the local API see it.
pub(crate) struct Job {
    /// What to do.
    pub assignment: Assignment,
    /// Job and attempt.
    pub key: JobKey,
    /// With the worker's token.
    pub client: Client,
    /// Its own directory.
    pub root: PathBuf,
    /// Working directory of the steps.
    pub workspace: PathBuf,
    /// Installed keys.
    pub keys: PathBuf,
    /// Temporary files.
    pub tmp: PathBuf,
    /// Where gpg works, if not below `HOME`.
    pub gnupg_home: Option<PathBuf>,
    /// Where the next script goes.
    pub script: steps::ScriptFile,
    /// Hides secrets.
    pub masker: Arc<Masker>,
    /// Its processes.
    pub family: Family,
    /// Key files that were installed outside of its directories.
    pub installed: Mutex<Vec<PathBuf>>,
    spool: Arc<Spool>,
    worker: Arc<Worker>,
    port: u16,
    marker: String,
    vars: Mutex<Vars>,
    exit_called: AtomicBool,
    log: Mutex<Option<Arc<StepLog>>>,
    grace: Duration,
    /// The attempt is not ours any more.
    pub(crate) lost: CancellationToken,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

impl Job {
    /// Makes a job's directories and variables. The error is how the job ends instead.
    pub fn new(
        worker: &Arc<Worker>,
        client: Client,
        port: u16,
        assignment: Assignment,
        spool: Arc<Spool>,
        lost: CancellationToken,
    ) -> Result<(Self, JobDirs), Halt> {
        let infrastructure =
            |what: &str, e: &dyn std::fmt::Display| Halt::Infrastructure(format!("{what}: {e}"));
        crate::requirements::check(&assignment.requirements).map_err(Halt::Infrastructure)?;
        let dirs = JobDirs::create(&worker.config.basedir, &assignment.name, &worker.spare)
            .map_err(|e| infrastructure("cannot create the job's directory", &e))?;
        let vars = match Vars::new(&assignment, &dirs.run.to_string_lossy(), &worker.config.name) {
            Ok(vars) => vars,
            Err(why) => {
                let _ = crate::dirs::remove_tree(&dirs.root);
                let why = worker.masker(&assignment.secrets).mask(&why);
                return Err(Halt::Setup(format!("unable to process job {}: {why}", assignment.name)));
            }
        };
        let masker = worker.masker(&assignment.secrets);
        let marker = format!("{}.{}", assignment.job, assignment.attempt);
        let job = Self {
            key: JobKey { job: assignment.job, attempt: assignment.attempt },
            client,
            root: dirs.root.clone(),
            workspace: dirs.run.clone(),
            keys: dirs.keys.clone(),
            tmp: dirs.tmp.clone(),
            script: steps::ScriptFile::new(dirs.script.clone()),
            gnupg_home: dirs.gnupg_home().map(PathBuf::from),
            masker,
            family: Family::new(format!("{}={marker}", env::MARKER), worker.config.sole),
            installed: Mutex::default(),
            spool,
            worker: worker.clone(),
            port,
            marker,
            vars: Mutex::new(vars),
            exit_called: AtomicBool::new(false),
            log: Mutex::default(),
            grace: Duration::from_millis(assignment.kill_grace_ms),
            lost,
            assignment,
        };
        Ok((job, dirs))
    }

    /// Its variables. Not to be held over an await.
    pub fn vars(&self) -> MutexGuard<'_, Vars> {
        lock(&self.vars)
    }

    /// `worker exit`.
    pub fn call_exit(&self) {
        self.exit_called.store(true, Ordering::Release);
    }

    /// The log of the step that runs now.
    pub fn log(&self) -> Option<Arc<StepLog>> {
        lock(&self.log).clone()
    }

    /// Environment of a process started now (spec 8.7).
    pub fn environment(&self) -> Environment {
        let source = EnvSource {
            api_url: self.client.base_url(),
            port: self.port,
            job_dir: &self.root,
            workspace: &self.workspace,
            tmp: &self.tmp,
            gnupg_home: self.gnupg_home.as_deref(),
            worker_bin: &self.worker.bin_dir,
            inject: &self.worker.config.inject,
            marker: &self.marker,
        };
        let vars = self.vars();
        let variables = vars.all().iter().map(|(k, v)| (k.as_str(), v.as_str()));
        env::build(std::env::vars_os(), &source, variables)
    }

    /// A variable of the worker's own environment, as `$NAME` in a step's parameter means it (spec 9.4).
    pub fn own_variable(&self, name: &str) -> String {
        match name {
            "HOME" => self.workspace.to_string_lossy().into_owned(),
            _ => std::env::var(name).unwrap_or_default(),
        }
    }

    /// For starting processes in a step that ends with `kill`.
    pub fn control<'a>(&'a self, kill: &'a CancellationToken) -> Control<'a> {
        Control { family: &self.family, kill, grace: self.grace, lost: &self.lost }
    }

    /// A path as a step means it: relative ones are below the workspace.
    pub fn path(&self, text: &str) -> PathBuf {
        self.workspace.join(text)
    }
}

/// Ends a job that could not begin.
pub(crate) fn refuse(spool: &Spool, assignment: &Assignment, halt: Halt) {
    let mut machine = Machine::new(&assignment.steps, Duration::ZERO, WallClock.now());
    machine.halt(halt);
    if let Next::End(verdict) = machine.next(WallClock.now()) {
        settle(spool, &machine, assignment);
        spool.end(verdict.into_end(Default::default()));
    }
}

/// Runs all steps, leaves nothing behind, and puts the end into the spool.
pub(crate) async fn drive(job: &Job, dirs: JobDirs, signals: &Signals, shutdown: &CancellationToken) {
    let assignment = &job.assignment;
    let job_limit = Duration::from_millis(assignment.job_timeout_ms);
    let mut machine = Machine::new(&assignment.steps, job_limit, WallClock.now());
    let deadline = (!job_limit.is_zero()).then(|| Instant::now() + job_limit);
    let verdict = loop {
        if signals.cancel.is_cancelled() {
            machine.halt(Halt::Cancelled);
        }
        if shutdown.is_cancelled() || signals.lost.is_cancelled() {
            machine.halt(Halt::Infrastructure("the worker was told to end".into()));
        }
        match machine.next(WallClock.now()) {
            Next::End(verdict) => break verdict,
            Next::Run(index) => {
                if let Some(report) = machine.report(index) {
                    job.spool.step(report);
                }
                let log = Arc::new(StepLog::new(index as u16, job.spool.clone(), job.masker.clone()));
                *lock(&job.log) = Some(log.clone());
                let outcome = step(job, index, &log, &mut machine, deadline, signals, shutdown).await;
                *lock(&job.log) = None;
                log.finish();
                if job.exit_called.load(Ordering::Acquire) {
                    machine.exit_called();
                }
                machine.step_ended(index, outcome, WallClock.now());
                if let Some(mut report) = machine.report(index) {
                    report.log_length = Some(job.spool.length(report.step));
                    job.spool.step(report);
                }
            }
        }
    };
    finish(job, dirs, machine, verdict, signals).await;
}

async fn finish(job: &Job, dirs: JobDirs, machine: Machine, verdict: Verdict, signals: &Signals) {
    let grace =
        if signals.lost.is_cancelled() { LOST_GRACE.min(job.grace) } else { LEFTOVER_GRACE.min(job.grace) };
    let left = job.family.kill(Scope::Job, grace).await;
    if job.worker.config.sole {
        ipc::renew();
    }
    let unmounted = ipc::unmount_below(&job.root);
    for file in lock(&job.installed).drain(..) {
        let _ = std::fs::remove_file(file);
    }
    // A process that can't be ended may still write there, so the next job gets other directories.
    let removed = match unmounted {
        Err(error) => Err(error),
        Ok(()) if left == 0 => dirs.recycle(&job.worker.spare, job.script.take()).await,
        Ok(()) => dirs.remove().await,
    };
    if let Err(error) = removed {
        tracing::error!(job = %job.key.job, %error, "the job's directory could not be removed");
    }
    settle(&job.spool, &machine, &job.assignment);
    let variables = job.vars().set_variables().clone();
    job.spool.end(verdict.into_end(variables));
}

/// Reports the steps that did not run.
fn settle(spool: &Spool, machine: &Machine, assignment: &Assignment) {
    for mut report in (0..assignment.steps.len()).filter_map(|i| machine.report(i)) {
        if report.start_ms.is_none() {
            report.log_length = Some(0);
            spool.step(report);
        }
    }
}

/// Runs one step within its limits.
async fn step(
    job: &Job,
    index: usize,
    log: &StepLog,
    machine: &mut Machine,
    deadline: Option<Instant>,
    signals: &Signals,
    shutdown: &CancellationToken,
) -> Outcome {
    let kill = CancellationToken::new();
    let step_limit = Duration::from_millis(job.assignment.steps[index].timeout_ms);
    let job_limit = Duration::from_millis(job.assignment.job_timeout_ms);
    let far = Instant::now() + Duration::from_secs(3600 * 24 * 365);
    let step_deadline = if step_limit.is_zero() { far } else { Instant::now() + step_limit };
    let deadline = deadline.unwrap_or(far);
    // The error to show instead of the step's own, once it has been killed.
    let mut why: Option<String> = None;
    let mut give_up = far;
    let running = steps::run(job, index, log, &kill);
    tokio::pin!(running);
    let outcome = loop {
        let reason = tokio::select! {
            outcome = &mut running => break outcome,
            () = signals.cancel.cancelled(), if why.is_none() => {
                machine.halt(Halt::Cancelled);
                "CDS Worker execution canceled".to_string()
            }
            () = signals.lost.cancelled(), if why.is_none() => {
                machine.halt(Halt::Infrastructure("the attempt was given to another worker".into()));
                "CDS Worker execution canceled".to_string()
            }
            () = shutdown.cancelled(), if why.is_none() => {
                machine.halt(Halt::Infrastructure("the worker was told to end".into()));
                "the worker was told to end".to_string()
            }
            () = sleep_until(deadline), if why.is_none() => {
                machine.halt(Halt::Deadline);
                format!("the job ran longer than its limit of {}", limit::text(job_limit))
            }
            () = sleep_until(step_deadline), if why.is_none() => {
                format!("the step ran longer than its limit of {}", limit::text(step_limit))
            }
            () = sleep_until(give_up), if why.is_some() => {
                tracing::error!(job = %job.key.job, "a step does not end");
                break Outcome::fail("the step could not be ended");
            }
        };
        why = Some(reason);
        give_up = Instant::now() + job.grace + GIVE_UP;
        kill.cancel();
    };
    let action = &job.assignment.steps[index];
    let mut outcome = match why {
        Some(why) => Outcome { ok: false, reason: Some(why), ..outcome },
        None => outcome,
    };
    // Shown in more places than the log.
    outcome.reason = outcome.reason.map(|reason| job.masker.mask(&reason));
    if let Some(reason) = outcome.reason.as_deref().filter(|_| !outcome.ok) {
        log.error(reason);
    }
    log.line(&format!("End of step \"{}\"", steps::shown_name(action)));
    outcome
}
