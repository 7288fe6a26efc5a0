//! The Coverage action (spec 9.12): stores the report; it is not parsed.

use super::{Step, upload};

pub(super) async fn run(step: &Step<'_>) -> Result<(), String> {
    let path = step.parameter("path").trim();
    if path.is_empty() {
        return Err("coverage parser: path not provided".into());
    }
    let file = step.job.path(path);
    if !file.is_file() {
        return Err(format!("coverage parser: file '{path}' does not exist"));
    }
    // A name with `*` in it is a name here, not a pattern.
    let pattern = crate::glob::escape(&file.to_string_lossy());
    step.unless_killed(upload(step.job, step.log, &step.job.workspace, &pattern, "coverage")).await
}
