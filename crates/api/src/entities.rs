//! Applications, environments and pipelines of a project, as lists show them; their full content is their file.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An application.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Application {
    /// Unique in its project.
    pub name: String,
    /// For people.
    pub description: String,
    /// Key of its project.
    pub project_key: String,
    /// `owner/name` in its forge; empty = none.
    pub repository_fullname: String,
    /// Repository that owns the definition; empty = none.
    pub from_repository: String,
    /// RFC 3339.
    pub last_modified: String,
}

/// An environment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Environment {
    /// Unique in its project.
    pub name: String,
    /// Repository that owns the definition; empty = none.
    pub from_repository: String,
    /// RFC 3339.
    pub last_modified: String,
}

/// A pipeline.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Pipeline {
    /// Unique in its project.
    pub name: String,
    /// For people.
    pub description: String,
    /// Repository that owns the definition; empty = none.
    pub from_repository: String,
    /// RFC 3339.
    pub last_modified: String,
    /// Declared parameters, in file order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<PipelineParameter>,
}

/// A declared parameter of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PipelineParameter {
    /// Name; jobs see it as `cds.pip.<name>`.
    pub name: String,
    /// `string`, `number`, `text`, `boolean`, `list`, `ssh-key`, `pgp-key`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Default; of a `list`, `a;b;c` where the first is the default.
    pub default: String,
    /// For people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}
