//! `cdsctl workflow artifact` and `result`: files that a run made.

use super::workflow::ONE;
use crate::{
    call::Call,
    error::CliError,
    output::{Record, harmless},
    registry::{Node, Outcome, Res, group, list, plain},
    save::{is_there, save},
};
use cds_api::worker::Artifact;
use cds_client::RunNumber;
use regex::Regex;
use std::path::Path;

/// `… artifact`.
pub(crate) fn artifact() -> Node {
    group("artifact", "Files that a run made").alias(&["artifacts"]).with([
        list("list", "List the files of a run", artifacts).context(ONE).args(&["run-number"]),
        plain("download", "Write the files of a run into the current folder", download)
            .context(ONE)
            .args(&["run-number"])
            .optional(&["artifact-name"])
            .value("exclude", None, "Not the files whose name matches this regular expression")
            .value("cdn-url", None, "Accepted and not needed"),
    ])
}

/// `… result`.
pub(crate) fn result() -> Node {
    group("result", "Results of a run").alias(&["results"]).with([
        list("list", "List the results of a run", results).context(ONE).args(&["run-number"]).value(
            "type",
            Some('t'),
            "Only results of this type",
        ),
        plain("download", "Write a result into the current folder", result_download)
            .context(ONE)
            .args(&["run-number", "result-id"]),
    ])
}

fn number(c: &Call) -> Result<RunNumber, CliError> {
    match c.arg("run-number") {
        "latest" => Ok(RunNumber::Latest),
        _ => Ok(RunNumber::Number(c.number("run-number")?.unwrap_or_default())),
    }
}

async fn all(c: &Call) -> Result<Vec<Artifact>, CliError> {
    Ok(c.client()?.run_artifacts(c.arg("project-key"), c.arg("workflow-name"), number(c)?).await?)
}

/// Has bytes to download.
fn is_file(a: &Artifact) -> bool {
    matches!(a.kind.as_str(), "artifact" | "coverage")
}

async fn artifacts(c: Call) -> Res {
    let rows = all(&c).await?;
    let record = |a: &Artifact| {
        Record::new()
            .with_time("created", &a.created)
            .with("md5", &a.md5)
            .with_key("name", &a.name)
            .with("node", &a.node)
            .with("size", a.size)
            .more("id", &a.id)
            .more("perm", format!("{:o}", a.perm))
            .more("sha256", &a.sha256)
    };
    Ok(Outcome::Rows(rows.iter().filter(|a| is_file(a)).map(record).collect()))
}

async fn results(c: Call) -> Res {
    let rows = all(&c).await?;
    let shown = |a: &Artifact| if a.kind == "artifact" { "file".to_string() } else { a.kind.clone() };
    let record = |a: &Artifact| {
        Record::new().with_key("id", &a.id).with("name", &a.name).with("type", shown(a)).more("node", &a.node)
    };
    let wanted = |a: &&Artifact| c.flag("type").is_none_or(|t| t == a.kind || t == shown(a));
    Ok(Outcome::Rows(rows.iter().filter(wanted).map(record).collect()))
}

async fn download(c: Call) -> Res {
    let exclude = match c.flag("exclude") {
        Some(pattern) => Some(
            Regex::new(pattern)
                .map_err(|e| CliError::failed(format!("--exclude is not a regular expression: {e}")))?,
        ),
        None => None,
    };
    let wanted =
        |a: &&Artifact| is_file(a) && c.get("artifact-name").is_none_or(|n| n.is_empty() || n == a.name);
    let mut found = false;
    for a in all(&c).await?.iter().filter(wanted) {
        if exclude.as_ref().is_some_and(|e| e.is_match(&a.name)) {
            c.app.say(format!("File {} is excluded from download", harmless(&a.name)));
            continue;
        }
        found = true;
        fetch(&c, a).await?;
    }
    if found { Ok(Outcome::Done) } else { Err(CliError::failed("no artifact downloaded")) }
}

async fn result_download(c: Call) -> Res {
    let id = c.arg("result-id");
    let all = all(&c).await?;
    let found = all
        .iter()
        .find(|a| a.id == id)
        .ok_or_else(|| CliError::failed(format!("no result {id} in this run")))?;
    if !is_file(found) {
        return Err(CliError::failed(format!("result {id} of type {} has no file here", found.kind)));
    }
    fetch(&c, found).await?;
    Ok(Outcome::Done)
}

/// Writes one file into the current folder, whole and checked or not at all.
async fn fetch(c: &Call, a: &Artifact) -> Result<(), CliError> {
    if is_there(Path::new("."), a)? {
        c.app.say(format!("File {} already downloaded, checksum OK", harmless(&a.name)));
        return Ok(());
    }
    c.app.say(format!("Downloading {}...", harmless(&a.name)));
    let (key, name) = (c.arg("project-key"), c.arg("workflow-name"));
    save(c.client()?.run_artifact(key, name, number(c)?, &a.id).await?, Path::new("."), a).await?;
    c.app.say(format!("File {} created, checksum OK", harmless(&a.name)));
    Ok(())
}
