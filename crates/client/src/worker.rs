//! The worker's calls. Everything about a job names the job and the attempt; see [`cds_api::worker`].

use crate::{Client, ClientError, Download};
use bytes::Bytes;
use cds_api::worker::{
    Artifact, Assignment, LogLength, ReportAck, WorkerRegister, WorkerRegistered, WorkerReport, WorkerResult,
    WorkerTags, WorkerTake, WorkerTests, WorkerVersion,
};
use cds_model::{Attempt, BlobId, JobRef};
use futures::Stream;
use reqwest::Method;
use std::time::Duration;

/// On top of a waiting time that the server was asked for.
const SLACK: Duration = Duration::from_secs(30);

/// A job and its attempt, the fencing token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobKey {
    /// Which job.
    pub job: JobRef,
    /// Which attempt.
    pub attempt: Attempt,
}

/// What to list; absent fields mean this job's own run and every name.
#[derive(Clone, Debug, Default)]
pub struct ArtifactQuery {
    /// Another workflow of the project.
    pub workflow: Option<String>,
    /// Another run number.
    pub number: Option<i64>,
    /// RE2 searched in the names.
    pub pattern: Option<String>,
}

/// A file to store.
#[derive(Clone, Debug)]
pub struct ArtifactUpload {
    /// Base name.
    pub name: String,
    /// Unix permission bits.
    pub perm: u32,
    /// `artifact` or `coverage`.
    pub kind: String,
    /// A UUID that the worker has made: sent again, it is the same file.
    pub id: Option<BlobId>,
    /// Hex, if known before; the server refuses the file if it differs.
    pub md5: Option<String>,
    /// Bytes, if known before.
    pub length: Option<u64>,
}

impl Client {
    /// Registers with the one-time token this client carries.
    pub async fn worker_register(&self, body: &WorkerRegister) -> Result<WorkerRegistered, ClientError> {
        self.call(Method::POST, "/v1/worker/register").json(body)?.send().await
    }

    /// Waits for a job; `None` if none came in time. Tried once.
    pub async fn worker_take(&self, wait: Duration) -> Result<Option<Assignment>, ClientError> {
        self.take(wait, None).await
    }

    /// As [`Client::worker_take`], by a worker that counts; see [`WorkerTake::number`].
    pub async fn worker_take_nth(
        &self,
        number: u64,
        wait: Duration,
    ) -> Result<Option<Assignment>, ClientError> {
        self.take(wait, Some(number)).await
    }

    async fn take(&self, wait: Duration, number: Option<u64>) -> Result<Option<Assignment>, ClientError> {
        let body = WorkerTake { wait_ms: wait.as_millis() as u64, number };
        self.call(Method::POST, "/v1/worker/take")
            .json(&body)?
            .timeout(Some(wait + SLACK))
            .send_optional()
            .await
    }

    /// Reports what happened. Tried once: the caller decides how long it keeps on, as its lease runs out meanwhile.
    pub async fn worker_report(&self, body: &WorkerReport) -> Result<ReportAck, ClientError> {
        let wait = Duration::from_millis(body.take_wait_ms.unwrap_or(0));
        self.call(Method::POST, "/v1/worker/report").json(body)?.timeout(Some(wait + SLACK)).send().await
    }

    /// Sends a large piece of a log; answers how much the server holds. Tried once, as [`Client::worker_report`].
    pub async fn worker_log(
        &self,
        key: JobKey,
        step: u16,
        offset: u64,
        at_ms: i64,
        bytes: Bytes,
    ) -> Result<LogLength, ClientError> {
        self.call(Method::PUT, format!("/v1/worker/logs/{}/{}/{step}", key.job, key.attempt))
            .query("offset", offset)
            .query("at_ms", at_ms)
            .bytes(bytes, "application/octet-stream")
            .timeout(Some(SLACK))
            .once()
            .send()
            .await
    }

    /// Adds tags to the run.
    pub async fn worker_tags(&self, body: &WorkerTags) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/worker/tags").json(body)?.idempotent().send_unit().await
    }

    /// Sets the run's version.
    pub async fn worker_version(&self, body: &WorkerVersion) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/worker/version").json(body)?.idempotent().send_unit().await
    }

    /// Adds a run result without a file.
    pub async fn worker_result(&self, body: &WorkerResult) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/worker/results").json(body)?.send_unit().await
    }

    /// Sends test reports.
    pub async fn worker_tests(&self, body: &WorkerTests) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/worker/tests").json(body)?.send_unit().await
    }

    /// Stores a file of this job.
    pub async fn worker_artifact_upload<S, E>(
        &self,
        key: JobKey,
        file: &ArtifactUpload,
        body: S,
    ) -> Result<Artifact, ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.call(Method::PUT, format!("/v1/worker/artifacts/{}/{}", key.job, key.attempt))
            .query("name", &file.name)
            .query("perm", file.perm)
            .query("type", &file.kind)
            .query_opt("id", file.id.as_ref())
            .query_opt("md5", file.md5.as_ref())
            .stream(body, file.length)
            .send()
            .await
    }

    /// Lists the artifacts of this job's run, or of another of the project.
    pub async fn worker_artifacts(
        &self,
        key: JobKey,
        query: &ArtifactQuery,
    ) -> Result<Vec<Artifact>, ClientError> {
        self.call(Method::GET, "/v1/worker/artifacts")
            .query("job", key.job)
            .query("attempt", key.attempt)
            .query_opt("workflow", query.workflow.as_ref())
            .query_opt("number", query.number)
            .query_opt("pattern", query.pattern.as_ref())
            .send()
            .await
    }

    /// Fetches a file.
    pub async fn worker_artifact(&self, key: JobKey, id: &str) -> Result<Download, ClientError> {
        self.call(Method::GET, format!("/v1/worker/artifacts/{}", Client::segment(id)))
            .query("job", key.job)
            .query("attempt", key.attempt)
            .timeout(None)
            .send_download()
            .await
    }

    /// Stores a cache; replaces the one of the same tag. `tag` is base64url without padding (spec 11.4).
    pub async fn worker_cache_push<S, E>(
        &self,
        key: JobKey,
        tag: &str,
        body: S,
        length: Option<u64>,
    ) -> Result<(), ClientError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.call(Method::PUT, format!("/v1/worker/caches/{}", Client::segment(tag)))
            .query("job", key.job)
            .query("attempt", key.attempt)
            .stream(body, length)
            .send_unit()
            .await
    }

    /// Fetches a cache. `tag` is base64url without padding (spec 11.4).
    pub async fn worker_cache_pull(&self, key: JobKey, tag: &str) -> Result<Download, ClientError> {
        self.call(Method::GET, format!("/v1/worker/caches/{}", Client::segment(tag)))
            .query("job", key.job)
            .query("attempt", key.attempt)
            .timeout(None)
            .send_download()
            .await
    }
}
