//! Project, application and workflow of the checkout one stands in, from its git configuration (spec client 1.3).
//! Nothing is asked and nothing is stored: what is not configured must be given.

use std::process::{Command, Stdio};

/// Values for leading arguments that were left out; `None` unless all are configured.
pub(crate) fn context(names: &[&str]) -> Option<Vec<String>> {
    names
        .iter()
        .map(|name| match *name {
            "project-key" => git_config("cds.project"),
            "application-name" => git_config("cds.application"),
            "workflow-name" => git_config("cds.workflow"),
            _ => None,
        })
        .collect()
}

fn git_config(key: &str) -> Option<String> {
    git(&["config", "--local", "--get", key])
}

/// Full hash of the checkout's HEAD.
pub(crate) fn head() -> Option<String> {
    git(&["rev-parse", "--verify", "HEAD"])
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_string())
}
