//! Workflows: lists, deletion, and who may do what on them.

use super::{
    groups as of_groups,
    projects::{self, check_level, ended_runs, groups_of, levels, workflow_level},
    refuse::{Tried, missing, numbered},
    view,
};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::{groups::Grant, workflows::Workflow};
use cds_store::{Tx, projects as project_rows, runs, workflows};
use cds_workflow::error_ids as ids;

/// A workflow with its project.
pub fn find(tx: &mut Tx<'_>, key: &str, name: &str) -> Tried<(project_rows::Project, workflows::Workflow)> {
    let project = projects::find(tx, key)?;
    let found = match workflows::get(tx, project.id, name) {
        Err(e @ cds_store::Error::Json { .. }) => {
            let about = format!("workflow {key}/{name} can't be read ({e}): push it again, or delete it");
            return Err(Error::conflict(about).into());
        }
        found => found?,
    };
    Ok((project, found.ok_or_else(|| missing(format!("workflow {key}/{name}")))?))
}

/// A workflow with its project, whatever its definition is like.
pub fn find_named(
    tx: &mut Tx<'_>,
    key: &str,
    name: &str,
) -> Tried<(project_rows::Project, workflows::Named)> {
    let project = projects::find(tx, key)?;
    let found = workflows::named(tx, project.id, name)?;
    Ok((project, found.ok_or_else(|| missing(format!("workflow {key}/{name}")))?))
}

/// A workflow in a list.
pub fn shown(key: &str, w: &workflows::Workflow, permission: u8) -> Workflow {
    Workflow {
        id: w.id.to_string(),
        name: w.name.clone(),
        description: w.def.description.clone(),
        project_key: key.to_string(),
        from_repository: w.from_repository.clone(),
        last_modified: w.last_modified.to_rfc3339(),
        permission,
        groups: Vec::new(),
        nodes: Vec::new(),
        last_run: None,
    }
}

impl App {
    /// Workflows of a project that the caller may read, by name, each with its last run.
    pub async fn workflows(&self, caller: &Caller, key: String) -> Result<Vec<Workflow>> {
        let caller = caller.clone();
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?;
            let level = project_rows::level(tx, project.id, caller.user)?;
            let mine = groups_of(tx, caller.user)?;
            // A project may have ten thousand: nothing here is asked for each of them.
            let own = workflows::groups_in(tx, project.id)?;
            let newest = runs::latest_in(tx, project.id)?;
            let mut all = Vec::new();
            for w in workflows::heads(tx, project.id)? {
                let grants = own.get(&w.id).map_or(&[][..], Vec::as_slice);
                let permission = projects::level_by(&caller, &mine, level, grants);
                if permission < 4 {
                    continue;
                }
                all.push(Workflow {
                    id: w.id.to_string(),
                    name: w.name,
                    description: w.description,
                    project_key: key.clone(),
                    from_repository: w.from_repository,
                    last_modified: w.last_modified.to_rfc3339(),
                    permission,
                    groups: Vec::new(),
                    nodes: Vec::new(),
                    last_run: newest.get(&w.id).map(super::runs::brief),
                });
            }
            Ok(all)
        })
        .await
    }

    /// A workflow with its graph and the groups that hold for it.
    pub async fn workflow(&self, caller: &Caller, key: String, name: String) -> Result<Workflow> {
        let caller = caller.clone();
        self.reading(move |tx| {
            let (project, w) = find(tx, &key, &name)?;
            let level = project_rows::level(tx, project.id, caller.user)?;
            let mine = groups_of(tx, caller.user)?;
            let permission = workflow_level(tx, &caller, &mine, level, w.id)?;
            let mut workflow = shown(&key, &w, permission);
            let own = workflows::groups(tx, w.id)?;
            workflow.groups =
                levels(if own.is_empty() { project_rows::groups(tx, project.id)? } else { own });
            workflow.nodes = w.def.nodes.iter().map(view::node).collect();
            workflow.last_run = runs::latest(tx, w.id)?.as_ref().map(super::runs::brief);
            Ok(workflow)
        })
        .await
    }

    /// Deletes a workflow with its runs. Those under way are stopped first.
    pub async fn delete_workflow(&self, caller: &Caller, key: String, name: String) -> Result<()> {
        let (k, n) = (key.clone(), name.clone());
        let id = self.reading(move |tx| Ok(find_named(tx, &k, &n)?.1.id)).await?;
        self.stop_runs(caller, &[id]).await?;
        let runs = self
            .writing(move |tx| {
                let (_, w) = find_named(tx, &key, &name)?;
                let runs = ended_runs(tx, &w)?;
                workflows::delete(tx, w.id)?;
                Ok(runs)
            })
            .await?;
        self.forget_runs(runs).await;
        Ok(())
    }

    /// Gives a group of the project a level on a workflow, which from then on has groups of its own (spec 3.15).
    pub async fn grant_on_workflow(
        &self,
        key: String,
        name: String,
        group: String,
        grant: Grant,
    ) -> Result<()> {
        check_level(grant.level)?;
        self.writing(move |tx| {
            let (project, w) = find_named(tx, &key, &name)?;
            let group = of_groups::find(tx, &group)?;
            let of_project = project_rows::groups(tx, project.id)?;
            let Some(base) = of_project.iter().find(|g| g.group == group.id) else {
                let about = format!("give group {} a level on project {key} first", group.name);
                return Err(numbered(ids::GROUP_NOT_IN_PROJECT, about).into());
            };
            if base.level == 7 && grant.level != 7 {
                return Err(numbered(ids::LESS_THAN_PROJECT, &group.name).into());
            }
            let own = workflows::groups(tx, w.id)?;
            let now = if own.is_empty() { of_project } else { own };
            if grant.level != 7 && !now.iter().any(|g| g.group != group.id && g.level == 7) {
                return Err(numbered(ids::LAST_GROUP_WRITE, format!("workflow {name}")).into());
            }
            for g in now {
                workflows::put_group(tx, w.id, g.group, g.level)?;
            }
            Ok(workflows::put_group(tx, w.id, group.id, grant.level)?)
        })
        .await
    }

    /// Takes a group off a workflow, which from then on has groups of its own.
    pub async fn revoke_on_workflow(&self, key: String, name: String, group: String) -> Result<()> {
        self.writing(move |tx| {
            let (project, w) = find_named(tx, &key, &name)?;
            let group = of_groups::find(tx, &group)?;
            let own = workflows::groups(tx, w.id)?;
            let now = if own.is_empty() { project_rows::groups(tx, project.id)? } else { own };
            if !now.iter().any(|g| g.group == group.id) {
                return Err(missing(format!("group {} on workflow {name}", group.name)).into());
            }
            if !now.iter().any(|g| g.group != group.id && g.level == 7) {
                return Err(numbered(ids::LAST_GROUP_WRITE, format!("workflow {name}")).into());
            }
            for g in now {
                workflows::put_group(tx, w.id, g.group, g.level)?;
            }
            workflows::delete_group(tx, w.id, group.id)?;
            Ok(())
        })
        .await
    }
}

