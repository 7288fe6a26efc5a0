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
}
