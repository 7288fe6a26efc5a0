//! OpenPGP keys of users, for signatures.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{Timestamp, UserId};

sql! {
    INSERT = "INSERT INTO gpg_key (account, key_id, public_key, created) VALUES ($1, $2, $3, $4)";
    LIST = "SELECT account, key_id, public_key, created FROM gpg_key WHERE account = $1 ORDER BY key_id";
    BY_KEY_ID = "SELECT account, key_id, public_key, created FROM gpg_key WHERE key_id = $1 ORDER BY account";
    DELETE = "DELETE FROM gpg_key WHERE account = $1 AND key_id = $2";
}

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GpgKey {
    /// Whose.
    pub user: UserId,
    /// Long key id, upper-case hex.
    pub key_id: String,
    /// Armored.
    pub public_key: String,
    /// When it was added.
    pub created: Timestamp,
}

fn key(row: &Row) -> Result<GpgKey> {
    Ok(GpgKey { user: row.get(0)?, key_id: row.get(1)?, public_key: row.get(2)?, created: row.get(3)? })
}

/// Adds a key; `Error::Unique` if the user has it.
pub fn insert(tx: &mut Tx<'_>, k: &GpgKey) -> Result<()> {
    tx.execute(INSERT, vals![k.user, &k.key_id, &k.public_key, k.created]).map(drop)
}

/// Keys of a user.
pub fn list(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<GpgKey>> {
    tx.query_readable(LIST, vals![user], key)
}

/// Who has this key.
pub fn by_key_id(tx: &mut Tx<'_>, key_id: &str) -> Result<Vec<GpgKey>> {
    tx.query(BY_KEY_ID, vals![key_id])?.iter().map(key).collect()
}

/// Removes a key. False if the user has not got it.
pub fn delete(tx: &mut Tx<'_>, user: UserId, key_id: &str) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![user, key_id])? > 0)
}
