//! How long things may take: what the files say, never beyond what the server allows. Milliseconds; 0 = no limit.

use crate::{
    spec::{RunSpec, Settings},
    state::{JobRun, NodeRun, Run},
};
use cds_workflow::def::{Job, Step};

/// A run, from its start or restart to its end; then it is stopped.
pub fn run(spec: &RunSpec) -> u64 {
    shorter(spec.workflow.timeout_s, spec.settings.run_timeout_ms)
}

/// A job in the queue; then it fails.
pub fn queue(settings: &Settings, job: Option<&Job>) -> u64 {
    shorter(job.map_or(0, |j| j.queue_timeout_s), settings.queue_timeout_ms)
}

/// A job at work; then it fails.
pub fn job(settings: &Settings, job: Option<&Job>) -> u64 {
    shorter(job.map_or(0, |j| j.timeout_s), settings.job_timeout_ms)
}

/// A step; then it fails.
pub fn step(settings: &Settings, step: &Step) -> u64 {
    shorter(step.timeout_s, settings.step_timeout_ms)
}

/// Definition of a job in the snapshot; a resync may have taken it away.
pub(crate) fn definition<'r>(run: &'r Run, node: &NodeRun, stage: usize, job: &JobRun) -> Option<&'r Job> {
    run.spec.pipeline_of(node.node)?.stages.get(stage)?.jobs.get(job.def as usize)
}

fn shorter(own_s: u64, most_ms: u64) -> u64 {
    match (own_s.saturating_mul(1000), most_ms) {
        (0, limit) | (limit, 0) => limit,
        (own, most) => own.min(most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_limit_holds() {
        for (own_s, most_ms, want) in
            [(0, 0, 0), (0, 5, 5), (3, 0, 3000), (3, 5, 5), (3, 5000, 3000), (u64::MAX, 0, u64::MAX)]
        {
            assert_eq!(shorter(own_s, most_ms), want, "{own_s} {most_ms}");
        }
    }
}
