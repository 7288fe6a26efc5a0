//! Facts about this installation, by name: the hash of the init token, the instance's id.

use crate::{error::Result, sql::sql, tx::Tx, vals};

sql! {
    GET = "SELECT value FROM setting WHERE name = $1";
    SET = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    SET_IF_NEW = "INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    DELETE = "DELETE FROM setting WHERE name = $1";
}

/// A value.
pub fn get(tx: &mut Tx<'_>, name: &str) -> Result<Option<String>> {
    tx.query_opt(GET, vals![name])?.map(|r| r.get(0)).transpose()
}

/// Sets a value.
pub fn set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<()> {
    tx.execute(SET, vals![name, value]).map(drop)
}

/// The value, after setting it to `value` if there was none; of several servers one decides.
pub fn get_or_set(tx: &mut Tx<'_>, name: &str, value: &str) -> Result<String> {
    tx.execute(SET_IF_NEW, vals![name, value])?;
    tx.query_one(GET, vals![name])?.get(0)
}

/// Removes a value. False if there was none; so an init token is used once.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![name])? > 0)
}
