//! Artifact Upload and Download (spec 9.10, 9.11), shared with `worker upload` and `worker download`.

use super::Step;
use crate::{ask::Fault, job::Job, logs::StepLog};
use cds_api::worker::Artifact;
use cds_client::{ArtifactQuery, ArtifactUpload};
use cds_model::BlobId;
use futures::{StreamExt, TryStreamExt, stream};
use md5::{Digest, Md5};
use std::{
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    task::Poll,
};
use tokio::io::AsyncWriteExt;
use tokio_util::io::ReaderStream;

/// Files on their way at a time.
const AT_ONCE: usize = 4;
/// Read at a time.
const CHUNK: usize = 256 * 1024;

pub(super) async fn run_upload(step: &Step<'_>) -> Result<(), String> {
    let pattern = step.parameter("path").trim();
    let pattern = if pattern.is_empty() { "." } else { pattern };
    step.unless_killed(upload(step.job, step.log, &step.job.workspace, pattern, "artifact")).await
}

pub(super) async fn run_download(step: &Step<'_>) -> Result<(), String> {
    let path = step.parameter("path").trim();
    let target = step.job.path(if path.is_empty() { "." } else { path });
    let pattern = step.parameter("pattern").trim();
    let query = ArtifactQuery {
        pattern: (!pattern.is_empty()).then(|| pattern.to_string()),
        ..ArtifactQuery::default()
    };
    step.unless_killed(download(step.job, step.log, &target, &query)).await
}

