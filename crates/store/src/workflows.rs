//! Workflows: definitions, levels of groups, and the counter of run numbers.

use crate::{
    descriptions,
    error::{Error, Result, to_json},
    projects::{Grant, grant},
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
};
use cds_model::{GroupId, ProjectId, Timestamp, WorkflowId};
use cds_workflow::def;
use std::collections::HashMap;

sql! {
    INSERT = "INSERT INTO workflow (id, project, name, def, from_repository, last_number, created, last_modified, description) VALUES ($1, $2, $3, $4, $5, 0, $6, $6, $7)";
    UPDATE = "UPDATE workflow SET name = $2, def = $3, from_repository = $4, last_modified = $5, description = $6 WHERE id = $1";
    GET = "SELECT id, project, name, def, from_repository, created, last_modified, last_number FROM workflow WHERE project = $1 AND name = $2";
    BY_ID = "SELECT id, project, name, def, from_repository, created, last_modified, last_number FROM workflow WHERE id = $1";
    LIST = "SELECT id, project, name, def, from_repository, created, last_modified, last_number FROM workflow WHERE project = $1 ORDER BY name";
    ALL = "SELECT id, project, name, def, from_repository, created, last_modified, last_number FROM workflow ORDER BY id";
    NAMED = "SELECT id, name, from_repository FROM workflow WHERE project = $1 AND name = $2";
    NAME_BY_ID = "SELECT name FROM workflow WHERE id = $1";
    ALL_NAMED = "SELECT id, name, from_repository FROM workflow WHERE project = $1 ORDER BY name";
    NAMES = "SELECT name FROM workflow WHERE project = $1 ORDER BY name";
    HEADS = "SELECT id, name, description, from_repository, last_modified FROM workflow WHERE project = $1 ORDER BY name";
    DESCRIBED = "SELECT id, name, description, last_number FROM workflow WHERE project = $1 ORDER BY name";
    GROUPS_IN = "SELECT g.id, g.name, wg.level, wg.workflow FROM workflow w JOIN workflow_group wg ON wg.workflow = w.id JOIN user_group g ON g.id = wg.group_id WHERE w.project = $1 ORDER BY g.name";
    DELETE = "DELETE FROM workflow WHERE id = $1";
    RUNS = "SELECT id FROM run WHERE workflow = $1 ORDER BY number";
    // Above the runs there are too: a counter that was set back must not give a number twice.
    NEXT = "UPDATE workflow SET last_number = 1 + CASE WHEN EXISTS (SELECT 1 FROM run WHERE run.workflow = $1 AND run.number > workflow.last_number) THEN (SELECT MAX(number) FROM run WHERE run.workflow = $1) ELSE last_number END WHERE id = $1 RETURNING last_number";
    SET_NUMBER = "UPDATE workflow SET last_number = $2 WHERE id = $1 AND last_number < $2";
    GROUPS = "SELECT g.id, g.name, wg.level FROM workflow_group wg JOIN user_group g ON g.id = wg.group_id WHERE wg.workflow = $1 ORDER BY g.name";
    PUT_GROUP = "INSERT INTO workflow_group (workflow, group_id, level) VALUES ($1, $2, $3) ON CONFLICT (workflow, group_id) DO UPDATE SET level = excluded.level";
    DELETE_GROUP = "DELETE FROM workflow_group WHERE workflow = $1 AND group_id = $2";
}

/// A workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Workflow {
    /// Stable over renames and new definitions.
    pub id: WorkflowId,
    /// Its project.
    pub project: ProjectId,
    /// Unique in its project.
    pub name: String,
    /// What it says. Levels of groups are kept beside it, see [`groups`].
    pub def: def::Workflow,
    /// URL of the repository that owns it; empty = none.
    pub from_repository: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
    /// Number of the last run; 0 = none yet. Not written by [`insert`] and [`update`].
    pub last_number: i64,
}

fn workflow(row: &Row) -> Result<Workflow> {
    let name: String = row.get(2)?;
    let def =
        serde_json::from_str(row.text(3)?).map_err(|e| Error::json(format!("definition of '{name}'"), e))?;
    Ok(Workflow {
        id: row.get(0)?,
        project: row.get(1)?,
        name,
        def,
        from_repository: row.get(4)?,
        created: row.shown(5, Timestamp::default()),
        last_modified: row.shown(6, Timestamp::default()),
        last_number: row.get(7)?,
    })
}

/// Adds a workflow; `Error::Unique` if the project has one of the name.
pub fn insert(tx: &mut Tx<'_>, w: &Workflow) -> Result<()> {
    let def = to_json("definition", &w.def)?;
    let about = descriptions::of(&def);
    tx.execute(INSERT, vals![w.id, w.project, &w.name, def, &w.from_repository, w.created, about]).map(drop)
}

/// Writes name, definition, repository and `last_modified`.
pub fn update(tx: &mut Tx<'_>, w: &Workflow) -> Result<bool> {
    let def = to_json("definition", &w.def)?;
    let about = descriptions::of(&def);
    Ok(tx.execute(UPDATE, vals![w.id, &w.name, def, &w.from_repository, w.last_modified, about])? > 0)
}

/// By name.
pub fn get(tx: &mut Tx<'_>, project: ProjectId, name: &str) -> Result<Option<Workflow>> {
    tx.query_opt(GET, vals![project, name])?.as_ref().map(workflow).transpose()
}

