//! Workflows: definitions for people and programs. Their full content is their file.

use crate::{groups::GroupLevel, runs::RunBrief};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A workflow.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Workflow {
    /// Id; stable over new definitions.
    pub id: String,
    /// Unique in its project.
    pub name: String,
    /// For people.
    pub description: String,
    /// Key of its project.
    pub project_key: String,
    /// Repository that owns the definition; empty = none.
    pub from_repository: String,
    /// RFC 3339.
    pub last_modified: String,
    /// What the caller may do: 4, 5 or 7.
    pub permission: u8,
    /// Groups with their levels; only in answers about one workflow.
    #[serde(default)]
    pub groups: Vec<GroupLevel>,
    /// The graph, parents before children; only in answers about one workflow.
    #[serde(default)]
    pub nodes: Vec<WorkflowNode>,
    /// Last run, in lists that ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<RunBrief>,
}

/// A node of a workflow's graph.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkflowNode {
    /// Unique in its workflow.
    pub name: String,
    /// `pipeline`, `join`, `fork`, `outgoinghook`.
    pub kind: String,
    /// Names of the nodes it waits for.
    pub parents: Vec<String>,
    /// Pipeline; empty on other kinds.
    pub pipeline: String,
    /// Application; empty = none.
    pub application: String,
    /// Environment; empty = none.
    pub environment: String,
    /// One at a time over all runs.
    pub mutex: bool,
    /// Default payload of the root, flattened.
    #[schema(value_type = Object)]
    pub payload: indexmap::IndexMap<String, String>,
    /// Values that the node gives the pipeline's parameters.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub parameters: indexmap::IndexMap<String, String>,
    /// What must hold for it to run: checks, then the script; empty = nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// Of a run: a digest of the pipeline as this run has it. Another one = its stages, jobs, requirements or steps differ.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub definition: String,
}
