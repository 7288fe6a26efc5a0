//! Caches that jobs push and pull, by project and tag (spec 11.4).

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{ProjectId, Timestamp};

sql! {
    OLD = "SELECT blob FROM cache WHERE project = $1 AND tag = $2 {for_update}";
    PUT = "INSERT INTO cache (project, tag, blob, size, created, last_used) VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (project, tag) DO UPDATE SET blob = excluded.blob, size = excluded.size, created = excluded.created, last_used = excluded.last_used";
    GET = "SELECT project, tag, blob, size, created, last_used FROM cache WHERE project = $1 AND tag = $2";
    LIST = "SELECT project, tag, blob, size, created, last_used FROM cache WHERE project = $1 ORDER BY tag";
    USED = "UPDATE cache SET last_used = $3 WHERE project = $1 AND tag = $2";
    DELETE = "DELETE FROM cache WHERE project = $1 AND tag = $2 RETURNING blob";
    BLOBS = "SELECT blob FROM cache";
    PRUNE = "DELETE FROM cache WHERE last_used < $1 RETURNING blob";
}

/// A cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    /// Project.
    pub project: ProjectId,
    /// Tag, as the job gave it.
    pub tag: String,
    /// Where its bytes are.
    pub blob: String,
    /// Bytes.
    pub size: i64,
    /// When it was pushed.
    pub created: Timestamp,
    /// When it was last pushed or pulled.
    pub last_used: Timestamp,
}

fn cache(row: &Row) -> Result<Cache> {
    Ok(Cache {
        project: row.get(0)?,
        tag: row.get(1)?,
        blob: row.get(2)?,
        size: row.get(3)?,
        created: row.get(4)?,
        last_used: row.get(5)?,
    })
}

/// Adds or replaces a cache. Gives the blob it replaced, for the caller to delete.
pub fn put(tx: &mut Tx<'_>, c: &Cache) -> Result<Option<String>> {
    let old = tx.query_opt(OLD, vals![c.project, &c.tag])?.map(|r| r.get::<String>(0)).transpose()?;
    tx.execute(PUT, vals![c.project, &c.tag, &c.blob, c.size, c.created])?;
    Ok(old.filter(|blob| *blob != c.blob))
}

/// One cache.
pub fn get(tx: &mut Tx<'_>, project: ProjectId, tag: &str) -> Result<Option<Cache>> {
    tx.query_opt(GET, vals![project, tag])?.as_ref().map(cache).transpose()
}

/// Caches of a project, by tag.
pub fn list(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Cache>> {
    tx.query_readable(LIST, vals![project], cache)
}

/// Notes a pull.
pub fn used(tx: &mut Tx<'_>, project: ProjectId, tag: &str, now: Timestamp) -> Result<()> {
    tx.execute(USED, vals![project, tag, now]).map(drop)
}

/// Removes a cache. Gives its blob.
pub fn delete(tx: &mut Tx<'_>, project: ProjectId, tag: &str) -> Result<Option<String>> {
    tx.query_opt(DELETE, vals![project, tag])?.map(|r| r.get(0)).transpose()
}

/// Every blob that a cache names.
pub fn blobs(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    tx.query(BLOBS, &[])?.iter().map(|r| r.get(0)).collect()
}

/// Removes caches not used since `before`. Gives their blobs.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<Vec<String>> {
    tx.query(PRUNE, vals![before])?.iter().map(|r| r.get(0)).collect()
}
