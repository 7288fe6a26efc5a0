//! Rows changed behind a server's back, as a fault of a disk or of a person would.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use cds_model::RunId;

sql! {
    LOSE_QUEUE = "DELETE FROM queue WHERE run = $1";
    LOSE_TIMERS = "DELETE FROM timer WHERE run = $1";
    REPEAT_QUEUE = "INSERT INTO queue (run, job, attempt, project, workflow, number, node, name, requirements, groups, region, priority, triggered_by, queued, cancelled) SELECT run, job, attempt + 7, project, workflow, number, node, name, requirements, groups, region, priority, triggered_by, queued, cancelled FROM queue WHERE run = $1";
    GARBLE_TIMER = "UPDATE timer SET key = '{', at = 0 WHERE run = $1 AND key LIKE '%Run%'";
    RING_TIMERS = "UPDATE timer SET at = 1 WHERE run = $1";
    GARBLE_RUN = "UPDATE run SET head = '!' || head WHERE id = $1";
    GARBLE_QUEUE = "UPDATE queue SET requirements = 'not json', queued = 0 WHERE run = $1";
    GARBLE_STATUS = "UPDATE run SET status = 'Nonsense', tags = '{' WHERE id = $1";
    EMPTY_HEAD = "UPDATE run SET head = '{\"x\":1}' WHERE id = $1";
    MEND_RUN = "UPDATE run SET head = substr(head, 2) WHERE id = $1";
}

/// What is done to the rows of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Its jobs are in no queue any more.
    LoseQueue,
    /// No timer will ring.
    LoseTimers,
    /// Attempts that never were are queued.
    RepeatQueue,
    /// Its time limit can't be read, and is due.
    GarbleTimer,
    /// All its timers are due.
    RingTimers,
    /// What is queued of it can't be read.
    GarbleQueue,
    /// What lists say of it can't be read.
    GarbleStatus,
    /// Its state is another thing's.
    EmptyHead,
    /// Its state can't be read.
    GarbleRun,
    /// Undoes [`Damage::GarbleRun`].
    MendRun,
}

/// Does it; gives how many rows were changed.
///
/// # Errors
/// The database failed.
pub fn damage(tx: &mut Tx<'_>, run: RunId, what: Damage) -> Result<u64> {
    let statement = match what {
        Damage::LoseQueue => LOSE_QUEUE,
        Damage::LoseTimers => LOSE_TIMERS,
        Damage::RepeatQueue => REPEAT_QUEUE,
        Damage::GarbleTimer => GARBLE_TIMER,
        Damage::RingTimers => RING_TIMERS,
        Damage::GarbleQueue => GARBLE_QUEUE,
        Damage::GarbleStatus => GARBLE_STATUS,
        Damage::EmptyHead => EMPTY_HEAD,
        Damage::GarbleRun => GARBLE_RUN,
        Damage::MendRun => MEND_RUN,
    };
    tx.execute(statement, vals![run])
}
