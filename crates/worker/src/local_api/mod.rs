//! The server behind the `worker` command of scripts (spec 10). It listens on the loopback interface, opens
//! with the first job, is shared by all jobs of a worker, and answers only while one runs.

mod archive;
mod cache;
mod files;
mod keys;
pub(crate) mod wire;

use crate::{ask::Fault, job::Job};
use axum::{
    Json, Router,
    extract::FromRequestParts,
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use cds_api::worker::{WorkerResult, WorkerTags, WorkerVersion};
use std::{
    io,
    net::Ipv4Addr,
    sync::{Arc, RwLock},
};
use wire::{Directories, Export, NewResult, Tags, Value};

/// The job that runs now.
#[derive(Clone, Default)]
struct Slot(Arc<RwLock<Option<Arc<Job>>>>);

/// The open server, if it has been needed.
#[derive(Default)]
pub(crate) struct LocalApi {
    slot: Slot,
    open: Option<(u16, tokio::task::JoinHandle<()>)>,
}

impl LocalApi {
    /// Its port; opens it at the first call.
    pub async fn port(&mut self) -> io::Result<u16> {
        if let Some((port, task)) = &self.open
            && !task.is_finished()
        {
            return Ok(*port);
        }
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let router = router(self.slot.clone());
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the local API has ended");
            }
        });
        self.open = Some((port, task));
        Ok(port)
    }

    /// A job begins.
    pub fn attach(&self, job: Arc<Job>) {
        *self.slot.0.write().unwrap_or_else(|e| e.into_inner()) = Some(job);
    }

    /// It has ended.
    pub fn detach(&self) {
        *self.slot.0.write().unwrap_or_else(|e| e.into_inner()) = None;
    }
}

impl Drop for LocalApi {
    fn drop(&mut self) {
        if let Some((_, task)) = &self.open {
            task.abort();
        }
    }
}

fn router(slot: Slot) -> Router {
    Router::new()
        .route("/var", post(export))
        .route("/tag", post(tag))
        .route("/exit", post(exit))
        .route("/version", post(set_version))
        .route("/directories", get(directories))
        .route("/tmpl", post(files::tmpl))
        .route("/checksecret", post(files::check_secret))
        .route("/upload", post(files::upload))
        .route("/download", post(files::download))
        .route("/artifacts", post(files::artifacts))
        .route("/run-result/add", post(add_result))
        .route("/key/install", post(keys::install))
        .route("/cache/push", post(cache::push))
        .route("/cache/pull", post(cache::pull))
        .with_state(slot)
}

/// The running job, as an argument of a handler.
struct Current(Arc<Job>);

impl FromRequestParts<Slot> for Current {
    type Rejection = Failure;
    async fn from_request_parts(_: &mut Parts, slot: &Slot) -> Result<Self, Failure> {
        let job = slot.0.read().unwrap_or_else(|e| e.into_inner()).clone();
        job.map(Current).ok_or_else(|| Failure(StatusCode::SERVICE_UNAVAILABLE, "no job is running".into()))
    }
}

/// A refusal: plain text for the user.
struct Failure(StatusCode, String);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Here(why) => why.into(),
            Fault::Server(error) => {
                Self(error.status().unwrap_or(StatusCode::BAD_GATEWAY), error.to_string())
            }
        }
    }
}

async fn export(Current(job): Current, Json(body): Json<Export>) -> Result<(), Failure> {
    let name = body.name.trim();
    if name.is_empty() || name.contains(char::is_whitespace) {
        let text = format!("'{}' is not a name of a variable: it may not be empty or hold blanks", body.name);
        return Err(Failure(StatusCode::BAD_REQUEST, text));
    }
    job.vars().set(&format!("cds.build.{name}"), body.value);
    Ok(())
}

async fn tag(Current(job): Current, Json(body): Json<Tags>) -> Result<(), Failure> {
    let tags = body.tags.into_iter().map(|(name, value)| (name, job.masker.mask(&value))).collect();
    let body = WorkerTags { job: job.key.job, attempt: job.key.attempt, tags };
    Ok(job.ask(|| async { Ok(job.client.worker_tags(&body).await?) }).await?)
}

async fn exit(Current(job): Current) {
    job.call_exit();
}

async fn set_version(Current(job): Current, Json(body): Json<Value>) -> Result<(), Failure> {
    let version = body.value.trim().to_string();
    let call = WorkerVersion { job: job.key.job, attempt: job.key.attempt, version: version.clone() };
    job.ask(|| async { Ok(job.client.worker_version(&call).await?) }).await?;
    job.vars().set_local("cds.version", version);
    Ok(())
}

async fn directories(Current(job): Current) -> Json<Directories> {
    let text = |path: &std::path::Path| path.to_string_lossy().into_owned();
    Json(Directories { working_directory: text(&job.workspace), key_directory: text(&job.keys) })
}

async fn add_result(Current(job): Current, Json(body): Json<NewResult>) -> Result<(), Failure> {
    let call = WorkerResult {
        job: job.key.job,
        attempt: job.key.attempt,
        kind: body.kind,
        name: job.masker.mask(&body.name),
        // One name for all tries.
        id: Some(cds_model::BlobId::new()),
        data: body.data,
    };
    Ok(job.ask(|| async { Ok(job.client.worker_result(&call).await?) }).await?)
}
