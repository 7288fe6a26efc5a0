//! The worker's protocol: register, take a job, report, fetch and store files.
//!
//! Every report names the job **and the attempt**: the attempt is the fencing token. News of an attempt that
//! is not the current one is answered 409 `lease_lost` and changes nothing; the worker then kills its processes.
//! Reports may be repeated: log chunks carry offsets, step news replaces, the end is accepted once.

use cds_model::{Attempt, BlobId, JobRef, Status, WorkerId};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/worker/register`, sent with the one-time token the hatchery got.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerRegister {
    /// Shown name, e.g. `local-3f2a`.
    pub name: String,
    /// Go's name, e.g. `linux`.
    pub os: String,
    /// Go's name, e.g. `amd64`.
    pub arch: String,
    /// Of the worker program.
    pub version: String,
    /// Of the host it runs on.
    pub hostname: String,
    /// Process id on that host, for people.
    pub pid: u32,
}

/// Answer to a registration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerRegistered {
    /// This worker.
    #[schema(value_type = String)]
    pub worker: WorkerId,
    /// Bearer token for all further calls of this worker; ends with the worker.
    pub token: String,
    /// Send some report at least this often while a job runs; a worker without an answer for three times as long gives
    /// its attempt up.
    pub heartbeat_ms: u64,
    /// End after this long without a job.
    pub idle_timeout_ms: u64,
    /// End after this many jobs; 0 = no limit.
    pub max_jobs: u32,
}

/// Body of `POST /v1/worker/take`: waits up to `wait_ms` (at most 60,000) for a job; 204 if none came.
///
/// A worker that asks has nothing: what it was given before gets a new attempt. One whose take has a number is answered
/// by a take of the same number as before, and by one of an older number with 409 `old_take`, which changes nothing; its
/// details hold the last number that was answered as `take=N`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerTake {
    /// How long to wait.
    pub wait_ms: u64,
    /// 1 for the first take, and one more after each that was answered with a job. A take without answer, or without
    /// job, is repeated with the same number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub number: Option<u64>,
}

/// A job to run: everything the worker needs, so that it need not ask again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Fencing token; to be sent with everything.
    #[schema(value_type = u32)]
    pub attempt: Attempt,
    /// Name of the job.
    pub name: String,
    /// Project key.
    pub project: String,
    /// Workflow name.
    pub workflow: String,
    /// Run number.
    pub number: i64,
    /// Node name.
    pub node: String,
    /// Stage name.
    pub stage: String,
    /// Steps in order.
    pub steps: Vec<AssignedStep>,
    /// Job parameters (spec 8), secrets not among them.
    #[schema(value_type = Object)]
    pub parameters: IndexMap<String, String>,
    /// Names of parameters whose text comes from an event and may carry code.
    pub tainted: Vec<String>,
    /// Those of them that are an event's text itself: no templates, whatever they look like.
    #[serde(default)]
    pub verbatim: Vec<String>,
    /// `inert`, `refuse` or `splice`.
    pub taint_policy: String,
    /// Secret variables and keys of this job.
    pub secrets: Vec<AssignedSecret>,
    /// Requirements, for the worker's own check.
    pub requirements: Vec<AssignedRequirement>,
    /// The job ends `Fail` after this long; 0 = no limit.
    pub job_timeout_ms: u64,
    /// From a stop's SIGTERM to SIGKILL.
    pub kill_grace_ms: u64,
    /// As [`ReportAck::hold_ms`], from the question that this answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
}

/// One step of an assignment, with the defaults of its action filled in and **not** interpolated.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AssignedStep {
    /// Shown name; empty = the action's.
    #[serde(default)]
    pub name: String,
    /// Registered action name, e.g. `Script`, `Artifact Upload`.
    pub action: String,
    /// False = `Disabled`.
    pub enabled: bool,
    /// A failure does not fail the job.
    pub optional: bool,
    /// Runs even after a failure.
    pub always_executed: bool,
    /// It ends `Fail` after this long; 0 = no limit.
    #[serde(default)]
    pub timeout_ms: u64,
    /// Values by parameter name.
    #[schema(value_type = Object)]
    pub parameters: IndexMap<String, String>,
}

/// A secret for a job.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct AssignedSecret {
    /// Full variable name, e.g. `cds.app.password`, `cds.key.proj-ssh-x.priv`.
    pub name: String,
    /// `password`, `ssh`, `pgp`.
    pub kind: String,
    /// Clear text.
    pub value: String,
}

impl std::fmt::Debug for AssignedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AssignedSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A requirement of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AssignedRequirement {
    /// E.g. the binary's name.
    pub name: String,
    /// `binary`, `hostname`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Wanted value.
    pub value: String,
}

/// Body of `POST /v1/worker/report`: whatever happened since the last one, together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerReport {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Fencing token.
    #[schema(value_type = u32)]
    pub attempt: Attempt,
    /// Small log chunks, in order (large ones go to `PUT /v1/worker/logs/…`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogChunk>,
    /// News of steps; each replaces what was known of that step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepReport>,
    /// The end, if it has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<JobEnd>,
    /// With an end: also take the next job, waiting up to this long (saves a round trip).
    /// Without an end: answer only when the job is to be cancelled, at the latest after this long, so that a stop
    /// need not wait for the next heartbeat. A server may answer at once instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take_wait_ms: Option<u64>,
    /// With an end and `take_wait_ms`: as [`WorkerTake::number`]; one that is too old gives no job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub take_number: Option<u64>,
}

/// Bytes of one step's log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogChunk {
    /// Step, counted from 0.
    pub step: u16,
    /// Where in the step's log these bytes begin.
    pub offset: u64,
    /// The bytes, if they are UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The bytes in standard base64, otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// When the last of them was printed, epoch milliseconds on the worker's clock.
    pub at_ms: i64,
}

/// News of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StepReport {
    /// Counted from 0.
    pub step: u16,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// Epoch milliseconds; absent = not begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_ms: Option<i64>,
    /// Epoch milliseconds; absent = not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_ms: Option<i64>,
    /// With a final status: length of the step's log, after which it is complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_length: Option<u64>,
    /// Exit status of the step's process, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The end of a job as the worker saw it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobEnd {
    /// `Success`, `Fail`, `Disabled` or `Stopped`.
    #[schema(value_type = String)]
    pub status: Status,
    /// Why, if it failed before or beside its steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// True when the fault lies with the worker or its host, not with the job's steps: the job gets a new attempt.
    #[serde(default)]
    pub infrastructure: bool,
    /// Variables set by `worker export`, `set-version`, checkout …: full names (`cds.build.x`, `git.hash`, `cds.semver`).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schema(value_type = Object)]
    pub variables: IndexMap<String, String>,
}

/// Answer to a report.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ReportAck {
    /// The job has been stopped: kill it and report its end as `Stopped`.
    pub cancel: bool,
    /// Acknowledged length of each log touched, by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<LogLength>,
    /// The next job, if one was asked for and is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Box<Assignment>>,
    /// How long the attempt is this worker's, from when it sent this report, whatever becomes of the server; after that
    /// another server may give it to somebody else. Absent: no other server does, so as long as this one is down or can
    /// store nothing the attempt is nobody else's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_ms: Option<u64>,
}

/// How much of a log the server holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLength {
    /// Counted from 0.
    pub step: u16,
    /// Bytes stored.
    pub length: u64,
}

/// Body of `POST /v1/worker/tags`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerTags {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Fencing token.
    #[schema(value_type = u32)]
    pub attempt: Attempt,
    /// Tags to add to the run.
    #[schema(value_type = Object)]
    pub tags: IndexMap<String, String>,
}

/// Body of `POST /v1/worker/version` (spec 6.4: semver, unique in the workflow, set once).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerVersion {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Fencing token.
    #[schema(value_type = u32)]
    pub attempt: Attempt,
    /// The new `cds.version`.
    pub version: String,
}

/// Body of `POST /v1/worker/results`: a run result that has no file of ours (spec 11.3).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerResult {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Fencing token.
    #[schema(value_type = u32)]
    pub attempt: Attempt,
    /// `static-file` or `artifact-manager`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Unique by type in the run.
    pub name: String,
    /// A UUID that the worker has made: sent again, it is the same result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub id: Option<BlobId>,
    /// Further fields by type: `remote_url`; `repository_name`, `path`, `repository_type`.
    #[schema(value_type = Object)]
    pub data: IndexMap<String, String>,
}

/// Body of `POST /v1/worker/tests`: parsed JUnit reports of one step.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerTests {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Fencing token.
    #[schema(value_type = u32)]
    pub attempt: Attempt,
    /// Which step, from 0: sent again, it is the same report. Without it, one more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u16>,
    /// Suites with their cases.
    pub suites: Vec<TestSuite>,
}

/// A test suite (spec 11.1); the counters are those of the cases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TestSuite {
    /// `TestSuite.<i>` if the file names none.
    pub name: String,
    /// Cases.
    pub cases: Vec<TestCase>,
    /// Seconds, as written in the file.
    pub time: String,
}

/// A test case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct TestCase {
    /// `TestCase.<j>` if the file names none.
    pub name: String,
    /// Class.
    pub classname: String,
    /// Seconds, as written in the file.
    pub time: String,
    /// `ok`, `failed`, `error`, `skipped`.
    pub status: String,
    /// Message and text of the failure, error or skip.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Standard output.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system_out: String,
    /// Standard error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub system_err: String,
}

/// A file of a run, as `worker artifacts` and `cdsctl workflow artifact list` show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Artifact {
    /// Stable id, for downloads.
    pub id: String,
    /// Unique by type in the run.
    pub name: String,
    /// `artifact`, `coverage`, `static-file`, `artifact-manager`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Bytes.
    pub size: u64,
    /// Hex.
    pub md5: String,
    /// Hex.
    pub sha256: String,
    /// Unix permission bits.
    pub perm: u32,
    /// RFC 3339.
    pub created: String,
    /// Node whose job stored it.
    pub node: String,
    /// Further fields of results without a file.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    #[schema(value_type = Object)]
    pub data: IndexMap<String, String>,
}
