//! SQLite: readers inline on the calling thread, one writer thread that commits together what has queued up.
//! A hand-off between threads costs more than most statements, and one commit as much as many rows.

use crate::{
    dialect::Dialect,
    error::{Error, Result},
    sql::Sql,
    store::Context,
    tx::{Conn, Tx},
    val::{Row, Val},
    work::{Queue, Ran, Work, guarded},
};
use rusqlite::{
    Connection, ErrorCode, OpenFlags,
    config::DbConfig,
    ffi,
    types::{ToSqlOutput, Value, ValueRef},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// How many pieces of work are committed together at most.
const BATCH: usize = 512;
/// Prepared statements kept by a connection; more than this crate has.
const STATEMENTS: usize = 400;
/// Every statement is written for the indices there are. Statistics, which earlier versions took when a server ended, say
/// how few rows a young server has, and have it look through whole tables once there are many.
const NO_STATISTICS: &str = "DROP TABLE IF EXISTS sqlite_stat1; DROP TABLE IF EXISTS sqlite_stat4";

/// Readers kept open when nobody reads.
const IDLE_READERS: usize = 64;

/// The SQLite arm of the store.
pub(crate) struct Sqlite {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    pub queue: Arc<Queue<Box<dyn Work>>>,
    writer: Mutex<Option<thread::JoinHandle<()>>>,
}

impl Sqlite {
    /// Opens or makes the file and starts the writer.
    pub(crate) fn open(path: &Path, full_sync: bool, cx: Arc<Context>) -> Result<Self> {
        // A connection of its own: one that has read them goes by them to its end.
        batch(&connect(path, false)?, NO_STATISTICS)?;
        let writer = connect(path, false)?;
        let sync = if full_sync { "FULL" } else { "NORMAL" };
        batch(&writer, "PRAGMA journal_mode = WAL")?;
        batch(&writer, &format!("PRAGMA synchronous = {sync}"))?;
        batch(&writer, "BEGIN IMMEDIATE")?;
        crate::migrate::run(&mut Tx::new(Conn::Sqlite(&writer), &cx))?;
        batch(&writer, "COMMIT")?;
        let queue = Arc::new(Queue::new());
        let work = queue.clone();
        let handle = thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || {
                while let Some(items) = work.take(BATCH) {
                    commit_together(&writer, &cx, items);
                }
                // Leaves one tidy file behind; a fault here loses nothing.
                let _ = writer.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
            })
            .map_err(|e| Error::Connection(format!("no thread for the writer: {e}")))?;
        Ok(Self { path: path.into(), readers: Mutex::default(), queue, writer: Mutex::new(Some(handle)) })
    }

    /// Runs a closure on a consistent view, here and now.
    pub(crate) fn read<T, E: From<Error>>(
        &self,
        cx: &Context,
        mut f: impl FnMut(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match idle {
            Some(conn) => conn,
            None => connect(&self.path, true)?,
        };
        cached(&conn, "BEGIN")?;
        let (_, result) = guarded(&mut f, &mut Tx::new(Conn::Sqlite(&conn), cx));
        if cached(&conn, "ROLLBACK").is_ok() {
            let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < IDLE_READERS {
                readers.push(conn);
            }
        }
        result
    }

    pub(crate) fn close(&self) {
        self.queue.close();
        let handle = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle
            // The last handle of the store may have been dropped by work on the writer itself.
            && handle.thread().id() != thread::current().id()
        {
            let _ = handle.join();
        }
    }
}

fn connect(path: &Path, read_only: bool) -> Result<Connection> {
    let fault = |e: rusqlite::Error| Error::Connection(format!("{}: {e}", path.display()));
    let flags = OpenFlags::SQLITE_OPEN_NO_MUTEX
        | if read_only {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
    let conn = Connection::open_with_flags(path, flags).map_err(fault)?;
    conn.busy_timeout(Duration::from_secs(15)).map_err(fault)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS);
    // Plans that depend on bound values would be made anew at every use of a statement.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fault)?;
    // Readers share the system's cache; pages of their own would be the same ones once more for each of them.
    let cache = if read_only { 2_000 } else { 6_000 };
    let pragmas =
        format!("PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{cache};");
    conn.execute_batch(&pragmas).map_err(fault)?;
    Ok(conn)
}

/// Every piece of work in a savepoint of its own, all in one transaction.
fn commit_together(conn: &Connection, cx: &Context, mut items: Vec<Box<dyn Work>>) {
    let mut wakes = Vec::new();
    let ended = cached(conn, "BEGIN IMMEDIATE").and_then(|()| {
        for item in &mut items {
            cached(conn, "SAVEPOINT work")?;
            let mut tx = Tx::new(Conn::Sqlite(conn), cx);
            if item.run(&mut tx) == Ran::Commit {
                wakes.extend(tx.take_wakes());
            } else {
                cached(conn, "ROLLBACK TO work")?;
            }
            cached(conn, "RELEASE work")?;
        }
        cached(conn, "COMMIT").map_err(|e| Error::Commit(e.to_string()))
    });
    if let Err(e) = &ended {
        tracing::error!(error = %e, "a group of {} transactions failed", items.len());
        if !conn.is_autocommit() {
            let _ = conn.execute_batch("ROLLBACK");
        }
    } else {
        cx.wakeups.send(&wakes);
    }
    for item in items {
        item.finish(ended.clone());
    }
}

/// One of our own words: BEGIN, COMMIT, SAVEPOINT.
fn cached(conn: &Connection, text: &'static str) -> Result<()> {
    let run = || conn.prepare_cached(text)?.raw_execute();
    run().map(drop).map_err(|e| Error::Connection(format!("{text}: {e}")))
}

/// Several statements of a migration.
pub(crate) fn batch(conn: &Connection, text: &str) -> Result<()> {
    conn.execute_batch(text)
        .map_err(|e| statement_fault(e, text.split_whitespace().collect::<Vec<_>>().join(" ")))
}

pub(crate) fn query(conn: &Connection, sql: Sql, params: &[Val]) -> Result<Vec<Row>> {
    let mut out = Vec::new();
    each(conn, sql, params, |row| out.push(row))?;
    Ok(out)
}

pub(crate) fn each(conn: &Connection, sql: Sql, params: &[Val], mut look: impl FnMut(Row)) -> Result<()> {
    let mut run = || {
        let mut statement = conn.prepare_cached(Dialect::Sqlite.rendered(sql))?;
        bind(&mut statement, params)?;
        let columns = statement.column_count();
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let mut cols = Vec::with_capacity(columns);
            for i in 0..columns {
                cols.push(match row.get_ref(i)? {
                    ValueRef::Null => Val::Null,
                    ValueRef::Integer(n) => Val::Int(n),
                    ValueRef::Real(n) => Val::Real(n),
                    ValueRef::Text(t) => Val::Text(String::from_utf8_lossy(t).into_owned()),
                    ValueRef::Blob(b) => Val::Blob(b.to_vec()),
                });
            }
            look(Row { sql, cols });
        }
        Ok(())
    };
    run().map_err(|e| statement_fault(e, sql.brief()))
}

