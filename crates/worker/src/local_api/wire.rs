//! Bodies between the `worker` command and the worker; both ends are this program.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// `worker export`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Export {
    pub name: String,
    pub value: String,
}

/// `worker tag`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Tags {
    pub tags: IndexMap<String, String>,
}

/// `worker set-version`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Value {
    pub value: String,
}

/// Paths of the running job.
#[derive(Serialize, Deserialize)]
pub(crate) struct Directories {
    pub working_directory: String,
    pub key_directory: String,
}

/// `worker tmpl`; absolute paths.
#[derive(Serialize, Deserialize)]
pub(crate) struct Template {
    pub path: String,
    pub destination: String,
}

/// `worker check-secret`: an absolute path, and how the user wrote it.
#[derive(Serialize, Deserialize)]
pub(crate) struct CheckSecret {
    pub path: String,
    pub shown: String,
}

/// `worker upload` and `worker cache push`: patterns or files, relative to the directory.
#[derive(Serialize, Deserialize)]
pub(crate) struct Paths {
    #[serde(default)]
    pub tag: String,
    pub paths: Vec<String>,
    pub directory: String,
}

/// `worker cache pull`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Pull {
    pub tag: String,
    pub directory: String,
}

/// `worker artifacts` and `worker download`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Select {
    pub workflow: Option<String>,
    pub number: Option<i64>,
    pub pattern: Option<String>,
    pub directory: String,
}

/// `worker key install`; `file` is absolute.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeyInstall {
    pub name: String,
    pub file: Option<String>,
}

/// What was installed: `ssh` with its path, or `pgp`.
#[derive(Serialize, Deserialize)]
pub(crate) struct KeyInstalled {
    pub kind: String,
    pub path: String,
}

/// `worker run-result add`.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewResult {
    pub kind: String,
    pub name: String,
    pub data: IndexMap<String, String>,
}
