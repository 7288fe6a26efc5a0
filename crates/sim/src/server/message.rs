//! What is asked of a server, and what it answers.

use cds_engine::{Event, event::Start};
use cds_hatchery::plan::WorkerState;
use cds_model::{Attempt, JobRef, RunId, Status, WorkerId};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// A question to a server.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Register(WorkerId),
    Take(Take),
    Report(Report),
    /// Which instances a hatchery has, alive or not, and a number for the answer.
    Sync {
        hatchery: usize,
        life: u32,
        instances: Vec<(WorkerId, bool)>,
    },
    Identities {
        hatchery: usize,
        life: u32,
        count: u32,
    },
    /// A person starts a run, and asks again with the same key until there is an answer.
    Start(Box<(u64, Start)>),
    /// A person stops or restarts something.
    Do(RunId, Box<Event>),
}

/// A free worker asks for a job.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Take {
    pub worker: WorkerId,
    /// What the worker is doing when it asks: an answer to something else says nothing.
    pub turn: u32,
    /// One more than the takes that were answered with a job; a repeat has the same. `None`: the worker is old, and
    /// does not count.
    pub number: Option<u32>,
}

/// News of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub worker: WorkerId,
    pub job: JobRef,
    pub attempt: Attempt,
    /// Lines from the last one acknowledged to the last one written.
    pub lines: (u32, u32),
    pub end: Option<Status>,
    /// When the worker sent it.
    pub sent: i64,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Registered(WorkerId),
    /// `None`: no job now.
    Job {
        take: Take,
        job: Option<(JobRef, Attempt)>,
        /// See [`lease::Terms::hold`].
        hold: Option<Duration>,
    },
    /// A take of this number was answered before, and there is nothing more to say to it.
    OldTake {
        take: Take,
        last: u32,
    },
    /// How many lines are stored, and whether the worker should stop.
    Heard {
        report: Report,
        length: u32,
        stop: bool,
        hold: Option<Duration>,
    },
    /// The end has been noted.
    Ended {
        report: Report,
        length: u32,
    },
    /// Nothing can be stored.
    Full(Report),
    /// Nobody listens at the server's address.
    Down(WorkerId),
    /// Somebody else has the attempt.
    LeaseLost {
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
    },
    /// The server has given the worker up.
    Refused(WorkerId),
    Orders {
        hatchery: usize,
        life: u32,
        told: Vec<WorkerId>,
        wanted: u32,
        destroy: BTreeSet<WorkerId>,
        workers: BTreeMap<WorkerId, WorkerState>,
    },
    Identities {
        hatchery: usize,
        life: u32,
        workers: Vec<WorkerId>,
    },
    Started(u64, RunId),
}
