//! Run results: artifacts and their like (spec 11.3).

use crate::{
    error::{Error, Result, to_json},
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
};
use cds_model::{Attempt, JobNo, RunId, Timestamp};
use indexmap::IndexMap;

sql! {
    LOCK_RUN = "SELECT id FROM run WHERE id = $1 {for_update}";
    SAME_NAME = "SELECT node, sub, job, attempt, id FROM run_result WHERE run = $1 AND kind = $2 AND name = $3 AND id <> $4";
    DELETE = "DELETE FROM run_result WHERE id = $1";
    INSERT = "INSERT INTO run_result (id, run, kind, name, node, sub, job, attempt, blob, data, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    LIST = "SELECT id, run, kind, name, node, sub, job, attempt, blob, data, created FROM run_result WHERE run = $1 ORDER BY created, id";
    GET = "SELECT id, run, kind, name, node, sub, job, attempt, blob, data, created FROM run_result WHERE id = $1";
    BLOBS = "SELECT DISTINCT blob FROM run_result WHERE blob IS NOT NULL ORDER BY blob";
}

/// A result of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunResult {
    /// Id, a UUID.
    pub id: String,
    /// Of which run.
    pub run: RunId,
    /// `artifact`, `coverage`, `artifact-manager`, `static-file`.
    pub kind: String,
    /// File name.
    pub name: String,
    /// Node that made it.
    pub node: String,
    /// Sub-number in which it was made.
    pub sub: u32,
    /// Job that made it.
    pub job: JobNo,
    /// Attempt that made it.
    pub attempt: Attempt,
    /// Where its bytes are; none for results kept elsewhere.
    pub blob: Option<String>,
    /// Size, digests and so on, by name.
    pub data: IndexMap<String, String>,
    /// When it was added.
    pub created: Timestamp,
}

/// Why a result was refused; a 409.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ResultError {
    /// Another node of the run has a file of this name and kind.
    #[error("{0} {1} has already been uploaded from another pipeline")]
    OtherNode(String, String),
    /// It is there already, of this sub-number or a later one.
    #[error("{0} {1} has already been uploaded")]
    Repeated(String, String),
    /// The run is gone.
    #[error("there is no such run")]
    NoRun,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] Error),
}

fn result(row: &Row) -> Result<RunResult> {
    Ok(RunResult {
        id: row.get(0)?,
        run: row.get(1)?,
        kind: row.get(2)?,
        name: row.get(3)?,
        node: row.get(4)?,
        sub: row.get(5)?,
        job: row.get(6)?,
        attempt: row.get(7)?,
        blob: row.get(8)?,
        data: row.json(9)?,
        created: row.get(10)?,
    })
}

/// Which attempts count: what one that was lost has made is nobody's.
pub type Counts<'c> = dyn Fn(JobNo, Attempt) -> bool + 'c;

/// Whether a result may be added. A restart may replace what an earlier sub-number made; names of
/// `artifact-manager` results are not looked at (spec 11.3), nor what lost attempts made: its ids are given.
pub fn check(tx: &mut Tx<'_>, r: &RunResult, counts: &Counts<'_>) -> Result<Vec<String>, ResultError> {
    let mut lost = Vec::new();
    if r.kind == "artifact-manager" {
        return Ok(lost);
    }
    for row in tx.query(SAME_NAME, vals![r.run, &r.kind, &r.name, &r.id])? {
        if !counts(row.get(2)?, row.get(3)?) {
            lost.push(row.get(4)?);
        } else if row.text(0)? != r.node {
            return Err(ResultError::OtherNode(r.kind.clone(), r.name.clone()));
        } else if row.get::<u32>(1)? >= r.sub {
            return Err(ResultError::Repeated(r.kind.clone(), r.name.clone()));
        }
    }
    Ok(lost)
}

/// Adds a result, if [`check`] allows it. One that its attempt has added before, by the same id, stays as it is.
/// Gives what is stored.
pub fn insert(tx: &mut Tx<'_>, r: &RunResult, counts: &Counts<'_>) -> Result<RunResult, ResultError> {
    // Two uploads of one name go one after the other.
    tx.query_opt(LOCK_RUN, vals![r.run])?.ok_or(ResultError::NoRun)?;
    let lost = check(tx, r, counts)?;
    if let Some(known) = get(tx, &r.id)? {
        let same = (known.run, known.job, known.attempt) == (r.run, r.job, r.attempt)
            && (&known.kind, &known.name) == (&r.kind, &r.name);
        return if same { Ok(known) } else { Err(ResultError::Repeated(r.kind.clone(), r.name.clone())) };
    }
    for id in lost {
        tx.execute(DELETE, vals![id])?;
    }
    let data = to_json("run result", &r.data)?;
    let params = vals![
        &r.id,
        r.run,
        &r.kind,
        &r.name,
        &r.node,
        r.sub,
        r.job,
        r.attempt,
        r.blob.as_deref(),
        data,
        r.created
    ];
    tx.execute(INSERT, params)?;
    Ok(r.clone())
}

/// Results of a run that count, by age: of those with the same kind and name (and repository type, for `artifact-manager`)
/// the one of the highest sub-number (spec 11.3).
pub fn list(tx: &mut Tx<'_>, run: RunId, counts: &Counts<'_>) -> Result<Vec<RunResult>> {
    let mut all = tx.query_readable(LIST, vals![run], result)?;
    // Before they are compared: what nobody made must not hide what somebody made earlier.
    all.retain(|r| counts(r.job, r.attempt));
    let key = |r: &RunResult| {
        let repository =
            if r.kind == "artifact-manager" { r.data.get("repository_type").cloned() } else { None };
        (r.kind.clone(), r.name.clone(), repository)
    };
    let mut best: IndexMap<_, RunResult> = IndexMap::new();
    for r in all {
        match best.get(&key(&r)) {
            Some(b) if b.sub > r.sub => {}
            _ => {
                best.insert(key(&r), r);
            }
        }
    }
    let mut list: Vec<RunResult> = best.into_values().collect();
    list.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(list)
}

/// By id.
pub fn get(tx: &mut Tx<'_>, id: &str) -> Result<Option<RunResult>> {
    tx.query_opt(GET, vals![id])?.as_ref().map(result).transpose()
}

/// Every blob that a result names, for the search of blobs that nobody names.
pub fn blobs(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    tx.query(BLOBS, &[])?.iter().map(|r| r.get(0)).collect()
}
