//! Projects, and the variables and keys that projects, applications and environments have alike.

use crate::groups::GroupLevel;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/projects`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ProjectCreate {
    /// Upper-case letters and digits.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Group that gets level 7; empty = one is made, named after the project, with the caller as its administrator.
    #[serde(default)]
    pub group: String,
}

/// Body of `PUT /v1/projects/{key}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ProjectUpdate {
    /// New name; absent = as it is.
    #[serde(default)]
    pub name: Option<String>,
    /// New description; absent = as it is.
    #[serde(default)]
    pub description: Option<String>,
    /// `inert`, `refuse` or `splice`; absent = as it is.
    #[serde(default)]
    pub tainted_interpolation: Option<String>,
}

/// A project.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Unique.
    pub key: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// What the caller may do: 4, 5 or 7.
    pub permission: u8,
    /// Groups with their levels; only in answers about one project.
    #[serde(default)]
    pub groups: Vec<GroupLevel>,
    /// Names of its workflows; only in answers about one project.
    #[serde(default)]
    pub workflows: Vec<String>,
    /// How text from events is spliced into scripts.
    pub tainted_interpolation: String,
    /// RFC 3339.
    pub created: String,
}

/// A variable; a secret's value shows as `**********`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Variable {
    /// Without the `cds.proj.` prefix.
    pub name: String,
    /// `password`, `text`, `string`, `boolean`, `number`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The value.
    pub value: String,
}

/// Body of `POST …/keys`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyCreate {
    /// The owner's prefix (`proj-`, `app-`, `env-`) is put in front when missing.
    pub name: String,
    /// `ssh` (ed25519), `ssh-rsa`, or `pgp`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A key without its private part.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Key {
    /// With its prefix.
    pub name: String,
    /// `ssh` or `pgp`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Public part.
    pub public: String,
    /// Short id of a pgp key; empty for ssh.
    pub key_id: String,
    /// Not given to jobs.
    pub disabled: bool,
}

/// Body of `PUT …/keys/{name}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyUpdate {
    /// Not given to jobs.
    pub disabled: bool,
}

/// Body of `POST …/encrypt`: makes a token that stands for a secret in files.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Encrypt {
    /// Under which the secret is kept; the same name again keeps the token and replaces the secret.
    pub name: String,
    /// Clear text.
    pub value: String,
}

/// A token for files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Encrypted {
    /// Under which the secret is kept.
    pub name: String,
    /// 32 lower-case hex digits.
    pub token: String,
}
