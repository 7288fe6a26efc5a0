//! The provider.

use crate::{
    MARKER, TOKEN, host,
    record::{Places, Record, boot_id, remove_tree},
    sweep::{kill_group, kill_marked, kill_orphans, oldest_marked},
    watch::{End, Watched, keep_awake},
};
use cds_model::WorkerId;
use cds_process::{ProcId, orphans};
use cds_provider::{Capacity, Instance, InstanceId, InstanceState, Provider, ProviderError, SpawnOrder};
use rustix::process::{Signal, kill_process};
use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    process::Command,
    sync::{Notify, watch},
    time::timeout,
};

/// Longest part of a worker's own output that is told as the reason of its end, bytes.
const LAST_WORDS: usize = 300;

/// What a local provider needs to know.
#[derive(Clone, Debug)]
pub struct LocalConfig {
    /// Its own directory: workers' directories, records, workers' own output. One provider at a time.
    pub directory: PathBuf,
    /// The program with the `worker` command.
    pub worker_exe: PathBuf,
    /// Processes at a time; 0 = no limit of the provider's own.
    pub max_instances: u32,
    /// From SIGTERM to SIGKILL.
    pub grace: Duration,
    /// Environment of the workers, usually that of this process. Variables that start with `CDS_` are left out:
    /// they may hold the hatchery's own token.
    pub environment: Vec<(OsString, OsString)>,
    /// Workers end when this process does. Otherwise they go on, and the next provider finds them again.
    pub end_with_this: bool,
}

/// Workers as processes of this machine: `<worker_exe> worker --api URL --name NAME --basedir DIR`, the token in the
/// environment. See the crate for how their ends are noticed.
pub struct LocalProvider(Arc<Shared>);

struct Shared {
    config: LocalConfig,
    places: Places,
    capacity: Capacity,
    boot: String,
    entries: Mutex<BTreeMap<WorkerId, Entry>>,
    /// Held while a process is started, so that one worker is not started twice.
    starting: tokio::sync::Mutex<()>,
    news: Notify,
    /// Locked as long as this provider lives.
    _lock: File,
}

struct Entry {
    process: Option<ProcId>,
    end: Option<End>,
    /// Becomes true when nothing of the worker is left.
    swept: watch::Receiver<bool>,
}

impl LocalProvider {
    /// Opens the directory and finds the workers of an earlier run again. To be called within a tokio runtime.
    ///
    /// # Errors
    /// If the directory cannot be used, or another hatchery uses it.
    pub fn open(config: LocalConfig) -> io::Result<Self> {
        let config = LocalConfig { directory: std::path::absolute(&config.directory)?, ..config };
        let places = Places(config.directory.clone());
        places.create().map_err(|e| within(&config.directory, e))?;
        let lock_file = config.directory.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_file)?;
        lock.try_lock().map_err(|e| {
            let why = format!("another hatchery uses it ({e}); give each a basedir of its own");
            within(&config.directory, io::Error::other(why))
        })?;
        let path =
            config.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_os_str());
        let mut capacity = host::detect(path);
        capacity.max_instances = config.max_instances;
        let provider = Self(Arc::new(Shared {
            boot: boot_id(),
            entries: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            news: Notify::new(),
            _lock: lock,
            places,
            capacity,
            config,
        }));
        for record in provider.0.places.load()? {
            provider.0.recover(record);
        }
        Ok(provider)
    }

    fn find(&self, id: &InstanceId) -> Option<(WorkerId, Option<ProcId>, bool, watch::Receiver<bool>)> {
        let worker = id.0.parse().ok()?;
        let entries = self.0.entries();
        let entry = entries.get(&worker)?;
        Some((worker, entry.process, entry.end.is_some(), entry.swept.clone()))
    }
}

