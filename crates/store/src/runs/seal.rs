//! Ended runs: sealed into one compressed record, and in the end deleted.

use super::{convert::Sealed, load, load::LoadError, spec};
use crate::{
    error::{Error, Result, to_json},
    sql::sql,
    tx::Tx,
    vals,
    wake::Wake,
};
use cds_model::{RunId, Status, Timestamp};

sql! {
    SEAL = "UPDATE run SET sealed = $3, head = '' WHERE id = $1 AND version = $2 AND final = 1 AND NOT EXISTS (SELECT 1 FROM queue WHERE queue.run = run.id)";
    UNSEALED = "SELECT id FROM run WHERE final = 1 AND head <> '' AND parked IS NULL AND last_execution < $1 ORDER BY last_execution LIMIT $2";
    BLOBS = "SELECT blob FROM run_result WHERE run = $1 AND blob IS NOT NULL";
    DELETE_NODES = "DELETE FROM run_node WHERE run = $1";
    DELETE_TIMERS = "DELETE FROM timer WHERE run = $1";
    DELETE_TAGS = "DELETE FROM run_tag WHERE run = $1";
    DELETE_VERSIONS = "DELETE FROM run_version WHERE run = $1";
    DELETE_QUEUE = "DELETE FROM queue WHERE run = $1";
    DELETE_SLOTS = "DELETE FROM slot WHERE run = $1";
    DELETE_RESULTS = "DELETE FROM run_result WHERE run = $1";
    DELETE_TESTS = "DELETE FROM test_report WHERE run = $1";
    STOP_PARKED = "UPDATE run SET status = $2, final = 1, last_execution = $3, version = version + 1 WHERE id = $1 AND parked IS NOT NULL AND final = 0";
    DELETE_RUN = "DELETE FROM run WHERE id = $1";
}

/// Merges the rows of an ended run into one compressed record. It can be loaded, and even restarted, as before.
/// False if it has not ended or a job of it is still in the queue.
pub fn seal(tx: &mut Tx<'_>, run: RunId) -> Result<bool> {
    let loaded = match load::load_in(tx, run) {
        Ok(loaded) => loaded,
        Err(LoadError::NotFound | LoadError::Parked(_)) => return Ok(false),
        Err(LoadError::Db(e)) => return Err(e),
    };
    let nodes = loaded.run.nodes.iter().map(|n| (**n).clone()).collect();
    let sealed = to_json("sealed run", &Sealed { head: loaded.run.head, nodes })?;
    let data = spec::compress(sealed.as_bytes())?;
    if tx.execute(SEAL, vals![run, loaded.version, data])? == 0 {
        return Ok(false);
    }
    tx.execute(DELETE_NODES, vals![run])?;
    tx.execute(DELETE_TIMERS, vals![run])?;
    Ok(true)
}

/// Ended runs that nothing happened to since `before` and that are not sealed, oldest first.
pub fn unsealed(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<Vec<RunId>> {
    tx.query_readable(UNSEALED, vals![before, limit], |r| r.get(0))
}

/// Ends a run that is set aside. Nobody can say what it would do next, so what it has in the queue, of mutexes and of
/// timers goes, and it counts as stopped; its record stays for whoever mends it. False if it is not set aside or has ended.
pub fn stop_parked(tx: &mut Tx<'_>, run: RunId, now: Timestamp) -> Result<bool> {
    if tx.execute(STOP_PARKED, vals![run, Status::Stopped, now])? == 0 {
        return Ok(false);
    }
    for statement in [DELETE_TIMERS, DELETE_QUEUE, DELETE_SLOTS] {
        tx.execute(statement, vals![run])?;
    }
    tx.wake(Wake::Run(run));
    tx.wake(Wake::Queue);
    tx.wake(Wake::Slot);
    Ok(true)
}

/// Deletes a run and all its rows. Gives the blobs that its results named, for the caller to delete.
pub fn delete(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<String>> {
    let blobs = tx.query(BLOBS, vals![run])?.iter().map(|r| r.get(0)).collect::<Result<_, Error>>()?;
    let all = [
        DELETE_NODES,
        DELETE_TIMERS,
        DELETE_TAGS,
        DELETE_VERSIONS,
        DELETE_QUEUE,
        DELETE_SLOTS,
        DELETE_RESULTS,
        DELETE_TESTS,
        DELETE_RUN,
    ];
    for statement in all {
        tx.execute(statement, vals![run])?;
    }
    tx.wake(Wake::Run(run));
    tx.wake(Wake::Queue);
    tx.wake(Wake::Slot);
    Ok(blobs)
}
