//! Tokens: sessions, API tokens, identities of workers, invitations. Only a hash of the secret is kept:
//! a secret has 256 random bits, so SHA-256 needs no salt.

use crate::{
    error::{Result, to_json},
    migrate::hex,
    sql::sql,
    tx::Tx,
    val::Row,
    vals,
    wake::Wake,
};
use cds_model::{Timestamp, TokenId};
use sha2::{Digest, Sha256};

sql! {
    INSERT = "INSERT INTO token (id, hash, kind, owner, name, description, scopes, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    BY_HASH = "SELECT id, kind, owner, name, description, scopes, created, expires, last_used FROM token WHERE hash = $1 AND expires > $2";
    BY_ID = "SELECT id, kind, owner, name, description, scopes, created, expires, last_used FROM token WHERE id = $1";
    OF_OWNER = "SELECT id, kind, owner, name, description, scopes, created, expires, last_used FROM token WHERE owner = $1 ORDER BY id";
    USED = "UPDATE token SET last_used = $2 WHERE id = $1 AND (last_used IS NULL OR last_used < $2)";
    TAKE = "DELETE FROM token WHERE hash = $1 AND kind = $2 AND expires > $3 RETURNING id, kind, owner, name, description, scopes, created, expires, last_used";
    DELETE = "DELETE FROM token WHERE id = $1";
    DELETE_OF = "DELETE FROM token WHERE owner = $1";
    DELETE_KIND = "DELETE FROM token WHERE owner = $1 AND kind = $2 AND id <> $3";
    PRUNE = "DELETE FROM token WHERE expires <= $1";
}

/// A token without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Id.
    pub id: TokenId,
    /// `session`, `api`, `worker`, `bootstrap`, `verify`, `reset`.
    pub kind: String,
    /// Id of the user, worker or hatchery it speaks for.
    pub owner: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// Empty = all the owner may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// From when it is worth nothing.
    pub expires: Timestamp,
    /// When it was last used.
    pub last_used: Option<Timestamp>,
}

fn token(row: &Row) -> Result<Token> {
    Ok(Token {
        id: row.get(0)?,
        kind: row.get(1)?,
        owner: row.get(2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        scopes: row.json(5)?,
        created: row.get(6)?,
        expires: row.get(7)?,
        last_used: row.get(8)?,
    })
}

fn hash(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

/// Adds a token whose bearer says `secret`.
pub fn insert(tx: &mut Tx<'_>, t: &Token, secret: &str) -> Result<()> {
    let scopes = to_json("scopes", &t.scopes)?;
    let params =
        vals![t.id, hash(secret), &t.kind, &t.owner, &t.name, &t.description, scopes, t.created, t.expires];
    tx.execute(INSERT, params).map(drop)
}

/// The token of a secret, unless it has expired.
pub fn by_secret(tx: &mut Tx<'_>, secret: &str, now: Timestamp) -> Result<Option<Token>> {
    tx.query_opt(BY_HASH, vals![hash(secret), now])?.as_ref().map(token).transpose()
}

/// By id, also if it has expired.
pub fn get(tx: &mut Tx<'_>, id: TokenId) -> Result<Option<Token>> {
    tx.query_opt(BY_ID, vals![id])?.as_ref().map(token).transpose()
}

/// Tokens of an owner, oldest first.
pub fn of_owner(tx: &mut Tx<'_>, owner: &str) -> Result<Vec<Token>> {
    tx.query_readable(OF_OWNER, vals![owner], token)
}

/// Lets every server forget what it believed, if so many tokens that are gone were any; gives the number.
fn revoked(tx: &mut Tx<'_>, gone: u64) -> u64 {
    if gone > 0 {
        tx.wake(Wake::Identity);
    }
    gone
}

/// Uses up a token that is good for one use (`bootstrap`, `verify`, `reset`): of several callers one gets it.
pub fn take(tx: &mut Tx<'_>, secret: &str, kind: &str, now: Timestamp) -> Result<Option<Token>> {
    let taken = tx.query_opt(TAKE, vals![hash(secret), kind, now])?;
    revoked(tx, taken.is_some().into());
    taken.as_ref().map(token).transpose()
}

/// Notes a use. Callers do so at most once a minute, not at each request.
pub fn used(tx: &mut Tx<'_>, id: TokenId, now: Timestamp) -> Result<()> {
    tx.execute(USED, vals![id, now]).map(drop)
}

/// Revokes a token.
pub fn delete(tx: &mut Tx<'_>, id: TokenId) -> Result<bool> {
    let gone = tx.execute(DELETE, vals![id])?;
    Ok(revoked(tx, gone) > 0)
}

/// Revokes all tokens of an owner.
pub fn delete_of(tx: &mut Tx<'_>, owner: &str) -> Result<u64> {
    let gone = tx.execute(DELETE_OF, vals![owner])?;
    Ok(revoked(tx, gone))
}

/// Revokes the tokens of one kind of an owner, but for one that is to stay (any other id = none stays).
pub fn delete_kind(tx: &mut Tx<'_>, owner: &str, kind: &str, but: TokenId) -> Result<u64> {
    let gone = tx.execute(DELETE_KIND, vals![owner, kind, but])?;
    Ok(revoked(tx, gone))
}

/// Forgets expired tokens.
pub fn prune(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.execute(PRUNE, vals![now])
}
