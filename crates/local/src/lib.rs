//! Runs a workflow of the repository at hand on the working tree as it is: start at [`Plan::read`], which reads and
//! checks files and needs no server, then [`Project::create`] and [`Project::run`] on a server of one's own.
//!
//! Invariant: the user's repositories are only read, whatever the environment says about them.

mod files;
mod follow;
mod git;
mod plan;
mod project;
mod snapshot;
mod tree;
mod view;
mod watch;

pub use git::{Repository, repository_variables};
pub use plan::Plan;
pub use project::Project;
pub use snapshot::Snapshot;
pub use watch::Fingerprint;

use std::path::PathBuf;

/// Whether a run did what was asked for: it went well, and a node that was asked for by name is among what ran.
pub fn succeeded(run: &cds_api::runs::Run, options: &Options) -> bool {
    let ran = options.node.as_ref().is_none_or(|node| follow::ran(run, node));
    run.brief.status == cds_model::Status::Success && ran
}

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Workflow; none = the only one there is.
    pub workflow: Option<String>,
    /// Only this node and what it needs.
    pub node: Option<String>,
    /// Payload, a JSON object; wins over what the working tree and the workflow say.
    pub payload: Option<String>,
    /// Variables of the project.
    pub variables: Vec<(String, String)>,
    /// Secrets: variables of the project, and values for password variables of the files by the same name.
    pub secrets: Vec<(String, String)>,
    /// Show the logs of all jobs, not only of those that failed.
    pub logs: bool,
    /// Where to keep the files that the run makes.
    pub artifacts: Option<PathBuf>,
    /// One JSON object a line instead of text.
    pub json: bool,
}

/// Why nothing could be run, or be followed to its end.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Wrong usage, or files that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The server for this run refused something or went away.
    #[error("{0}")]
    Failed(String),
}

impl LocalError {
    /// 2 for usage and files, 1 for the rest.
    pub fn exit_code(&self) -> u8 {
        match self {
            LocalError::Usage(_) => 2,
            LocalError::Failed(_) => 1,
        }
    }
}

impl From<cds_client::ClientError> for LocalError {
    fn from(error: cds_client::ClientError) -> Self {
        LocalError::Failed(error.to_string())
    }
}
