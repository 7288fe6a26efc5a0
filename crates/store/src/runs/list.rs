//! Lists of runs, from columns alone: no run is decoded to be listed.

use crate::{
    error::Result,
    sql::sql,
    tx::Tx,
    val::{FromVal, Row, Val},
    vals,
};
use cds_model::{ProjectId, RunId, Status, Timestamp, UserId, WorkflowId};
use std::collections::HashMap;

macro_rules! brief {
    ($($rest:expr),+) => {
        concat!(
            "SELECT r.id, r.workflow, r.project, r.number, r.status, r.sub, r.label, r.triggered_by, r.tags, r.created, ",
            "r.last_execution, r.version, COALESCE(w.name, ''), COALESCE(p.key, ''), r.parked, ",
            // Only looked for where it may be other than none: runs that have ended have no rows in the queue.
            "CASE WHEN r.status IN ('Building', 'Waiting') THEN (SELECT COUNT(*) FROM queue q WHERE q.run = r.id AND q.worker IS NOT NULL) END, r.gates, r.work ",
            "FROM run r LEFT JOIN workflow w ON w.id = r.workflow LEFT JOIN project p ON p.id = r.project ",
            $($rest),+
        )
    };
}

// What of a filter is absent lets everything through. A run that is under way, and none of its jobs with a worker, is
// found as waiting, as lists show it, and not as building. $2 status, $3 $4 tag, $5 branch, $6 author, $7 $8 numbers,
// $9 key of a project, $10 whether they wait for a person, as 1 and 0.
macro_rules! chosen {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " AND (CAST($2 AS TEXT) IS NULL OR $2 = CASE WHEN x.status = 'Building' AND NOT EXISTS (SELECT 1 FROM queue q WHERE q.run = x.id AND q.worker IS NOT NULL) THEN 'Waiting' ELSE x.status END)",
            " AND (CAST($3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM run_tag t WHERE t.run = x.id AND t.tag = $3 AND (CAST($4 AS TEXT) IS NULL OR t.value = $4)))",
            " AND (CAST($5 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM run_tag t WHERE t.run = x.id AND t.tag = 'git.branch' AND t.value = $5))",
            " AND (CAST($6 AS TEXT) IS NULL OR x.triggered_by = $6 OR EXISTS (SELECT 1 FROM run_tag t WHERE t.run = x.id AND t.tag = 'git.author' AND t.value = $6))",
            " AND (CAST($7 AS BIGINT) IS NULL OR x.number > $7)",
            " AND (CAST($8 AS BIGINT) IS NULL OR x.number < $8)",
            " AND (CAST($9 AS TEXT) IS NULL OR x.project = (SELECT id FROM project WHERE key = $9))",
            " AND (CAST($10 AS BIGINT) IS NULL OR (x.gates > 0) = (CAST($10 AS BIGINT) = 1))",
            $after
        )
    };
}

// Runs that the account $1 may read: those of its projects but for workflows with groups of their own and none of its
// among them. Without an account, all.
macro_rules! readable {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "(CAST($1 AS TEXT) IS NULL OR (x.project IN (SELECT pg.project FROM project_group pg JOIN group_member m ON m.group_id = pg.group_id WHERE m.account = $1)",
            " AND (NOT EXISTS (SELECT 1 FROM workflow_group g WHERE g.workflow = x.workflow)",
            " OR EXISTS (SELECT 1 FROM workflow_group g JOIN group_member m ON m.group_id = g.group_id WHERE g.workflow = x.workflow AND m.account = $1))))",
            $after
        )
    };
}

sql! {
    LIST = brief!("WHERE r.workflow = $1 AND r.number IN (", chosen!("SELECT x.number FROM run x WHERE x.workflow = $1", " ORDER BY x.number DESC LIMIT $11 OFFSET $12) ORDER BY r.number DESC"));
    COUNT = chosen!("SELECT COUNT(*) FROM run x WHERE x.workflow = $1", "");
    COUNT_ALL = "SELECT COUNT(*) FROM run x WHERE x.workflow = $1";
    BY_NUMBER = brief!("WHERE r.workflow = $1 AND r.number = $2");
    LATEST = brief!("WHERE r.workflow = $1 ORDER BY r.number DESC LIMIT 1");
    LATEST_IN = brief!("WHERE w.project = $1 AND r.number = (SELECT MAX(x.number) FROM run x WHERE x.workflow = w.id)");
    BY_ID = brief!("WHERE r.id = $1");
    RECENT = brief!("WHERE r.id IN (", readable!("SELECT x.id FROM run x WHERE ", ""), chosen!("", " ORDER BY x.id DESC LIMIT $11 OFFSET $12) ORDER BY r.id DESC"));
    COUNT_RECENT = concat!(readable!("SELECT COUNT(*) FROM run x WHERE ", ""), chosen!("", ""));
    COUNT_EVERY = "SELECT COUNT(*) FROM run";
    TAGS = "SELECT DISTINCT tag FROM run_tag WHERE workflow = $1 ORDER BY tag";
    TAGS_OF = "SELECT tag, value FROM run_tag WHERE run = $1 ORDER BY tag, value";
    // From value to value: a branch with a hundred thousand runs costs one step.
    VALUES = "WITH RECURSIVE v (value) AS (SELECT MIN(t.value) FROM run_tag t WHERE t.workflow = $1 AND t.tag = $2 UNION ALL SELECT (SELECT MIN(t.value) FROM run_tag t WHERE t.workflow = $1 AND t.tag = $2 AND t.value > v.value) FROM v WHERE v.value IS NOT NULL) SELECT value FROM v WHERE value IS NOT NULL LIMIT $3";
}

