//! Hatcheries and what they last said.

use crate::{
    error::{Error, Result},
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
};
use cds_model::{HatcheryId, Timestamp};

sql! {
    PUT = "INSERT INTO hatchery (id, name, model_type, version, offer, token, last_error, lastbeat) VALUES ($1, $2, $3, $4, $5, $6, '', $7) ON CONFLICT (name) DO UPDATE SET model_type = excluded.model_type, version = excluded.version, offer = excluded.offer, token = excluded.token, lastbeat = excluded.lastbeat RETURNING id";
    GET = "SELECT id, name, model_type, version, offer, token, last_error, lastbeat FROM hatchery WHERE id = $1";
    LIST = "SELECT id, name, model_type, version, offer, token, last_error, lastbeat FROM hatchery ORDER BY name";
    BEAT = "UPDATE hatchery SET lastbeat = $2, last_error = $3 WHERE id = $1";
    DELETE = "DELETE FROM hatchery WHERE id = $1";
    DELETE_NAMED = "DELETE FROM hatchery WHERE name = $1";
    PRUNE = "DELETE FROM hatchery WHERE lastbeat < $1 AND NOT EXISTS (SELECT 1 FROM worker WHERE worker.hatchery = hatchery.id)";
}

/// A hatchery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hatchery {
    /// Id.
    pub id: HatcheryId,
    /// Unique; the same name again is the same hatchery come back.
    pub name: String,
    /// `local`, `docker`, …
    pub model_type: String,
    /// Of the program.
    pub version: String,
    /// JSON of what its workers can do.
    pub offer: String,
    /// Id of the token it registered with.
    pub token: String,
    /// Last refusal of its provider; empty = none.
    pub last_error: String,
    /// When it was last heard of.
    pub lastbeat: Timestamp,
}

fn hatchery(row: &Row) -> Result<Hatchery> {
    Ok(Hatchery {
        id: row.get(0)?,
        name: row.get(1)?,
        model_type: row.get(2)?,
        version: row.get(3)?,
        offer: row.get(4)?,
        token: row.get(5)?,
        last_error: row.get(6)?,
        lastbeat: row.get(7)?,
    })
}

/// Registers a hatchery; one of the same name keeps its id, which is given back. One whose id can't be read gets a new one:
/// nobody can have used it.
pub fn put(tx: &mut Tx<'_>, h: &Hatchery) -> Result<HatcheryId> {
    let params = vals![h.id, &h.name, &h.model_type, &h.version, &h.offer, &h.token, h.lastbeat];
    tx.query_one(PUT, params)?.get(0).or_else(|error: Error| {
        tracing::error!(%error, hatchery = h.name, "the record of a hatchery can't be read and is made anew");
        tx.execute(DELETE_NAMED, vals![&h.name])?;
        tx.query_one(PUT, params)?.get(0)
    })
}

/// By id.
pub fn get(tx: &mut Tx<'_>, id: HatcheryId) -> Result<Option<Hatchery>> {
    tx.query_opt(GET, vals![id])?.as_ref().map(hatchery).transpose()
}

/// All, by name.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Hatchery>> {
    tx.query_readable(LIST, &[], hatchery)
}

/// Notes a sign of life. False if the hatchery is not known: it must register again.
pub fn beat(tx: &mut Tx<'_>, id: HatcheryId, now: Timestamp, last_error: &str) -> Result<bool> {
    Ok(tx.execute(BEAT, vals![id, now, last_error])? > 0)
}

/// Forgets a hatchery.
pub fn delete(tx: &mut Tx<'_>, id: HatcheryId) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![id])? > 0)
}

/// Forgets hatcheries without workers that were not heard of since `before`; how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
