//! Definitions of pipelines, applications and environments, as JSON of the types of `cds_workflow::def`.

use crate::{
    descriptions,
    error::{Error, Result, to_json},
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
};
use cds_model::{EntityId, ProjectId, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

sql! {
    INSERT = "INSERT INTO entity (id, project, kind, name, def, from_repository, created, last_modified, description) VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)";
    UPDATE = "UPDATE entity SET name = $2, def = $3, from_repository = $4, last_modified = $5, description = $6 WHERE id = $1";
    GET = "SELECT id, name, def, from_repository, created, last_modified FROM entity WHERE project = $1 AND kind = $2 AND name = $3";
    LIST = "SELECT id, name, def, from_repository, created, last_modified FROM entity WHERE project = $1 AND kind = $2 ORDER BY name";
    DESCRIBED = "SELECT name, description FROM entity WHERE project = $1 AND kind = $2 ORDER BY name";
    DELETE = "DELETE FROM entity WHERE id = $1";
}

/// What a definition defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `def::Pipeline`.
    Pipeline,
    /// `def::Application`; its variables and keys are rows of their own.
    Application,
    /// `def::Environment`; its variables and keys are rows of their own.
    Environment,
}

impl Kind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Pipeline => "pipeline",
            Kind::Application => "application",
            Kind::Environment => "environment",
        }
    }
}

/// A definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity<T> {
    /// Stable over new definitions.
    pub id: EntityId,
    /// Unique in its project for its kind.
    pub name: String,
    /// What it says.
    pub def: T,
    /// URL of the repository that owns it; empty = none.
    pub from_repository: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub last_modified: Timestamp,
}

fn entity<T: DeserializeOwned>(row: &Row) -> Result<Entity<T>> {
    let name: String = row.get(1)?;
    let def =
        serde_json::from_str(row.text(2)?).map_err(|e| Error::json(format!("definition of '{name}'"), e))?;
    Ok(Entity {
        id: row.get(0)?,
        name,
        def,
        from_repository: row.get(3)?,
        created: row.get(4)?,
        last_modified: row.get(5)?,
    })
}

/// Adds a definition; `Error::Unique` if the project has one of the kind and name.
pub fn insert<T: Serialize>(tx: &mut Tx<'_>, project: ProjectId, kind: Kind, e: &Entity<T>) -> Result<()> {
    let def = to_json("definition", &e.def)?;
    let about = descriptions::of(&def);
    tx.execute(
        INSERT,
        vals![e.id, project, kind.as_str(), &e.name, def, &e.from_repository, e.created, about],
    )
    .map(drop)
}

/// Writes name, definition, repository and `last_modified`.
pub fn update<T: Serialize>(tx: &mut Tx<'_>, e: &Entity<T>) -> Result<bool> {
    let def = to_json("definition", &e.def)?;
    let about = descriptions::of(&def);
    Ok(tx.execute(UPDATE, vals![e.id, &e.name, def, &e.from_repository, e.last_modified, about])? > 0)
}

/// One definition.
pub fn get<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    project: ProjectId,
    kind: Kind,
    name: &str,
) -> Result<Option<Entity<T>>> {
    tx.query_opt(GET, vals![project, kind.as_str(), name])?.as_ref().map(entity).transpose()
}

/// Definitions of a kind, by name.
pub fn list<T: DeserializeOwned>(tx: &mut Tx<'_>, project: ProjectId, kind: Kind) -> Result<Vec<Entity<T>>> {
    tx.query_readable(LIST, vals![project, kind.as_str()], entity)
}

/// Names and descriptions of a kind, by name.
pub fn described(tx: &mut Tx<'_>, project: ProjectId, kind: Kind) -> Result<Vec<(String, String)>> {
    tx.query(DESCRIBED, vals![project, kind.as_str()])?.iter().map(|r| Ok((r.get(0)?, r.get(1)?))).collect()
}

/// Deletes a definition with its variables and keys.
pub fn delete(tx: &mut Tx<'_>, id: EntityId) -> Result<bool> {
    let owner = id.to_string();
    crate::variables::delete_of(tx, &owner)?;
    crate::keys::delete_of(tx, &owner)?;
    Ok(tx.execute(DELETE, vals![id])? > 0)
}
