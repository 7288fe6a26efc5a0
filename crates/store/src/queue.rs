//! The queue: attempts that wait for a worker or have one. Entries come and go with commits of their runs.

use crate::{
    error::{Result, to_json},
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
    wake::Wake,
};
use cds_model::{Attempt, JobNo, JobRef, ProjectId, RunId, Timestamp, WorkerId, WorkflowId};
use std::collections::BTreeSet;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT run, job, attempt, project, workflow, number, node, name, requirements, groups, region, priority, ",
            "triggered_by, queued, worker, lease_until, cancelled, parked FROM queue ",
            $rest
        )
    };
}

sql! {
    ALL = select!("ORDER BY priority DESC, queued, run, job, attempt");
    GET = select!("WHERE run = $1 AND job = $2 AND attempt = $3");
    OF_RUN = select!("WHERE run = $1 ORDER BY job, attempt");
    OF_RUNS = select!("WHERE run {in}$1{end} ORDER BY priority DESC, queued, run, job, attempt");
    MARKS = "SELECT run, job, attempt, worker, lease_until, cancelled, parked FROM queue";
    RUNS = "SELECT DISTINCT run FROM queue ORDER BY run";
    OF_WORKER = select!("WHERE worker = $1 ORDER BY run, job, attempt");
    EXPIRED = select!("WHERE lease_until < $1 ORDER BY lease_until LIMIT $2");
    EXTEND = "UPDATE queue SET lease_until = $5 WHERE run = $1 AND job = $2 AND attempt = $3 AND worker = $4";
    RENEW = "UPDATE queue SET lease_until = $3 WHERE (run, job, attempt) IN (SELECT run, job, attempt FROM queue WHERE worker {in}$1{end} AND run || ' ' || job || ' ' || attempt {in}$2{end} AND lease_until < $3 ORDER BY run, job, attempt {skip_locked}) RETURNING run, job, attempt";
    PARK = "UPDATE queue SET parked = $4 WHERE run = $1 AND job = $2 AND attempt = $3";
    REMOVE = "DELETE FROM queue WHERE run = $1 AND job = $2 AND attempt = $3";
    ORPHANS = "DELETE FROM queue WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.id = queue.run)";
}

/// An attempt in the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Which run.
    pub run: RunId,
    /// Which job.
    pub job: JobNo,
    /// Which attempt; the fencing token of the lease.
    pub attempt: Attempt,
    /// Its project.
    pub project: ProjectId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Run number.
    pub number: i64,
    /// Node name.
    pub node: String,
    /// Job name.
    pub name: String,
    /// What the worker must offer.
    pub requirements: Vec<cds_workflow::def::Requirement>,
    /// Groups whose hatcheries may run it; empty = all.
    pub groups: Vec<String>,
    /// Region wanted; empty = none.
    pub region: String,
    /// Higher goes first.
    pub priority: i64,
    /// Who started the run.
    pub triggered_by: String,
    /// Since when.
    pub queued: Timestamp,
    /// Who has it.
    pub worker: Option<WorkerId>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// Its worker must stop it.
    pub cancelled: bool,
    /// Set aside, and why.
    pub parked: Option<String>,
}

impl Entry {
    /// How it stands.
    pub fn mark(&self) -> Mark {
        let lease = cds_engine::upkeep::lease::Row {
            worker: self.worker,
            until: self.lease_until,
            stopped: self.cancelled,
        };
        let job = JobRef { run: self.run, job: self.job };
        Mark { job, attempt: self.attempt, lease, parked: self.parked.is_some() }
    }
}

/// How an attempt stands in the queue: the part of an [`Entry`] that changes, small enough to be read of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which job.
    pub job: JobRef,
    /// Which attempt.
    pub attempt: Attempt,
    /// Its lease, if it has one.
    pub lease: cds_engine::upkeep::lease::Row,
    /// Set aside.
    pub parked: bool,
}

impl Mark {
    /// Whether it waits for a worker.
    pub fn waits(&self) -> bool {
        self.lease.worker.is_none() && !self.lease.stopped && !self.parked
    }
}

fn entry(row: &Row) -> Result<Entry> {
    Ok(Entry {
        run: row.get(0)?,
        job: row.get(1)?,
        attempt: row.get(2)?,
        project: row.get(3)?,
        workflow: row.get(4)?,
        number: row.get(5)?,
        node: row.get(6)?,
        name: row.get(7)?,
        requirements: row.json(8)?,
        groups: row.json(9)?,
        region: row.get(10)?,
        priority: row.get(11)?,
        triggered_by: row.get(12)?,
        queued: row.get(13)?,
        worker: row.get(14)?,
        lease_until: row.get(15)?,
        cancelled: row.get(16)?,
        parked: row.get(17)?,
    })
}

