//! The snapshot a run works on: everything it may read, taken when it was made. Never changed afterwards,
//! except as a whole by a resync.

use crate::graph::{Graph, GraphCache};
use cds_model::WorkflowId;
use cds_workflow::def;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Definitions and settings of one run. Secret values are **not** here: variables of type `password` have an
/// empty value, keys have no private part; the server adds them when a worker takes a job.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunSpec {
    /// Which workflow; mutexes are kept by it.
    pub workflow_id: Option<WorkflowId>,
    /// Project key.
    pub project: String,
    /// Project variables by name (without `cds.proj.`).
    pub project_variables: BTreeMap<String, def::Value>,
    /// Enabled project keys.
    pub project_keys: Vec<PublicKey>,
    /// The graph.
    pub workflow: def::Workflow,
    /// Pipelines the graph names.
    pub pipelines: BTreeMap<String, def::Pipeline>,
    /// Applications the graph names.
    pub applications: BTreeMap<String, App>,
    /// Environments the graph names.
    pub environments: BTreeMap<String, Env>,
    /// Limits and defaults in force.
    pub settings: Settings,
    /// Index of the graph, built at first use; a clone starts with none, so a changed clone is never wrong.
    #[serde(skip)]
    pub graph_cache: GraphCache,
}

impl RunSpec {
    /// The index of the graph: parents, children, joins and names.
    pub fn graph(&self) -> Arc<Graph> {
        self.graph_cache.get_or_build(&self.workflow)
    }

    /// The definition of a node.
    pub fn node(&self, ix: cds_model::NodeIx) -> Option<&def::Node> {
        self.workflow.nodes.get(ix.0 as usize)
    }

    /// The pipeline a node runs, if it is in the snapshot.
    pub fn pipeline_of(&self, ix: cds_model::NodeIx) -> Option<&def::Pipeline> {
        self.pipelines.get(&self.node(ix)?.pipeline)
    }
}

/// An application in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct App {
    /// Its definition, secrets emptied.
    #[serde(flatten)]
    pub def: def::Application,
    /// Its keys, public parts.
    pub public_keys: Vec<PublicKey>,
}

/// An environment in a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Env {
    /// Its definition, secrets emptied.
    #[serde(flatten)]
    pub def: def::Environment,
    /// Its keys, public parts.
    pub public_keys: Vec<PublicKey>,
}

/// A key without its private part; becomes `cds.key.<name>.pub` and `.id`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PublicKey {
    /// With its prefix, e.g. `proj-ssh-shop`.
    pub name: String,
    /// `ssh` or `pgp`.
    pub kind: String,
    /// Public part.
    pub public: String,
    /// Short id of a pgp key; empty for ssh.
    pub id: String,
}

/// Limits and defaults in force when the run was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Added to jobs that name neither a model nor an os-architecture (spec 6.7).
    pub default_os_arch: String,
    /// How often a job may be tried when workers are lost; 3 = the first and two more.
    pub max_attempts: u32,
    /// Longest time in the queue, ms; 0 = no limit. Then the job fails.
    pub queue_timeout_ms: u64,
    /// Longest run time of a job, ms; 0 = no limit.
    pub job_timeout_ms: u64,
    /// Longest run time of a step, ms; 0 = no limit.
    pub step_timeout_ms: u64,
    /// Longest run time of a run, ms; 0 = no limit. Then it is stopped.
    pub run_timeout_ms: u64,
    /// Base URL of the web UI, for `cds.ui.pipeline.run`.
    pub ui_url: String,
    /// How text from events may be spliced into scripts: `inert`, `refuse`, `splice`.
    pub taint_policy: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_os_arch: "linux/amd64".into(),
            max_attempts: 3,
            queue_timeout_ms: 0,
            job_timeout_ms: 24 * 3600 * 1000,
            step_timeout_ms: 0,
            run_timeout_ms: 0,
            ui_url: String::new(),
            taint_policy: "inert".into(),
        }
    }
}
