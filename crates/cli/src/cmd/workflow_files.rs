//! `cdsctl workflow export`, `import`, `pull`, `push`, `lint`.

use super::{files, workflow::ONE};
use crate::{
    call::Call,
    error::CliError,
    registry::{Node, Outcome, Res, plain},
};
use cds_client::ImportKind;
use std::{io::IsTerminal, path::Path};

/// The commands about a workflow's files.
pub(crate) fn nodes() -> Vec<Node> {
    vec![
        plain("export", "Print a workflow's file", export)
            .context(ONE)
            .switch("with-permissions", None, "With the groups' levels")
            .choice("format", &["yaml", "json"], "Notation"),
        super::entity::import(ImportKind::Workflow, "Import a workflow from a file"),
        plain("pull", "Write the files of a workflow and of all it uses", pull)
            .context(ONE)
            .value("output-dir", Some('d'), "Folder [default: .cds]")
            .switch("with-permissions", None, "With the groups' levels")
            .switch("force", None, "Replace files that exist")
            .switch("quiet", Some('q'), "Do not print the files' names"),
        plain("push", "Import a workflow and all it uses from files", push)
            .context(&["project-key"])
            .rest("yaml-file", true)
            .switch("force", None, "Replace files that differ from what the server made of them")
            .switch("skip-update-files", None, "Leave the files as they are")
            .switch("strict", None, files::STRICT),
        plain("lint", "Check files without a server", lint)
            .rest("file", true)
            .switch("lenient", None, "Unknown and repeated keys are warnings, as they are to an import")
            // The default; accepted so that one flag serves lint, import and push.
            .switch("strict", None, "Unknown and repeated keys are errors [default]"),
    ]
}

async fn export(c: Call) -> Res {
    let (key, name) = (c.arg("project-key"), c.arg("workflow-name"));
    let format = files::export_format(&c);
    let text = c.client()?.workflow_export(key, name, format, c.is_set("with-permissions")).await?;
    c.app.say(text);
    Ok(Outcome::Done)
}

/// Unpacks what the server has; asks before it replaces a file unless forced. Nobody to ask and `-n`: stops silently,
/// as the reference does.
fn write(c: &Call, tar: &[u8], folder: &Path, force: bool, tell: bool) -> Result<(), CliError> {
    let silent_stop = c.app.no_interactive;
    let mut stopped = false;
    files::unpack(
        tar,
        folder,
        |path| {
            if force {
                return Ok(true);
            }
            if silent_stop || stopped {
                stopped = true;
                return Ok(false);
            }
            c.app.confirm(&format!("File {} already exists, overwrite it?", path.display()))
        },
        |path| {
            if tell {
                c.app.say(path.display().to_string());
            }
        },
    )
}

async fn pull(c: Call) -> Res {
    let (key, name) = (c.arg("project-key"), c.arg("workflow-name"));
    let tar = c.client()?.workflow_pull(key, name, c.is_set("with-permissions")).await?;
    let folder = Path::new(c.flag("output-dir").unwrap_or(".cds"));
    write(&c, &tar, folder, c.is_set("force"), !c.is_set("quiet"))?;
    Ok(Outcome::Done)
}

async fn push(c: Call) -> Res {
    let tar = files::pack(&c.rest, |path| c.app.say(format!("Reading file  {path}")))?;
    let key = c.arg("project-key");
    let answer = c.client()?.push(key, tar, c.is_set("strict")).await?;
    answer.messages.iter().for_each(|m| c.app.say(m));
    c.app.say("Workflow successfully pushed !");
    let Some(name) = answer.workflow.filter(|_| !c.is_set("skip-update-files")) else {
        return Ok(Outcome::Done);
    };
    let tar = c.client()?.workflow_pull(key, &name, false).await?;
    let folder = c.rest.first().and_then(|p| Path::new(p).parent()).unwrap_or(Path::new(""));
    // The files that were pushed are there, of course: they become what the server made of them (spec 3.17).
    write(&c, &tar, folder, true, true)?;
    Ok(Outcome::Done)
}

async fn lint(c: Call) -> Res {
    let mut sources = Vec::new();
    for path in &c.rest {
        let text = String::from_utf8(files::read(path)?)
            .map_err(|_| CliError::failed(format!("{path} is not UTF-8 text")))?;
        sources.push((path.clone(), text));
    }
    let findings = cds_workflow::lint::lint(&sources, !c.is_set("lenient"));
    let colour = std::io::stdout().is_terminal() && c.app.colour();
    for finding in &findings {
        let text = finding.to_string();
        let (word, on) = if finding.is_error() { ("error:", "\x1b[31m") } else { ("warning:", "\x1b[33m") };
        c.app.say(if colour { text.replacen(word, &format!("{on}{word}\x1b[0m"), 1) } else { text });
    }
    let errors = findings.iter().filter(|f| f.is_error()).count();
    if errors > 0 {
        return Err(CliError::failed(format!("{errors} error(s), {} warning(s)", findings.len() - errors)));
    }
    c.app.warn(format!("{} file(s) checked, {} warning(s)", sources.len(), findings.len()));
    Ok(Outcome::Done)
}
