//! Taking a snapshot: everything a run may read, as it is now.

use crate::{
    App,
    http::error::{Error, Result},
};
use cds_engine::{
    RunSpec,
    spec::{App as SpecApp, Env, PublicKey, Settings},
};
use cds_model::{ProjectId, WorkflowId};
use cds_store::{
    Tx,
    entities::{self, Kind},
    keys, projects, variables, workflows,
};
use cds_workflow::def::{self, Value};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex},
};

/// Snapshots taken lately: an unchanged workflow gives the same one, which the store keeps only once.
#[derive(Default)]
pub struct Specs(Mutex<HashMap<WorkflowId, Arc<RunSpec>>>);

/// A workflow that is about to run.
pub struct Taken {
    /// What its run will work on.
    pub spec: Arc<RunSpec>,
    /// Which workflow.
    pub workflow: WorkflowId,
    /// Of which project.
    pub project: ProjectId,
}

/// Variables of an owner by name; those of secrets are emptied.
pub fn variables_of(tx: &mut Tx<'_>, owner: &str) -> cds_store::Result<BTreeMap<String, Value>> {
    Ok(variables::list(tx, owner)?
        .into_iter()
        .map(|v| {
            let value = if v.secret { String::new() } else { v.value };
            (v.name, Value { kind: v.kind, value })
        })
        .collect())
}

/// Public parts of an owner's enabled keys.
pub fn keys_of(tx: &mut Tx<'_>, owner: &str) -> cds_store::Result<Vec<PublicKey>> {
    Ok(keys::list(tx, owner)?
        .into_iter()
        .filter(|k| !k.disabled)
        .map(|k| PublicKey { name: k.name, kind: k.kind, public: k.public, id: k.key_id })
        .collect())
}

/// Settings of a project as stored.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct ProjectSettings {
    /// `inert`, `refuse`, `splice`; empty = the server's.
    pub tainted_interpolation: String,
}

impl ProjectSettings {
    /// From the stored text; what can't be read counts as not set.
    pub fn of(project: &projects::Project) -> Self {
        serde_json::from_str(&project.settings).unwrap_or_default()
    }
}

struct Found {
    project: projects::Project,
    workflow: workflows::Workflow,
    spec: RunSpec,
    missing: Vec<String>,
}

fn take(tx: &mut Tx<'_>, key: &str, name: &str) -> cds_store::Result<Option<Found>> {
    let Some(project) = projects::by_key(tx, key)? else { return Ok(None) };
    let Some(workflow) = workflows::get(tx, project.id, name)? else { return Ok(None) };
    let owner = project.id.to_string();
    let mut missing = Vec::new();
    let mut spec = RunSpec {
        workflow_id: Some(workflow.id),
        project: project.key.clone(),
        project_variables: variables_of(tx, &owner)?,
        project_keys: keys_of(tx, &owner)?,
        workflow: workflow.def.clone(),
        ..RunSpec::default()
    };
    // The workflow's groups decide whose hatcheries may run its jobs; a workflow without any has its project's.
    let grants = workflows::groups(tx, workflow.id)?;
    let grants = if grants.is_empty() { projects::groups(tx, project.id)? } else { grants };
    spec.workflow.permissions = grants.into_iter().map(|g| (g.name, g.level)).collect();
    for node in &workflow.def.nodes {
        if !node.pipeline.is_empty() && !spec.pipelines.contains_key(&node.pipeline) {
            match entities::get::<def::Pipeline>(tx, project.id, Kind::Pipeline, &node.pipeline)? {
                Some(e) => drop(spec.pipelines.insert(node.pipeline.clone(), e.def)),
                None => missing.push(format!("pipeline {} of node {}", node.pipeline, node.name)),
            }
        }
        if !node.application.is_empty() && !spec.applications.contains_key(&node.application) {
            match entities::get::<def::Application>(tx, project.id, Kind::Application, &node.application)? {
                Some(e) => {
                    let owner = e.id.to_string();
                    let mut def = e.def;
                    def.variables = variables_of(tx, &owner)?;
                    def.vcs_password.clear();
                    let app = SpecApp { def, public_keys: keys_of(tx, &owner)? };
                    spec.applications.insert(node.application.clone(), app);
                }
                None => missing.push(format!("application {} of node {}", node.application, node.name)),
            }
        }
        if !node.environment.is_empty() && !spec.environments.contains_key(&node.environment) {
            match entities::get::<def::Environment>(tx, project.id, Kind::Environment, &node.environment)? {
                Some(e) => {
                    let owner = e.id.to_string();
                    let mut def = e.def;
                    def.variables = variables_of(tx, &owner)?;
                    spec.environments
                        .insert(node.environment.clone(), Env { def, public_keys: keys_of(tx, &owner)? });
                }
                None => missing.push(format!("environment {} of node {}", node.environment, node.name)),
            }
        }
    }
    Ok(Some(Found { project, workflow, spec, missing }))
}

impl App {
    /// Takes a snapshot of a workflow and all that it names.
    ///
    /// # Errors
    /// 404; 400 if it names something that is not there any more; 409 if not all of it can be read.
    pub async fn snapshot(&self, key: &str, workflow: &str) -> Result<Taken> {
        let (k, w) = (key.to_string(), workflow.to_string());
        let found = self
            .store()
            .read(move |tx| take(tx, &k, &w))
            .await
            .map_err(|e| match e {
                cds_store::Error::Json { .. } => Error::conflict(format!(
                    "workflow {key}/{workflow} can't be run, for not all of it can be read ({e}): push it again, or delete it"
                )),
                e => Error::internal(e),
            })?
            .ok_or_else(|| Error::not_found(format!("workflow {key}/{workflow}")))?;
        if !found.missing.is_empty() {
            return Err(Error::bad_request(format!(
                "the workflow names what its project does not have: {}. Import it, or change the workflow",
                found.missing.join(", ")
            ))
            .id(96));
        }
        let of_project = ProjectSettings::of(&found.project).tainted_interpolation;
        let policy =
            if of_project.is_empty() { self.config().tainted_interpolation.clone() } else { of_project };
        let mut spec = found.spec;
        spec.settings = Settings { ..self.config().run_settings(self.url(), &policy) };
        let spec = self.specs().share(found.workflow.id, spec);
        Ok(Taken { spec, workflow: found.workflow.id, project: found.project.id })
    }
}

impl Specs {
    /// The snapshot taken before, if it is the same.
    fn share(&self, workflow: WorkflowId, spec: RunSpec) -> Arc<RunSpec> {
        let mut known = self.0.lock().unwrap_or_else(|p| p.into_inner());
        if let Some(before) = known.get(&workflow)
            && **before == spec
        {
            return before.clone();
        }
        if known.len() >= 1_000 {
            known.clear();
        }
        let spec = Arc::new(spec);
        known.insert(workflow, spec.clone());
        spec
    }
}
