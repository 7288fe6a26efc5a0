//! The worker's protocol; see `cds_api::worker`.

use crate::{
    App,
    app::{
        files::{NewFile, cache_missing},
        report::log_key,
    },
    auth::Identity,
    http::{
        error::{Error, Result},
        extract::{Json, Path, Query, Raw},
    },
};
use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use cds_api::worker::*;
use cds_model::{Attempt, BlobId, HatcheryId, JobRef, WorkerId};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(take))
        .routes(routes!(report))
        .routes(routes!(put_log))
        .routes(routes!(tags))
        .routes(routes!(version))
        .routes(routes!(results))
        .routes(routes!(tests))
        .routes(routes!(put_artifact))
        .routes(routes!(list_artifacts))
        .routes(routes!(get_artifact))
        .routes(routes!(put_cache, get_cache))
}

/// The worker behind a request; the guard let nobody else in.
fn worker(identity: &Identity) -> Result<(WorkerId, HatcheryId)> {
    match identity {
        Identity::Worker { worker, hatchery } | Identity::Bootstrap { worker, hatchery } => {
            Ok((*worker, *hatchery))
        }
        _ => Err(Error::forbidden("only workers may do this")),
    }
}

fn job(text: &str) -> Result<JobRef> {
    text.parse().map_err(|e| Error::bad_request(format!("{e}")))
}

/// Trades a one-time token for a worker's token.
#[utoipa::path(post, path = "/v1/worker/register", tag = "worker", request_body = WorkerRegister, responses((status = 200, body = WorkerRegistered)))]
async fn register(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerRegister>,
) -> Result<Json<WorkerRegistered>> {
    let (worker, hatchery) = worker(&identity)?;
    Ok(Json(app.register_worker(worker, hatchery, body).await?))
}