/// How long a deletion waits for runs to end that it stopped; workers get their grace in it.
const WAIT_FOR_STOP: std::time::Duration = std::time::Duration::from_secs(15);

impl App {
    /// Stops the runs of workflows that are under way and waits for their end.
    ///
    /// # Errors
    /// 409 if one has not ended in time.
    pub(super) async fn stop_runs(&self, caller: &Caller, of: &[cds_model::WorkflowId]) -> Result<()> {
        let mut news = self.events().subscribe();
        let active = self.active_runs(of).await?;
        for (run, _) in &active {
            let event = cds_engine::Event::Stop { by: caller.username.clone(), node: None };
            match self.apply(*run, &event).await {
                Err(super::live::ApplyError::Parked(_)) => self.stop_parked(*run).await?,
                other => drop(other?),
            }
        }
        let until = tokio::time::Instant::now() + WAIT_FOR_STOP;
        loop {
            let Some((_, number)) = self.active_runs(of).await?.into_iter().next() else { return Ok(()) };
            if tokio::time::Instant::now() >= until {
                return Err(crate::http::error::Error::conflict(format!(
                    "run #{number} was stopped and has not ended yet: try again"
                )));
            }
            // News wakes at once; the second is for what another server did.
            let next = (tokio::time::Instant::now() + std::time::Duration::from_secs(1)).min(until);
            let _ = tokio::time::timeout_at(next, news.recv()).await;
        }
    }

    async fn active_runs(&self, of: &[cds_model::WorkflowId]) -> Result<Vec<(cds_model::RunId, i64)>> {
        let of = of.to_vec();
        self.reading(move |tx| {
            let mut active = Vec::new();
            for id in &of {
                let all = runs::list(tx, *id, &runs::Filter { limit: i64::MAX, ..Default::default() })?;
                active.extend(all.into_iter().filter(|r| !r.status.is_final()).map(|r| (r.id, r.number)));
            }
            Ok(active)
        })
        .await
    }
}