/// By id.
pub fn by_id(tx: &mut Tx<'_>, id: WorkflowId) -> Result<Option<Workflow>> {
    tx.query_opt(BY_ID, vals![id])?.as_ref().map(workflow).transpose()
}

/// What a workflow is called and whose it is: all that most need of it, and there even if its definition can't be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Stable over renames and new definitions.
    pub id: WorkflowId,
    /// Unique in its project.
    pub name: String,
    /// URL of the repository that owns it; empty = none.
    pub from_repository: String,
}

fn called(row: &Row) -> Result<Named> {
    // Of a repository that can't be read nobody knows: who pushes the workflow again mends it.
    Ok(Named { id: row.get(0)?, name: row.get(1)?, from_repository: row.shown(2, String::new()) })
}

/// By name, without the definition.
pub fn named(tx: &mut Tx<'_>, project: ProjectId, name: &str) -> Result<Option<Named>> {
    tx.query_opt(NAMED, vals![project, name])?.as_ref().map(called).transpose()
}

/// The name alone, for lists; empty if the workflow is gone or its name can't be read.
pub fn name_by_id(tx: &mut Tx<'_>, id: WorkflowId) -> Result<String> {
    Ok(tx.query_opt(NAME_BY_ID, vals![id])?.map(|row| row.shown(0, String::new())).unwrap_or_default())
}

/// Workflows of a project, by name, without their definitions.
pub fn all_named(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Named>> {
    tx.query_readable(ALL_NAMED, vals![project], called)
}

/// Workflows of a project, by name.
pub fn list(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Workflow>> {
    tx.query_readable(LIST, vals![project], workflow)
}

/// Every workflow, oldest first; for the start of a server.
pub fn all(tx: &mut Tx<'_>) -> Result<Vec<Workflow>> {
    tx.query_readable(ALL, &[], workflow)
}

/// Names of a project's workflows.
pub fn names(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<String>> {
    tx.query_readable(NAMES, vals![project], |r| r.get(0))
}

/// What a workflow is found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Id.
    pub id: WorkflowId,
    /// Name.
    pub name: String,
    /// In words; may be empty.
    pub description: String,
    /// Number of its last run; 0 = none.
    pub last_number: i64,
}

/// A project's workflows by name, as they are found.
pub fn described(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Described>> {
    tx.query_readable(DESCRIBED, vals![project], |r| {
        let (id, name, description) = (r.get(0)?, r.get(1)?, r.shown(2, String::new()));
        // Of a counter that can't be read nobody knows how far it was.
        Ok(Described { id, name, description, last_number: r.shown(3, i64::MAX) })
    })
}

/// A workflow as lists show it: everything but its graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Stable over renames and new definitions.
    pub id: WorkflowId,
    /// Unique in its project.
    pub name: String,
    /// For people.
    pub description: String,
    /// URL of the repository that owns it; empty = none.
    pub from_repository: String,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

/// Workflows of a project as lists show them, by name, also those whose definition can't be read.
pub fn heads(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Head>> {
    tx.query_readable(HEADS, vals![project], |row| {
        Ok(Head {
            id: row.get(0)?,
            name: row.get(1)?,
            description: row.shown(2, String::new()),
            from_repository: row.shown(3, String::new()),
            last_modified: row.shown(4, Timestamp::default()),
        })
    })
}

/// Groups of the workflows of a project that have groups of their own.
pub fn groups_in(tx: &mut Tx<'_>, project: ProjectId) -> Result<HashMap<WorkflowId, Vec<Grant>>> {
    let mut all: HashMap<WorkflowId, Vec<Grant>> = HashMap::new();
    for row in tx.query(GROUPS_IN, vals![project])? {
        all.entry(row.get(3)?).or_default().push(grant(&row)?);
    }
    Ok(all)
}

/// Deletes a workflow and its runs. Gives the blobs of the runs, for the caller to delete.
pub fn delete(tx: &mut Tx<'_>, id: WorkflowId) -> Result<Vec<String>> {
    let mut blobs = Vec::new();
    for row in tx.query(RUNS, vals![id])? {
        blobs.extend(crate::runs::delete(tx, row.get(0)?)?);
    }
    tx.execute(DELETE, vals![id])?;
    Ok(blobs)
}

/// Takes the next run number, which no run has. Outside a larger transaction, [`crate::Store::reserve_number`] is cheaper.
pub fn next_number(tx: &mut Tx<'_>, id: WorkflowId) -> Result<i64> {
    tx.query_one(NEXT, vals![id])?.get(0)
}

/// Lets the next run have a number above `last`. False if the counter is there already.
pub fn set_number(tx: &mut Tx<'_>, id: WorkflowId, last: i64) -> Result<bool> {
    Ok(tx.execute(SET_NUMBER, vals![id, last])? > 0)
}

/// Groups with their levels, by name.
pub fn groups(tx: &mut Tx<'_>, id: WorkflowId) -> Result<Vec<Grant>> {
    tx.query(GROUPS, vals![id])?.iter().map(grant).collect()
}

/// Gives a group a level.
pub fn put_group(tx: &mut Tx<'_>, id: WorkflowId, group: GroupId, level: u8) -> Result<()> {
    tx.execute(PUT_GROUP, vals![id, group, level]).map(drop)
}

/// Takes a group's level away.
pub fn delete_group(tx: &mut Tx<'_>, id: WorkflowId, group: GroupId) -> Result<bool> {
    Ok(tx.execute(DELETE_GROUP, vals![id, group])? > 0)
}
