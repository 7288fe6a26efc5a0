//! The state of a run. Node runs are shared by reference between versions of a run, so that a transition
//! costs what it touches and `Arc::ptr_eq` tells the store which rows to write.

use crate::spec::RunSpec;
use cds_model::{Attempt, JobNo, NodeIx, NodeRunNo, RunId, Status, Timestamp, WorkerId};
use cds_workflow::def::Requirement;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, sync::Arc, time::Duration};

/// A run: its snapshot, its head, its node runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Which run.
    pub id: RunId,
    /// Number in its workflow, from 1.
    pub number: i64,
    /// What it works on.
    pub spec: Arc<RunSpec>,
    /// The small part that changes with nearly every event.
    pub head: RunHead,
    /// Executions of nodes, by [`NodeRunNo`].
    pub nodes: Vec<Arc<NodeRun>>,
}

/// The small part of a run. What was added later has a default; without its status and its begin it is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunHead {
    /// Where the run stands.
    pub status: Status,
    /// Highest sub-number (spec 6.4).
    #[serde(default)]
    pub sub: u32,
    /// `cds.version` once set by `worker set-version`; otherwise the run number is it.
    #[serde(default)]
    pub version: Option<String>,
    /// Which attempt has set it: what a lost one has set, the next one of its job may set otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_by: Option<(JobNo, Attempt)>,
    /// When it was made.
    pub created: Timestamp,
    /// When something last happened to it.
    #[serde(default)]
    pub last_execution: Timestamp,
    /// Who or what started it.
    #[serde(default)]
    pub origin: Origin,
    /// Flattened payload, keys in lower case.
    #[serde(default)]
    pub payload: IndexMap<String, String>,
    /// True when the payload is not (only) the definition's default: its values are tainted (spec/README 13).
    #[serde(default)]
    pub payload_foreign: bool,
    /// Keys of a foreign payload whose values are the definition's default all the same: these are not tainted.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub payload_own: BTreeSet<String>,
    /// Pipeline parameters given at the start.
    #[serde(default)]
    pub parameters: IndexMap<String, String>,
    /// In order of appearance.
    #[serde(default)]
    pub tags: Vec<(String, String)>,
    /// What happened, in words.
    #[serde(default)]
    pub infos: Vec<Info>,
    /// Nodes whose conditions were false, by sub-number.
    #[serde(default)]
    pub not_run: Vec<NotRun>,
    /// Ordinal of the next job.
    #[serde(default)]
    pub next_job: u32,
}

/// Who or what started a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Origin {
    /// Started by a person (`cds.manual` of the nodes started).
    pub manual: bool,
    /// `cds.triggered_by.username`.
    pub username: String,
    /// `cds.triggered_by.fullname`.
    pub fullname: String,
    /// `cds.triggered_by.email`.
    pub email: String,
}

/// A line about what happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Info {
    /// When.
    pub at: Timestamp,
    /// How grave.
    pub level: Level,
    /// Sub-number it belongs to.
    pub sub: u32,
    /// A sentence.
    pub text: String,
}

/// How grave a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// As it should be.
    Info,
    /// Worth a look.
    Warning,
    /// Something went wrong.
    Error,
}

impl Run {
    /// Nodes that only a person keeps waiting: starting one by hand is the approval. Not those that were started since, or
    /// whose conditions were false for another reason in a later sub-number.
    pub fn gates(&self) -> impl Iterator<Item = &NotRun> {
        let not_run = &self.head.not_run;
        let later = move |gate: &NotRun| {
            not_run.iter().any(|n| n.node == gate.node && n.sub > gate.sub)
                || self.nodes.iter().any(|n| n.node == gate.node && n.sub >= gate.sub)
        };
        not_run.iter().filter(move |n| n.gate && !later(n))
    }

    /// For how long a worker had a job of it, up to what last happened: what the attempts of its jobs cover together. What
    /// lies between two restarts, before a person opened a gate or before a worker came, is nobody's work.
    pub fn work(&self) -> Duration {
        let jobs = self.nodes.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
        let attempts = jobs.flat_map(|j| &j.attempts);
        let mut spans: Vec<_> =
            attempts.filter_map(|a| Some((a.start?, a.done.unwrap_or(self.head.last_execution)))).collect();
        spans.sort_unstable();
        let (mut sum, mut until) = (Duration::ZERO, Timestamp::default());
        for (start, done) in spans {
            sum += done.since(start.max(until));
            until = until.max(done);
        }
        sum
    }
}

