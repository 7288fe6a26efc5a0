//! The store: where transactions begin.

use crate::{
    dialect::Dialect,
    error::{Error, Result},
    postgres::{Address, Mode, Postgres, Task, shown},
    room::Room,
    runs::{
        commit::{CommitError, Committed, RunCommit},
        spec::SpecCache,
    },
    secrets::MasterKey,
    sqlite::Sqlite,
    tx::Tx,
    wake::{Wake, Wakeups},
    work::{Call, Queue, Work},
};
use cds_model::WorkflowId;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::sync::{broadcast, oneshot};

/// How to open a store.
#[derive(Clone, Debug)]
pub struct Options {
    /// `sqlite:PATH` or `postgres://user:password@host:port/name`.
    pub url: String,
    /// SQLite: every commit survives a power cut, not only a crash of the process. Costs a disk flush a group.
    pub full_sync: bool,
    /// PostgreSQL: connections for reading and writing; two more are used for commits of runs and for notifications.
    pub connections: usize,
    /// PostgreSQL: a connection that has not answered for so long is given up, and made anew.
    pub patience: Duration,
}

impl Options {
    /// The defaults for a database.
    pub fn new(url: &str) -> Self {
        Self { url: url.into(), full_sync: false, connections: 8, patience: crate::postgres::PATIENCE }
    }
}

/// What every transaction may use.
pub(crate) struct Context {
    pub secrets: MasterKey,
    pub wakeups: Wakeups,
    pub specs: SpecCache,
    pub room: Room,
}

/// The database. Cheap to clone; closed when the last clone is dropped, after what was queued is done.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    cx: Arc<Context>,
    arm: Arm,
}

enum Arm {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Drop for Inner {
    fn drop(&mut self) {
        match &self.arm {
            Arm::Sqlite(arm) => arm.close(),
            Arm::Postgres(arm) => arm.close(),
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({:?})", self.dialect())
    }
}

impl Store {
    /// Opens `sqlite:PATH` or `postgres://…` with default options and brings the schema up to date.
    /// Blocks meanwhile; meant for the start of a program.
    pub fn open(url: &str, secrets: MasterKey) -> Result<Store> {
        Self::open_with(Options::new(url), secrets)
    }

    /// As [`Store::open`], with options.
    pub fn open_with(options: Options, secrets: MasterKey) -> Result<Store> {
        let cx = Arc::new(Context {
            secrets,
            wakeups: Wakeups::new(),
            specs: SpecCache::default(),
            room: Room::default(),
        });
        let url = options.url.as_str();
        let fault = |fault: &str| Error::Address { url: shown(url), fault: fault.into() };
        let arm = if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path.starts_with(":memory:") {
                return Err(fault("SQLite needs the path of a file"));
            }
            Arm::Sqlite(Sqlite::open(Path::new(path), options.full_sync, cx.clone())?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let address = Address::parse(url).map_err(|e| fault(&e))?.patient(options.patience);
            Arm::Postgres(Postgres::open(address, options.connections.max(1), cx.clone())?)
        } else {
            return Err(fault("unknown scheme"));
        };
        Ok(Store(Arc::new(Inner { cx, arm })))
    }

    /// Which database this is.
    pub fn dialect(&self) -> Dialect {
        match self.0.arm {
            Arm::Sqlite(_) => Dialect::Sqlite,
            Arm::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Reads on one consistent view. On SQLite the closure runs at once on the calling thread.
    /// On PostgreSQL it may run again if the connection breaks, so it must have no other effects.
    pub async fn read<T, F>(&self, f: F) -> Result<T>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.try_read(f).await
    }

    /// As [`Store::read`], with an error type of the caller's own.
    pub async fn try_read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &self.0.arm {
            Arm::Sqlite(arm) => arm.read(&self.0.cx, f),
            Arm::Postgres(arm) => queued(&arm.queue, |w| Task::new(Mode::Read, w), f, None).await,
        }
    }

    /// Writes in one transaction: all of it or, if the closure fails, nothing. Transactions behave as if they ran one
    /// after the other; on PostgreSQL that may take several tries, so the closure must have no other effects.
    pub async fn write<T, F>(&self, f: F) -> Result<T>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        self.try_write(f).await
    }

    /// As [`Store::write`], with an error type of the caller's own; it too undoes everything.
    pub async fn try_write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let told = Some(self.0.cx.wakeups.clone());
        match &self.0.arm {
            Arm::Sqlite(arm) => queued(&arm.queue, |w| w, f, told).await,
            Arm::Postgres(arm) => queued(&arm.queue, |w| Task::new(Mode::Write, w), f, told).await,
        }
    }

    /// As [`Store::write`], but on PostgreSQL each statement sees what was committed before it, and nothing is tried
    /// again. For single statements that many do at once: signs of life, leases, last uses.
    pub async fn write_simple<T, F>(&self, f: F) -> Result<T>
    where
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        match &self.0.arm {
            Arm::Sqlite(arm) => queued(&arm.queue, |w| w, f, None).await,
            Arm::Postgres(arm) => queued(&arm.queue, |w| Task::new(Mode::Single, w), f, None).await,
        }
    }

    /// Commits a step of a run: the hot path. What arrives together is committed together.
    pub async fn commit(&self, commit: RunCommit) -> Result<Committed, CommitError> {
        match &self.0.arm {
            Arm::Sqlite(arm) => {
                queued(&arm.queue, |w| w, move |tx| crate::runs::commit::commit_one(tx, &commit), None).await
            }
            Arm::Postgres(arm) => arm.commit(commit).await,
        }
    }

    /// Takes the next number of a workflow, from 1. A number that is then not used leaves a gap.
    pub async fn reserve_number(&self, workflow: WorkflowId) -> Result<i64> {
        self.write_simple(move |tx| crate::workflows::next_number(tx, workflow)).await
    }

    /// News of commits, of this process and, on PostgreSQL, of every other server on the database.
    /// A receiver that lags must look at everything.
    pub fn wakeups(&self) -> broadcast::Receiver<Wake> {
        self.0.cx.wakeups.subscribe()
    }

    /// As [`Store::wakeups`], but only of other servers: what this process has in memory may be old.
    pub fn wakeups_of_others(&self) -> broadcast::Receiver<Wake> {
        self.0.cx.wakeups.subscribe_others()
    }

    /// Counts up with everything that [`Store::write`] writes, before the writer is answered; with what other servers
    /// write a moment after. Whoever keeps what was read notes this number before reading: while it is the same,
    /// nothing was written here since.
    pub fn written(&self) -> u64 {
        self.0.cx.wakeups.written()
    }

    pub(crate) fn context(&self) -> &Context {
        &self.0.cx
    }

    /// The key ring, for secrets kept elsewhere.
    pub fn secrets(&self) -> &MasterKey {
        &self.0.cx.secrets
    }
}

async fn queued<W, T, E, F>(
    queue: &Queue<W>,
    wrap: impl FnOnce(Box<dyn Work>) -> W,
    f: F,
    told: Option<Wakeups>,
) -> Result<T, E>
where
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let call: Box<dyn Work> = Box::new(Call { f, result: None, told, reply });
    if queue.push(wrap(call)).is_err() {
        return Err(Error::Closed.into());
    }
    answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
}
