//! Watching a run: as a tree on a terminal, line by line elsewhere.
//!
//! [`tree`] and [`Progress`] are functions of [`cds_api::runs::Run`] alone, so that anything that has runs can show
//! them; [`Screen`] draws the tree again and again in the same place.

mod progress;
mod screen;
pub(crate) mod track;
mod tree;
mod waits;

pub use progress::{Progress, ended};
pub use screen::{Screen, harmless};
pub use tree::{View, tree};
pub(crate) use waits::{Patience, waits};

use cds_api::runs::{JobRun, Run, StepRun};
use cds_model::Status;

/// Milliseconds since the epoch of an RFC 3339 text.
pub(crate) fn epoch_ms(rfc3339: &str) -> Option<i64> {
    chrono::DateTime::parse_from_rfc3339(rfc3339).ok().map(|t| t.timestamp_millis())
}

/// From `start` to `done`, or to `now_ms` while there is no end; empty if it has not begun.
pub(crate) fn lasted(start: Option<&str>, done: Option<&str>, now_ms: i64) -> String {
    let Some(begin) = start.and_then(epoch_ms) else { return String::new() };
    let end = done.and_then(epoch_ms).unwrap_or(now_ms);
    duration(u64::try_from(end.saturating_sub(begin)).unwrap_or(0))
}

/// A duration as people say it: `0.4s`, `12s`, `1m 04s`, `2h 05m`.
pub(crate) fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match s {
        0 => format!("{}.{}s", s, ms / 100),
        1..60 => format!("{s}s"),
        60..3600 => format!("{}m {:02}s", s / 60, s % 60),
        _ => format!("{}h {:02}m", s / 3600, s / 60 % 60),
    }
}

/// The step that says most about a job: the failed one, else the running one.
pub fn telling_step(job: &JobRun) -> Option<(u32, &StepRun)> {
    let attempt = job.attempts.last()?;
    let with = |status: Status| attempt.steps.iter().find(|s| s.status == status && !s.optional);
    with(Status::Fail)
        .or_else(|| attempt.steps.iter().find(|s| s.status == Status::Building))
        // A job that was ended from outside was at its last step, which may be one that is allowed to fail.
        .or_else(|| attempt.steps.iter().rfind(|s| s.start.is_some()))
        .map(|step| (attempt.attempt, step))
}

/// Why a job failed, in a few words.
pub fn failure(job: &JobRun) -> String {
    let Some(attempt) = job.attempts.last() else { return String::new() };
    let step = attempt.steps.iter().find(|s| s.status == Status::Fail && !s.optional).map(|s| {
        let why = match (s.reason.as_str(), s.exit_code) {
            ("", Some(code)) => format!("exit status {code}"),
            (reason, _) => reason.to_string(),
        };
        let name = if s.name.is_empty() { String::new() } else { format!(" {}", s.name) };
        if why.is_empty() {
            format!("step {}{name}", s.step + 1)
        } else {
            format!("step {}{name}: {why}", s.step + 1)
        }
    });
    step.unwrap_or_else(|| attempt.reason.clone())
}

/// Jobs of a run in order, with the node and stage they belong to; of each node the newest execution only.
pub fn jobs(run: &Run) -> impl Iterator<Item = (&str, &str, &JobRun)> {
    latest(run).flat_map(|node| {
        node.stages.iter().flat_map(move |stage| {
            stage.jobs.iter().map(move |job| (node.node.as_str(), stage.name.as_str(), job))
        })
    })
}

/// The newest execution of each node, in order of creation.
pub(crate) fn latest(run: &Run) -> impl Iterator<Item = &cds_api::runs::NodeRun> {
    run.node_runs
        .iter()
        .enumerate()
        .filter(|(i, n)| !run.node_runs[i + 1..].iter().any(|later| later.node == n.node))
        .map(|(_, n)| n)
}

#[cfg(test)]
pub(crate) mod tests;