impl Shared {
    fn entries(&self) -> MutexGuard<'_, BTreeMap<WorkerId, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recover(self: &Arc<Self>, mut record: Record) {
        let worker = record.worker;
        let same_boot = record.boot == self.boot;
        if record.process.is_none() && same_boot {
            // The hatchery ended between starting the process and writing it down.
            record.process = oldest_marked(worker);
            if let Err(error) = self.places.save(&record) {
                tracing::warn!(%worker, %error, "cannot write the record of a worker found again");
            }
        }
        match record.process.filter(|id| same_boot && id.lives()) {
            Some(id) => {
                tracing::info!(%worker, pid = id.pid, "worker found again");
                self.watch(worker, id, Watched::Adopted(id));
            }
            None => {
                // Before anybody is told, as below.
                kill_marked(worker);
                let (done, swept) = watch::channel(false);
                let end = End { exit: "ended while the hatchery was away".into(), clean: false };
                self.entries().insert(worker, Entry { process: None, end: Some(end), swept });
                self.sweep(worker, done);
                self.news.notify_one();
            }
        }
    }

    /// Lists a living worker and waits for its end in the background.
    fn watch(self: &Arc<Self>, worker: WorkerId, id: ProcId, process: Watched) {
        let (done, swept) = watch::channel(false);
        self.entries().insert(worker, Entry { process: Some(id), end: None, swept });
        let this = self.clone();
        tokio::spawn(async move {
            let is_child = matches!(process, Watched::Child(_));
            let mut end = tokio::select! {
                end = process.ended() => end,
                never = keep_awake(id, is_child) => match never {},
            };
            orphans::forget(id);
            kill_group(id);
            // Nothing of its job may be at work any more when somebody else is given that job.
            let clean = end.clean;
            let kill = move || {
                let killed = kill_marked(worker);
                // After those whose children they may have been.
                killed + if clean { 0 } else { kill_orphans() }
            };
            let killed = tokio::task::spawn_blocking(kill).await.unwrap_or_default();
            if killed > 0 {
                tracing::info!(%worker, killed, "killed processes a worker left behind");
            }
            if !end.clean
                && let Some(words) = last_words(&this.places.log(worker))
            {
                end.exit = format!("{}: {words}", end.exit);
            }
            tracing::debug!(%worker, exit = end.exit, "worker ended");
            if let Some(entry) = this.entries().get_mut(&worker) {
                entry.end = Some(end);
            }
            // Told before the rest is swept: whoever waits for this worker's job should not wait longer.
            this.news.notify_one();
            this.sweep(worker, done);
        });
    }

    /// Removes the directory of an ended worker, of which nothing lives any more, in the background.
    fn sweep(self: &Arc<Self>, worker: WorkerId, done: watch::Sender<bool>) {
        let base = self.places.base(worker);
        tokio::task::spawn_blocking(move || {
            if let Err(error) = remove_tree(&base) {
                tracing::warn!(path = %base.display(), %error, "cannot remove a worker's directory");
            }
            let _ = done.send(true);
        });
    }

    fn start(&self, order: &SpawnOrder) -> io::Result<(ProcId, Watched)> {
        let mut record =
            Record { worker: order.worker, name: order.name.clone(), process: None, boot: self.boot.clone() };
        self.places.save(&record)?;
        let base = self.places.base(order.worker);
        std::fs::create_dir_all(&base)?;
        let output = OpenOptions::new().create(true).append(true).open(self.places.log(order.worker))?;
        let environment = self.config.environment.iter();
        let parent = self.config.end_with_this.then(|| format!("--parent={}", std::process::id()));
        let starting = orphans::starting();
        let child = Command::new(&self.config.worker_exe)
            .args(["worker", "--api", &order.api_url, "--name", &order.name, "--basedir"])
            .arg(&base)
            .args(parent)
            .env_clear()
            .envs(
                environment.filter(|(n, _)| !n.as_encoded_bytes().starts_with(b"CDS_")).map(|(n, v)| (n, v)),
            )
            .env(MARKER, order.worker.to_string())
            .env(TOKEN, order.token.expose())
            .current_dir(&base)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .process_group(0)
            .spawn()?;
        // The child is not reaped before `watch` waits for it, so it is there to be looked at, if only as a zombie.
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let id = pid.and_then(ProcId::of).ok_or_else(|| io::Error::other("the process vanished"))?;
        starting.known(id);
        record.process = Some(id);
        if let Err(error) = self.places.save(&record) {
            // The record without a process is there, and that is enough to find it again by its marker.
            tracing::warn!(worker = %order.worker, %error, "cannot complete the record of a worker");
        }
        Ok((id, Watched::Child(child)))
    }
}