/// The whole queue in the order of service. Entries that can't be read are left out and told in the second list
/// (run, job, attempt and fault in words), so that one bad row does not stop the others.
pub fn load(tx: &mut Tx<'_>) -> Result<(Vec<Entry>, Vec<String>)> {
    let (mut entries, mut faults) = (Vec::new(), Vec::new());
    for row in tx.query(ALL, &[])? {
        match entry(&row) {
            Ok(e) => entries.push(e),
            Err(e) => faults.push(format!("queue entry {:?}: {e}", &row.cols[..3.min(row.cols.len())])),
        }
    }
    Ok((entries, faults))
}

/// How every attempt in the queue stands, in no order. Rows that can't be read are left out; [`load`] tells them.
pub fn marks(tx: &mut Tx<'_>) -> Result<Vec<Mark>> {
    let mut marks = Vec::new();
    tx.each(MARKS, &[], |row| {
        let mark = || -> Result<Mark> {
            let lease = cds_engine::upkeep::lease::Row {
                worker: row.get(3)?,
                until: row.get(4)?,
                stopped: row.get(5)?,
            };
            let parked: Option<String> = row.get(6)?;
            let job = JobRef { run: row.get(0)?, job: row.get(1)? };
            Ok(Mark { job, attempt: row.get(2)?, lease, parked: parked.is_some() })
        };
        marks.extend(mark().ok());
    })?;
    Ok(marks)
}

/// Entries of several runs in the order of service; those that can't be read are left out.
pub fn of_runs(tx: &mut Tx<'_>, runs: &BTreeSet<RunId>) -> Result<Vec<Entry>> {
    let runs = to_json("runs", runs)?;
    Ok(tx.query(OF_RUNS, vals![runs])?.iter().filter_map(|row| entry(row).ok()).collect())
}

/// One entry.
pub fn get(tx: &mut Tx<'_>, run: RunId, job: JobNo, attempt: Attempt) -> Result<Option<Entry>> {
    tx.query_opt(GET, vals![run, job, attempt])?.as_ref().map(entry).transpose()
}

/// Entries of a run; those that can't be read are left out.
pub fn of_run(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<Entry>> {
    Ok(tx.query(OF_RUN, vals![run])?.iter().filter_map(|row| entry(row).ok()).collect())
}

/// Runs that have entries, ended or not.
pub fn runs(tx: &mut Tx<'_>) -> Result<Vec<RunId>> {
    Ok(tx.query(RUNS, &[])?.iter().filter_map(|row| row.get(0).ok()).collect())
}

/// What a worker has.
pub fn of_worker(tx: &mut Tx<'_>, worker: WorkerId) -> Result<Vec<Entry>> {
    tx.query_readable(OF_WORKER, vals![worker], entry)
}

/// Says until when a lease holds. False if the worker has it no longer: what it says is history.
pub fn extend(
    tx: &mut Tx<'_>,
    run: RunId,
    job: JobNo,
    attempt: Attempt,
    worker: WorkerId,
    until: Timestamp,
) -> Result<bool> {
    Ok(tx.execute(EXTEND, vals![run, job, attempt, worker, until])? > 0)
}

/// Extends leases (job, attempt and worker) that end before `until`; which of them. One that is being committed at this
/// moment is left out: commits must not wait for this.
pub fn renew(
    tx: &mut Tx<'_>,
    leases: &[(JobRef, Attempt, WorkerId)],
    until: Timestamp,
) -> Result<Vec<(JobRef, Attempt)>> {
    let workers: BTreeSet<WorkerId> = leases.iter().map(|(_, _, worker)| *worker).collect();
    let keys: Vec<String> =
        leases.iter().map(|(job, attempt, _)| format!("{} {} {attempt}", job.run, job.job)).collect();
    let (workers, keys) = (to_json("workers", &workers)?, to_json("leases", &keys)?);
    let renewed = tx.query(RENEW, vals![workers, keys, until])?;
    renewed.iter().map(|row| Ok((JobRef { run: row.get(0)?, job: row.get(1)? }, row.get(2)?))).collect()
}

/// Leases that ran out before `now`; their runs must be told that the worker is lost.
pub fn expired(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> Result<Vec<Entry>> {
    tx.query_readable(EXPIRED, vals![now, limit], entry)
}

/// Sets an entry aside with a reason, or (`None`) takes it up again.
pub fn park(tx: &mut Tx<'_>, run: RunId, job: JobNo, attempt: Attempt, why: Option<&str>) -> Result<bool> {
    tx.wake(Wake::Queue);
    Ok(tx.execute(PARK, vals![run, job, attempt, why])? > 0)
}

/// Removes an entry outside its run's commits; for administrators.
pub fn remove(tx: &mut Tx<'_>, run: RunId, job: JobNo, attempt: Attempt) -> Result<bool> {
    tx.wake(Wake::Queue);
    Ok(tx.execute(REMOVE, vals![run, job, attempt])? > 0)
}

/// Removes entries whose run is gone; how many.
pub fn prune(tx: &mut Tx<'_>) -> Result<u64> {
    tx.execute(ORPHANS, &[])
}
