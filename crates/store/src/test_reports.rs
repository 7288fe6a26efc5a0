//! Test reports of jobs, as JSON of the wire's suites.

use crate::{error::Result, sql::sql, tx::Tx, vals};
use cds_model::{Attempt, JobNo, RunId, Timestamp};

sql! {
    PUT = "INSERT INTO test_report (run, job, attempt, step, node, suites, created) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (run, job, attempt, step) DO UPDATE SET suites = excluded.suites, created = excluded.created";
    LIST = "SELECT job, attempt, step, node, suites, created FROM test_report WHERE run = $1 ORDER BY job, attempt, step";
}

/// The report of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestReport {
    /// Job.
    pub job: JobNo,
    /// Attempt.
    pub attempt: Attempt,
    /// Step, from 0.
    pub step: u16,
    /// Node name.
    pub node: String,
    /// JSON list of suites.
    pub suites: String,
    /// When it came.
    pub created: Timestamp,
}

/// Adds the report of a step, or replaces it.
pub fn put(tx: &mut Tx<'_>, run: RunId, r: &TestReport) -> Result<()> {
    tx.execute(PUT, vals![run, r.job, r.attempt, r.step, &r.node, &r.suites, r.created]).map(drop)
}

/// Reports of a run, by job, attempt and step.
pub fn list(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<TestReport>> {
    tx.query_readable(LIST, vals![run], |r| {
        Ok(TestReport {
            job: r.get(0)?,
            attempt: r.get(1)?,
            step: r.get(2)?,
            node: r.get(3)?,
            suites: r.get(4)?,
            created: r.get(5)?,
        })
    })
}
