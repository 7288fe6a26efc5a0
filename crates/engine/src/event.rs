//! What can happen to a run, and what follows.

use crate::{
    spec::RunSpec,
    state::{Origin, Run, StepRun},
};
use cds_model::{Attempt, JobNo, NodeRunNo, RunId, Status, Timestamp, WorkerId, WorkflowId};
use cds_workflow::def::Requirement;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How a run begins.
#[derive(Clone, Debug)]
pub struct Start {
    /// Fresh.
    pub id: RunId,
    /// Next number of the workflow.
    pub number: i64,
    /// What it works on.
    pub spec: Arc<RunSpec>,
    /// Who or what starts it.
    pub origin: Origin,
    /// Flattened, lower-case keys; `None` = the root's default payload.
    pub payload: Option<IndexMap<String, String>>,
    /// JSON text of a manual payload or raw text of a hook's; becomes the variable `payload`.
    pub raw_payload: Option<String>,
    /// Pipeline parameters.
    pub parameters: IndexMap<String, String>,
}

/// Something that happened. Job news carries the attempt: older attempts are history.
#[derive(Clone, Debug)]
pub enum Event {
    /// A worker took a job.
    JobTaken {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
        /// By whom.
        worker: WorkerId,
        /// Its name.
        worker_name: String,
    },
    /// News of steps, by index.
    StepNews {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
        /// What is known now.
        steps: Vec<(u16, StepRun)>,
    },
    /// A worker reported the end of a job.
    JobEnded {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
        /// `Success`, `Fail`, `Disabled`, `Stopped`.
        status: Status,
        /// Why, if it failed beside its steps.
        reason: String,
        /// The fault is the worker's: try again while attempts are left.
        infrastructure: bool,
        /// Variables set (`cds.build.x`, `git.hash`, …).
        variables: IndexMap<String, String>,
        /// Last news of steps.
        steps: Vec<(u16, StepRun)>,
    },
    /// The worker died, or its lease ran out.
    WorkerLost {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
        /// What is known, e.g. `killed by signal 9`.
        reason: String,
    },
    /// The mutex a node run waited for is its.
    SlotGranted {
        /// Which node run.
        node_run: NodeRunNo,
    },
    /// A person stops the run or one node.
    Stop {
        /// Who.
        by: String,
        /// Node name; `None` = the run.
        node: Option<String>,
    },
    /// A person starts nodes of an existing run.
    Restart {
        /// Node names; empty = the root.
        from: Vec<String>,
        /// Keep jobs that ended well.
        only_failed: bool,
        /// Who.
        origin: Origin,
        /// New payload, or keep the run's.
        payload: Option<IndexMap<String, String>>,
        /// Pipeline parameters of the nodes started.
        parameters: IndexMap<String, String>,
        /// Today's definitions (resync), or keep the snapshot.
        spec: Option<Arc<RunSpec>>,
    },
    /// `worker tag`.
    TagsAdded {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
        /// Tags.
        tags: IndexMap<String, String>,
    },
    /// `worker set-version`; uniqueness in the workflow is checked by the caller's commit.
    VersionSet {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
        /// The version.
        version: String,
    },
    /// A timer rang.
    Timer(TimerKey),
}

/// Names a timer of a run. Setting it again replaces it; a timer whose time is past is delivered at least once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TimerKey {
    /// A job waited too long for a worker.
    Queue(JobNo, Attempt),
    /// A stopped job's worker did not report its end.
    StopGrace(JobNo, Attempt),
    /// A job ran too long (its worker should have said so itself).
    Job(JobNo, Attempt),
    /// The run lasts too long.
    Run,
}

/// The outcome of an event.
#[must_use = "a transition that is not committed never happened"]
#[derive(Clone, Debug)]
#[allow(clippy::large_enum_variant)] // it lives for one call, and a box would only move the cost
pub enum Transition {
    /// The next state and what follows from it.
    Advanced {
        /// Next state.
        run: Run,
        /// To be carried out after the commit, in order.
        effects: Vec<Effect>,
    },
    /// Late or repeated news. Not an error: networks repeat themselves.
    Ignored(Ignored),
    /// A user asked for something the run's state forbids.
    Refused(Refusal),
}

/// Why news was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ignored {
    /// Of an attempt that is not the current one: its sender must be told `lease_lost`.
    OldAttempt,
    /// Already known.
    Repeated,
    /// About something this run has not.
    Unknown,
}

/// Why a request was refused; becomes a 4xx.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The reference's error id where there is one (spec 2.3), e.g. 107.
    pub id: Option<u32>,
    /// What, and how to mend it.
    pub message: String,
}

/// What follows from a transition; committed with it, carried out after it, harmless when carried out twice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    /// Put an attempt of a job into the queue.
    QueueJob(QueueJob),
    /// Take an attempt out of the queue, or tell its worker to stop.
    CancelJob {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
    },
    /// The attempt is over: forget its queue entry and lease.
    DoneJob {
        /// Which job.
        job: JobNo,
        /// Which attempt.
        attempt: Attempt,
    },
    /// Ask for a mutex; answered by [`Event::SlotGranted`], lowest run number first.
    RequestSlot {
        /// Which mutex.
        key: SlotKey,
        /// For whom.
        node_run: NodeRunNo,
    },
    /// Give a mutex back, or withdraw the request.
    ReleaseSlot {
        /// Which mutex.
        key: SlotKey,
        /// By whom.
        node_run: NodeRunNo,
    },
    /// Ring at a time.
    SetTimer {
        /// Which.
        key: TimerKey,
        /// When.
        at: Timestamp,
    },
    /// Tell whoever listens.
    Announce(Announcement),
}

/// A mutex: one node of one workflow, over all runs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SlotKey {
    /// Which workflow.
    pub workflow: Option<WorkflowId>,
    /// Which node.
    pub node: String,
}

/// An attempt to be queued.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueJob {
    /// Which job.
    pub job: JobNo,
    /// Which attempt.
    pub attempt: Attempt,
    /// Node name, for people.
    pub node: String,
    /// Job name, for people.
    pub name: String,
    /// What the worker must offer.
    pub requirements: Vec<Requirement>,
    /// Groups whose hatcheries may run it (spec 6.7); empty = all.
    pub groups: Vec<String>,
}

/// News for listeners.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// `run.created`, `run.updated`, `node.updated`, `job.updated`, `step.updated`.
    pub kind: String,
    /// Node name, job ordinal or step, as text; empty for the run.
    pub subject: String,
    /// New status.
    pub status: Status,
}
