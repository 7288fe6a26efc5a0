//! What a caller's groups allow on a resource.

use crate::{App, auth::Caller, http::error::Error};
use cds_model::{JobRef, RunId, UserId, WorkflowId};
use cds_store::{Tx, groups, projects, runs, workflows};
use std::collections::{BTreeSet, HashMap};

/// Highest level that a user's groups have on a workflow: by the workflow's own groups if it has any, else by its
/// project's (spec 3.15). 0 = none, or no such workflow.
pub fn workflow_level_in(tx: &mut Tx<'_>, user: UserId, key: &str, workflow: &str) -> cds_store::Result<u8> {
    let Some(project) = projects::by_key(tx, key)? else { return Ok(0) };
    let level = projects::level(tx, project.id, user)?;
    // Not the level on the project: its readers would hear of missing workflows what they do not hear of hidden ones.
    let Some(workflow) = workflows::named(tx, project.id, workflow)? else { return Ok(0) };
    let grants = workflows::groups(tx, workflow.id)?;
    if grants.is_empty() {
        return Ok(level);
    }
    let mine = groups::of_user(tx, user)?;
    Ok(grants
        .iter()
        .filter(|grant| mine.iter().any(|(group, _)| group.id == grant.group))
        .map(|grant| grant.level)
        .max()
        .unwrap_or(0))
}

/// Which workflows a caller may read, each looked up once.
pub struct Readable {
    /// `None` = every one.
    user: Option<UserId>,
    known: HashMap<WorkflowId, bool>,
}

impl Readable {
    /// What this caller may read.
    pub fn by(caller: &Caller) -> Self {
        Self { user: (!caller.is_maintainer()).then_some(caller.user), known: HashMap::new() }
    }

    /// Whether it is this workflow of the project with that key.
    pub fn workflow(
        &mut self,
        tx: &mut Tx<'_>,
        id: WorkflowId,
        key: &str,
        name: &str,
    ) -> cds_store::Result<bool> {
        let Some(user) = self.user else { return Ok(true) };
        if let Some(known) = self.known.get(&id) {
            return Ok(*known);
        }
        let may = workflow_level_in(tx, user, key, name)? >= crate::auth::policy::R;
        self.known.insert(id, may);
        Ok(may)
    }
}

impl App {
    /// Level of a caller on a project; 0 = none, or no such project.
    pub async fn project_level(&self, caller: &Caller, key: &str) -> Result<u8, Error> {
        let (user, key) = (caller.user, key.to_string());
        self.store()
            .read(move |tx| match projects::by_key(tx, &key)? {
                Some(project) => projects::level(tx, project.id, user),
                None => Ok(0),
            })
            .await
            .map_err(Error::internal)
    }

    /// Level of a caller on a workflow.
    pub async fn workflow_level(&self, caller: &Caller, key: &str, workflow: &str) -> Result<u8, Error> {
        let (user, key, workflow) = (caller.user, key.to_string(), workflow.to_string());
        self.store()
            .read(move |tx| workflow_level_in(tx, user, &key, &workflow))
            .await
            .map_err(Error::internal)
    }

    /// Whether a caller may read a workflow: what decides about news and lists of its runs.
    pub async fn may_read(&self, caller: &Caller, key: &str, workflow: &str) -> bool {
        caller.is_maintainer()
            || self.workflow_level(caller, key, workflow).await.is_ok_and(|l| l >= crate::auth::policy::R)
    }

    /// Whether a caller may see a project.
    pub async fn may_see_project(&self, caller: &Caller, key: &str) -> bool {
        caller.is_maintainer()
            || self.project_level(caller, key).await.is_ok_and(|l| l >= crate::auth::policy::R)
    }

    /// Those of some runs that a caller may read.
    pub async fn readable_runs(
        &self,
        caller: &Caller,
        of: BTreeSet<RunId>,
    ) -> Result<BTreeSet<RunId>, Error> {
        if caller.is_maintainer() || of.is_empty() {
            return Ok(of);
        }
        let mut readable = Readable::by(caller);
        self.store()
            .read(move |tx| {
                let mut open = BTreeSet::new();
                for id in &of {
                    let Some(run) = runs::find(tx, *id)? else { continue };
                    if readable.workflow(tx, run.workflow, &run.project_key, &run.workflow_name)? {
                        open.insert(*id);
                    }
                }
                Ok(open)
            })
            .await
            .map_err(Error::internal)
    }

    /// Level of a caller on the workflow of a job's run.
    pub async fn job_level(&self, caller: &Caller, job: &str) -> Result<u8, Error> {
        let job: JobRef = job.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
        let user = caller.user;
        self.store()
            .read(move |tx| match runs::find(tx, job.run)? {
                Some(run) => workflow_level_in(tx, user, &run.project_key, &run.workflow_name),
                None => Ok(0),
            })
            .await
            .map_err(Error::internal)
    }

    /// Whether a caller administers a group.
    pub async fn is_group_admin(&self, caller: &Caller, group: &str) -> Result<bool, Error> {
        let (user, group) = (caller.user, group.to_string());
        self.store()
            .read(move |tx| Ok(groups::of_user(tx, user)?.iter().any(|(g, admin)| g.name == group && *admin)))
            .await
            .map_err(Error::internal)
    }
}