/// A run in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief {
    /// Which run.
    pub id: RunId,
    /// Of which workflow.
    pub workflow: WorkflowId,
    /// Of which project.
    pub project: ProjectId,
    /// Counted from 1 in its workflow.
    pub number: i64,
    /// Where it stands.
    pub status: Status,
    /// Highest sub-number.
    pub sub: u32,
    /// `cds.version` once set, else empty.
    pub label: String,
    /// Who or what started it.
    pub triggered_by: String,
    /// In order of appearance.
    pub tags: Vec<(String, String)>,
    /// When it was made.
    pub created: Timestamp,
    /// When something last happened.
    pub last_execution: Timestamp,
    /// Version of the record.
    pub version: i64,
    /// Name of the workflow; empty if it is gone.
    pub workflow_name: String,
    /// Key of the project.
    pub project_key: String,
    /// Why it is set aside, if it is.
    pub parked: Option<String>,
    /// Jobs that a worker has; none = the run has ended.
    pub at_work: Option<u32>,
    /// Nodes that only a person keeps waiting.
    pub gates: u32,
    /// For how long a worker had a job of it, up to `last_execution`, milliseconds; not known of old runs.
    pub work: Option<u64>,
}

/// Which runs. What is given must hold together.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this status; what is `Building` without a worker is found as `Waiting`.
    pub status: Option<Status>,
    /// Only with this tag and, if given, this value (also one of several joined by commas).
    pub tag: Option<(String, Option<String>)>,
    /// Only of this branch (tag `git.branch`).
    pub branch: Option<String>,
    /// Only by this person or program: who wrote the commit (tag `git.author`) or started the run.
    pub author: Option<String>,
    /// Only with a number above this.
    pub above: Option<i64>,
    /// Only with a number below this.
    pub below: Option<i64>,
    /// Only of the project with this key.
    pub project: Option<String>,
    /// Only with nodes that a person keeps waiting, or only without.
    pub gates: Option<bool>,
    /// How many to leave out.
    pub offset: i64,
    /// How many to give.
    pub limit: i64,
}

/// A run in a list, unless not even its name can be read. What else can't be read has a neutral value, and the run counts
/// as parked with the reason: a list must show the others.
fn brief(row: &Row) -> Option<Brief> {
    let mut fault = None;
    let mut read = Soft { row, fault: &mut fault };
    let named = (|| Ok::<_, crate::error::Error>((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))();
    let (id, workflow, project, number) = named
        .inspect_err(|e| tracing::error!(error = %e, "a run is left out of a list, its name can't be read"))
        .ok()?;
    let brief = Brief {
        id,
        workflow,
        project,
        number,
        status: read.get(4, Status::Fail),
        sub: read.get(5, 0),
        label: read.get(6, String::new()),
        triggered_by: read.get(7, String::new()),
        tags: read.or(row.json(8), Vec::new()),
        created: read.get(9, Timestamp::default()),
        last_execution: read.get(10, Timestamp::default()),
        version: read.get(11, 0),
        workflow_name: read.get(12, String::new()),
        project_key: read.get(13, String::new()),
        parked: read.get(14, None),
        at_work: read.get(15, None),
        gates: read.get(16, 0),
        work: read.get(17, None),
    };
    Some(Brief { parked: brief.parked.or(fault), ..brief })
}

/// Reads columns of a row that may be damaged; keeps the first fault.
struct Soft<'r> {
    row: &'r Row,
    fault: &'r mut Option<String>,
}

impl Soft<'_> {
    fn get<T: FromVal>(&mut self, column: usize, neutral: T) -> T {
        self.or(self.row.get(column), neutral)
    }

    fn or<T>(&mut self, read: Result<T>, neutral: T) -> T {
        read.unwrap_or_else(|e| {
            self.fault.get_or_insert_with(|| e.to_string());
            neutral
        })
    }
}