pub(crate) fn execute(conn: &Connection, sql: Sql, params: &[Val]) -> Result<u64> {
    let run = || {
        let mut statement = conn.prepare_cached(Dialect::Sqlite.rendered(sql))?;
        bind(&mut statement, params)?;
        statement.raw_execute()
    };
    run().map(|n| n as u64).map_err(|e| statement_fault(e, sql.brief()))
}

/// Whether a statement means something; for the test of all statements.
#[cfg(test)]
pub(crate) fn prepare(conn: &Connection, sql: Sql) -> Result<()> {
    conn.prepare(Dialect::Sqlite.rendered(sql)).map(drop).map_err(|e| statement_fault(e, sql.brief()))
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, params: &[Val]) -> rusqlite::Result<()> {
    let wanted = statement.parameter_count();
    if wanted != params.len() {
        return Err(rusqlite::Error::InvalidParameterCount(params.len(), wanted));
    }
    for (i, value) in params.iter().enumerate() {
        statement.raw_bind_parameter(i + 1, value)?;
    }
    Ok(())
}

impl rusqlite::ToSql for Val {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Val::Null => ToSqlOutput::Owned(Value::Null),
            Val::Int(n) => ToSqlOutput::Owned(Value::Integer(*n)),
            Val::Real(n) => ToSqlOutput::Owned(Value::Real(*n)),
            Val::Text(s) => ToSqlOutput::Borrowed(ValueRef::Text(s.as_bytes())),
            Val::Blob(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        })
    }
}

fn statement_fault(e: rusqlite::Error, sql: String) -> Error {
    if let rusqlite::Error::SqliteFailure(code, message) = &e
        && code.code == ErrorCode::ConstraintViolation
        && matches!(code.extended_code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)
    {
        let what = message.as_deref().unwrap_or("unique rule");
        return Error::Unique { what: what.trim_start_matches("UNIQUE constraint failed: ").to_string() };
    }
    Error::Statement { fault: e.to_string(), sql, retry: false }
}
