//! Mutexes of nodes over all runs of a workflow (spec 6.7): one holder, the waiting run with the lowest number is next.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{NodeRunNo, RunId, Timestamp, WorkflowId};

sql! {
    NEXT = "SELECT s.workflow, s.node, s.run, s.node_run, s.number, s.held, s.since FROM slot s WHERE s.held = 0 AND NOT EXISTS (SELECT 1 FROM slot h WHERE h.workflow = s.workflow AND h.node = s.node AND h.held = 1) AND NOT EXISTS (SELECT 1 FROM slot o WHERE o.workflow = s.workflow AND o.node = s.node AND o.held = 0 AND (o.number < s.number OR (o.number = s.number AND (o.run < s.run OR (o.run = s.run AND o.node_run < s.node_run)))))";
    HOLD = "UPDATE slot SET held = 1 WHERE workflow = $1 AND node = $2 AND run = $3 AND node_run = $4";
    HELD = "SELECT workflow, node, run, node_run, number, held, since FROM slot WHERE held = 1 ORDER BY workflow, node";
    ALL = "SELECT workflow, node, run, node_run, number, held, since FROM slot ORDER BY workflow, node, held DESC, number, run, node_run";
    OF_NODE = "SELECT workflow, node, run, node_run, number, held, since FROM slot WHERE workflow = $1 AND node = $2 ORDER BY held DESC, number, run, node_run";
    OF_RUN = "SELECT workflow, node, run, node_run, number, held, since FROM slot WHERE run = $1 ORDER BY node_run";
    RELEASE = "DELETE FROM slot WHERE run = $1 AND node_run = $2";
    ORPHANS = "DELETE FROM slot WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = slot.run)";
}

/// Who holds or wants a mutex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Workflow; none for runs without one.
    pub workflow: Option<WorkflowId>,
    /// Node name.
    pub node: String,
    /// Which run.
    pub run: RunId,
    /// Which node run of it.
    pub node_run: NodeRunNo,
    /// Run number.
    pub number: i64,
    /// Has it, or waits.
    pub held: bool,
    /// When it asked; 0 for those of a server too old to write that down.
    pub since: Timestamp,
}

fn slot(row: &Row) -> Result<Slot> {
    let workflow: String = row.get(0)?;
    Ok(Slot {
        workflow: if workflow.is_empty() { None } else { Some(row.get(0)?) },
        node: row.get(1)?,
        run: row.get(2)?,
        node_run: row.get(3)?,
        number: row.get(4)?,
        held: row.get(5)?,
        since: row.get(6)?,
    })
}

/// Gives every free mutex to its next waiter. The caller then tells each run `SlotGranted`; after a crash in
/// between, [`held`] names those that may not have been told.
pub fn grant(tx: &mut Tx<'_>) -> Result<Vec<Slot>> {
    let mut granted = Vec::new();
    for row in tx.query(NEXT, &[])? {
        // One that can't be read is given nothing; it is in nobody's way, because only the run it names can be asked.
        let Ok(mut s) = slot(&row) else { continue };
        tx.execute(HOLD, vals![row.text(0)?, &s.node, s.run, s.node_run])?;
        s.held = true;
        granted.push(s);
    }
    Ok(granted)
}

/// All holders.
pub fn held(tx: &mut Tx<'_>) -> Result<Vec<Slot>> {
    tx.query_readable(HELD, &[], slot)
}

/// Holders and waiters of all mutexes, the holder first, then in the order of service.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Slot>> {
    tx.query_readable(ALL, &[], slot)
}

/// Holder and waiters of one mutex.
pub fn of_node(tx: &mut Tx<'_>, workflow: WorkflowId, node: &str) -> Result<Vec<Slot>> {
    tx.query_readable(OF_NODE, vals![workflow, node], slot)
}

/// What node runs of one run hold or want.
pub fn of_run(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<Slot>> {
    tx.query_readable(OF_RUN, vals![run], slot)
}

/// Takes a mutex or a request away, outside the run's commits.
pub fn release(tx: &mut Tx<'_>, run: RunId, node_run: NodeRunNo) -> Result<bool> {
    tx.wake(crate::Wake::Slot);
    Ok(tx.execute(RELEASE, vals![run, node_run])? > 0)
}

/// Removes what runs that are gone have left; how many.
pub fn prune(tx: &mut Tx<'_>) -> Result<u64> {
    tx.execute(ORPHANS, &[])
}
