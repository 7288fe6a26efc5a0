//! Servers on the same database, and where they are reached.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use cds_model::Timestamp;

sql! {
    BEAT = "INSERT INTO server (id, url, lastbeat, fleet) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET url = excluded.url, lastbeat = excluded.lastbeat, fleet = excluded.fleet";
    OTHERS = "SELECT id, url, lastbeat, fleet FROM server WHERE id <> $1 ORDER BY lastbeat DESC, id";
    PRUNE = "DELETE FROM server WHERE lastbeat < $1";
}

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Of its data directory.
    pub id: String,
    /// Address at which the other servers reach it.
    pub url: String,
    /// When it was last heard of.
    pub lastbeat: Timestamp,
    /// JSON of what it tells of its hatcheries.
    pub fleet: String,
}

/// A server says that it is there.
pub fn beat(tx: &mut Tx<'_>, server: &Server) -> Result<()> {
    tx.execute(BEAT, vals![&server.id, &server.url, server.lastbeat, &server.fleet]).map(drop)
}

/// All servers but one, the one heard of last first.
pub fn others(tx: &mut Tx<'_>, id: &str) -> Result<Vec<Server>> {
    tx.query_readable(OTHERS, vals![id], |r| {
        Ok(Server { id: r.get(0)?, url: r.get(1)?, lastbeat: r.get(2)?, fleet: r.shown(3, "[]".to_string()) })
    })
}

/// Forgets servers that were not heard of since `before`; how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
