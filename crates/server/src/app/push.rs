//! A workflow and all it uses, as one tar (spec 3.17).

use super::{
    imports::{Read, Rules, read, refused},
    projects,
    refuse::numbered,
    tarball::{self, Bad},
};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use bytes::Bytes;
use cds_api::Messages;
use cds_store::workflows;
use cds_workflow::{
    Diagnostic, def, error_ids as ids, has_errors,
    parse::{File, Kind},
};

/// Reads all files; none is stored if one has errors.
fn parse(tar: &[u8], strict: bool) -> Result<(Vec<File>, Vec<Diagnostic>)> {
    let (mut files, mut findings) = (Vec::new(), Vec::new());
    let texts = tarball::unpack(tar).map_err(|bad| match bad {
        Bad::Form(why) => Error::bad_request(why).id(74),
        Bad::Size(why) => Error::too_large(why),
    })?;
    for (name, text) in texts {
        let Read { file, findings: more } = read(Kind::of(&name), &name, &text, strict);
        findings.extend(more);
        files.extend(file);
    }
    if has_errors(&findings) {
        return Err(refused(&findings, ids::INVALID_WORKFLOW));
    }
    let workflows: Vec<&str> =
        files.iter().filter(|f| matches!(f, File::Workflow(_))).map(File::name).collect();
    match workflows.as_slice() {
        [_] => Ok((files, findings)),
        [] => Err(Error::bad_request(
            "invalid given workflow components, missing workflow file: push one .yml file that is neither .pip., .app. nor .env.",
        )
        .id(74)),
        several => Err(Error::bad_request(format!(
            "one workflow at a time: there are {}",
            several.join(", ")
        ))
        .id(74)),
    }
}

impl App {
    /// Imports the files of a tar, overwriting what exists; `force` lets go of a repository that owns the workflow.
    pub async fn push(&self, caller: &Caller, key: String, tar: Bytes, rules: Rules) -> Result<Messages> {
        let (strict, force, repository) = (rules.strict, rules.force, rules.repository);
        let (files, findings) =
            tokio::task::spawn_blocking(move || parse(&tar, strict)).await.map_err(Error::internal)??;
        if let Some(workflow) =
            files.iter().find_map(|f| if let File::Workflow(w) = f { Some(w) } else { None })
        {
            let (k, name) = (key.clone(), workflow.name.clone());
            let owner = self
                .reading(move |tx| {
                    let project = projects::find(tx, &k)?.id;
                    Ok(workflows::named(tx, project, &name)?.map(|w| w.from_repository).unwrap_or_default())
                })
                .await?;
            let other = !repository.is_empty() && owner != repository;
            if !owner.is_empty() && (other || (repository.is_empty() && !force)) {
                let about = format!("{} follows {owner}; push with force to detach it", workflow.name);
                return Err(numbered(ids::ALREADY_AS_CODE, about));
            }
            if !repository.is_empty() {
                self.check_root(&key, workflow, &files).await?;
            }
        }
        let rules = Rules { force: true, strict, repository };
        let mut done = self.store_files(caller, key, files, rules).await?;
        done.messages.extend(findings.iter().map(ToString::to_string));
        Ok(done)
    }

    /// A workflow that follows a repository needs it at its root (spec 3.17).
    async fn check_root(&self, key: &str, workflow: &def::Workflow, files: &[File]) -> Result<()> {
        let name = workflow.nodes.first().map(|n| n.application.clone()).unwrap_or_default();
        let pushed = files.iter().find_map(|f| match f {
            File::Application(a) if a.name == name => Some(a.clone()),
            _ => None,
        });
        let application = match pushed {
            Some(a) => Some(a),
            None => {
                let key = key.to_string();
                self.reading(move |tx| {
                    let project = projects::find(tx, &key)?.id;
                    let kind = cds_store::entities::Kind::Application;
                    Ok(cds_store::entities::get::<def::Application>(tx, project, kind, &name)?.map(|e| e.def))
                })
                .await?
            }
        };
        if application.is_some_and(|a| !a.vcs_server.is_empty() && !a.repo.is_empty()) {
            return Ok(());
        }
        Err(numbered(ids::REPOSITORY_MANDATORY, &workflow.name))
    }
}
