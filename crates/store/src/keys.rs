//! SSH and PGP keys of projects, applications and environments. Private parts are encrypted.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{ProjectId, Timestamp};
use uuid::Uuid;

sql! {
    INSERT = "INSERT INTO key_pair (id, project, owner, name, kind, public, private, key_id, disabled, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    GET = "SELECT id, owner, name, kind, public, private, key_id, disabled, created FROM key_pair WHERE owner = $1 AND name = $2";
    LIST = "SELECT id, owner, name, kind, public, private, key_id, disabled, created FROM key_pair WHERE owner = $1 ORDER BY name";
    SET_DISABLED = "UPDATE key_pair SET disabled = $3 WHERE owner = $1 AND name = $2";
    DELETE = "DELETE FROM key_pair WHERE owner = $1 AND name = $2";
    DELETE_OF = "DELETE FROM key_pair WHERE owner = $1";
}

/// A key pair. The private part is clear text here: callers wrap it.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyPair {
    /// Id of the project, application or environment.
    pub owner: String,
    /// With its prefix, unique for its owner.
    pub name: String,
    /// `ssh` or `pgp`.
    pub kind: String,
    /// Public part.
    pub public: String,
    /// Private part.
    pub private: String,
    /// Short id of a pgp key; empty for ssh.
    pub key_id: String,
    /// Not given to jobs.
    pub disabled: bool,
    /// When it was made.
    pub created: Timestamp,
}

impl std::fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyPair({} {} of {})", self.kind, self.name, self.owner)
    }
}

fn key(secrets: &crate::MasterKey, row: &Row) -> Result<KeyPair> {
    Ok(KeyPair {
        owner: row.get(1)?,
        name: row.get(2)?,
        kind: row.get(3)?,
        public: row.get(4)?,
        private: secrets.open_text("key_pair", "private", row.text(0)?, row.text(5)?)?,
        key_id: row.get(6)?,
        disabled: row.get(7)?,
        created: row.get(8)?,
    })
}

/// Adds a key; `Error::Unique` if its owner has one of the name.
pub fn insert(tx: &mut Tx<'_>, project: ProjectId, k: &KeyPair) -> Result<()> {
    let id = Uuid::now_v7().to_string();
    let private = tx.secrets().seal("key_pair", "private", &id, k.private.as_bytes())?;
    let params =
        vals![&id, project, &k.owner, &k.name, &k.kind, &k.public, private, &k.key_id, k.disabled, k.created];
    tx.execute(INSERT, params).map(drop)
}

/// One key.
pub fn get(tx: &mut Tx<'_>, owner: &str, name: &str) -> Result<Option<KeyPair>> {
    let row = tx.query_opt(GET, vals![owner, name])?;
    row.map(|r| key(tx.secrets(), &r)).transpose()
}

/// Keys of an owner, by name.
pub fn list(tx: &mut Tx<'_>, owner: &str) -> Result<Vec<KeyPair>> {
    let secrets = tx.secrets();
    tx.query_readable(LIST, vals![owner], |r| key(secrets, r))
}

/// Gives a key to jobs, or not.
pub fn set_disabled(tx: &mut Tx<'_>, owner: &str, name: &str, disabled: bool) -> Result<bool> {
    Ok(tx.execute(SET_DISABLED, vals![owner, name, disabled])? > 0)
}

/// Removes a key.
pub fn delete(tx: &mut Tx<'_>, owner: &str, name: &str) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![owner, name])? > 0)
}

/// Removes all keys of an owner.
pub fn delete_of(tx: &mut Tx<'_>, owner: &str) -> Result<u64> {
    tx.execute(DELETE_OF, vals![owner])
}
