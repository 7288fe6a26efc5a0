//! Projects and who may do what on them.

use super::{
    groups as of_groups, keys,
    refuse::{Tried, check_name, missing, numbered},
    snapshot::ProjectSettings,
};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::{
    groups::{Grant, GroupLevel},
    projects::{Project, ProjectCreate, ProjectUpdate},
};
use cds_model::{GroupId, ProjectId, RunId, Timestamp, UserId};
use cds_store::{Tx, caches, groups, keys as key_rows, projects, runs, workflows};
use cds_workflow::error_ids as ids;
use std::collections::BTreeSet;

/// A project by key.
pub fn find(tx: &mut Tx<'_>, key: &str) -> Tried<projects::Project> {
    Ok(projects::by_key(tx, key)?
        .ok_or_else(|| Error::not_found(format!("project {key}: project does not exist")).id(30))?)
}

/// What a caller may do, given the level of their groups: administrators everything, maintainers read everything.
pub fn effective(caller: &Caller, level: u8) -> u8 {
    if caller.is_admin() {
        7
    } else if caller.is_maintainer() {
        level.max(4)
    } else {
        level
    }
}

/// Groups of a user.
pub fn groups_of(tx: &mut Tx<'_>, user: UserId) -> cds_store::Result<BTreeSet<GroupId>> {
    Ok(groups::of_user(tx, user)?.into_iter().map(|(g, _)| g.id).collect())
}

/// Level of a caller on a workflow, by its own groups if it has any, else by its project's (spec 3.15).
pub fn workflow_level(
    tx: &mut Tx<'_>,
    caller: &Caller,
    mine: &BTreeSet<GroupId>,
    on_project: u8,
    workflow: cds_model::WorkflowId,
) -> cds_store::Result<u8> {
    Ok(level_by(caller, mine, on_project, &workflows::groups(tx, workflow)?))
}

/// The same with the groups of the workflow at hand.
pub fn level_by(caller: &Caller, mine: &BTreeSet<GroupId>, on_project: u8, grants: &[projects::Grant]) -> u8 {
    let level = if grants.is_empty() {
        on_project
    } else {
        grants.iter().filter(|g| mine.contains(&g.group)).map(|g| g.level).max().unwrap_or(0)
    };
    effective(caller, level)
}

/// Levels as the API shows them.
pub fn levels(grants: Vec<projects::Grant>) -> Vec<GroupLevel> {
    grants.into_iter().map(|g| GroupLevel { group: g.name, level: g.level }).collect()
}

/// Refuses what is no level.
pub fn check_level(level: u8) -> Result<()> {
    if matches!(level, 4 | 5 | 7) {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "{level} is no permission level: 4 = read, 5 = read and run, 7 = everything"
    ))
    .id(74))
}

fn shown(p: &projects::Project, permission: u8, default_policy: &str) -> Project {
    let policy = ProjectSettings::of(p).tainted_interpolation;
    Project {
        key: p.key.clone(),
        name: p.name.clone(),
        description: p.description.clone(),
        permission,
        groups: Vec::new(),
        workflows: Vec::new(),
        tainted_interpolation: if policy.is_empty() { default_policy.to_string() } else { policy },
        created: p.created.to_rfc3339(),
    }
}

