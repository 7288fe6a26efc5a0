//! Groups of users; permissions are granted to groups.

use crate::{error::Result, sql::sql, tx::Tx, val::Row, vals};
use cds_model::{GroupId, Timestamp, UserId};

sql! {
    INSERT = "INSERT INTO user_group (id, name, organization, created) VALUES ($1, $2, $3, $4)";
    BY_NAME = "SELECT id, name, organization, created FROM user_group WHERE name = $1";
    BY_ID = "SELECT id, name, organization, created FROM user_group WHERE id = $1";
    LIST = "SELECT id, name, organization, created FROM user_group ORDER BY name";
    OF_USER = "SELECT g.id, g.name, g.organization, g.created, m.admin FROM group_member m JOIN user_group g ON g.id = m.group_id WHERE m.account = $1 ORDER BY g.name";
    UPDATE = "UPDATE user_group SET name = $2, organization = $3 WHERE id = $1";
    DELETE = "DELETE FROM user_group WHERE id = $1";
    MEMBERS = "SELECT a.id, a.username, a.fullname, m.admin FROM group_member m JOIN account a ON a.id = m.account WHERE m.group_id = $1 ORDER BY a.username";
    PUT_MEMBER = "INSERT INTO group_member (group_id, account, admin) VALUES ($1, $2, $3) ON CONFLICT (group_id, account) DO UPDATE SET admin = excluded.admin";
    DELETE_MEMBER = "DELETE FROM group_member WHERE group_id = $1 AND account = $2";
    USED_BY = "SELECT p.key FROM project_group pg JOIN project p ON p.id = pg.project WHERE pg.group_id = $1 ORDER BY p.key";
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Id.
    pub id: GroupId,
    /// Unique.
    pub name: String,
    /// Organization; empty until it is known.
    pub organization: String,
    /// When it was made.
    pub created: Timestamp,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// User name.
    pub username: String,
    /// For people.
    pub fullname: String,
    /// May change the group.
    pub admin: bool,
}

fn group(row: &Row) -> Result<Group> {
    Ok(Group {
        id: row.get(0)?,
        name: row.shown(1, String::new()),
        organization: row.shown(2, String::new()),
        created: row.shown(3, Timestamp::default()),
    })
}

/// Adds a group; `Error::Unique` if the name is taken.
pub fn insert(tx: &mut Tx<'_>, g: &Group) -> Result<()> {
    tx.execute(INSERT, vals![g.id, &g.name, &g.organization, g.created]).map(drop)
}

/// By name.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<Group>> {
    tx.query_opt(BY_NAME, vals![name])?.as_ref().map(group).transpose()
}

/// By id.
pub fn get(tx: &mut Tx<'_>, id: GroupId) -> Result<Option<Group>> {
    tx.query_opt(BY_ID, vals![id])?.as_ref().map(group).transpose()
}

/// All, by name.
pub fn list(tx: &mut Tx<'_>) -> Result<Vec<Group>> {
    tx.query_readable(LIST, &[], group)
}

/// Groups of a user, and whether the user may change them.
pub fn of_user(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<(Group, bool)>> {
    // What can't be read lets nobody do anything.
    tx.query_readable(OF_USER, vals![user], |r| Ok((group(r)?, r.shown(4, false))))
}

/// Renames a group or sets its organization.
pub fn update(tx: &mut Tx<'_>, g: &Group) -> Result<bool> {
    Ok(tx.execute(UPDATE, vals![g.id, &g.name, &g.organization])? > 0)
}

/// Deletes a group with its memberships and grants.
pub fn delete(tx: &mut Tx<'_>, id: GroupId) -> Result<bool> {
    Ok(tx.execute(DELETE, vals![id])? > 0)
}

/// Members, by name.
pub fn members(tx: &mut Tx<'_>, id: GroupId) -> Result<Vec<Member>> {
    tx.query_readable(MEMBERS, vals![id], |r| {
        Ok(Member {
            user: r.get(0)?,
            username: r.get(1)?,
            fullname: r.shown(2, String::new()),
            admin: r.shown(3, false),
        })
    })
}

/// Adds a member, or changes what the member may do.
pub fn put_member(tx: &mut Tx<'_>, id: GroupId, user: UserId, admin: bool) -> Result<()> {
    tx.execute(PUT_MEMBER, vals![id, user, admin]).map(drop)
}

/// Removes a member.
pub fn delete_member(tx: &mut Tx<'_>, id: GroupId, user: UserId) -> Result<bool> {
    Ok(tx.execute(DELETE_MEMBER, vals![id, user])? > 0)
}

/// Keys of the projects the group has a level on.
pub fn used_by(tx: &mut Tx<'_>, id: GroupId) -> Result<Vec<String>> {
    tx.query(USED_BY, vals![id])?.iter().map(|r| r.get(0)).collect()
}
