//! Hatcheries and workers: what a hatchery offers, what it is asked to do, what people see of both.

use cds_model::{HatcheryId, WorkerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/hatchery/register`; the token needs the scope `hatchery`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HatcheryRegister {
    /// Unique; the same name again is the same hatchery come back.
    pub name: String,
    /// `local`, `docker`, …
    pub model_type: String,
    /// Of the hatchery program.
    pub version: String,
    /// What its workers can do.
    pub offer: Offer,
    /// Tells this process from another one that has taken the same name; empty = it is not told.
    #[serde(default)]
    pub instance: String,
}

/// What workers of a hatchery can do; jobs are matched against it (spec 13.2, 13.4).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Offer {
    /// Region served; empty = jobs without a region.
    #[serde(default)]
    pub region: String,
    /// Go names, e.g. `linux/amd64`.
    pub os_arch: String,
    /// Of the host, for `hostname` requirements; empty = none can be met.
    #[serde(default)]
    pub hostname: String,
    /// Executables on the host's PATH.
    #[serde(default)]
    pub binaries: Vec<String>,
    /// Largest `memory` requirement that can be met, MiB; 0 = not limited.
    #[serde(default)]
    pub memory_mb: u64,
    /// Workers at a time.
    pub max_workers: u32,
}

/// Answer to a registration.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HatcheryRegistered {
    /// This hatchery.
    #[schema(value_type = String)]
    pub hatchery: HatcheryId,
}

/// Body of `POST /v1/hatchery/sync`: what exists; waits up to `wait_ms` for something to change.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HatcherySync {
    /// This hatchery.
    #[schema(value_type = String)]
    pub hatchery: HatcheryId,
    /// Every instance the provider lists, in whatever state.
    pub instances: Vec<InstanceReport>,
    /// Version of the wishes last acted on; the call returns at once if there are newer ones.
    pub seen: u64,
    /// How long to wait for newer wishes (at most 60,000).
    pub wait_ms: u64,
    /// Last refusal of the provider, for people; empty = none.
    #[serde(default)]
    pub last_error: String,
    /// Starts of workers that have failed since it began: tells a refusal of now from an old one.
    #[serde(default)]
    pub failures: u32,
    /// `last_error` was said for good: it starts nothing until somebody has mended that and started it anew.
    #[serde(default)]
    pub refused: bool,
    /// It ends: nothing more is to be asked of it.
    #[serde(default)]
    pub leaving: bool,
}

/// One instance of a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstanceReport {
    /// The worker it was made for.
    #[schema(value_type = String)]
    pub worker: WorkerId,
    /// False = it has ended; its job, if any, gets a new attempt at once.
    pub alive: bool,
    /// How it ended, e.g. `signal 9`; empty while alive.
    #[serde(default)]
    pub exit: String,
}

/// Answer to a sync.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HatcheryOrders {
    /// Version of these wishes.
    pub version: u64,
    /// How many workers should exist that are starting or idle (besides the busy ones), for jobs that wait now.
    pub wanted: u32,
    /// Workers that must go (job stopped and worker deaf, worker lost).
    #[schema(value_type = Vec<String>)]
    pub destroy: Vec<WorkerId>,
    /// What the server knows of this hatchery's workers, so that the plan can count idle and busy ones.
    pub workers: Vec<WorkerBrief>,
}

/// A worker in a few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkerBrief {
    /// Which worker.
    #[schema(value_type = String)]
    pub worker: WorkerId,
    /// `Pending` (ordered, not registered), `Waiting` (idle), `Building`, `Disabled` (gone).
    pub status: String,
}

/// Body of `POST /v1/hatchery/workers`: asks for identities of workers about to be spawned.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerOrder {
    /// This hatchery.
    #[schema(value_type = String)]
    pub hatchery: HatcheryId,
    /// How many.
    pub count: u32,
}

/// Identities for new workers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkerOrders {
    /// One for each.
    pub workers: Vec<WorkerIdentity>,
}

/// Who a new worker is.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerIdentity {
    /// Its id; label the instance with it.
    #[schema(value_type = String)]
    pub worker: WorkerId,
    /// Its name.
    pub name: String,
    /// Registers once, soon.
    pub token: String,
}

impl std::fmt::Debug for WorkerIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WorkerIdentity").field("worker", &self.worker).finish_non_exhaustive()
    }
}

/// A worker as `GET /v1/workers` shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Worker {
    /// Id.
    #[schema(value_type = String)]
    pub id: WorkerId,
    /// Name.
    pub name: String,
    /// Hatchery's name.
    pub hatchery: String,
    /// `Pending`, `Waiting`, `Building`, `Disabled`.
    pub status: String,
    /// Go's name.
    pub os: String,
    /// Go's name.
    pub arch: String,
    /// Of the program.
    pub version: String,
    /// RFC 3339; empty = never heard of.
    pub lastbeat: String,
    /// The job it runs, `<run>.<n>`; absent too if the caller may not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// Jobs it has run.
    pub jobs_done: u32,
}

/// A hatchery as `GET /v1/hatcheries` shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Hatchery {
    /// Id.
    #[schema(value_type = String)]
    pub id: HatcheryId,
    /// Name.
    pub name: String,
    /// `local`, `docker`, …
    pub model_type: String,
    /// Of the program.
    pub version: String,
    /// What it offers.
    pub offer: Offer,
    /// `up`, or `down` when it has not been heard of for a minute.
    pub status: String,
    /// RFC 3339.
    pub lastbeat: String,
    /// Workers starting or idle that are wanted of it now.
    pub wanted: u32,
    /// Workers it has by status.
    pub workers: Vec<WorkerBrief>,
    /// Last refusal of its provider; empty = none.
    pub last_error: String,
}
