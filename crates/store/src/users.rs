//! Accounts of people.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{Timestamp, UserId};

sql! {
    INSERT = "INSERT INTO account (id, username, fullname, email, password, ring, organization, verified, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_ID = "SELECT id, username, fullname, email, password, ring, organization, verified, created FROM account WHERE id = $1";
    BY_NAME = "SELECT id, username, fullname, email, password, ring, organization, verified, created FROM account WHERE username = $1";
    BY_EMAIL = "SELECT id, username, fullname, email, password, ring, organization, verified, created FROM account WHERE email = $1";
    LIST = "SELECT id, username, fullname, email, password, ring, organization, verified, created FROM account ORDER BY username";
    COUNT = "SELECT COUNT(*) FROM account WHERE verified = 1";
    UPDATE = "UPDATE account SET fullname = $2, email = $3, password = $4, ring = $5, organization = $6, verified = $7 WHERE id = $1";
    DELETE = "DELETE FROM account WHERE id = $1";
    PRUNE = "DELETE FROM account WHERE verified = 0 AND created < $1";
}

/// An account.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Unique.
    pub username: String,
    /// For people.
    pub fullname: String,
    /// Unique.
    pub email: String,
    /// Hash of the password as given by the caller (argon2id).
    pub password: String,
    /// `ADMIN`, `MAINTAINER`, `USER`.
    pub ring: String,
    /// Organization.
    pub organization: String,
    /// The mail address was confirmed; others can't sign in.
    pub verified: bool,
    /// When it was made.
    pub created: Timestamp,
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "User({} {})", self.id, self.username)
    }
}

fn user(row: &Row) -> Result<User> {
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        fullname: row.get(2)?,
        email: row.get(3)?,
        password: row.get(4)?,
        ring: row.get(5)?,
        organization: row.get(6)?,
        verified: row.get(7)?,
        created: row.get(8)?,
    })
}

/// Adds an account; `Error::Unique` if name or address is taken.
pub fn insert(tx: &mut Tx<'_>, u: &User) -> Result<()> {
    let params = vals![
        u.id,
        &u.username,
        &u.fullname,
        &u.email,
        &u.password,
        &u.ring,
        &u.organization,
        u.verified,
        u.created
    ];
    tx.execute(INSERT, params).map(drop)
}

/// By id.
pub fn get(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>> {
    tx.query_opt(BY_ID, vals![id])?.as_ref().map(user).transpose()
}

/// By user name.
pub fn by_name(tx: &mut Tx<'_>, username: &str) -> Result<Option<User>> {
    tx.query_opt(BY_NAME, vals![username])?.as_ref().map(user).transpose()
}

/// By mail address.
pub fn by_email(tx: &mut Tx<'_>, email: &str) -> Result<Option<User>> {
    tx.query_opt(BY_EMAIL, vals![email])?.as_ref().map(user).transpose()
}

/// All, by name.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<User>> {
    tx.query_readable(LIST, &[], user)
}

/// How many are verified; the first one may become administrator.
pub fn count_verified(tx: &mut Tx<'_>) -> Result<i64> {
    tx.query_one(COUNT, &[])?.get(0)
}

/// Writes everything but id, name and creation. False if there is no such account.
pub fn update(tx: &mut Tx<'_>, u: &User) -> Result<bool> {
    let params = vals![u.id, &u.fullname, &u.email, &u.password, &u.ring, &u.organization, u.verified];
    tx.wake(crate::Wake::Identity);
    Ok(tx.execute(UPDATE, params)? > 0)
}

/// Deletes an account with its memberships and GPG keys; its tokens are deleted by [`crate::tokens::delete_of`].
pub fn delete(tx: &mut Tx<'_>, id: UserId) -> Result<bool> {
    crate::tokens::delete_of(tx, &id.to_string())?;
    Ok(tx.execute(DELETE, vals![id])? > 0)
}

/// Deletes accounts that were made before `before` and never verified.
pub fn prune_unverified(tx: &mut Tx<'_>, before: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![before])
}
