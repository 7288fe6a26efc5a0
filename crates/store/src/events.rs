//! Events for listeners, in one order that a reader can follow by id without missing any.

use crate::{dialect::Dialect, error::Result, sql::sql, tx::Tx, val::Row, vals, wake::Wake};
use cds_model::{RunId, Timestamp};

sql! {
    APPEND = "INSERT INTO event (at, run, data) VALUES ($1, $2, $3) RETURNING id";
    AFTER = "SELECT id, at, run, data FROM event WHERE id > $1 ORDER BY id LIMIT $2";
    LAST = "SELECT COALESCE(MAX(id), 0) FROM event";
    FIRST = "SELECT COALESCE(MIN(id), 0) FROM event";
    PRUNE = "DELETE FROM event WHERE at < $1";
}

/// Ids are drawn before the commit, so on PostgreSQL writers of events go one after the other: else a reader
/// could see 8, go on from there, and miss 7 which was committed later.
pub(crate) const LOCK: crate::sql::Sql =
    crate::sql::Sql("SELECT 1 FROM (SELECT pg_advisory_xact_lock(4823661)) AS l");

/// A stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Counts up; there may be gaps.
    pub id: i64,
    /// When it happened.
    pub at: Timestamp,
    /// Of which run, if of one.
    pub run: Option<RunId>,
    /// JSON.
    pub data: String,
}

fn stored(row: &Row) -> Result<Stored> {
    Ok(Stored { id: row.get(0)?, at: row.get(1)?, run: row.get(2)?, data: row.get(3)? })
}

/// Stores an event and tells it when the transaction is committed. Best the last statement of a transaction.
pub fn append(tx: &mut Tx<'_>, at: Timestamp, run: Option<RunId>, data: &str) -> Result<i64> {
    if tx.dialect() == Dialect::Postgres {
        tx.execute(LOCK, &[])?;
    }
    let id = tx.query_one(APPEND, vals![at, run, data])?.get(0)?;
    tx.wake(Wake::Event(id));
    Ok(id)
}

/// Events after an id, oldest first.
pub fn after(tx: &mut Tx<'_>, id: i64, limit: i64) -> Result<Vec<Stored>> {
    tx.query(AFTER, vals![id, limit])?.iter().map(stored).collect()
}

/// Id of the newest event; 0 = none.
pub fn last(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one(LAST, &[])?.get(0)
}

/// Id of the oldest event kept; 0 = none. A reader that asks for older ones has missed some.
pub fn first(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one(FIRST, &[])?.get(0)
}

/// Forgets events older than `before`; how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
