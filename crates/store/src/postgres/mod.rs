//! PostgreSQL: a few threads that each own a connection and run closures on it, one committer that writes the
//! steps of many runs in a handful of statements, and one listener for the words of other servers.

mod address;
mod batch;
mod committer;
mod conn;
mod listener;
mod pool;
mod tls;

pub(crate) use address::{Address, PATIENCE, shown};
pub(crate) use conn::Conn;
pub(crate) use pool::Task;

use crate::{
    error::{Error, Result},
    runs::commit::{CommitError, Committed, RunCommit},
    store::Context,
    tx::{self, Tx},
    work::Queue,
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use tokio::sync::{Notify, oneshot};

/// Statements that only PostgreSQL understands.
#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, crate::sql::Sql)> {
    [batch::STATEMENTS, conn::STATEMENTS, &[("events::LOCK", crate::events::LOCK)]].concat()
}

/// How a piece of work is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A consistent view, no writing.
    Read,
    /// Serializable.
    Write,
    /// Read committed: for work of one statement that everybody wants to do at once.
    Single,
}

/// What all threads of this arm share.
pub(crate) struct Shared {
    address: Address,
    /// Marks this process's own notifications.
    me: String,
    cx: Arc<Context>,
    /// When a connection could last not be made, and why.
    missed: Mutex<Option<(Instant, Error)>>,
}

impl Shared {
    fn missed(&self, e: &Error) {
        self.note(e);
        *self.missed.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), e.clone()));
    }

    /// Why the database was not reached by somebody who has tried after this time.
    fn missed_since(&self, since: Instant) -> Option<Error> {
        let missed = self.missed.lock().unwrap_or_else(PoisonError::into_inner);
        missed.as_ref().filter(|(at, _)| *at > since).map(|(_, e)| e.clone())
    }

    /// Remembers that there is no room for anything new.
    fn note(&self, e: &Error) {
        if matches!(e, Error::Full { .. }) {
            self.cx.room.is_missing();
        }
    }
}

/// A migration may take so long: one that changes every row of a large table does.
const MIGRATION: Duration = Duration::from_secs(24 * 3600);

/// The PostgreSQL arm of the store.
pub(crate) struct Postgres {
    pub queue: Arc<Queue<Task>>,
    commits: Arc<Queue<committer::Item>>,
    stop: Arc<Notify>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Postgres {
    /// Connects, migrates, starts the threads.
    pub(crate) fn open(address: Address, connections: usize, cx: Arc<Context>) -> Result<Self> {
        let me = uuid::Uuid::new_v4().simple().to_string();
        let shared = Arc::new(Shared { address, me, cx, missed: Mutex::default() });
        let arm = Self {
            queue: Arc::new(Queue::new()),
            commits: Arc::new(Queue::new()),
            stop: Arc::new(Notify::new()),
            threads: Mutex::default(),
        };
        // The caller may stand in a runtime of its own, where one must not block on another.
        let first = shared.clone();
        arm.spawn("pg-migrate", move || migrate(&first))?.join().unwrap_or(Err(Error::Closed))?;

        let (ready, listening) = std::sync::mpsc::channel();
        let (s, stop) = (shared.clone(), arm.stop.clone());
        let mut threads = vec![arm.spawn("pg-listener", move || listener::run(&s, &stop, &ready))?];
        for _ in 0..connections {
            let (s, queue) = (shared.clone(), arm.queue.clone());
            threads.push(arm.spawn("pg-pool", move || pool::run(&s, &queue))?);
        }
        let (s, commits) = (shared, arm.commits.clone());
        threads.push(arm.spawn("pg-committer", move || committer::run(&s, &commits))?);
        *arm.threads.lock().unwrap_or_else(PoisonError::into_inner) = threads;
        // Nothing that is committed after this can be missed; if it takes long, the listener says so itself.
        let _ = listening.recv_timeout(std::time::Duration::from_secs(10));
        Ok(arm)
    }

    fn spawn<T: Send + 'static>(
        &self,
        name: &str,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JoinHandle<T>> {
        let spawned = thread::Builder::new().name(name.into()).spawn(f);
        spawned.map_err(|e| Error::Connection(format!("no thread {name}: {e}")))
    }

    pub(crate) async fn commit(&self, commit: RunCommit) -> Result<Committed, CommitError> {
        let (reply, answer) = oneshot::channel();
        if self.commits.push(committer::Item { commit, reply }).is_err() {
            return Err(Error::Closed.into());
        }
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    pub(crate) fn close(&self) {
        self.queue.close();
        self.commits.close();
        self.stop.notify_one();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for handle in threads {
            // The last handle of the store may have been dropped by work on one of these threads.
            if handle.thread().id() != thread::current().id() {
                let _ = handle.join();
            }
        }
    }
}

fn migrate(shared: &Shared) -> Result<()> {
    let mut conn = Conn::connect(&shared.address)?;
    conn.be_patient(MIGRATION);
    conn.batch("BEGIN")?;
    // Of several servers started at once, one migrates and the others find it done.
    conn.batch("SELECT pg_advisory_xact_lock(4823662)")?;
    crate::migrate::run(&mut Tx::new(tx::Conn::Postgres(&mut conn), &shared.cx))?;
    conn.batch("COMMIT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MasterKey, Store, Wake, settings};

    /// Ends every other connection to the database, as a restart of the server does.
    fn cut(url: &str) {
        let url = url.to_string();
        thread::spawn(move || {
            let mut conn = Conn::connect(&Address::parse(&url).unwrap()).unwrap();
            conn.batch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )
            .unwrap();
        })
        .join()
        .unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn broken_connections_are_made_anew() {
        let Some(server) = crate::testing::Postgres::start() else { return };
        let url = server.database();
        let store = Store::open(&url, MasterKey::generate()).unwrap();
        let commit = |store: &Store| {
            let store = store.clone();
            async move { store.commit(crate::runs::commit::tests::new_run()).await }
        };
        for _ in 0..2 {
            store.write(|tx| settings::set(tx, "a", "1")).await.unwrap();
            commit(&store).await.unwrap();
            let mut wakes = store.wakeups();
            cut(&url);
            for _ in 0..20 {
                let value = store.read(|tx| settings::get(tx, "a")).await.unwrap();
                assert_eq!(value.as_deref(), Some("1"));
                store.write(|tx| settings::set(tx, "a", "1")).await.unwrap();
            }
            commit(&store).await.unwrap();
            // What other servers said meanwhile was missed, and listeners are told so.
            let missed = async { while wakes.recv().await.unwrap() != Wake::All {} };
            tokio::time::timeout(std::time::Duration::from_secs(20), missed).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_batch_is_one_transaction() {
        let Some(server) = crate::testing::Postgres::start() else { return };
        let url = server.database();
        let store = Store::open(&url, MasterKey::generate()).unwrap();
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.commit(crate::runs::commit::tests::new_run()).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let transactions = thread::spawn(move || {
            let mut conn = Conn::connect(&Address::parse(&url).unwrap()).unwrap();
            // xmin names the transaction that wrote a row.
            let sql = crate::sql::Sql("SELECT COUNT(DISTINCT CAST(xmin AS TEXT)), COUNT(*) FROM run");
            let row = conn.query(sql, &[]).unwrap().remove(0);
            (row.get::<i64>(0).unwrap(), row.get::<i64>(1).unwrap())
        })
        .join()
        .unwrap();
        assert_eq!(transactions.1, 200);
        assert!(transactions.0 < 100, "200 steps took {} transactions", transactions.0);
    }
}
