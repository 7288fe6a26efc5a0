//! Lists of runs, from columns alone: no run is decoded to be listed.

use crate::{
    error::{Result, to_json},
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
};
use cds_model::{ProjectId, RunId, Status, Timestamp, WorkflowId};
use std::collections::HashMap;

macro_rules! brief {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.workflow, r.project, r.number, r.status, r.sub, r.label, r.triggered_by, r.tags, r.created, ",
            "r.last_execution, r.version, COALESCE(w.name, ''), COALESCE(p.key, '') ",
            "FROM run r LEFT JOIN workflow w ON w.id = r.workflow LEFT JOIN project p ON p.id = r.project ",
            $rest
        )
    };
}

sql! {
    LIST = brief!("WHERE r.workflow = $1 AND r.number IN (SELECT x.number FROM run x WHERE x.workflow = $1 AND (CAST($2 AS TEXT) IS NULL OR x.status = $2) AND (CAST($3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM run_tag t WHERE t.run = x.id AND t.tag = $3 AND (CAST($4 AS TEXT) IS NULL OR t.value = $4))) ORDER BY x.number DESC LIMIT $5 OFFSET $6) ORDER BY r.number DESC");
    COUNT = "SELECT COUNT(*) FROM run x WHERE x.workflow = $1 AND (CAST($2 AS TEXT) IS NULL OR x.status = $2) AND (CAST($3 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM run_tag t WHERE t.run = x.id AND t.tag = $3 AND (CAST($4 AS TEXT) IS NULL OR t.value = $4)))";
    BY_NUMBER = brief!("WHERE r.workflow = $1 AND r.number = $2");
    LATEST = brief!("WHERE r.workflow = $1 ORDER BY r.number DESC LIMIT 1");
    LATEST_IN = brief!("WHERE w.project = $1 AND r.number = (SELECT MAX(x.number) FROM run x WHERE x.workflow = w.id)");
    BY_ID = brief!("WHERE r.id = $1");
    RECENT = brief!("WHERE r.project {in}$1{end} ORDER BY r.id DESC LIMIT $2");
    RECENT_ALL = brief!("ORDER BY r.id DESC LIMIT $1");
    TAGS = "SELECT DISTINCT tag FROM run_tag WHERE workflow = $1 ORDER BY tag";
    TAGS_OF = "SELECT tag, value FROM run_tag WHERE run = $1 ORDER BY tag, value";
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
}

/// Which runs of a workflow.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this status.
    pub status: Option<Status>,
    /// Only with this tag and, if given, this value (also one of several joined by commas).
    pub tag: Option<(String, Option<String>)>,
    /// How many to leave out.
    pub offset: i64,
    /// How many to give.
    pub limit: i64,
}

fn brief(row: &Row) -> Result<Brief> {
    Ok(Brief {
        id: row.get(0)?,
        workflow: row.get(1)?,
        project: row.get(2)?,
        number: row.get(3)?,
        status: row.get(4)?,
        sub: row.get(5)?,
        label: row.get(6)?,
        triggered_by: row.get(7)?,
        tags: row.json(8)?,
        created: row.get(9)?,
        last_execution: row.get(10)?,
        version: row.get(11)?,
        workflow_name: row.get(12)?,
        project_key: row.get(13)?,
    })
}

/// How many runs of a workflow a filter lets through, whatever its offset and limit.
pub fn count(tx: &mut Tx<'_>, workflow: WorkflowId, filter: &Filter) -> Result<i64> {
    let (tag, value) = filter.tag.as_ref().map_or((None, None), |(t, v)| (Some(t.as_str()), v.as_deref()));
    let row = tx.query_opt(COUNT, vals![workflow, filter.status, tag, value])?;
    row.map_or(Ok(0), |r| r.get(0))
}

/// Runs of a workflow, newest first. Those left out by the offset cost a step in an index each.
pub fn list(tx: &mut Tx<'_>, workflow: WorkflowId, filter: &Filter) -> Result<Vec<Brief>> {
    let (tag, value) = filter.tag.as_ref().map_or((None, None), |(t, v)| (Some(t.as_str()), v.as_deref()));
    let rows = tx.query(LIST, vals![workflow, filter.status, tag, value, filter.limit, filter.offset])?;
    rows.iter().map(brief).collect()
}

/// The run of a number.
pub fn by_number(tx: &mut Tx<'_>, workflow: WorkflowId, number: i64) -> Result<Option<Brief>> {
    tx.query_opt(BY_NUMBER, vals![workflow, number])?.as_ref().map(brief).transpose()
}

/// The newest run of a workflow.
pub fn latest(tx: &mut Tx<'_>, workflow: WorkflowId) -> Result<Option<Brief>> {
    tx.query_opt(LATEST, vals![workflow])?.as_ref().map(brief).transpose()
}

/// The newest run of each workflow of a project that has one.
pub fn latest_in(tx: &mut Tx<'_>, project: ProjectId) -> Result<HashMap<WorkflowId, Brief>> {
    tx.query(LATEST_IN, vals![project])?.iter().map(|row| brief(row).map(|b| (b.workflow, b))).collect()
}

/// The run of an id.
pub fn find(tx: &mut Tx<'_>, run: RunId) -> Result<Option<Brief>> {
    tx.query_opt(BY_ID, vals![run])?.as_ref().map(brief).transpose()
}

/// The newest runs of some projects; of all with `None`.
pub fn recent(tx: &mut Tx<'_>, projects: Option<&[ProjectId]>, limit: i64) -> Result<Vec<Brief>> {
    let rows = match projects {
        Some(projects) => tx.query(RECENT, vals![to_json("projects", projects)?, limit])?,
        None => tx.query(RECENT_ALL, vals![limit])?,
    };
    rows.iter().map(brief).collect()
}

/// Names of tags that runs of a workflow have.
pub fn all_tags(tx: &mut Tx<'_>, workflow: WorkflowId) -> Result<Vec<String>> {
    tx.query(TAGS, vals![workflow])?.iter().map(|r| r.get(0)).collect()
}

/// Values a run can be found by.
pub fn tags_of(tx: &mut Tx<'_>, run: RunId) -> Result<Vec<(String, String)>> {
    tx.query(TAGS_OF, vals![run])?.iter().map(|r| Ok((r.get(0)?, r.get(1)?))).collect()
}
