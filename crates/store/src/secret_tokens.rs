//! Tokens that stand for secrets in files (spec 3.12): opaque, stable for a name, worth nothing in another project.

use crate::{error::Result, migrate::hex, sql::sql, tx::Tx, vals};
use cds_model::{ProjectId, Timestamp};

sql! {
    PUT = "INSERT INTO secret_token (token, project, name, value, created) VALUES ($1, $2, $3, $4, $5)";
    TOKEN = "SELECT token FROM secret_token WHERE project = $1 AND name = $2";
    UPDATE = "UPDATE secret_token SET value = $2 WHERE token = $1";
    LIST = "SELECT name, token FROM secret_token WHERE project = $1 ORDER BY name";
    VALUE = "SELECT value FROM secret_token WHERE token = $1 AND project = $2";
    DELETE = "DELETE FROM secret_token WHERE project = $1 AND name = $2";
}

/// Keeps a secret under a name; the same name keeps its token and gets the new value. 32 lower-case hex digits.
pub fn put(tx: &mut Tx<'_>, project: ProjectId, name: &str, value: &str, now: Timestamp) -> Result<String> {
    if let Some(row) = tx.query_opt(TOKEN, vals![project, name])? {
        let token: String = row.get(0)?;
        let sealed = tx.secrets().seal("secret_token", "value", &token, value.as_bytes())?;
        tx.execute(UPDATE, vals![&token, sealed])?;
        return Ok(token);
    }
    let token = hex(&rand::random::<[u8; 16]>());
    let sealed = tx.secrets().seal("secret_token", "value", &token, value.as_bytes())?;
    tx.execute(PUT, vals![&token, project, name, sealed, now])?;
    Ok(token)
}

/// The secret of a token; nothing if the project has no such token.
pub fn value(tx: &mut Tx<'_>, project: ProjectId, token: &str) -> Result<Option<String>> {
    let row = tx.query_opt(VALUE, vals![token, project])?;
    row.map(|r| tx.secrets().open_text("secret_token", "value", token, r.text(0)?)).transpose()
}

/// Names with their tokens, by name.
pub fn list(tx: &mut Tx<'_>, project: ProjectId) -> Result<Vec<(String, String)>> {
    tx.query(LIST, vals![project])?.iter().map(|r| Ok((r.get(0)?, r.get(1)?))).collect()
}

/// Forgets a secret; files with its token can't be imported any more.
pub fn delete(tx: &mut Tx<'_>, project: ProjectId, name: &str) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![project, name])? > 0)
}
