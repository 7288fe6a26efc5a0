//! Timers of runs. Set by commits; a timer whose time is past is delivered at least once.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use cds_engine::event::TimerKey;
use cds_model::{RunId, Timestamp};

sql! {
    DUE = "SELECT run, key, at FROM timer WHERE at <= $1 ORDER BY at, run, key LIMIT $2";
    NEXT = "SELECT at FROM timer ORDER BY at LIMIT 1";
    DONE = "DELETE FROM timer WHERE run = $1 AND key = $2 AND at = $3";
    OF_RUN = "SELECT run, key, at FROM timer WHERE run = $1 ORDER BY at, key";
    ORPHANS = "DELETE FROM timer WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = timer.run)";
}

/// A timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Of which run.
    pub run: RunId,
    /// Which one.
    pub key: TimerKey,
    /// When it rings.
    pub at: Timestamp,
    /// The key as stored.
    text: String,
}

fn timers(rows: Vec<crate::Row>) -> Result<Vec<Timer>> {
    rows.iter()
        .map(|r| Ok(Timer { run: r.get(0)?, key: r.json(1)?, at: r.get(2)?, text: r.get(1)? }))
        .collect()
}

/// Timers whose time has come, the earliest first; and how many rows among them can't be read: [`sweep`] those away.
pub fn due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<(Vec<Timer>, usize)> {
    let rows = tx.query(DUE, vals![now, limit])?;
    let all = rows.len();
    let due: Vec<Timer> = rows.into_iter().filter_map(|row| timers(vec![row]).ok()).flatten().collect();
    let bad = all - due.len();
    Ok((due, bad))
}

/// Deletes timers whose time has come and that can't be read: they would be the first for ever, and ring for nobody.
/// What they stood for is set again when their runs are reconciled. Gives their rows in words.
pub fn sweep(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<String>> {
    let mut swept = Vec::new();
    for row in tx.query(DUE, vals![now, limit])? {
        let key = row.cols.clone();
        if timers(vec![row]).is_err() {
            tx.execute(DONE, &key)?;
            swept.push(format!("{key:?}"));
        }
    }
    Ok(swept)
}

/// When the next one rings.
pub fn next(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    tx.query_opt(NEXT, &[])?.map(|r| r.get(0)).transpose()
}

/// Removes a timer after its event was committed; one that was meanwhile set to another time stays.
pub fn done(tx: &mut Tx<'_>, timer: &Timer) -> Result<()> {
    tx.execute(DONE, vals![timer.run, &timer.text, timer.at]).map(drop)
}

/// Timers of a run; rows that can't be read are left out.
pub fn of_run(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<Timer>> {
    Ok(tx.query(OF_RUN, vals![run])?.into_iter().filter_map(|row| timers(vec![row]).ok()).flatten().collect())
}

/// Removes timers whose run is gone; how many.
pub fn prune(tx: &mut Tx<'_>) -> Result<u64> {
    tx.execute(ORPHANS, &[])
}
