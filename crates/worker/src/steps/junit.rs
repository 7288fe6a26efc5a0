//! The JUnit action (spec 11.1).

use super::Step;
use crate::junit::{self, Totals};
use cds_api::worker::WorkerTests;

pub(super) async fn run(step: &Step<'_>) -> Result<(), String> {
    let pattern = step.parameter("path").trim();
    if pattern.is_empty() {
        return Err("UnitTest parser: path not provided".into());
    }
    let files = crate::glob::glob(&step.job.workspace, pattern)
        .map_err(|e| format!("UnitTest parser: cannot find requested files, invalid pattern: {e}"))?;
    step.log.line(&format!("{} file(s) to analyze", files.len()));
    let mut suites = Vec::new();
    for file in &files {
        match junit::read_file(file) {
            Ok(found) => suites.extend(found),
            Err(why) => step.log.line(&format!("warning: {}: {why}", file.display())),
        }
    }
    junit::name(&mut suites);
    let totals = Totals::of(&suites);
    for line in junit::summary(&suites) {
        step.log.line(&line);
    }
    if suites.is_empty() {
        return Ok(());
    }
    junit::mask(&mut suites, &step.job.masker);
    junit::shorten(&mut suites, junit::SIZE_LIMIT);
    let number = Some(step.number);
    let body = WorkerTests { job: step.job.key.job, attempt: step.job.key.attempt, step: number, suites };
    let ask = || async { Ok(step.job.client.worker_tests(&body).await?) };
    let sent = async { step.job.ask(ask).await.map_err(|e| e.to_string()) };
    step.unless_killed(sent).await.map_err(|e| format!("cannot send the test reports: {e}"))?;
    match totals.ko {
        0 => Ok(()),
        ko => Err(format!("there are {ko} tests failed")),
    }
}
