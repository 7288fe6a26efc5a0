//! Runs of workflows: start, watch, steer.

use crate::{queue::WaitReason, worker::TestSuite};
use cds_model::{JobRef, Status};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST …/workflows/{workflow}/runs`. With `number`, an existing run goes on.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RunStart {
    /// Payload of any shape; flattened. Keys must not begin with `cds.`. Absent = the root's default.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub payload: Option<serde_json::Value>,
    /// Pipeline parameters of the root or of the nodes started.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    #[schema(value_type = Object)]
    pub parameters: IndexMap<String, String>,
    /// Go on with this run instead of making one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// With `number`: node names to start from; empty = the root.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub from_nodes: Vec<String>,
    /// With `number`: keep the jobs that ended well.
    pub only_failed_jobs: bool,
    /// With `number`: take today's pipelines, applications and environments into the run's snapshot.
    pub resync: bool,
}

/// A run in lists.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunBrief {
    /// Id.
    pub id: String,
    /// Counted from 1 in its workflow.
    pub number: i64,
    /// Highest sub-number: 0 until something is restarted.
    pub sub_number: u32,
    /// `cds.version`.
    pub version: String,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// Key of its project.
    pub project_key: String,
    /// Name of its workflow.
    pub workflow_name: String,
    /// RFC 3339; when it was made.
    pub start: String,
    /// RFC 3339; when something last happened.
    pub last_execution: String,
    /// Milliseconds from start to the last end; of a running run, absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    /// Milliseconds in which a worker had a job of it, up to `last_execution`: not what lies between two restarts, before a
    /// person opened a gate or before a worker came. While `at_work` is more than 0, it grows. Absent where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_ms: Option<u64>,
    /// Who or what started it.
    pub triggered_by: String,
    /// In order of appearance.
    pub tags: Vec<Tag>,
    /// Why the run is set aside, if it is: its record can't be read. It can only be stopped or deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<String>,
    /// Jobs that a worker has, while the run is under way; 0 = everything that is left waits for something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_work: Option<u32>,
    /// Nodes that nothing but a person keeps waiting: the run goes on when somebody starts them.
    #[serde(default)]
    pub gates: u32,
}

/// A tag of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tag {
    /// E.g. `git.branch`.
    pub tag: String,
    /// Values of the same tag are joined by commas.
    pub value: String,
}

/// What came since the last run of a workflow that went well.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Changes {
    /// The last run before that succeeded: of the same branch if there is one, else of any. Absent: none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<ChangedRun>,
    /// Whether `since` and `runs` are those of the run's branch.
    pub same_branch: bool,
    /// Runs after it, up to the one asked about, which comes first; at most 50.
    pub runs: Vec<ChangedRun>,
    /// How many there are in all.
    pub total: i64,
}

/// What a run was about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangedRun {
    /// Counted from 1 in its workflow.
    pub number: i64,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// RFC 3339; when it was made.
    pub start: String,
    /// Who or what started it.
    pub triggered_by: String,
    /// Hash of the commit; this and the next are empty where the run does not know them.
    pub hash: String,
    /// Branch, or tag.
    pub branch: String,
    /// Who wrote the commit.
    pub author: String,
    /// Message of the commit.
    pub message: String,
    /// Payload of the root, flattened.
    #[schema(value_type = Object)]
    pub payload: IndexMap<String, String>,
}

/// A run, whole.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Run {
    /// What lists show too.
    #[serde(flatten)]
    pub brief: RunBrief,
    /// Root's payload, flattened; secrets cannot be in it.
    #[schema(value_type = Object)]
    pub payload: IndexMap<String, String>,
    /// What happened to the run, in words.
    pub infos: Vec<Info>,
    /// Graph of the run's snapshot, parents before children; empty where only some executions were asked for.
    pub nodes: Vec<crate::workflows::WorkflowNode>,
    /// Executions of nodes, in order of creation.
    pub node_runs: Vec<NodeRun>,
    /// Nodes that were not run, and why (their conditions, with the values that decided).
    pub not_run: Vec<NotRun>,
}

/// A line about what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Info {
    /// RFC 3339.
    pub at: String,
    /// `Info`, `Warning`, `Error`.
    pub level: String,
    /// Sub-number of the run it belongs to.
    pub sub_number: u32,
    /// A sentence.
    pub text: String,
}

/// One execution of a node.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NodeRun {
    /// Ordinal in the run.
    pub id: u32,
    /// Node name.
    pub node: String,
    /// 0 for the first execution.
    pub sub_number: u32,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// RFC 3339.
    pub start: String,
    /// RFC 3339; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// True if a person started exactly this node.
    pub manual: bool,
    /// Why it waits, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitReason>,
    /// Stages in order.
    pub stages: Vec<StageRun>,
    /// Parameters with their origin; empty where they were not asked for.
    pub parameters: Vec<Parameter>,
}

/// A parameter of a node run and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Parameter {
    /// Full name.
    pub name: String,
    /// Text after interpolation.
    pub value: String,
    /// `project`, `application`, `environment`, `pipeline` (its default), `node` (the workflow sets it), `by hand` (given
    /// at the start), `payload`, `builtin`, `git`, `parent:<node>`, `export`.
    pub origin: String,
    /// Its text comes from an event and may carry code.
    pub tainted: bool,
}

/// A stage of a node run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StageRun {
    /// May be empty.
    pub name: String,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// Condition results that decided a skip.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Jobs side by side.
    pub jobs: Vec<JobRun>,
}

/// A job of a stage.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobRun {
    /// `<run>.<n>`.
    #[schema(value_type = String)]
    pub id: JobRef,
    /// Name.
    pub name: String,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// Why it waits, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<WaitReason>,
    /// RFC 3339; absent until queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<String>,
    /// RFC 3339; absent until begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// RFC 3339; absent until ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// What happened, in words.
    pub infos: Vec<Info>,
    /// Executions, the last is the one that counts. A lost worker makes a new attempt.
    pub attempts: Vec<AttemptRun>,
}

/// One attempt of a job.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AttemptRun {
    /// From 1.
    pub attempt: u32,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// Name of its worker; empty until taken.
    pub worker: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// Why it failed, if it did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Steps in order.
    pub steps: Vec<StepRun>,
}

/// A step of an attempt.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StepRun {
    /// Counted from 0; names the log.
    pub step: u16,
    /// Shown name.
    pub name: String,
    /// Where it stands.
    #[schema(value_type = String)]
    pub status: Status,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<String>,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<String>,
    /// Exit status of its process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// A failure of it does not fail the job.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// A node that did not run.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NotRun {
    /// Node name.
    pub node: String,
    /// Sub-number in which it was decided.
    pub sub_number: u32,
    /// Each condition with the value it met.
    pub why: Vec<String>,
    /// Nothing but a person is waited for: somebody may start it (`from_nodes`).
    #[serde(default)]
    pub gate: bool,
}

/// Body of `POST …/runs/{number}/stop`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RunStop {
    /// Only this node; absent = the whole run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
}

/// A step's log in the list `GET …/runs/{number}/logs`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogFile {
    /// `<workflow>-<num>.<sub>-pipeline.<node>-stage.<stage>-job.<job>-status.<S>-step.<n>.log`.
    pub name: String,
    /// `<run>.<n>`.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// From 1.
    pub attempt: u32,
    /// Counted from 0.
    pub step: u16,
    /// Bytes stored so far.
    pub length: u64,
    /// Nothing will be added.
    pub complete: bool,
}

/// Lines of a log: `GET /v1/jobs/{job}/attempts/{n}/steps/{s}/lines?first=&count=`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogLines {
    /// Number of the first one given, from 0.
    pub first: u64,
    /// Lines stored so far.
    pub total: u64,
    /// Bytes stored so far.
    pub length: u64,
    /// Nothing will be added.
    pub complete: bool,
    /// Colours and styles in force where the first line given begins, as parameters of a terminal's `ESC [ … m`, e.g.
    /// `1;31`. Found in the 64 KiB before it; empty = none.
    #[serde(default)]
    pub sgr: String,
    /// The lines.
    pub lines: Vec<LogLine>,
}

/// What a browser wants to save: `POST /v1/downloads`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DownloadCreate {
    /// A step's log or a file of a run, as a path of this API.
    pub path: String,
}

/// An address that needs no token, for a minute.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Download {
    /// Path and query.
    pub url: String,
}

/// A line of a log.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// From 0.
    pub n: u64,
    /// Byte offset of its beginning.
    pub offset: u64,
    /// Epoch milliseconds, to the precision of the chunk it came with.
    pub at_ms: i64,
    /// Without its line end; invalid UTF-8 replaced.
    pub text: String,
    /// True if only the beginning of a very long line is given.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

/// Test reports of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Tests {
    /// All cases.
    pub total: u32,
    /// Passed.
    pub ok: u32,
    /// Failed, errors included.
    pub ko: u32,
    /// Skipped.
    pub skipped: u32,
    /// Suites with their cases, by node.
    #[schema(value_type = Object)]
    pub suites: IndexMap<String, Vec<TestSuite>>,
}

/// An event of the stream `GET /v1/events` (SSE): `id` counts up, `event` is the type, `data` is this.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Resume with `Last-Event-ID`. 0 = not kept, so it has no place among the others.
    pub id: i64,
    /// `run.created`, `run.updated`; `project.updated`, `workflow.updated`: definitions, settings or rights were changed,
    /// made or deleted; `fleet.updated`: something of queue, workers or hatcheries, at most once a second.
    #[serde(rename = "type")]
    pub kind: String,
    /// RFC 3339.
    pub at: String,
    /// Key of the project concerned.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub project_key: String,
    /// Workflow concerned.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workflow_name: String,
    /// Run concerned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// New status of what the type names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub status: Option<Status>,
    /// What is concerned, where the type needs it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// As [`RunBrief::gates`], for a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gates: Option<u32>,
    /// As [`RunBrief::at_work`], for a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_work: Option<u32>,
    /// As [`RunBrief::work_ms`], for a run, up to `at`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_ms: Option<u64>,
    /// Executions of nodes that are new or changed (`NodeRun::id`); empty = look at the whole run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub node_runs: Vec<u32>,
    /// What changed together with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}

/// A part of a run that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// `run.created`, `run.updated`, `node.updated`, `job.updated`, `step.updated`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Node name, job ordinal or step; empty for the run.
    pub subject: String,
    /// New status.
    #[schema(value_type = String)]
    pub status: Status,
}
