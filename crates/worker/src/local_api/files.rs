//! Templates, checks for secrets, artifacts (spec 10).

use super::{
    Current, Failure,
    wire::{CheckSecret, Paths, Select, Template},
};
use crate::steps;
use axum::{Json, http::StatusCode};
use cds_api::worker::Artifact;
use cds_client::ArtifactQuery;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Shorter secrets are not looked for (spec 10).
const SHORTEST: usize = 6;
/// Largest file that is read as a whole.
const FILE_LIMIT: u64 = 256 << 20;

fn read(path: &str) -> Result<Vec<u8>, Failure> {
    let size = fs::metadata(path).map_err(|e| format!("cannot read '{path}': {e}"))?.len();
    if size > FILE_LIMIT {
        return Err(format!("'{path}' has {size} bytes; at most {FILE_LIMIT} are read").into());
    }
    Ok(fs::read(path).map_err(|e| format!("cannot read '{path}': {e}"))?)
}

pub(super) async fn tmpl(Current(job): Current, Json(body): Json<Template>) -> Result<(), Failure> {
    let text =
        String::from_utf8(read(&body.path)?).map_err(|_| format!("'{}' is not text in UTF-8", body.path))?;
    // Parameters and secrets win over what the job has exported, as in the reference; the names differ anyway.
    let result = job.vars().interpolate(&text).map_err(|e| format!("'{}': {e}", body.path))?;
    let write = || {
        fs::write(&body.destination, result)?;
        fs::set_permissions(&body.destination, fs::Permissions::from_mode(0o644))
    };
    Ok(write().map_err(|e| format!("cannot write '{}': {e}", body.destination))?)
}

pub(super) async fn check_secret(
    Current(job): Current,
    Json(body): Json<CheckSecret>,
) -> Result<(), Failure> {
    let text = read(&body.path)?;
    let vars = job.vars();
    let found = vars.secrets().iter().filter(|s| s.value.len() >= SHORTEST).find(|s| {
        // `windows` would be too slow for large files and long keys.
        let secret = s.value.as_bytes();
        let mut rest = text.as_slice();
        while let Some(at) = rest.iter().position(|b| *b == secret[0]) {
            rest = &rest[at..];
            if rest.starts_with(secret) {
                return true;
            }
            rest = &rest[1..];
        }
        false
    });
    match found {
        Some(secret) => Err(Failure(
            StatusCode::EXPECTATION_FAILED,
            format!("Check secret failed: secret variable {} is used in file {}", secret.name, body.shown),
        )),
        None => Ok(()),
    }
}

pub(super) async fn upload(Current(job): Current, Json(body): Json<Paths>) -> Result<(), Failure> {
    let log = job.log().ok_or_else(|| "no step is running".to_string())?;
    for path in &body.paths {
        steps::upload(&job, &log, Path::new(&body.directory), path, "artifact").await?;
    }
    Ok(())
}

fn query(body: &Select) -> ArtifactQuery {
    let text = |t: &Option<String>| t.clone().filter(|t| !t.is_empty());
    ArtifactQuery { workflow: text(&body.workflow), number: body.number, pattern: text(&body.pattern) }
}

pub(super) async fn download(Current(job): Current, Json(body): Json<Select>) -> Result<(), Failure> {
    let log = job.log().ok_or_else(|| "no step is running".to_string())?;
    Ok(steps::download(&job, &log, Path::new(&body.directory), &query(&body)).await?)
}

pub(super) async fn artifacts(
    Current(job): Current,
    Json(body): Json<Select>,
) -> Result<Json<Vec<Artifact>>, Failure> {
    let query = query(&body);
    let mut list = job.ask(|| async { Ok(job.client.worker_artifacts(job.key, &query).await?) }).await?;
    list.retain(|a| a.kind != "static-file");
    Ok(Json(list))
}