impl Filter {
    /// Whether it lets everything through.
    fn is_open(&self) -> bool {
        let of = self.vals(Val::Null);
        of.iter().all(|v| *v == Val::Null)
    }

    /// Parameters $1 to $10.
    fn vals(&self, of: Val) -> Vec<Val> {
        let (tag, value) = self.tag.as_ref().map_or((None, None), |(t, v)| (Some(t.as_str()), v.as_deref()));
        let (branch, author) = (self.branch.as_deref(), self.author.as_deref());
        let project = self.project.as_deref();
        let gates = self.gates.map(i64::from);
        vals![of, self.status, tag, value, branch, author, self.above, self.below, project, gates].to_vec()
    }

    /// Parameters $1 to $12.
    fn page(&self, of: Val) -> Vec<Val> {
        let mut vals = self.vals(of);
        vals.extend([Val::from(self.limit), Val::from(self.offset)]);
        vals
    }
}

/// How many runs of a workflow a filter lets through, whatever its offset and limit.
pub fn count(tx: &mut Tx<'_>, workflow: WorkflowId, filter: &Filter) -> Result<i64> {
    let row = match filter.is_open() {
        true => tx.query_opt(COUNT_ALL, vals![workflow])?,
        false => tx.query_opt(COUNT, &filter.vals(workflow.into()))?,
    };
    row.map_or(Ok(0), |r| r.get(0))
}

/// Runs of a workflow, newest first. Those left out by the offset cost a step in an index each.
pub fn list(tx: &mut Tx<'_>, workflow: WorkflowId, filter: &Filter) -> Result<Vec<Brief>> {
    Ok(tx.query(LIST, &filter.page(workflow.into()))?.iter().filter_map(brief).collect())
}

/// The run of a number.
pub fn by_number(tx: &mut Tx<'_>, workflow: WorkflowId, number: i64) -> Result<Option<Brief>> {
    Ok(tx.query_opt(BY_NUMBER, vals![workflow, number])?.as_ref().and_then(brief))
}

/// The newest run of a workflow.
pub fn latest(tx: &mut Tx<'_>, workflow: WorkflowId) -> Result<Option<Brief>> {
    Ok(tx.query_opt(LATEST, vals![workflow])?.as_ref().and_then(brief))
}

/// The newest run of each workflow of a project that has one.
pub fn latest_in(tx: &mut Tx<'_>, project: ProjectId) -> Result<HashMap<WorkflowId, Brief>> {
    Ok(tx.query(LATEST_IN, vals![project])?.iter().filter_map(brief).map(|b| (b.workflow, b)).collect())
}

/// The run of an id.
pub fn find(tx: &mut Tx<'_>, run: RunId) -> Result<Option<Brief>> {
    Ok(tx.query_opt(BY_ID, vals![run])?.as_ref().and_then(brief))
}

/// Runs over all projects, newest first: those that a user's groups let read, or all with `None`.
pub fn recent(tx: &mut Tx<'_>, reader: Option<UserId>, filter: &Filter) -> Result<Vec<Brief>> {
    Ok(tx.query(RECENT, &filter.page(reader.into()))?.iter().filter_map(brief).collect())
}

/// How many runs [`recent`] could give, whatever offset and limit.
pub fn count_recent(tx: &mut Tx<'_>, reader: Option<UserId>, filter: &Filter) -> Result<i64> {
    let row = match filter.is_open() && reader.is_none() {
        true => tx.query_opt(COUNT_EVERY, vals![])?,
        false => tx.query_opt(COUNT_RECENT, &filter.vals(reader.into()))?,
    };
    row.map_or(Ok(0), |r| r.get(0))
}

/// Values that runs of a workflow have for a tag, in order, `limit` of them.
pub fn tag_values(tx: &mut Tx<'_>, workflow: WorkflowId, tag: &str, limit: i64) -> Result<Vec<String>> {
    tx.query(VALUES, vals![workflow, tag, limit])?.iter().map(|r| r.get(0)).collect()
}

/// Names of tags that runs of a workflow have.
pub fn all_tags(tx: &mut Tx<'_>, workflow: WorkflowId) -> Result<Vec<String>> {
    tx.query(TAGS, vals![workflow])?.iter().map(|r| r.get(0)).collect()
}

/// Values a run can be found by.
pub fn tags_of(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<(String, String)>> {
    tx.query(TAGS_OF, vals![run])?.iter().map(|r| Ok((r.get(0)?, r.get(1)?))).collect()
}
