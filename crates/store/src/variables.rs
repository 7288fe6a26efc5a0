//! Variables of projects, applications and environments. Values of secrets are encrypted.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::ProjectId;
use uuid::Uuid;

sql! {
    PUT = "INSERT INTO variable (id, project, owner, name, kind, value, secret) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    ID = "SELECT id FROM variable WHERE owner = $1 AND name = $2";
    UPDATE = "UPDATE variable SET name = $2, kind = $3, value = $4, secret = $5 WHERE id = $1";
    GET = "SELECT id, owner, name, kind, value, secret FROM variable WHERE owner = $1 AND name = $2";
    LIST = "SELECT id, owner, name, kind, value, secret FROM variable WHERE owner = $1 ORDER BY name";
    OF_PROJECT = "SELECT id, owner, name, kind, value, secret FROM variable WHERE project = $1 ORDER BY owner, name";
    DELETE = "DELETE FROM variable WHERE owner = $1 AND name = $2";
    DELETE_OF = "DELETE FROM variable WHERE owner = $1";
}

/// A variable. `value` of a secret is clear text here: callers wrap it.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Id of the project, application or environment.
    pub owner: String,
    /// Unique for its owner.
    pub name: String,
    /// `string`, `password`, `text`, …
    pub kind: String,
    /// The value.
    pub value: String,
    /// Encrypted in the database.
    pub secret: bool,
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Variable({} {} of {})", self.kind, self.name, self.owner)
    }
}

fn variable(tx: &Tx<'_>, row: &Row) -> Result<Variable> {
    let secret: bool = row.get(5)?;
    let stored: String = row.get(4)?;
    let value =
        if secret { tx.secrets().open_text("variable", "value", row.text(0)?, &stored)? } else { stored };
    Ok(Variable { owner: row.get(1)?, name: row.get(2)?, kind: row.get(3)?, value, secret })
}

fn stored(tx: &Tx<'_>, id: &str, v: &Variable) -> Result<String> {
    if v.secret {
        tx.secrets().seal("variable", "value", id, v.value.as_bytes())
    } else {
        Ok(v.value.clone())
    }
}

/// Adds a variable; `Error::Unique` if its owner has one of the name.
pub fn insert(tx: &mut Tx<'_>, project: ProjectId, v: &Variable) -> Result<()> {
    let id = Uuid::now_v7().to_string();
    let value = stored(tx, &id, v)?;
    tx.execute(PUT, vals![&id, project, &v.owner, &v.name, &v.kind, value, v.secret]).map(drop)
}

/// Replaces the variable `name` of the same owner (which may get another name). False if there is none.
pub fn update(tx: &mut Tx<'_>, name: &str, v: &Variable) -> Result<bool> {
    let Some(row) = tx.query_opt(ID, vals![&v.owner, name])? else { return Ok(false) };
    let id: String = row.get(0)?;
    let value = stored(tx, &id, v)?;
    Ok(tx.execute(UPDATE, vals![&id, &v.name, &v.kind, value, v.secret])? > 0)
}

/// Adds or replaces by name.
pub fn put(tx: &mut Tx<'_>, project: ProjectId, v: &Variable) -> Result<()> {
    if update(tx, &v.name, v)? { Ok(()) } else { insert(tx, project, v) }
}

/// One variable.
pub fn get(tx: &mut Tx<'_>, owner: &str, name: &str) -> Result<Option<Variable>> {
    let row = tx.query_opt(GET, vals![owner, name])?;
    row.map(|r| variable(tx, &r)).transpose()
}

/// Variables of an owner, by name.
pub fn list(tx: &mut Tx<'_>, owner: &str) -> Result<Vec<Variable>> {
    let rows = tx.query(LIST, vals![owner])?;
    rows.iter().map(|r| variable(tx, r)).collect()
}

/// Variables of a project and of all it owns.
pub fn of_project(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<Variable>> {
    let rows = tx.query(OF_PROJECT, vals![project])?;
    rows.iter().map(|r| variable(tx, r)).collect()
}

/// Removes a variable.
pub fn delete(tx: &mut Tx<'_>, owner: &str, name: &str) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![owner, name])? > 0)
}

/// Removes all variables of an owner.
pub fn delete_of(tx: &mut Tx<'_>, owner: &str) -> Result<u64> {
    tx.execute(DELETE_OF, vals![owner])
}
