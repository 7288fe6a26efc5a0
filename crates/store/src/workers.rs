//! Workers: ordered, registered, at work, gone.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals, wake::Wake};
use cds_model::{Attempt, HatcheryId, JobRef, Timestamp, WorkerId};

sql! {
    INSERT = "INSERT INTO worker (id, name, hatchery, status, os, arch, version, info, job, jobs_done, created, lastbeat) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    DISABLE = "UPDATE worker SET status = 'Disabled' WHERE id = $1";
    GET = "SELECT id, name, hatchery, status, os, arch, version, info, job, jobs_done, created, lastbeat FROM worker WHERE id = $1";
    LIST = "SELECT id, name, hatchery, status, os, arch, version, info, job, jobs_done, created, lastbeat FROM worker ORDER BY id";
    OF_HATCHERY = "SELECT id, name, hatchery, status, os, arch, version, info, job, jobs_done, created, lastbeat FROM worker WHERE hatchery = $1 ORDER BY id";
    TAKE = "SELECT take, take_job, take_attempt FROM worker WHERE id = $1";
    DELETE = "DELETE FROM worker WHERE id = $1";
    PRUNE = "DELETE FROM worker WHERE created < $1";
}

/// A worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Id.
    pub id: WorkerId,
    /// For people.
    pub name: String,
    /// Who started it.
    pub hatchery: HatcheryId,
    /// `Pending`, `Waiting`, `Building`, `Disabled`.
    pub status: String,
    /// Go's name.
    pub os: String,
    /// Go's name.
    pub arch: String,
    /// Of the program.
    pub version: String,
    /// JSON of what else it said of itself (host, process id).
    pub info: String,
    /// The job it runs.
    pub job: Option<JobRef>,
    /// Jobs it has run.
    pub jobs_done: u32,
    /// When it was ordered.
    pub created: Timestamp,
    /// When it was last heard of.
    pub lastbeat: Option<Timestamp>,
}

fn worker(row: &Row) -> Result<Worker> {
    Ok(Worker {
        id: row.get(0)?,
        name: row.get(1)?,
        hatchery: row.get(2)?,
        status: row.get(3)?,
        os: row.get(4)?,
        arch: row.get(5)?,
        version: row.get(6)?,
        info: row.get(7)?,
        job: row.get(8)?,
        jobs_done: row.get(9)?,
        created: row.get(10)?,
        lastbeat: row.get(11)?,
    })
}

/// Adds a worker.
pub fn insert(tx: &mut Tx<'_>, w: &Worker) -> Result<()> {
    let params = vals![
        w.id,
        &w.name,
        w.hatchery,
        &w.status,
        &w.os,
        &w.arch,
        &w.version,
        &w.info,
        w.job,
        w.jobs_done,
        w.created,
        w.lastbeat
    ];
    tx.execute(INSERT, params).map(drop)
}

/// It gets no more jobs, on whatever server it asks. False if the worker is not known.
pub fn disable(tx: &mut Tx<'_>, id: WorkerId) -> Result<bool> {
    tx.wake(Wake::Disabled(id));
    Ok(tx.execute(DISABLE, vals![id])? > 0)
}

/// By id.
pub fn get(tx: &mut Tx<'_>, id: WorkerId) -> Result<Option<Worker>> {
    tx.query_opt(GET, vals![id])?.as_ref().map(worker).transpose()
}

/// All, oldest first.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Worker>> {
    tx.query_readable(LIST, &[], worker)
}

/// Workers of a hatchery, oldest first.
pub fn of_hatchery(tx: &mut Tx<'_>, hatchery: HatcheryId) -> Result<Vec<Worker>> {
    tx.query_readable(OF_HATCHERY, vals![hatchery], worker)
}

/// The last take of a worker that was answered with a job; written with the lease, in the commit of its run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LastTake {
    /// The number the worker gave it; 0 = none yet.
    pub number: i64,
    /// What it was answered with.
    pub given: Option<(JobRef, Attempt)>,
}

/// The last take of a worker; `None` if it is not known.
pub fn last_take(tx: &mut Tx<'_>, id: WorkerId) -> Result<Option<LastTake>> {
    let Some(row) = tx.query_opt(TAKE, vals![id])? else { return Ok(None) };
    let (job, attempt): (Option<JobRef>, Option<Attempt>) = (row.get(1)?, row.get(2)?);
    Ok(Some(LastTake { number: row.get(0)?, given: job.zip(attempt) }))
}

/// Forgets a worker and its tokens.
pub fn delete(tx: &mut Tx<'_>, id: WorkerId) -> Result<bool> {
    crate::tokens::delete_of(tx, &id.to_string())?;
    Ok(tx.execute(DELETE, vals![id])? > 0)
}

/// Forgets workers that came before `before`, when their tokens have ended; how many.
pub fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
