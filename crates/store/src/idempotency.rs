//! Idempotency keys of requests that make runs or go on with them. They are claimed by the commit that does it.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use cds_model::{RunId, Timestamp, WorkflowId};

sql! {
    GET = "SELECT run, digest FROM idempotency WHERE scope = $1 AND key = $2";
    PRUNE = "DELETE FROM idempotency WHERE created < $1";
}

/// A request that is to be carried out once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// The caller's key, unique in a workflow.
    pub key: String,
    /// Tells one request from another, e.g. a hash of it.
    pub digest: String,
}

impl Once {
    /// Whether a request with this digest, as it is stored, was the same. An empty one is from a time when none was
    /// stored.
    pub(crate) fn is(&self, stored: &str) -> bool {
        stored.is_empty() || stored == self.digest
    }
}

/// What was done before for a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Earlier {
    /// The same request, for this run.
    Same(RunId),
    /// Another request.
    Other,
}

/// What a key of a workflow stands for. A commit checks this too: asking first only spares work.
pub fn get(tx: &mut Tx<'_>, workflow: WorkflowId, once: &Once) -> Result<Option<Earlier>> {
    let Some(row) = tx.query_opt(GET, vals![workflow, once.key.as_str()])? else { return Ok(None) };
    Ok(Some(if once.is(row.text(1)?) { Earlier::Same(row.get(0)?) } else { Earlier::Other }))
}

/// Forgets keys older than `before`; how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
