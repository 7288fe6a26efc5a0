//! Groups of users. Somebody must always administer a group, and some group must always be able to write to a project.

use super::refuse::{Tried, check_name, missing};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::groups::{Group, Member};
use cds_model::{GroupId, UserId};
use cds_store::{Tx, groups, projects, users, workflows};
use std::collections::BTreeSet;

fn shown(tx: &mut Tx<'_>, g: &groups::Group) -> cds_store::Result<Group> {
    let members = groups::members(tx, g.id)?
        .into_iter()
        .map(|m| Member {
            id: m.user.to_string(),
            username: m.username,
            fullname: m.fullname,
            admin: m.admin,
        })
        .collect();
    Ok(Group { id: g.id.to_string(), name: g.name.clone(), organization: g.organization.clone(), members })
}

/// A group by name.
pub fn find(tx: &mut Tx<'_>, name: &str) -> Tried<groups::Group> {
    Ok(groups::by_name(tx, name)?.ok_or_else(|| missing(format!("group {name}")))?)
}

fn exists(name: &str) -> Error {
    Error::forbidden(format!("group already exists: {name}")).id(33)
}

/// Makes a group with its first administrator.
pub fn make(tx: &mut Tx<'_>, group: &groups::Group, admin: UserId) -> Tried<()> {
    if groups::by_name(tx, &group.name)?.is_some() {
        return Err(exists(&group.name).into());
    }
    groups::insert(tx, group)?;
    Ok(groups::put_member(tx, group.id, admin, true)?)
}

/// A group that does not exist yet.
pub fn fresh(name: &str, now: cds_model::Timestamp) -> groups::Group {
    groups::Group { id: GroupId::new(), name: name.to_string(), organization: "default".into(), created: now }
}

/// Refuses to leave a project without a group that may write.
pub fn keep_a_writer(key: &str, rest: &[projects::Grant]) -> Result<()> {
    if rest.iter().any(|g| g.level == 7) {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "need at least 1 group with write permission: give another group level 7 on project {key} first"
    ))
    .id(64))
}

/// Takes a group off all workflows of a project that have groups of their own. Where nobody could write any more,
/// the project's writers take over: they may write to the project, so they may write to its workflows (spec 3.15).
pub fn take_off_workflows(tx: &mut Tx<'_>, project: cds_model::ProjectId, group: GroupId) -> Tried<()> {
    let of_project = projects::groups(tx, project)?;
    for workflow in workflows::all_named(tx, project)? {
        if !workflows::delete_group(tx, workflow.id, group)? {
            continue;
        }
        let rest = workflows::groups(tx, workflow.id)?;
        if !rest.iter().any(|g| g.level == 7) {
            for writer in of_project.iter().filter(|g| g.level == 7 && g.group != group) {
                workflows::put_group(tx, workflow.id, writer.group, 7)?;
            }
        }
    }
    Ok(())
}

impl App {
    /// Groups of the caller, or all for those who may read everything; by name.
    pub async fn groups(&self, caller: &Caller) -> Result<Vec<Group>> {
        let (user, all) = (caller.user, caller.is_maintainer());
        self.reading(move |tx| {
            let list = if all {
                groups::list(tx)?
            } else {
                groups::of_user(tx, user)?.into_iter().map(|(g, _)| g).collect()
            };
            Ok(list.iter().map(|g| shown(tx, g)).collect::<cds_store::Result<_>>()?)
        })
        .await
    }

    /// A group with its members. Whoever is not in it is not told that it exists.
    pub async fn group(&self, caller: &Caller, name: &str) -> Result<Group> {
        let (user, all, name) = (caller.user, caller.is_maintainer(), name.to_string());
        self.reading(move |tx| {
            let group = find(tx, &name)?;
            let shown = shown(tx, &group)?;
            if !all && !shown.members.iter().any(|m| m.id == user.to_string()) {
                return Err(missing(format!("group {name}")).into());
            }
            Ok(shown)
        })
        .await
    }

    /// Makes a group; the caller becomes its administrator.
    pub async fn create_group(&self, caller: &Caller, name: &str) -> Result<Group> {
        check_name("group", name)?;
        let (user, group) = (caller.user, fresh(name, self.now()));
        self.writing(move |tx| {
            make(tx, &group, user)?;
            Ok(shown(tx, &group)?)
        })
        .await
    }

    /// Renames a group.
    pub async fn rename_group(&self, name: &str, new: &str) -> Result<Group> {
        check_name("group", new)?;
        let (name, new) = (name.to_string(), new.to_string());
        self.writing(move |tx| {
            let mut group = find(tx, &name)?;
            if new != name && groups::by_name(tx, &new)?.is_some() {
                return Err(exists(&new).into());
            }
            group.name.clone_from(&new);
            groups::update(tx, &group)?;
            Ok(shown(tx, &group)?)
        })
        .await
    }

    /// Deletes a group, unless a project would be left without one that may write.
    pub async fn delete_group(&self, name: &str) -> Result<()> {
        let name = name.to_string();
        self.writing(move |tx| {
            let group = find(tx, &name)?;
            let keys: BTreeSet<String> = groups::used_by(tx, group.id)?.into_iter().collect();
            for key in keys {
                let Some(project) = projects::by_key(tx, &key)? else { continue };
                let mut rest = projects::groups(tx, project.id)?;
                rest.retain(|g| g.group != group.id);
                keep_a_writer(&key, &rest)?;
                take_off_workflows(tx, project.id, group.id)?;
            }
            groups::delete(tx, group.id)?;
            Ok(())
        })
        .await
    }

    /// Adds a member, or changes whether they administer the group.
    pub async fn put_member(&self, group: &str, username: &str, admin: bool) -> Result<()> {
        let (group, username) = (group.to_string(), username.to_string());
        self.writing(move |tx| {
            let group = find(tx, &group)?;
            let user = users::by_name(tx, &username)?.filter(|u| u.verified);
            let user = user.ok_or_else(|| missing(format!("user {username}")))?;
            if !admin && is_last_admin(tx, group.id, user.id)? {
                return Err(Error::bad_request(format!(
                    "need at least 1 administrator: make somebody else administrator of group {} first",
                    group.name
                ))
                .id(63)
                .into());
            }
            Ok(groups::put_member(tx, group.id, user.id, admin)?)
        })
        .await
    }

    /// Removes a member.
    pub async fn delete_member(&self, group: &str, username: &str) -> Result<()> {
        let (group, username) = (group.to_string(), username.to_string());
        self.writing(move |tx| {
            let group = find(tx, &group)?;
            let gone = || missing(format!("member {username} of group {}", group.name));
            let user = users::by_name(tx, &username)?.ok_or_else(gone)?;
            if is_last_admin(tx, group.id, user.id)? {
                return Err(Error::bad_request(format!(
                    "not enough group admin left: make somebody else administrator of group {} first",
                    group.name
                ))
                .id(34)
                .into());
            }
            if groups::delete_member(tx, group.id, user.id)? { Ok(()) } else { Err(gone().into()) }
        })
        .await
    }
}

fn is_last_admin(tx: &mut Tx<'_>, group: GroupId, user: UserId) -> cds_store::Result<bool> {
    let members = groups::members(tx, group)?;
    let mut admins = members.iter().filter(|m| m.admin);
    Ok(admins.next().is_some_and(|m| m.user == user) && admins.next().is_none())
}
