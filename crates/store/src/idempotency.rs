//! Idempotency keys of requests that make runs. They are claimed by the commit that makes the run.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use cds_model::{RunId, Timestamp, WorkflowId};

sql! {
    GET = "SELECT run FROM idempotency WHERE scope = $1 AND key = $2";
    PRUNE = "DELETE FROM idempotency WHERE created < $1";
}

/// The run that a key of a workflow made. A commit checks this too: asking first only spares work.
pub fn get(tx: &mut Tx<'_>, workflow: WorkflowId, key: &str) -> Result<Option<RunId>> {
    tx.query_opt(GET, vals![workflow, key])?.map(|r| r.get(0)).transpose()
}

/// Forgets keys older than `before`; how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
