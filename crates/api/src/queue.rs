//! The queue, and why a job waits.

use cds_model::{JobRef, Status};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A job that waits or runs, as `GET /v1/queue` shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QueueJob {
    /// Which job.
    #[schema(value_type = String)]
    pub job: JobRef,
    /// Project key.
    pub project_key: String,
    /// Workflow name.
    pub workflow_name: String,
    /// Run number.
    pub number: i64,
    /// Node name.
    pub node: String,
    /// Job name.
    pub name: String,
    /// `Waiting` or `Building`.
    #[schema(value_type = String)]
    pub status: Status,
    /// RFC 3339; since when it has this status.
    pub since: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Who started the run.
    pub triggered_by: String,
    /// Its requirements, in words (`binary: git`).
    pub requirements: Vec<String>,
    /// Why it waits; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<WaitReason>,
    /// Worker that runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
}

/// A node that waits for its mutex: it has no jobs yet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct QueueNode {
    /// Project key.
    pub project_key: String,
    /// Workflow name.
    pub workflow_name: String,
    /// Run number.
    pub number: i64,
    /// Node name.
    pub node: String,
    /// RFC 3339; since when it waits. Absent where an older server wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Who started the run.
    pub triggered_by: String,
    /// Why it waits.
    pub reason: WaitReason,
    /// Number of the run that holds the mutex; absent while it is being given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<i64>,
}

/// Why something waits, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitReason {
    /// Stable word: `no_hatchery`, `hatchery_down`, `no_permission`, `no_match`, `ready`, `worker_starting`,
    /// `worker_wanted`, `no_room`, `all_busy`, `mutex`, `parked`.
    pub code: String,
    /// A sentence for people that names the requirement, the holder, the hatchery.
    pub text: String,
}

/// Answer of `GET /v1/jobs/{job}/candidates`: who could take a job that waits, and what keeps the others from it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Candidates {
    /// Place, from 1, among the jobs that want the same hatcheries; absent if the job does not wait for a worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// Groups whose hatcheries may run it; empty = all.
    pub groups: Vec<String>,
    /// Every hatchery, those that could take it first.
    pub hatcheries: Vec<Candidate>,
}

/// A hatchery as a job that waits sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    /// Name of the hatchery.
    pub hatchery: String,
    /// It has been heard of lately.
    pub up: bool,
    /// Its workers offer everything and may run the job; `obstacles` says what is missing otherwise.
    pub fits: bool,
    /// One sentence for everything in the way.
    pub obstacles: Vec<String>,
    /// Names of its workers that are free now.
    pub idle: Vec<String>,
    /// Workers on their way.
    pub starting: u32,
    /// Workers with a job.
    pub busy: u32,
    /// How many more it may start now.
    pub room: u32,
    /// What its system last refused; empty = nothing.
    pub last_error: String,
}
