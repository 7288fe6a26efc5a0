//! Errors, health, and what every resource shares.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of every answer with a status of 400 or more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApiError {
    /// Stable word for programs, e.g. `not_found`; each has a page under `docs/errors/`.
    pub code: String,
    /// One sentence for people: what, and how to mend it.
    pub message: String,
    /// The reference's numeric error id where there is one (spec 2.3).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub id: Option<u32>,
    /// Further lines, e.g. one for each fault of an imported file.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub details: Vec<String>,
    /// Names this request in the server's log.
    pub request_id: String,
}

/// Answer of calls that report what they did, line by line.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Messages {
    /// E.g. `Workflow build has been created`.
    pub messages: Vec<String>,
    /// Name of the workflow concerned, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub workflow: Option<String>,
}

/// Answer of `GET /v1/health`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `OK`, or `AL` (alert) with the component that is in trouble.
    pub status: String,
    /// One line for each component.
    pub lines: Vec<HealthLine>,
}

/// One component's health.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HealthLine {
    /// `store`, `blobs`, `queue`, …
    pub component: String,
    /// `OK`, `WARN`, `AL`.
    pub status: String,
    /// A figure or a sentence.
    pub value: String,
}

/// Answer of `GET /v1/version`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// Of this server.
    pub version: String,
    /// E.g. `linux`.
    pub os: String,
    /// E.g. `amd64`.
    pub architecture: String,
    /// Commit it was built from, or `unknown`.
    pub git_hash: String,
    /// When it was built, or empty.
    pub build_time: String,
}

/// A name and nothing else; body of renames and simple creations.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Name {
    /// The name.
    pub name: String,
}

/// Something that `GET /v1/search` found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// `project`, `workflow`, `application`, `pipeline`, `environment`, `run`.
    pub kind: String,
    /// Its name; of a run, its workflow's.
    pub name: String,
    /// Key of its project.
    pub project_key: String,
    /// For people.
    pub description: String,
    /// Number of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}
