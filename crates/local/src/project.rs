//! The project on the server that a run is made in.

use crate::{LocalError, Options, Plan, follow};
use cds_api::{
    projects::{Encrypt, ProjectCreate, Variable},
    runs::{Run, RunStart},
};
use cds_client::{Client, Owner};
use cds_workflow::{
    def::{Key, Value},
    export,
    parse::File,
};
use std::{collections::BTreeMap, io::Write};

pub(crate) const KEY: &str = "LOCAL";

/// A project on a server of one's own.
#[derive(Debug)]
pub struct Project {
    client: Client,
    /// Tokens of the secrets by name.
    tokens: BTreeMap<String, String>,
}

impl Project {
    /// Makes it, with the variables and secrets that were given. The client must be an administrator's.
    ///
    /// # Errors
    /// A name or secret that the server refuses.
    pub async fn create(client: Client, options: &Options) -> Result<Self, LocalError> {
        let body = ProjectCreate {
            key: KEY.into(),
            name: "local".into(),
            description: String::new(),
            group: String::new(),
        };
        client.project_create(&body).await?;
        let owner = Owner::Project(KEY.into());
        let mut tokens = BTreeMap::new();
        let strings = options.variables.iter().map(|v| (v, "string"));
        for ((name, value), kind) in strings.chain(options.secrets.iter().map(|v| (v, "password"))) {
            let refused = |e: cds_client::ClientError| LocalError::Usage(format!("{name}: {e}"));
            let variable = Variable { name: name.clone(), kind: kind.into(), value: value.clone() };
            client.variable_add(&owner, &variable).await.map_err(refused)?;
            if kind == "password" {
                let body = Encrypt { name: name.clone(), value: value.clone() };
                tokens.insert(name.clone(), client.encrypt(KEY, &body).await.map_err(refused)?.token);
            }
        }
        Ok(Self { client, tokens })
    }

    /// Runs the workflow and shows it until it ends. When `stop` is done, the run is stopped.
    ///
    /// # Errors
    /// The server refuses the files or goes away.
    pub async fn run(
        &self,
        plan: &Plan,
        options: &Options,
        stop: impl Future<Output = ()>,
    ) -> Result<Run, LocalError> {
        if let Some(folder) = &options.artifacts {
            // Now: after the run it would be too late.
            let failed = |e| LocalError::Usage(format!("--artifacts {}: {e}", folder.display()));
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let (tar, notes) = self.pack(plan)?;
        for note in notes {
            // A terminal that was closed is no reason to stop.
            let _ = writeln!(std::io::stderr(), "cds run: {note}");
        }
        self.client.push(KEY, tar, false).await.map_err(|e| LocalError::Usage(e.to_string()))?;
        let body = RunStart { payload: Some(plan.payload.clone()), ..RunStart::default() };
        let run =
            self.client.run_start(KEY, plan.workflow(), &body, None).await.map_err(|e| match e.status() {
                // What was asked for is wrong: there is no run.
                Some(status) if status.is_client_error() => LocalError::Usage(e.to_string()),
                _ => LocalError::Failed(e.to_string()),
            })?;
        follow::follow(&self.client, run, options, stop).await
    }

    /// The files as they are pushed, and what was left out of them.
    fn pack(&self, plan: &Plan) -> Result<(Vec<u8>, Vec<String>), LocalError> {
        let mut notes = Vec::new();
        let workflow = &plan.definitions.workflow;
        let text = export::export_workflow(workflow, export::ExportOptions::default());
        let mut files = vec![("workflow.yml".to_string(), text)];
        for (i, (_, file)) in plan.definitions.others.iter().enumerate() {
            files.push(match file.clone() {
                File::Pipeline(p) => (format!("{i}.pip.yml"), export::export_pipeline(&p)),
                File::Application(mut a) => {
                    let of = format!("application {}", a.name);
                    self.values(&of, &mut a.variables, &mut notes);
                    self.keys(&of, &mut a.keys, &mut notes);
                    if !a.vcs_password.is_empty() {
                        a.vcs_password = self.token("vcs_password", &of, &mut notes).unwrap_or_default();
                    }
                    for config in a.deployments.values_mut() {
                        for (name, v) in config.iter_mut().filter(|(_, v)| v.kind == "password") {
                            v.value = self.token(name, &of, &mut notes).unwrap_or_default();
                        }
                    }
                    (format!("{i}.app.yml"), export::export_application(&a))
                }
                File::Environment(mut e) => {
                    let of = format!("environment {}", e.name);
                    self.values(&of, &mut e.variables, &mut notes);
                    self.keys(&of, &mut e.keys, &mut notes);
                    (format!("{i}.env.yml"), export::export_environment(&e))
                }
                File::Workflow(_) => continue,
            });
        }
        let mut tar = tar::Builder::new(Vec::new());
        let broken = |e: std::io::Error| LocalError::Failed(format!("cannot pack the files: {e}"));
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, name, text.as_bytes()).map_err(broken)?;
        }
        Ok((tar.into_inner().map_err(broken)?, notes))
    }

    fn token(&self, name: &str, of: &str, notes: &mut Vec<String>) -> Option<String> {
        let token = self.tokens.get(name).cloned();
        if token.is_none() {
            notes.push(format!(
                "secret {name} of {of} is not known here and empty: give it with --secret {name}=VALUE"
            ));
        }
        token
    }

    fn values(&self, of: &str, values: &mut BTreeMap<String, Value>, notes: &mut Vec<String>) {
        for (name, v) in values.iter_mut().filter(|(_, v)| v.kind == "password") {
            match self.token(name, of, notes) {
                Some(token) => v.value = token,
                // A secret cannot be empty.
                None => *v = Value { kind: "string".into(), value: String::new() },
            }
        }
    }

    fn keys(&self, of: &str, keys: &mut BTreeMap<String, Key>, notes: &mut Vec<String>) {
        for (name, key) in keys.iter_mut().filter(|(_, k)| !k.value.is_empty()) {
            key.value = self.tokens.get(name).cloned().unwrap_or_default();
            if key.value.is_empty() {
                notes.push(format!("key {name} of {of} is not known here: a new one is made"));
            }
        }
    }
}