impl Provider for LocalProvider {
    fn kind(&self) -> &'static str {
        "local"
    }

    fn capacity(&self) -> Capacity {
        self.0.capacity.clone()
    }

    async fn list(&self) -> Result<Vec<Instance>, ProviderError> {
        let state = |entry: &Entry| match &entry.end {
            None => InstanceState::Alive,
            Some(end) => InstanceState::Ended { exit: end.exit.clone(), clean: end.clean },
        };
        Ok(self
            .0
            .entries()
            .iter()
            .map(|(worker, entry)| Instance {
                id: instance_id(*worker),
                worker: *worker,
                state: state(entry),
            })
            .collect())
    }

    async fn spawn(&self, order: &SpawnOrder) -> Result<InstanceId, ProviderError> {
        let _one_at_a_time = self.0.starting.lock().await;
        let alive = {
            let entries = self.0.entries();
            if entries.contains_key(&order.worker) {
                return Ok(instance_id(order.worker));
            }
            entries.values().filter(|e| e.end.is_none()).count()
        };
        let limit = self.0.config.max_instances;
        if limit > 0 && alive >= limit as usize {
            return Err(ProviderError::Full(format!("{alive} of {limit} processes run already")));
        }
        match self.0.start(order) {
            Ok((id, process)) => {
                tracing::debug!(worker = %order.worker, pid = id.pid, "worker started");
                self.0.watch(order.worker, id, process);
                self.0.news.notify_one();
                Ok(instance_id(order.worker))
            }
            Err(error) => {
                if let Err(error) = self.0.places.forget(order.worker) {
                    tracing::warn!(worker = %order.worker, %error, "cannot remove what was made for a worker");
                }
                Err(refusal(&self.0.config.worker_exe, error))
            }
        }
    }

    async fn destroy(&self, id: &InstanceId) -> Result<(), ProviderError> {
        let Some((worker, process, ended, mut swept)) = self.find(id) else { return Ok(()) };
        if let (Some(process), false) = (process, ended) {
            // Only the worker is asked: it tells its job's processes itself, and reports their end.
            if process.lives()
                && let Some(pid) = process.pid()
            {
                let _ = kill_process(pid, Signal::TERM);
            }
            if timeout(self.0.config.grace, swept.wait_for(|done| *done)).await.is_err() {
                tracing::info!(%worker, "worker did not end when asked, killing it");
                if process.lives() {
                    kill_group(process);
                }
            }
        }
        // A sender that went away without a word means that the runtime is shutting down.
        let _ = swept.wait_for(|done| *done).await;
        self.0.places.forget(worker).map_err(|e| ProviderError::Transient(e.to_string()))?;
        self.0.entries().remove(&worker);
        self.0.news.notify_one();
        Ok(())
    }

    async fn changed(&self) {
        self.0.news.notified().await;
    }

    fn has_news(&self) -> bool {
        true
    }
}

fn instance_id(worker: WorkerId) -> InstanceId {
    InstanceId(worker.to_string())
}

fn within(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Which kind of failure a start that went wrong is.
fn refusal(exe: &Path, error: io::Error) -> ProviderError {
    let text = format!("cannot start {}: {error}", exe.display());
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => ProviderError::Denied(text),
        // Out of processes, memory, descriptors or disk: something must end first.
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull => {
            ProviderError::Full(text)
        }
        // A name that cannot be an argument, such as one with a zero byte.
        io::ErrorKind::InvalidInput | io::ErrorKind::ArgumentListTooLong => ProviderError::Invalid(text),
        _ => ProviderError::Transient(text),
    }
}

/// The last line a worker printed about itself.
fn last_words(log: &Path) -> Option<String> {
    use std::io::{Read, Seek, SeekFrom};
    let mut file = File::open(log).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4 * LAST_WORDS as u64))).ok()?;
    let mut tail = Vec::new();
    file.take(4 * LAST_WORDS as u64).read_to_end(&mut tail).ok()?;
    let text = String::from_utf8_lossy(&tail);
    let line = text.lines().rev().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().take(LAST_WORDS).collect())
}
