//! Project, application and workflow of the checkout one stands in, from its git configuration (spec client 1.3).
//! Nothing is asked and nothing is stored: what is not configured must be given.

use std::process::{Command, Stdio};

/// Key of git's configuration that stands for an argument, if one does.
pub(crate) fn key(name: &str) -> Option<String> {
    match name {
        "project-key" => Some("cds.project".to_string()),
        "application-name" => Some("cds.application".to_string()),
        "workflow-name" => Some("cds.workflow".to_string()),
        _ => None,
    }
}

/// Values for leading arguments that were left out; `None` unless all are configured.
pub(crate) fn context(names: &[&str]) -> Option<Vec<String>> {
    names.iter().map(|name| key(name).and_then(|key| git_config(&key))).collect()
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
