//! Applications, environments and pipelines: lists, creation, deletion, and which workflows use them.

use super::{
    projects::{self, groups_of, workflow_level},
    refuse::{Tried, check_name, missing, numbered},
    workflows as of_workflows,
};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use axum::http::StatusCode;
use cds_api::{
    entities::{Application, Environment, Pipeline, PipelineParameter},
    workflows::Workflow,
};
use cds_model::{EntityId, ProjectId, Timestamp};
use cds_store::{
    Tx,
    entities::{self, Entity, Kind},
    workflows,
};
use cds_workflow::{def, error_ids as ids};
use serde::de::DeserializeOwned;

/// A definition of a project, by kind and name.
pub fn find<T: DeserializeOwned>(
    tx: &mut Tx<'_>,
    project: ProjectId,
    kind: Kind,
    name: &str,
) -> Tried<Entity<T>> {
    Ok(entities::get(tx, project, kind, name)?.ok_or_else(|| missing(format!("{} {name}", kind.as_str())))?)
}

fn application(key: &str, e: Entity<def::Application>) -> Application {
    Application {
        name: e.name,
        description: e.def.description,
        project_key: key.to_string(),
        repository_fullname: e.def.repo,
        from_repository: e.from_repository,
        last_modified: e.last_modified.to_rfc3339(),
    }
}

fn environment(e: Entity<def::Environment>) -> Environment {
    Environment {
        name: e.name,
        from_repository: e.from_repository,
        last_modified: e.last_modified.to_rfc3339(),
    }
}

fn pipeline(e: Entity<def::Pipeline>) -> Pipeline {
    Pipeline {
        name: e.name,
        description: e.def.description,
        from_repository: e.from_repository,
        last_modified: e.last_modified.to_rfc3339(),
        parameters: e.def.parameters.into_iter().map(|(name, p)| parameter(name, p)).collect(),
    }
}

fn parameter(name: String, p: def::Parameter) -> PipelineParameter {
    PipelineParameter { name, kind: p.kind, default: p.value, description: p.description }
}

/// A definition that did not exist before.
pub fn fresh<T>(name: &str, def: T, now: Timestamp) -> Entity<T> {
    Entity {
        id: EntityId::new(),
        name: name.to_string(),
        def,
        from_repository: String::new(),
        created: now,
        last_modified: now,
    }
}

/// Whether a node of a workflow names a definition.
pub fn uses(w: &def::Workflow, kind: Kind, name: &str) -> bool {
    w.nodes.iter().any(|n| match kind {
        Kind::Pipeline => n.pipeline == name,
        Kind::Application => n.application == name,
        Kind::Environment => n.environment == name,
    })
}

impl App {
    /// Applications of a project, by name.
    pub async fn applications(&self, key: String) -> Result<Vec<Application>> {
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            let all = entities::list(tx, project, Kind::Application)?;
            Ok(all.into_iter().map(|e| application(&key, e)).collect())
        })
        .await
    }

    /// One application.
    pub async fn application(&self, key: String, name: String) -> Result<Application> {
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            Ok(application(&key, find(tx, project, Kind::Application, &name)?))
        })
        .await
    }

    /// Makes an empty application.
    pub async fn create_application(&self, key: String, name: String) -> Result<Application> {
        check_name("application", &name)?;
        let now = self.now();
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?.id;
            if entities::get::<def::Application>(tx, project, Kind::Application, &name)?.is_some() {
                return Err(numbered(ids::APPLICATION_EXISTS, &name).into());
            }
            let def = def::Application {
                name: name.clone(),
                vcs_connection_type: "https".into(),
                ..def::Application::default()
            };
            let e = fresh(&name, def, now);
            entities::insert(tx, project, Kind::Application, &e)?;
            Ok(application(&key, e))
        })
        .await
    }

    /// Environments of a project, by name.
    pub async fn environments(&self, key: String) -> Result<Vec<Environment>> {
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            Ok(entities::list(tx, project, Kind::Environment)?.into_iter().map(environment).collect())
        })
        .await
    }

    /// One environment.
    pub async fn environment(&self, key: String, name: String) -> Result<Environment> {
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            Ok(environment(find(tx, project, Kind::Environment, &name)?))
        })
        .await
    }

    /// Makes an empty environment.
    pub async fn create_environment(&self, key: String, name: String) -> Result<Environment> {
        check_name("environment", &name).map_err(|e| e.id(ids::INVALID_ENVIRONMENT.id.into()))?;
        let now = self.now();
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?.id;
            if entities::get::<def::Environment>(tx, project, Kind::Environment, &name)?.is_some() {
                return Err(numbered(ids::ENVIRONMENT_EXISTS, &name).into());
            }
            let def = def::Environment { name: name.clone(), ..def::Environment::default() };
            let e = fresh(&name, def, now);
            entities::insert(tx, project, Kind::Environment, &e)?;
            Ok(environment(e))
        })
        .await
    }

    /// Pipelines of a project, by name.
    pub async fn pipelines(&self, key: String) -> Result<Vec<Pipeline>> {
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            Ok(entities::list(tx, project, Kind::Pipeline)?.into_iter().map(pipeline).collect())
        })
        .await
    }

    /// One pipeline.
    pub async fn pipeline(&self, key: String, name: String) -> Result<Pipeline> {
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            Ok(pipeline(find(tx, project, Kind::Pipeline, &name)?))
        })
        .await
    }

    /// Deletes a definition with its variables and keys, unless a workflow names it.
    pub async fn delete_entity(&self, key: String, kind: Kind, name: String) -> Result<()> {
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?.id;
            let id = find::<serde_json::Value>(tx, project, kind, &name)?.id;
            let all = workflows::list(tx, project)?;
            let users: Vec<String> =
                all.into_iter().filter(|w| uses(&w.def, kind, &name)).map(|w| w.name).collect();
            if !users.is_empty() {
                let (what, id) = match kind {
                    Kind::Pipeline => ("Pipeline", Some(104)),
                    Kind::Application => ("Application", Some(163)),
                    Kind::Environment => ("Environment", None),
                };
                let message = format!("{what} still used by a workflow: {name} is in {}", users.join(", "));
                let refusal = Error::new(StatusCode::BAD_REQUEST, "bad_request", message);
                return Err(match id {
                    Some(id) => refusal.id(id),
                    None => refusal,
                }
                .into());
            }
            entities::delete(tx, id)?;
            Ok(())
        })
        .await
    }

    /// Workflows that name a definition, as far as the caller may read them.
    pub async fn usage(
        &self,
        caller: &Caller,
        key: String,
        kind: Kind,
        name: String,
    ) -> Result<Vec<Workflow>> {
        let caller = caller.clone();
        self.reading(move |tx| {
            let project = projects::find(tx, &key)?.id;
            find::<serde_json::Value>(tx, project, kind, &name)?;
            let level = cds_store::projects::level(tx, project, caller.user)?;
            let mine = groups_of(tx, caller.user)?;
            let mut found = Vec::new();
            for w in workflows::list(tx, project)?.into_iter().filter(|w| uses(&w.def, kind, &name)) {
                let permission = workflow_level(tx, &caller, &mine, level, w.id)?;
                if permission >= 4 {
                    found.push(of_workflows::shown(&key, &w, permission));
                }
            }
            Ok(found)
        })
        .await
    }
}