/// Waits for a job.
#[utoipa::path(post, path = "/v1/worker/take", tag = "worker", request_body = WorkerTake, responses((status = 200, body = Assignment), (status = 204), (status = 409, body = cds_api::ApiError)))]
async fn take(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerTake>,
) -> Result<Response> {
    let (worker, hatchery) = worker(&identity)?;
    Ok(match app.take(worker, hatchery, &body).await? {
        Some(assignment) => Json(assignment).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// Whatever happened to a job since the last report.
#[utoipa::path(post, path = "/v1/worker/report", tag = "worker", request_body = WorkerReport, responses((status = 200, body = ReportAck)))]
async fn report(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerReport>,
) -> Result<Json<ReportAck>> {
    let (worker, hatchery) = worker(&identity)?;
    Ok(Json(app.report(worker, hatchery, body).await?))
}

/// Where a chunk of a log belongs.
#[derive(Debug, Deserialize, IntoParams)]
struct LogQuery {
    /// First byte of the chunk in the step's log.
    offset: u64,
    /// When the last of its bytes was printed, epoch milliseconds.
    at_ms: i64,
}

/// A large chunk of a log, as raw bytes.
#[utoipa::path(put, path = "/v1/worker/logs/{job}/{attempt}/{step}", tag = "worker", params(("job" = String, Path), ("attempt" = u32, Path), ("step" = u16, Path), LogQuery), request_body(content_type = "application/octet-stream"), responses((status = 200, body = LogLength)))]
async fn put_log(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path((job_text, attempt, step)): Path<(String, u32, u16)>,
    Query(query): Query<LogQuery>,
    Raw(body): Raw,
) -> Result<Json<LogLength>> {
    let (worker, _) = worker(&identity)?;
    let job = job(&job_text)?;
    let held = app.fence(worker, job, Attempt(attempt)).await?;
    app.may_log(&held, job, std::iter::once(step)).await?;
    let length = app.append_log(&log_key(job, Attempt(attempt), step), query.offset, &body, query.at_ms)?;
    Ok(Json(LogLength { step, length }))
}

/// Longest text that is shown in lists, characters; the reference has the same bound (its tables do).
const SHORT: usize = 255;

/// Refuses a text that lists can't show.
fn short(what: &str, text: &str) -> Result<()> {
    let length = text.chars().count();
    if length > SHORT {
        return Err(Error::bad_request(format!(
            "{what} has {length} characters, at most {SHORT} are possible"
        )));
    }
    Ok(())
}

/// `worker tag`.
#[utoipa::path(post, path = "/v1/worker/tags", tag = "worker", request_body = WorkerTags, responses((status = 204)))]
async fn tags(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerTags>,
) -> Result<StatusCode> {
    let (worker, _) = worker(&identity)?;
    app.fence(worker, body.job, body.attempt).await?;
    for (name, value) in &body.tags {
        short("the name of a tag", name)?;
        short(&format!("the value of the tag '{name}'"), value)?;
    }
    let event = cds_engine::Event::TagsAdded { job: body.job.job, attempt: body.attempt, tags: body.tags };
    let _ = app.apply(body.job.run, &event).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `worker set-version`.
#[utoipa::path(post, path = "/v1/worker/version", tag = "worker", request_body = WorkerVersion, responses((status = 204)))]
async fn version(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerVersion>,
) -> Result<StatusCode> {
    let (worker, _) = worker(&identity)?;
    app.fence(worker, body.job, body.attempt).await?;
    short("the version", &body.version)?;
    let event =
        cds_engine::Event::VersionSet { job: body.job.job, attempt: body.attempt, version: body.version };
    let _ = app.apply(body.job.run, &event).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A run result without a file.
#[utoipa::path(post, path = "/v1/worker/results", tag = "worker", request_body = WorkerResult, responses((status = 201, body = Artifact)))]
async fn results(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerResult>,
) -> Result<(StatusCode, Json<Artifact>)> {
    let (worker, _) = worker(&identity)?;
    app.fence(worker, body.job, body.attempt).await?;
    short("the name of a result", &body.name)?;
    Ok((StatusCode::CREATED, Json(app.add_result(body).await?)))
}

/// Test reports of a job.
#[utoipa::path(post, path = "/v1/worker/tests", tag = "worker", request_body = WorkerTests, responses((status = 204)))]
async fn tests(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Json(body): Json<WorkerTests>,
) -> Result<StatusCode> {
    let (worker, _) = worker(&identity)?;
    app.fence(worker, body.job, body.attempt).await?;
    app.add_tests(body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a stored file is.
#[derive(Debug, Deserialize, IntoParams)]
struct FileQuery {
    /// File name.
    name: String,
    /// Unix permission bits.
    #[serde(default)]
    perm: u32,
    /// `artifact` or `coverage`.
    #[serde(rename = "type", default)]
    kind: String,
    /// MD5 of the content in hex, to be compared; empty = not compared.
    #[serde(default)]
    md5: String,
    /// A UUID that the worker has made: sent again, it is the same file.
    #[param(value_type = Option<String>)]
    id: Option<BlobId>,
}

/// Stores a file of the run.
#[utoipa::path(put, path = "/v1/worker/artifacts/{job}/{attempt}", tag = "worker", params(("job" = String, Path), ("attempt" = u32, Path), FileQuery), request_body(content_type = "application/octet-stream"), responses((status = 201, body = Artifact)))]
async fn put_artifact(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path((job_text, attempt)): Path<(String, u32)>,
    Query(query): Query<FileQuery>,
    body: Body,
) -> Result<(StatusCode, Json<Artifact>)> {
    let (worker, _) = worker(&identity)?;
    let job = job(&job_text)?;
    app.fence(worker, job, Attempt(attempt)).await?;
    let kind = if query.kind.is_empty() { "artifact".to_string() } else { query.kind };
    let file = NewFile { id: query.id, kind, name: query.name, perm: query.perm, md5: query.md5 };
    let stored = app.add_file(job, Attempt(attempt), worker, file, body).await?;
    Ok((StatusCode::CREATED, Json(stored)))
}

/// Which files.
#[derive(Debug, Deserialize, IntoParams)]
struct FilesQuery {
    /// The job that asks.
    job: String,
    /// Its attempt.
    attempt: u32,
    /// Another workflow of the same project; empty = the job's own.
    #[serde(default)]
    workflow: String,
    /// Another run; absent = the job's own, or the workflow's latest.
    number: Option<i64>,
    /// Regular expression on names; empty = all.
    #[serde(default)]
    pattern: String,
}

/// Files of a run.
#[utoipa::path(get, path = "/v1/worker/artifacts", tag = "worker", params(FilesQuery), responses((status = 200, body = Vec<Artifact>)))]
async fn list_artifacts(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Query(query): Query<FilesQuery>,
) -> Result<Json<Vec<Artifact>>> {
    let (worker, _) = worker(&identity)?;
    let job = job(&query.job)?;
    app.fence(worker, job, Attempt(query.attempt)).await?;
    Ok(Json(app.files_for_job(job, &query.workflow, query.number, &query.pattern).await?))
}

/// Who asks.
#[derive(Debug, Deserialize, IntoParams)]
struct JobQuery {
    /// The job that asks.
    job: String,
    /// Its attempt.
    attempt: u32,
}

/// Content of a file of the same project.
#[utoipa::path(get, path = "/v1/worker/artifacts/{id}", tag = "worker", params(("id" = String, Path), JobQuery), responses((status = 200, content_type = "application/octet-stream")))]
async fn get_artifact(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path(id): Path<String>,
    Query(query): Query<JobQuery>,
) -> Result<Response> {
    let (worker, _) = worker(&identity)?;
    let job = job(&query.job)?;
    app.fence(worker, job, Attempt(query.attempt)).await?;
    app.file_for_job(job, &id).await
}

/// Keeps a cache of the project.
#[utoipa::path(put, path = "/v1/worker/caches/{tag}", tag = "worker", params(("tag" = String, Path, description = "base64url"), JobQuery), request_body(content_type = "application/octet-stream"), responses((status = 204)))]
async fn put_cache(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path(tag): Path<String>,
    Query(query): Query<JobQuery>,
    body: Body,
) -> Result<StatusCode> {
    let (worker, _) = worker(&identity)?;
    let job = job(&query.job)?;
    app.fence(worker, job, Attempt(query.attempt)).await?;
    app.put_cache(job, Attempt(query.attempt), worker, &tag, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Content of a cache of the project.
#[utoipa::path(get, path = "/v1/worker/caches/{tag}", tag = "worker", params(("tag" = String, Path, description = "base64url"), JobQuery), responses((status = 200, content_type = "application/octet-stream")))]
async fn get_cache(
    State(app): State<App>,
    Extension(identity): Extension<Identity>,
    Path(tag): Path<String>,
    Query(query): Query<JobQuery>,
) -> Result<Response> {
    let (worker, _) = worker(&identity)?;
    let job = job(&query.job)?;
    app.fence(worker, job, Attempt(query.attempt)).await?;
    match app.cache_for_job(job, &tag).await? {
        Some(body) => Ok(([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response()),
        None => Ok(app.not_here(true, cache_missing())),
    }
}