/// Name of the group that a project gets by itself: its name in lower case, with '-' for what groups can't have.
fn slug(name: &str, key: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_alphanumeric() || "._-".contains(c) {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { key.to_lowercase() } else { slug.to_string() }
}

/// The group that gets level 7 on a new project.
fn group_for(tx: &mut Tx<'_>, caller: &Caller, given: &str, derived: &str, now: Timestamp) -> Tried<GroupId> {
    let name = if given.is_empty() { derived } else { given };
    match groups::by_name(tx, name)? {
        Some(group) if caller.is_admin() || groups_of(tx, caller.user)?.contains(&group.id) => Ok(group.id),
        Some(_) => Err(Error::forbidden(format!(
            "there is a group {name} and you are not in it: ask to become a member, or name another group"
        ))
        .into()),
        None if given.is_empty() => {
            let group = of_groups::fresh(name, now);
            of_groups::make(tx, &group, caller.user)?;
            Ok(group.id)
        }
        None => Err(missing(format!("group {name}")).into()),
    }
}

impl App {
    /// Projects the caller may read, by key.
    pub async fn projects(&self, caller: &Caller) -> Result<Vec<Project>> {
        let (caller, policy) = (caller.clone(), self.config().tainted_interpolation.clone());
        self.reading(move |tx| {
            let mine = projects::of_user(tx, caller.user)?;
            if !caller.is_maintainer() {
                return Ok(mine.iter().map(|(p, level)| shown(p, *level, &policy)).collect());
            }
            let level =
                |p: &projects::Project| mine.iter().find(|(m, _)| m.id == p.id).map_or(0, |(_, l)| *l);
            Ok(projects::list(tx)?.iter().map(|p| shown(p, effective(&caller, level(p)), &policy)).collect())
        })
        .await
    }

    /// A project with its groups, and the workflows that the caller may read.
    pub async fn project(&self, caller: &Caller, key: &str) -> Result<Project> {
        let (caller, key, policy) =
            (caller.clone(), key.to_string(), self.config().tainted_interpolation.clone());
        self.reading(move |tx| {
            let project = find(tx, &key)?;
            let level = projects::level(tx, project.id, caller.user)?;
            let mine = groups_of(tx, caller.user)?;
            let mut all = shown(&project, effective(&caller, level), &policy);
            all.groups = levels(projects::groups(tx, project.id)?);
            for workflow in workflows::all_named(tx, project.id)? {
                if workflow_level(tx, &caller, &mine, level, workflow.id)? >= 4 {
                    all.workflows.push(workflow.name);
                }
            }
            Ok(all)
        })
        .await
    }

    /// Makes a project with its keys.
    pub async fn create_project(&self, caller: &Caller, body: ProjectCreate) -> Result<Project> {
        let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if body.key.is_empty() || body.key.len() > 64 || !body.key.bytes().all(legal) {
            return Err(Error::bad_request(format!(
                "project key must contain only upper-case alphanumerical characters (1 to 64, e.g. {})",
                suggested_key(&body.key)
            ))
            .id(7));
        }
        let name = body.name.trim().to_string();
        if name.is_empty() || name.chars().count() > 255 {
            return Err(Error::bad_request("give the project a name of at most 255 characters").id(74));
        }
        if !body.group.is_empty() {
            check_name("group", &body.group)?;
        }
        let ssh = format!("proj-ssh-{}", body.key.to_lowercase());
        let ssh_key = generate(&self.config().project_ssh_key, &ssh, &body.key).await?;
        let (now, caller, derived) = (self.now(), caller.clone(), slug(&name, &body.key));
        let id = ProjectId::new();
        let (key, policy) = (body.key.clone(), self.config().tainted_interpolation.clone());
        let made = self
            .writing(move |tx| {
                if projects::by_key(tx, &body.key)?.is_some() {
                    return Err(Error::conflict(format!("there is a project {} already", body.key))
                        .id(75)
                        .into());
                }
                let project = projects::Project {
                    id,
                    key: body.key.clone(),
                    name: name.clone(),
                    description: body.description.clone(),
                    settings: "{}".into(),
                    created: now,
                    last_modified: now,
                };
                let group = group_for(tx, &caller, &body.group, &derived, now)?;
                projects::insert(tx, &project)?;
                projects::put_group(tx, id, group, 7)?;
                key_rows::insert(tx, id, &row(id, &ssh, &ssh_key, now))?;
                let mut made = shown(&project, 7, &policy);
                made.groups = levels(projects::groups(tx, id)?);
                Ok(made)
            })
            .await?;
        self.add_pgp_key_later(id, key);
        Ok(made)
    }

    /// The project's pgp key takes seconds to make, so nobody waits for it; without gpg there is none.
    fn add_pgp_key_later(&self, id: ProjectId, key: String) {
        // One at a time: each takes a core for a second or two.
        static TURN: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(1);
        let (app, closing) = (self.clone(), self.closing());
        tokio::spawn(async move {
            let Ok(_turn) = TURN.acquire().await else { return };
            if closing.is_cancelled() {
                return;
            }
            let name = format!("proj-pgp-{}", key.to_lowercase());
            let made = match generate("pgp", &name, &key).await {
                Ok(made) => made,
                Err(e) => return tracing::debug!(project = key, error = %e, "the project has no pgp key"),
            };
            let now = app.now();
            let stored = app
                .writing(move |tx| {
                    let owner = id.to_string();
                    // The project may be gone, or somebody may have made a key of the name.
                    if projects::get(tx, id)?.is_some() && key_rows::get(tx, &owner, &name)?.is_none() {
                        key_rows::insert(tx, id, &row(id, &name, &made, now))?;
                    }
                    Ok(())
                })
                .await;
            if let Err(e) = stored {
                tracing::debug!(project = key, error = %e, "the project's pgp key was not stored");
            }
        });
    }

    /// Changes a project.
    pub async fn update_project(&self, key: &str, body: ProjectUpdate) -> Result<()> {
        if let Some(policy) = &body.tainted_interpolation
            && !["inert", "refuse", "splice"].contains(&policy.as_str())
        {
            return Err(Error::bad_request("tainted_interpolation is inert, refuse or splice").id(74));
        }
        if body.name.as_ref().is_some_and(|n| n.trim().is_empty() || n.chars().count() > 255) {
            return Err(Error::bad_request("give the project a name of at most 255 characters").id(74));
        }
        let (key, now) = (key.to_string(), self.now());
        self.writing(move |tx| {
            let mut project = find(tx, &key)?;
            if let Some(name) = &body.name {
                project.name = name.trim().to_string();
            }
            if let Some(description) = &body.description {
                project.description.clone_from(description);
            }
            if let Some(policy) = &body.tainted_interpolation {
                let mut settings = ProjectSettings::of(&project);
                settings.tainted_interpolation.clone_from(policy);
                project.settings = serde_json::to_string(&settings).map_err(Error::internal)?;
            }
            project.last_modified = now;
            projects::update(tx, &project)?;
            Ok(())
        })
        .await
    }

    /// Deletes a project with all that is in it: definitions, secrets, runs, logs, files. Runs under way are stopped.
    pub async fn delete_project(&self, caller: &Caller, key: &str) -> Result<()> {
        let key = key.to_string();
        let k = key.clone();
        let all = self
            .reading(move |tx| {
                let project = find(tx, &k)?;
                Ok(workflows::all_named(tx, project.id)?)
            })
            .await?;
        self.stop_runs(caller, &all.iter().map(|w| w.id).collect::<Vec<_>>()).await?;
        let (runs, caches) = self
            .writing(move |tx| {
                let project = find(tx, &key)?;
                let mut all = Vec::new();
                for workflow in workflows::all_named(tx, project.id)? {
                    all.extend(ended_runs(tx, &workflow)?);
                    workflows::delete(tx, workflow.id)?;
                }
                let blobs: Vec<String> = caches::list(tx, project.id)?.into_iter().map(|c| c.blob).collect();
                projects::delete(tx, project.id)?;
                Ok((all, blobs))
            })
            .await?;
        self.forget_runs(runs).await;
        for blob in caches {
            self.delete_cache(&blob).await;
        }
        Ok(())
    }

    /// Removes what deleted runs leave outside the database.
    pub(super) async fn forget_runs(&self, runs: Vec<RunId>) {
        for run in runs {
            self.live().forget(run);
            if let Err(e) = self.logs().delete_run(run).await {
                tracing::warn!(%run, error = %e, "logs of a deleted run were left behind");
            }
        }
    }

    /// Gives a group a level on a project, and on its workflows unless `only_project`.
    pub async fn grant_on_project(&self, key: &str, group: &str, grant: Grant) -> Result<()> {
        check_level(grant.level)?;
        let (key, group) = (key.to_string(), group.to_string());
        self.writing(move |tx| {
            let project = find(tx, &key)?;
            let group = of_groups::find(tx, &group)?;
            let before = projects::groups(tx, project.id)?;
            let mut after: Vec<_> = before.iter().filter(|g| g.group != group.id).cloned().collect();
            after.push(projects::Grant { group: group.id, name: group.name.clone(), level: grant.level });
            of_groups::keep_a_writer(&key, &after)?;
            for workflow in workflows::all_named(tx, project.id)? {
                let own = workflows::groups(tx, workflow.id)?;
                match (own.is_empty(), grant.only_project) {
                    // It follows its project by itself.
                    (true, false) => {}
                    // So that it no longer does, it takes the levels of now as its own.
                    (true, true) => {
                        for g in &before {
                            workflows::put_group(tx, workflow.id, g.group, g.level)?;
                        }
                    }
                    (false, false) => put_on_workflow(tx, &workflow, &own, group.id, grant.level)?,
                    // Level 7 on the project is level 7 on its workflows (spec 3.15).
                    (false, true) if grant.level == 7 && own.iter().any(|g| g.group == group.id) => {
                        workflows::put_group(tx, workflow.id, group.id, 7)?;
                    }
                    (false, true) => {}
                }
            }
            Ok(projects::put_group(tx, project.id, group.id, grant.level)?)
        })
        .await
    }

    /// Takes a group off a project and its workflows.
    pub async fn revoke_on_project(&self, key: &str, group: &str) -> Result<()> {
        let (key, group) = (key.to_string(), group.to_string());
        self.writing(move |tx| {
            let project = find(tx, &key)?;
            let group = of_groups::find(tx, &group)?;
            let mut rest = projects::groups(tx, project.id)?;
            let before = rest.len();
            rest.retain(|g| g.group != group.id);
            if rest.len() == before {
                return Err(missing(format!("group {} on project {key}", group.name)).into());
            }
            of_groups::keep_a_writer(&key, &rest)?;
            of_groups::take_off_workflows(tx, project.id, group.id)?;
            projects::delete_group(tx, project.id, group.id)?;
            Ok(())
        })
        .await
    }
}

/// Gives a group a level on a workflow with groups of its own, unless its last writer would only read then.
fn put_on_workflow(
    tx: &mut Tx<'_>,
    workflow: &workflows::Named,
    own: &[projects::Grant],
    group: GroupId,
    level: u8,
) -> Tried<()> {
    if level < 7 && !own.iter().any(|g| g.group != group && g.level == 7) {
        return Err(numbered(ids::LAST_GROUP_WRITE, format!("workflow {}", workflow.name)).into());
    }
    Ok(workflows::put_group(tx, workflow.id, group, level)?)
}

/// Ids of a workflow's runs, or a refusal if one of them has not ended.
pub fn ended_runs(tx: &mut Tx<'_>, workflow: &workflows::Named) -> Tried<Vec<RunId>> {
    let all = runs::list(tx, workflow.id, &runs::Filter { limit: i64::MAX, ..Default::default() })?;
    if let Some(active) = all.iter().find(|r| !r.status.is_final()) {
        return Err(Error::conflict(format!(
            "run {} #{} has not ended: stop it first",
            workflow.name, active.number
        ))
        .into());
    }
    Ok(all.into_iter().map(|r| r.id).collect())
}

/// A generated key as a row.
pub fn row(owner: impl ToString, name: &str, key: &keys::Generated, now: Timestamp) -> key_rows::KeyPair {
    key_rows::KeyPair {
        owner: owner.to_string(),
        name: name.to_string(),
        kind: key.kind.to_string(),
        public: key.public.clone(),
        private: key.private.clone(),
        key_id: key.id.clone(),
        disabled: false,
        created: now,
    }
}

/// Generates a key where blocking is allowed.
pub async fn generate(kind: &str, name: &str, project: &str) -> Result<keys::Generated> {
    let (kind, name, project) = (kind.to_string(), name.to_string(), project.to_string());
    tokio::task::spawn_blocking(move || keys::generate(&kind, &name, &project))
        .await
        .map_err(Error::internal)?
        .map_err(|e| Error::bad_request(e).id(ids::UNKNOWN_KEY_TYPE.id.into()))
}

fn suggested_key(text: &str) -> String {
    let key: String = text.to_uppercase().chars().filter(|c| c.is_ascii_alphanumeric()).take(64).collect();
    if key.is_empty() { "MYPROJECT".into() } else { key }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_named_after_its_project() {
        assert_eq!(slug("Test project", "TP"), "test-project");
        assert_eq!(slug("04SCWorkflowRunWorkerCmd", "X"), "04scworkflowrunworkercmd");
        assert_eq!(slug("é", "KEY"), "key");
        assert_eq!(suggested_key("my-proj"), "MYPROJ");
    }
}
