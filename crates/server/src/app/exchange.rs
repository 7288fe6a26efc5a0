//! From stored definitions to files: variables and keys go back in, secrets as tokens (spec 3.9 to 3.12).

use super::{entities::find, projects, refuse::Tried};
use crate::{App, http::error::Result};
use cds_model::{ProjectId, Timestamp};
use cds_store::{
    Tx,
    entities::{Entity, Kind},
    keys, projects as project_rows, secret_tokens, variables, workflows,
};
use cds_workflow::{
    def::{self, Value},
    export::{self, ExportOptions},
    parse::Format,
};
use std::collections::BTreeMap;

/// Name of a definition's secrets among the project's tokens: stable, so that two exports are the same.
pub fn secret_scope(kind: Kind, id: cds_model::EntityId) -> String {
    match kind {
        Kind::Environment => format!("envID:{id}"),
        _ => format!("appID:{id}"),
    }
}

/// Variables and keys of an application or environment, as its file has them.
type Inside = (BTreeMap<String, Value>, BTreeMap<String, def::Key>);

fn inside<T>(
    tx: &mut Tx<'_>,
    project: ProjectId,
    kind: Kind,
    e: &Entity<T>,
    now: Timestamp,
) -> Tried<Inside> {
    let (owner, scope) = (e.id.to_string(), secret_scope(kind, e.id));
    let mut values = BTreeMap::new();
    for v in variables::list(tx, &owner)? {
        let value = if v.secret {
            secret_tokens::put(tx, project, &format!("{scope}:var:{}", v.name), &v.value, now)?
        } else {
            v.value
        };
        values.insert(v.name, Value { kind: v.kind, value });
    }
    let mut pairs = BTreeMap::new();
    for k in keys::list(tx, &owner)? {
        let value = secret_tokens::put(tx, project, &format!("{scope}:key:{}", k.name), &k.private, now)?;
        pairs.insert(k.name, def::Key { kind: k.kind, value, regen: None });
    }
    Ok((values, pairs))
}

/// An application as its file says it.
pub fn application(
    tx: &mut Tx<'_>,
    project: ProjectId,
    e: Entity<def::Application>,
    now: Timestamp,
) -> Tried<def::Application> {
    let (variables, keys) = inside(tx, project, Kind::Application, &e, now)?;
    Ok(def::Application { variables, keys, ..e.def })
}

/// An environment as its file says it.
pub fn environment(
    tx: &mut Tx<'_>,
    project: ProjectId,
    e: Entity<def::Environment>,
    now: Timestamp,
) -> Tried<def::Environment> {
    let (variables, keys) = inside(tx, project, Kind::Environment, &e, now)?;
    Ok(def::Environment { variables, keys, ..e.def })
}

/// A workflow as its file says it, with the levels that hold for it.
pub fn workflow(tx: &mut Tx<'_>, w: workflows::Workflow) -> cds_store::Result<def::Workflow> {
    let own = workflows::groups(tx, w.id)?;
    let grants = if own.is_empty() { project_rows::groups(tx, w.project)? } else { own };
    let permissions = grants.into_iter().map(|g| (g.name, g.level)).collect();
    Ok(def::Workflow { permissions, ..w.def })
}

fn pretty(value: &serde_json::Value) -> String {
    format!("{value:#}\n")
}

fn workflow_text(w: &def::Workflow, format: Format, with_permissions: bool) -> String {
    let options = ExportOptions { with_permissions };
    match format {
        Format::Yaml => export::export_workflow(w, options),
        Format::Json => pretty(&export::export_workflow_json(w, options)),
    }
}

impl App {
    /// The file of an application, environment or pipeline.
    pub async fn export_entity(
        &self,
        key: String,
        kind: Kind,
        name: String,
        format: Format,
    ) -> Result<String> {
        let now = self.now();
        let json = format == Format::Json;
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?.id;
            Ok(match kind {
                Kind::Pipeline => {
                    let def = find::<def::Pipeline>(tx, project, kind, &name)?.def;
                    if json {
                        pretty(&export::export_pipeline_json(&def))
                    } else {
                        export::export_pipeline(&def)
                    }
                }
                Kind::Application => {
                    let found = find(tx, project, kind, &name)?;
                    let def = application(tx, project, found, now)?;
                    if json {
                        pretty(&export::export_application_json(&def))
                    } else {
                        export::export_application(&def)
                    }
                }
                Kind::Environment => {
                    let found = find(tx, project, kind, &name)?;
                    let def = environment(tx, project, found, now)?;
                    if json {
                        pretty(&export::export_environment_json(&def))
                    } else {
                        export::export_environment(&def)
                    }
                }
            })
        })
        .await
    }

    /// The file of a workflow.
    pub async fn export_workflow(
        &self,
        key: String,
        name: String,
        format: Format,
        with_permissions: bool,
    ) -> Result<String> {
        let def = self
            .reading(move |tx| {
                let found = super::workflows::find(tx, &key, &name)?.1;
                Ok(workflow(tx, found)?)
            })
            .await?;
        Ok(workflow_text(&def, format, with_permissions))
    }

    /// A tar of a workflow's file and the files of all it uses, but for what belongs to another repository (spec 3.17).
    pub async fn pull(&self, key: String, name: String, with_permissions: bool) -> Result<Vec<u8>> {
        let now = self.now();
        let files = self
            .writing(move |tx| {
                let (project, found) = super::workflows::find(tx, &key, &name)?;
                let repository = found.from_repository.clone();
                let def = workflow(tx, found)?;
                let mut files =
                    vec![(format!("{name}.yml"), workflow_text(&def, Format::Yaml, with_permissions))];
                let named = |pick: fn(&def::Node) -> &String| -> Vec<String> {
                    let mut names: Vec<String> =
                        def.nodes.iter().map(pick).filter(|n| !n.is_empty()).cloned().collect();
                    names.sort();
                    names.dedup();
                    names
                };
                for name in named(|n| &n.application) {
                    let e = find::<def::Application>(tx, project.id, Kind::Application, &name)?;
                    if e.from_repository == repository {
                        let def = application(tx, project.id, e, now)?;
                        files.push((format!("{name}.app.yml"), export::export_application(&def)));
                    }
                }
                for name in named(|n| &n.environment) {
                    let e = find::<def::Environment>(tx, project.id, Kind::Environment, &name)?;
                    if e.from_repository == repository {
                        let def = environment(tx, project.id, e, now)?;
                        files.push((format!("{name}.env.yml"), export::export_environment(&def)));
                    }
                }
                for name in named(|n| &n.pipeline) {
                    let e = find::<def::Pipeline>(tx, project.id, Kind::Pipeline, &name)?;
                    if e.from_repository == repository {
                        files.push((format!("{name}.pip.yml"), export::export_pipeline(&e.def)));
                    }
                }
                Ok(files)
            })
            .await?;
        pack(&files).map_err(crate::http::error::Error::internal)
    }
}

/// The same files always give the same bytes.
fn pack(files: &[(String, String)]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, text.as_bytes())?;
    }
    tar.into_inner()
}
