//! Projects and the levels groups have on them.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{GroupId, ProjectId, Timestamp, UserId};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT p.id, p.key, p.name, p.description, p.settings, p.created, p.last_modified FROM project p ", $rest)
    };
}

sql! {
    INSERT = "INSERT INTO project (id, key, name, description, settings, created, last_modified) VALUES ($1, $2, $3, $4, $5, $6, $6)";
    BY_KEY = select!("WHERE p.key = $1");
    BY_ID = select!("WHERE p.id = $1");
    LIST = select!("ORDER BY p.key");
    OF_USER = "SELECT p.id, p.key, p.name, p.description, p.settings, p.created, p.last_modified, MAX(CASE WHEN pg.level IN (4, 5, 7) THEN pg.level ELSE 0 END) FROM project p JOIN project_group pg ON pg.project = p.id JOIN group_member m ON m.group_id = pg.group_id WHERE m.account = $1 GROUP BY p.id, p.key, p.name, p.description, p.settings, p.created, p.last_modified ORDER BY p.key";
    LEVEL = "SELECT COALESCE(MAX(CASE WHEN pg.level IN (4, 5, 7) THEN pg.level ELSE 0 END), 0) FROM project_group pg JOIN group_member m ON m.group_id = pg.group_id WHERE pg.project = $1 AND m.account = $2";
    UPDATE = "UPDATE project SET name = $2, description = $3, settings = $4, last_modified = $5 WHERE id = $1";
    DELETE = "DELETE FROM project WHERE id = $1";
    GROUPS = "SELECT g.id, g.name, pg.level FROM project_group pg JOIN user_group g ON g.id = pg.group_id WHERE pg.project = $1 ORDER BY g.name";
    PUT_GROUP = "INSERT INTO project_group (project, group_id, level) VALUES ($1, $2, $3) ON CONFLICT (project, group_id) DO UPDATE SET level = excluded.level";
    DELETE_GROUP = "DELETE FROM project_group WHERE project = $1 AND group_id = $2";
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// Id.
    pub id: ProjectId,
    /// Unique; upper-case letters and digits.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// JSON of the server's own settings for projects.
    pub settings: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

/// A group's level on a project or workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Which group.
    pub group: GroupId,
    /// Its name.
    pub name: String,
    /// 4 read, 5 read and run, 7 everything.
    pub level: u8,
}

fn project(row: &Row) -> Result<Project> {
    Ok(Project {
        id: row.get(0)?,
        key: row.get(1)?,
        name: row.shown(2, String::new()),
        description: row.shown(3, String::new()),
        // What a job may do hangs on these.
        settings: row.get(4)?,
        created: row.shown(5, Timestamp::default()),
        last_modified: row.shown(6, Timestamp::default()),
    })
}

pub(crate) fn grant(row: &Row) -> Result<Grant> {
    // What can't be read is nobody's and lets nobody do anything, and the grant stays: without any a workflow would be
    // open to all of its project.
    let nobody = GroupId(Default::default());
    Ok(Grant { group: row.shown(0, nobody), name: row.shown(1, String::new()), level: row.shown(2, 0) })
}

/// Adds a project; `Error::Unique` if the key is taken.
pub fn insert(tx: &mut Tx<'_>, p: &Project) -> Result<()> {
    tx.execute(INSERT, vals![p.id, &p.key, &p.name, &p.description, &p.settings, p.created]).map(drop)
}

/// By key.
pub fn by_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<Project>> {
    tx.query_opt(BY_KEY, vals![key])?.as_ref().map(project).transpose()
}

/// By id.
pub fn get(tx: &mut Tx<'_>, id: ProjectId) -> Result<Option<Project>> {
    tx.query_opt(BY_ID, vals![id])?.as_ref().map(project).transpose()
}

/// All, by key.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Project>> {
    tx.query_readable(LIST, &[], project)
}

/// Projects a user has a level on, with the highest.
pub fn of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<(Project, u8)>> {
    tx.query_readable(OF_USER, vals![user], |r| Ok((project(r)?, r.get(7)?)))
}

/// The highest level a user has on a project; 0 = none.
pub fn level(tx: &mut Tx<'_>, id: ProjectId, user: UserId) -> Result<u8> {
    tx.query_one(LEVEL, vals![id, user])?.get(0)
}

/// Writes name, description, settings and `last_modified`.
pub fn update(tx: &mut Tx<'_>, p: &Project) -> Result<bool> {
    Ok(tx.execute(UPDATE, vals![p.id, &p.name, &p.description, &p.settings, p.last_modified])? > 0)
}

/// Deletes a project and its definitions, variables, keys and caches. Its runs are deleted by the caller before,
/// one by one, because their blobs must go too.
pub fn delete(tx: &mut Tx<'_>, id: ProjectId) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![id])? > 0)
}

/// Groups with their levels, by name.
pub fn groups(tx: &mut Tx<'_>, id: ProjectId) -> Result<Vec<Grant>> {
    tx.query(GROUPS, vals![id])?.iter().map(grant).collect()
}

/// Gives a group a level.
pub fn put_group(tx: &mut Tx<'_>, id: ProjectId, group: GroupId, level: u8) -> Result<()> {
    tx.execute(PUT_GROUP, vals![id, group, level]).map(drop)
}

/// Takes a group's level away.
pub fn delete_group(tx: &mut Tx<'_>, id: ProjectId, group: GroupId) -> Result<bool> {
    Ok(tx.execute(DELETE_GROUP, vals![id, group])? > 0)
}