/// Stores every file that `pattern` (relative to `dir`) matches; errors of all files are collected.
pub(crate) async fn upload(
    job: &Job,
    log: &StepLog,
    dir: &Path,
    pattern: &str,
    kind: &str,
) -> Result<(), String> {
    let files = crate::glob::glob(dir, pattern)?;
    if files.is_empty() {
        return Err(format!("pattern '{pattern}' matched no file"));
    }
    let errors: Vec<String> = stream::iter(files)
        .map(|file| async move {
            // One name for all tries: what was stored, and not answered, is not stored twice.
            let id = BlobId::new();
            match job.ask(|| upload_one(job, &file, kind, id)).await {
                Ok(stored) => {
                    log.line(&format!("File '{}' uploaded ({} bytes)", stored.name, stored.size));
                    None
                }
                Err(why) => Some(format!("cannot upload '{}': {why}", file.display())),
            }
        })
        .buffered(AT_ONCE)
        .filter_map(|error| async { error })
        .collect()
        .await;
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

async fn upload_one(job: &Job, path: &Path, kind: &str, id: BlobId) -> Result<Artifact, Fault> {
    // Looked at first: opening a pipe would wait for somebody to write.
    let meta = tokio::fs::metadata(path).await?;
    if meta.is_dir() {
        return Err(Fault::Here("it is a directory; name the files in it by a pattern, or pack it".into()));
    }
    if !meta.is_file() {
        return Err(Fault::Here("it is not a regular file".into()));
    }
    let file = tokio::fs::File::open(path).await?;
    let name = path.file_name().ok_or_else(|| Fault::Here("it has no name".into()))?;
    let name = name.to_string_lossy().into_owned();
    let order = ArtifactUpload {
        // A name may hold a secret, and names are shown (spec/README 12).
        name: job.masker.mask(&name),
        perm: meta.permissions().mode() & 0o777,
        kind: kind.to_string(),
        id: Some(id),
        md5: None,
        length: Some(meta.len()),
    };
    // The sum is made on the way and compared with what the server has stored.
    let sum = Arc::new(Mutex::new(Md5::new()));
    let hashed = sum.clone();
    let length = meta.len();
    // A file that grows meanwhile is taken as it was at the beginning.
    let reader = tokio::io::AsyncReadExt::take(file, length);
    // A fault of the file is none of the server's: trying again would not help.
    let fault: Arc<Mutex<Option<String>>> = Arc::default();
    let (broken, short) = (fault.clone(), fault.clone());
    let counted = Arc::new(AtomicU64::new(0));
    let at_end = counted.clone();
    let body = ReaderStream::with_capacity(reader, CHUNK)
        .inspect_ok(move |piece| {
            counted.fetch_add(piece.len() as u64, Ordering::Relaxed);
            hashed.lock().unwrap_or_else(|e| e.into_inner()).update(piece);
        })
        .inspect_err(move |e| *broken.lock().unwrap_or_else(|e| e.into_inner()) = Some(e.to_string()))
        .chain(stream::poll_fn(move |_| {
            let read = at_end.load(Ordering::Relaxed);
            if read < length {
                let why = format!("it was to have {length} bytes, and {read} could be read");
                short.lock().unwrap_or_else(|e| e.into_inner()).get_or_insert(why);
            }
            Poll::Ready(None)
        }));
    let answer = job.client.worker_artifact_upload(job.key, &order, body).await;
    if let Some(why) = fault.lock().unwrap_or_else(|e| e.into_inner()).take() {
        return Err(Fault::Here(why));
    }
    let stored = answer?;
    let sum = hex::encode(sum.lock().unwrap_or_else(|e| e.into_inner()).clone().finalize());
    if !stored.md5.is_empty() && stored.md5 != sum {
        let why = format!("the server has stored something else (MD5 {}, sent {sum})", stored.md5);
        return Err(Fault::Here(why));
    }
    Ok(stored)
}

/// Fetches the artifacts that `query` selects into `target`, which is made if missing.
pub(crate) async fn download(
    job: &Job,
    log: &StepLog,
    target: &Path,
    query: &ArtifactQuery,
) -> Result<(), String> {
    if let Some(pattern) = &query.pattern {
        regex::Regex::new(pattern).map_err(|e| format!("Invalid pattern {pattern}: {e}"))?;
    }
    let list = || async { Ok(job.client.worker_artifacts(job.key, query).await?) };
    let mut artifacts = job.ask(list).await.map_err(|e| e.to_string())?;
    artifacts.retain(|a| matches!(a.kind.as_str(), "artifact" | "coverage"));
    // Where an artifact and a coverage report share a name, the artifact wins.
    let names: std::collections::HashSet<String> =
        artifacts.iter().filter(|a| a.kind == "artifact").map(|a| a.name.clone()).collect();
    artifacts.retain(|a| a.kind == "artifact" || !names.contains(&a.name));
    create_dir(target).map_err(|e| format!("cannot create directory '{}': {e}", target.display()))?;
    let errors: Vec<String> = stream::iter(artifacts)
        .map(|artifact| async move {
            match job.ask(|| download_one(job, target, &artifact)).await {
                Ok(path) => {
                    log.line(&format!("File '{}' downloaded to '{}'", artifact.name, path.display()));
                    None
                }
                Err(why) => Some(format!("cannot download '{}': {why}", artifact.name)),
            }
        })
        .buffered(AT_ONCE)
        .filter_map(|error| async { error })
        .collect()
        .await;
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

fn create_dir(target: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // The reference says 0744, which nobody but the owner can enter anyway.
    std::fs::DirBuilder::new().recursive(true).mode(0o744).create(target)
}

async fn download_one(job: &Job, target: &Path, artifact: &Artifact) -> Result<PathBuf, Fault> {
    let plain = Path::new(&artifact.name).file_name().is_some_and(|n| n.to_str() == Some(&artifact.name));
    if !plain {
        return Err(Fault::Here("its name is not a plain file name".into()));
    }
    let path = target.join(&artifact.name);
    let mut body = job.client.worker_artifact(job.key, &artifact.id).await?;
    let mut file = tokio::fs::OpenOptions::from(
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).clone(),
    )
    .open(&path)
    .await?;
    let mut sum = Md5::new();
    while let Some(piece) = body.chunk().await? {
        sum.update(&piece);
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    let sum = hex::encode(sum.finalize());
    if !artifact.md5.is_empty() && artifact.md5 != sum {
        let why = format!("it arrived damaged (MD5 {sum}, should be {})", artifact.md5);
        return Err(Fault::Here(why));
    }
    file.set_permissions(std::fs::Permissions::from_mode(artifact.perm & 0o777)).await?;
    Ok(path)
}
