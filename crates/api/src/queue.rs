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

/// Why something waits, exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WaitReason {
    /// Stable word: `no_hatchery`, `hatchery_down`, `no_permission`, `no_match`, `ready`, `worker_starting`,
    /// `worker_wanted`, `no_room`, `all_busy`, `mutex`, `parked`.
    pub code: String,
    /// A sentence for people that names the requirement, the holder, the hatchery.
    pub text: String,
}
