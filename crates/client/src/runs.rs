//! Runs, their logs, artifacts and test reports.

use crate::{Client, ClientError, Download, SseStream, workflows::workflow};
use cds_api::{
    runs::{JobRun, LogFile, LogLines, Run, RunBrief, RunStart, RunStop, Tests},
    worker::Artifact,
};
use cds_model::JobRef;
use reqwest::{Method, header};

/// Which run: a number, or the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunNumber {
    /// The one with the highest number.
    Latest,
    /// This one.
    Number(i64),
}

impl std::fmt::Display for RunNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunNumber::Latest => f.write_str("latest"),
            RunNumber::Number(n) => n.fmt(f),
        }
    }
}

impl From<i64> for RunNumber {
    fn from(n: i64) -> Self {
        RunNumber::Number(n)
    }
}

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct RunQuery {
    /// Skip as many of the newest.
    pub offset: Option<u64>,
    /// At most as many.
    pub limit: Option<u64>,
    /// Only with this status.
    pub status: Option<String>,
    /// Only with this tag, `name:value`.
    pub tag: Option<String>,
}

fn run(key: &str, name: &str, number: RunNumber) -> String {
    format!("{}/runs/{number}", workflow(key, name))
}

impl Client {
    /// Runs of a workflow, newest first.
    pub async fn runs(&self, key: &str, name: &str, query: &RunQuery) -> Result<Vec<RunBrief>, ClientError> {
        self.call(Method::GET, format!("{}/runs", workflow(key, name)))
            .query_opt("offset", query.offset)
            .query_opt("limit", query.limit)
            .query_opt("status", query.status.as_deref())
            .query_opt("tag", query.tag.as_deref())
            .send()
            .await
    }
    /// Starts a run, or goes on with one. With an idempotency key the call is repeated when the connection breaks.
    pub async fn run_start(
        &self,
        key: &str,
        name: &str,
        body: &RunStart,
        idempotency_key: Option<&str>,
    ) -> Result<Run, ClientError> {
        let mut call = self.call(Method::POST, format!("{}/runs", workflow(key, name))).json(body)?;
        if let Some(once) = idempotency_key {
            call = call.header(header::HeaderName::from_static("idempotency-key"), once).idempotent();
        }
        call.send().await
    }
    /// A run, whole.
    pub async fn run(&self, key: &str, name: &str, number: RunNumber) -> Result<Run, ClientError> {
        self.get(run(key, name, number)).await
    }
    /// Removes a run with its logs and files.
    pub async fn run_delete(&self, key: &str, name: &str, number: i64) -> Result<(), ClientError> {
        self.delete(run(key, name, number.into())).await
    }
    /// Stops a run, or one node of it.
    pub async fn run_stop(
        &self,
        key: &str,
        name: &str,
        number: i64,
        body: &RunStop,
    ) -> Result<(), ClientError> {
        let path = format!("{}/stop", run(key, name, number.into()));
        self.call(Method::POST, path).json(body)?.idempotent().send_unit().await
    }
    /// Takes up a run that is set aside because its record could not be read.
    pub async fn run_unpark(&self, key: &str, name: &str, number: i64) -> Result<(), ClientError> {
        let path = format!("{}/unpark", run(key, name, number.into()));
        self.call(Method::POST, path).idempotent().send_unit().await
    }
    /// Logs of a run.
    pub async fn run_logs(
        &self,
        key: &str,
        name: &str,
        number: RunNumber,
    ) -> Result<Vec<LogFile>, ClientError> {
        self.get(format!("{}/logs", run(key, name, number))).await
    }
    /// Files that a run made.
    pub async fn run_artifacts(
        &self,
        key: &str,
        name: &str,
        number: RunNumber,
    ) -> Result<Vec<Artifact>, ClientError> {
        self.get(format!("{}/artifacts", run(key, name, number))).await
    }
    /// Bytes of a file that a run made.
    pub async fn run_artifact(
        &self,
        key: &str,
        name: &str,
        number: RunNumber,
        id: &str,
    ) -> Result<Download, ClientError> {
        let path = format!("{}/artifacts/{}", run(key, name, number), Self::segment(id));
        self.call(Method::GET, path).timeout(None).send_download().await
    }
    /// Test reports of a run.
    pub async fn run_tests(&self, key: &str, name: &str, number: RunNumber) -> Result<Tests, ClientError> {
        self.get(format!("{}/tests", run(key, name, number))).await
    }
    /// The last runs of all projects that the caller may read.
    pub async fn last_runs(&self) -> Result<Vec<RunBrief>, ClientError> {
        self.get("/v1/runs").await
    }

    /// A job.
    pub async fn job(&self, job: JobRef) -> Result<JobRun, ClientError> {
        self.get(format!("/v1/jobs/{job}")).await
    }
    /// A step's log, as bytes.
    pub async fn log(&self, job: JobRef, attempt: u32, step: u16) -> Result<Download, ClientError> {
        let path = format!("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/log");
        self.call(Method::GET, path).timeout(None).send_download().await
    }
    /// Lines of a step's log; a negative `first` counts from the end.
    pub async fn log_lines(
        &self,
        job: JobRef,
        attempt: u32,
        step: u16,
        first: i64,
        count: u64,
    ) -> Result<LogLines, ClientError> {
        self.call(Method::GET, format!("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines"))
            .query("first", first)
            .query("count", count)
            .send()
            .await
    }
    /// A step's log from a byte offset on, as it grows: events `bytes`, then `end`.
    pub async fn log_follow(
        &self,
        job: JobRef,
        attempt: u32,
        step: u16,
        offset: u64,
    ) -> Result<SseStream, ClientError> {
        let path = format!("/v1/jobs/{job}/attempts/{attempt}/steps/{step}/follow");
        Ok(SseStream::new(
            self.call(Method::GET, path).query("offset", offset).timeout(None).send_download().await?,
        ))
    }
}