/// A node that was not run because its conditions were false.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotRun {
    /// Which node.
    pub node: NodeIx,
    /// In which sub-number.
    pub sub: u32,
    /// Each condition with the value it met, in words.
    pub why: Vec<String>,
    /// Nothing but a person is waited for: with `cds.manual` true the conditions would hold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub gate: bool,
}

/// One execution of a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NodeRun {
    /// Its place in [`Run::nodes`].
    pub no: NodeRunNo,
    /// Which node of the snapshot's graph.
    pub node: NodeIx,
    /// Sub-number; at most one run for each (node, sub).
    pub sub: u32,
    /// Where it stands.
    pub status: Status,
    /// A person started exactly this node, or it inherits that (spec 6.6.2).
    pub manual: bool,
    /// Parents' runs that led here.
    pub parents: Vec<NodeRunNo>,
    /// Parameters (spec 8.2, 8.3), exports of ended jobs included.
    pub params: Arc<Params>,
    /// Restart that keeps the jobs that ended well: the run whose jobs are kept.
    pub only_failed_of: Option<NodeRunNo>,
    /// Waits for its mutex.
    pub waits_slot: bool,
    /// Holds its mutex.
    pub holds_slot: bool,
    /// Stages in order; none on joins and forks.
    pub stages: Vec<StageRun>,
    /// When it was made.
    pub start: Timestamp,
    /// When it ended.
    pub done: Option<Timestamp>,
}

/// Parameters by name.
pub type Params = IndexMap<String, Param>;

/// A parameter's value and where it came from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Text.
    #[serde(rename = "v")]
    pub value: String,
    /// `project`, `application`, `environment`, `pipeline`, `payload`, `builtin`, `git`, `key`, `parent:<node>`, `export`.
    #[serde(rename = "o", default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// Its text comes from an event and may carry code.
    #[serde(rename = "t", default, skip_serializing_if = "std::ops::Not::not")]
    pub tainted: bool,
    /// It is that text itself, not a template that uses it: braces in it are never interpolated.
    #[serde(rename = "x", default, skip_serializing_if = "std::ops::Not::not")]
    pub verbatim: bool,
}

/// A stage of a node run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageRun {
    /// Where it stands.
    pub status: Status,
    /// Conditions that decided a skip, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// Jobs side by side; empty until the stage is reached. Shared between the states of a run: most events change
    /// one of many.
    pub jobs: Vec<Arc<JobRun>>,
}

/// A job of a stage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRun {
    /// Ordinal in the run.
    pub no: JobNo,
    /// Index in the stage's definition.
    pub def: u32,
    /// Where it stands.
    pub status: Status,
    /// Interpolated and completed (spec 6.7).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Requirement>,
    /// When it was (first) queued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queued: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Timestamp>,
    /// A stop has been asked for; its end is awaited from the worker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopping: bool,
    /// What happened, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub infos: Vec<Info>,
    /// Attempts; the last one counts. `Attempt(n)` is at index n-1.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<AttemptRun>,
    /// Copied from this job of an earlier sub-number, which keeps the logs ("only failed jobs").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<JobNo>,
}

impl JobRun {
    /// The attempt that counts, or `Attempt(0)` before the first.
    pub fn attempt(&self) -> Attempt {
        Attempt(self.attempts.len() as u32)
    }
}

/// One attempt of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRun {
    /// Where it stands.
    pub status: Status,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerId>,
    /// Name of its worker, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub worker_name: String,
    /// When it was queued.
    pub queued: Timestamp,
    /// When a worker took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<Timestamp>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Steps heard of, by index.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepRun>,
}

/// A step of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StepRun {
    /// Where it stands.
    pub status: Status,
    /// When it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<Timestamp>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<Timestamp>,
    /// Exit status of its process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// Why it failed.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}
