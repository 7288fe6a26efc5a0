//! From files to stored definitions (spec 3.2.5, 3.3, 3.9 to 3.12). What needs time — parsing, making keys — is done
//! before the transaction; everything is stored or nothing.

use super::{
    entities::fresh,
    exchange::secret_scope,
    import_keys::MadeKeys,
    projects,
    refuse::{Tried, numbered},
    variables::{check_secret, open_token},
};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::Messages;
use cds_model::Timestamp;
use cds_store::{
    Tx,
    entities::{self, Entity, Kind},
    keys, projects as project_rows, secret_tokens, variables,
};
use cds_workflow::{
    Diagnostic, Severity,
    def::{self, Value},
    diag::{Rule, make_strict},
    error_ids::{self as ids, ErrorId},
    has_errors, lint,
    parse::{self, File, Format},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Characters of a file's name that messages repeat.
const LONGEST_NAME: usize = 300;

/// A refusal that lists all findings; its number is that of the first error that has one.
pub fn refused(findings: &[Diagnostic], otherwise: ErrorId) -> Error {
    let errors: Vec<&Diagnostic> = findings.iter().filter(|d| d.severity == Severity::Error).collect();
    let id = errors.iter().find_map(|d| d.id).and_then(ids::by_id).copied().unwrap_or(otherwise);
    let about = match errors.as_slice() {
        [] => String::new(),
        [one] => one.message.clone(),
        [first, more @ ..] => format!("{} (and {} more)", first.message, more.len()),
    };
    numbered(id, about).details(findings.iter().map(ToString::to_string).collect())
}

/// A parsed file and what there is to say about it.
pub struct Read {
    /// What it defines; none if it has errors.
    pub file: Option<File>,
    /// Findings of the parser, and places where text from events enters scripts.
    pub findings: Vec<Diagnostic>,
}

/// A file as it was sent.
pub struct Sent {
    /// What it defines.
    pub kind: parse::Kind,
    /// Its notation.
    pub format: Format,
    /// What its owner calls it, for messages; empty if that is not known.
    pub name: String,
    /// Its content.
    pub text: String,
}

/// Reads a file. Takes time with large ones: call it where blocking is allowed.
pub fn read(kind: parse::Kind, name: &str, text: &str, strict: bool) -> Read {
    let (file, mut findings) = parse::parse_kind(kind, name, text);
    if strict {
        make_strict(&mut findings);
    }
    if file.is_some() {
        let tainted = lint::lint(&[(name.to_string(), text.to_string())], false);
        findings.extend(tainted.into_iter().filter(|d| d.rule == Rule::Tainted));
        for d in &mut findings {
            // What lint calls an error does not forbid the import of a file that the parser accepts.
            if d.rule == Rule::Tainted {
                d.severity = Severity::Warning;
            }
        }
    }
    Read { file, findings }
}

impl App {
    /// Imports one file.
    pub async fn import(&self, caller: &Caller, key: String, sent: Sent, rules: Rules) -> Result<Messages> {
        let Sent { kind, format, name: known_as, text } = sent;
        let stem = match kind {
            parse::Kind::Workflow => "workflow",
            parse::Kind::Pipeline => "pipeline.pip",
            parse::Kind::Application => "application.app",
            parse::Kind::Environment => "environment.env",
        };
        // The parser goes by the name's endings, and the owner's name may have others.
        let name = format!("{stem}.{}", if format == Format::Json { "json" } else { "yml" });
        let strict = rules.strict;
        let Read { file, mut findings } =
            tokio::task::spawn_blocking(move || read(kind, &name, &text, strict))
                .await
                .map_err(Error::internal)?;
        let known_as: String = known_as.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        if !known_as.is_empty() {
            findings.iter_mut().for_each(|d| d.file.clone_from(&known_as));
        }
        let Some(file) = file.filter(|_| !has_errors(&findings)) else {
            return Err(refused(&findings, ids::WRONG_REQUEST));
        };
        let mut done = self.store_files(caller, key, vec![file], rules).await?;
        done.messages.extend(findings.iter().map(ToString::to_string));
        Ok(done)
    }

    /// Stores parsed files in one transaction, each after what it needs: applications, environments, pipelines, workflow.
    pub(super) async fn store_files(
        &self,
        caller: &Caller,
        key: String,
        mut files: Vec<File>,
        rules: Rules,
    ) -> Result<Messages> {
        files.sort_by_key(|f| match f {
            File::Application(_) => 0,
            File::Environment(_) => 1,
            File::Pipeline(_) => 2,
            File::Workflow(_) => 3,
        });
        let made = self.make_keys(&key, &files).await?;
        let (caller, files, now) = (caller.clone(), Arc::new(files), self.now());
        self.writing(move |tx| {
            let project = projects::find(tx, &key)?;
            let mut import = Import {
                project: &project,
                caller: &caller,
                now,
                rules: &rules,
                made: &made,
                messages: Vec::new(),
                warnings: Vec::new(),
            };
            let mut workflow = None;
            for file in files.iter() {
                match file {
                    File::Application(a) => import.application(tx, a.clone())?,
                    File::Environment(e) => import.environment(tx, e.clone())?,
                    File::Pipeline(p) => import.pipeline(tx, p.clone())?,
                    File::Workflow(w) => {
                        workflow = Some(w.name.clone());
                        import.workflow(tx, w.clone())?;
                    }
                }
            }
            let mut messages = import.messages;
            messages.extend(import.warnings);
            Ok(Messages { messages, workflow })
        })
        .await
    }
}

/// How an import treats what exists.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Overwrite.
    pub force: bool,
    /// Unknown and repeated keys are errors.
    pub strict: bool,
    /// URL of the repository that the files are from; empty = a user gives them.
    pub repository: String,
}

