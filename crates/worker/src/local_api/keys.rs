//! `worker key install` (spec 10).

use super::{
    Current, Failure,
    wire::{KeyInstall, KeyInstalled},
};
use crate::{
    exec::{self, Spec},
    requirements::find_binary,
    steps::{safe, with_newline, write_file},
};
use axum::{Json, http::StatusCode};
use std::{
    fs,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};
use tokio_util::sync::CancellationToken;

/// End of the names of installed ssh keys.
const SUFFIX: &str = ".priv";

pub(super) async fn install(
    Current(job): Current,
    Json(body): Json<KeyInstall>,
) -> Result<Json<KeyInstalled>, Failure> {
    let full = format!("cds.key.{}.priv", body.name);
    let key = job.vars().secrets().iter().find(|s| s.name == full).map(|s| (s.kind.clone(), s.value.clone()));
    let Some((kind, value)) = key else {
        return Err(Failure(StatusCode::NOT_FOUND, format!("unknown key \"{}\"", body.name)));
    };
    if kind == "pgp" || value.contains("BEGIN PGP PRIVATE KEY") {
        import_pgp(&job, &body.name, &value).await?;
        return Ok(Json(KeyInstalled { kind: "pgp".into(), path: String::new() }));
    }
    let path = match &body.file {
        Some(file) => {
            let path = PathBuf::from(file);
            if let Some(parent) = path.parent() {
                make_dir(parent)?;
            }
            job.installed.lock().unwrap_or_else(|e| e.into_inner()).push(path.clone());
            path
        }
        None => {
            remove_earlier(&job.keys);
            job.keys.join(format!("{}{SUFFIX}", safe(&body.name)))
        }
    };
    write_file(&path, 0o600, &with_newline(&value))
        .map_err(|e| format!("cannot write key '{}': {e}", path.display()))?;
    Ok(Json(KeyInstalled { kind: "ssh".into(), path: path.to_string_lossy().into_owned() }))
}

fn make_dir(dir: &Path) -> Result<(), Failure> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(dir);
    Ok(made.map_err(|e| format!("cannot create directory '{}': {e}", dir.display()))?)
}

/// Removes ssh keys installed before, so that a job has the one it asked for last.
fn remove_earlier(keys: &Path) {
    for entry in fs::read_dir(keys).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().ends_with(SUFFIX) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

async fn import_pgp(job: &crate::job::Job, name: &str, value: &str) -> Result<(), Failure> {
    let gpg = find_binary("gpg2").or_else(|| find_binary("gpg")).ok_or_else(|| {
        format!("cannot import pgp key '{name}': neither gpg2 nor gpg is on the worker's PATH")
    })?;
    let file = write_file(&job.keys.join(format!("{}.pgp", safe(name))), 0o600, &with_newline(value))
        .map_err(|e| format!("cannot write key '{name}': {e}"))?;
    let environment = job.environment();
    let args = ["--batch".into(), "--import".into(), file.clone().into()];
    let spec = Spec { program: gpg.as_os_str(), args: &args, dir: &job.workspace, env: &environment.vars };
    let kill = CancellationToken::new();
    let result = exec::capture(&spec, &job.control(&kill), 64 << 10).await;
    let _ = fs::remove_file(file);
    match result {
        Ok((status, _)) if status.success() => Ok(()),
        Ok((status, output)) => {
            let output = String::from_utf8_lossy(&output).trim().to_string();
            Err(format!("cannot import pgp key '{name}': {}: {output}", exec::describe(status)).into())
        }
        Err(e) => Err(format!("cannot start {}: {e}", gpg.display()).into()),
    }
}