/// An import under way inside a transaction.
pub struct Import<'a> {
    /// Into which project.
    pub project: &'a project_rows::Project,
    /// Who imports.
    pub caller: &'a Caller,
    /// When.
    pub now: Timestamp,
    /// How.
    pub rules: &'a Rules,
    /// Keys made for it.
    pub made: &'a MadeKeys,
    /// What was done.
    pub messages: Vec<String>,
    /// What should be known.
    pub warnings: Vec<String>,
}

impl Import<'_> {
    /// Whether a definition may be overwritten: it was asked for, and no other repository owns it (spec 12.2).
    pub fn may_replace(
        &mut self,
        what: &str,
        name: &str,
        owner: &str,
        exists: ErrorId,
        owned: ErrorId,
    ) -> Result<()> {
        if !self.rules.force {
            return Err(numbered(exists, format!("{name}; import with force to replace it")));
        }
        if owner.is_empty() || owner == self.rules.repository {
            return Ok(());
        }
        if !self.rules.repository.is_empty() {
            return Err(numbered(owned, format!("{name} belongs to {owner}")));
        }
        self.warnings.push(format!("{what} {name} was detached from the repository {owner}"));
        Ok(())
    }

    /// Stores a definition under its name; its id stays the same over imports.
    fn save<T: serde::Serialize + serde::de::DeserializeOwned>(
        &mut self,
        tx: &mut Tx<'_>,
        kind: Kind,
        existing: Option<Entity<T>>,
        new: Entity<T>,
    ) -> Tried<()> {
        let (what, name) = (title(kind), new.name.clone());
        let e = Entity { from_repository: self.rules.repository.clone(), last_modified: self.now, ..new };
        if existing.is_some() {
            entities::update(tx, &e)?;
            self.messages.push(format!("{what} {name} has been updated"));
        } else {
            entities::insert(tx, self.project.id, kind, &e)?;
            self.messages.push(format!("{what} {name} has been created"));
        }
        Ok(())
    }

    /// Stores a pipeline.
    pub fn pipeline(&mut self, tx: &mut Tx<'_>, mut def: def::Pipeline) -> Tried<()> {
        let old = entities::get::<def::Pipeline>(tx, self.project.id, Kind::Pipeline, &def.name)?;
        if let Some(old) = &old {
            let owner = &old.from_repository;
            self.may_replace("Pipeline", &def.name, owner, ids::PIPELINE_EXISTS, ids::PIPELINE_OWNED)?;
        }
        def.from_repository.clone_from(&self.rules.repository);
        let name = def.name.clone();
        let new = Entity {
            id: old.as_ref().map_or_else(cds_model::EntityId::new, |o| o.id),
            ..fresh(&name, def, self.now)
        };
        self.save(tx, Kind::Pipeline, old, new)
    }

    /// Stores an application with its variables and keys.
    pub fn application(&mut self, tx: &mut Tx<'_>, mut def: def::Application) -> Tried<()> {
        let old = entities::get::<def::Application>(tx, self.project.id, Kind::Application, &def.name)?;
        if let Some(old) = &old {
            let owner = &old.from_repository;
            self.may_replace(
                "Application",
                &def.name,
                owner,
                ids::APPLICATION_EXISTS,
                ids::APPLICATION_OWNED,
            )?;
        }
        let id = old.as_ref().map_or_else(cds_model::EntityId::new, |o| o.id);
        let scope = secret_scope(Kind::Application, id);
        self.inside(tx, Kind::Application, id, &def.name, &mut def.variables, &mut def.keys)?;
        if !def.vcs_password.is_empty() {
            let token = std::mem::take(&mut def.vcs_password);
            def.vcs_password = self.keep(tx, &token, "vcs_password", &format!("{scope}:vcs_password"))?;
        }
        for (integration, config) in &mut def.deployments {
            for (name, value) in
                config.iter_mut().filter(|(_, v)| v.kind == "password" && !v.value.is_empty())
            {
                let place = format!("`{name}` of deployment {integration}");
                value.value =
                    self.keep(tx, &value.value, &place, &format!("{scope}:deployment:{integration}:{name}"))?;
            }
        }
        def.from_repository.clone_from(&self.rules.repository);
        let name = def.name.clone();
        let new = Entity { id, ..fresh(&name, def, self.now) };
        self.save(tx, Kind::Application, old, new)
    }

    /// Stores an environment with its variables and keys.
    pub fn environment(&mut self, tx: &mut Tx<'_>, mut def: def::Environment) -> Tried<()> {
        let old = entities::get::<def::Environment>(tx, self.project.id, Kind::Environment, &def.name)?;
        if let Some(old) = &old {
            let owner = &old.from_repository;
            self.may_replace(
                "Environment",
                &def.name,
                owner,
                ids::ENVIRONMENT_EXISTS,
                ids::ENVIRONMENT_OWNED,
            )?;
        }
        let id = old.as_ref().map_or_else(cds_model::EntityId::new, |o| o.id);
        self.inside(tx, Kind::Environment, id, &def.name, &mut def.variables, &mut def.keys)?;
        def.from_repository.clone_from(&self.rules.repository);
        let name = def.name.clone();
        let new = Entity { id, ..fresh(&name, def, self.now) };
        self.save(tx, Kind::Environment, old, new)
    }

    /// A secret that the definition itself keeps as a token: under a name of its own, so that forgetting the token of
    /// the file does not take it away.
    fn keep(&self, tx: &mut Tx<'_>, token: &str, place: &str, name: &str) -> Tried<String> {
        let value = open_token(tx, self.project.id, token, place)?;
        Ok(secret_tokens::put(tx, self.project.id, name, &value, self.now)?)
    }

    /// Moves variables and keys out of a definition into their tables. What the file does not have is removed.
    fn inside(
        &mut self,
        tx: &mut Tx<'_>,
        kind: Kind,
        id: cds_model::EntityId,
        name: &str,
        values: &mut BTreeMap<String, Value>,
        pairs: &mut BTreeMap<String, def::Key>,
    ) -> Tried<()> {
        let (project, owner) = (self.project.id, id.to_string());
        variables::delete_of(tx, &owner)?;
        for (variable, v) in std::mem::take(values) {
            let secret = v.kind == "password";
            let value = if secret {
                let value = open_token(tx, project, &v.value, &format!("the value of variable {variable}"))?;
                check_secret(&variable, &value)?;
                value
            } else {
                v.value
            };
            let row =
                variables::Variable { owner: owner.clone(), name: variable, kind: v.kind, value, secret };
            variables::insert(tx, project, &row)?;
        }
        let wanted = std::mem::take(pairs);
        let stored: BTreeSet<String> = keys::list(tx, &owner)?.into_iter().map(|k| k.name).collect();
        for gone in stored.iter().filter(|k| !wanted.contains_key(*k)) {
            keys::delete(tx, &owner, gone)?;
        }
        for key in wanted.into_keys() {
            match self.made.get(kind, name, &key) {
                Some(made) => {
                    keys::delete(tx, &owner, &key)?;
                    keys::insert(tx, project, &projects::row(&owner, &key, made, self.now))?;
                }
                // It is to be kept as it is.
                None if stored.contains(&key) => {}
                None => {
                    return Err(Error::conflict(format!(
                        "key {key} was deleted during this import: try again"
                    ))
                    .into());
                }
            }
        }
        Ok(())
    }
}

/// What messages call a kind.
pub fn title(kind: Kind) -> &'static str {
    match kind {
        Kind::Pipeline => "Pipeline",
        Kind::Application => "Application",
        Kind::Environment => "Environment",
    }
}
