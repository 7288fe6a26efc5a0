//! Statuses that follow from other statuses (spec 6.7, 6.10; spec/README 6).

use crate::{
    state::{NodeRun, Run, StageRun},
    work::Work,
};
use cds_model::Status;

/// The status of a whole from its parts, worst first: anything unfinished, `Fail`, `Stopped`, `Success`,
/// `Skipped`, `Disabled`, else `Never Built`. Parts not reached, pending or never built count for nothing.
pub(crate) fn combine(parts: impl IntoIterator<Item = Status>) -> Status {
    let weight = |s: Status| match s {
        Status::Building | Status::Waiting => 6,
        Status::Fail => 5,
        Status::Stopped => 4,
        Status::Success => 3,
        Status::Skipped => 2,
        Status::Disabled => 1,
        Status::NeverBuilt | Status::Pending | Status::NotReached => 0,
    };
    match parts.into_iter().max_by_key(|&s| weight(s)) {
        Some(Status::Waiting | Status::Building) => Status::Building,
        Some(s) if weight(s) > 0 => s,
        _ => Status::NeverBuilt,
    }
}

/// Where a stage with jobs stands: a `Stopped` job stops it whatever ended well beside it (spec/README 6).
pub(crate) fn stage(stage: &StageRun) -> Status {
    let any = |wanted: Status| stage.jobs.iter().any(|j| j.status == wanted);
    if any(Status::Building) {
        Status::Building
    } else if any(Status::Waiting) {
        // Once a job was taken, a new attempt of it does not send the stage back.
        if stage.status == Status::Building { Status::Building } else { Status::Waiting }
    } else if any(Status::Fail) {
        Status::Fail
    } else if any(Status::Stopped) {
        Status::Stopped
    } else {
        Status::Success
    }
}

/// Where a node run stands according to its stages; `None` while a stage is still to come or at work.
pub(crate) fn node_end(node: &NodeRun) -> Option<Status> {
    for stage in &node.stages {
        match stage.status {
            Status::Fail | Status::Stopped => break,
            s if s.is_final() => {}
            _ => return None,
        }
    }
    if node.stages.is_empty() {
        return Some(Status::Success);
    }
    Some(combine(node.stages.iter().map(|s| s.status)))
}

/// Where a run stands: anything unfinished, else the runs with the highest sub-number of each node.
pub(crate) fn run(run: &Run) -> Status {
    let mut newest: Vec<Option<(u32, Status)>> = vec![None; run.spec.workflow.nodes.len()];
    for node in &run.nodes {
        if !node.status.is_final() {
            return Status::Building;
        }
        if let Some(slot) = newest.get_mut(node.node.0 as usize)
            && slot.is_none_or(|(sub, _)| sub <= node.sub)
        {
            *slot = Some((node.sub, node.status));
        }
    }
    combine(newest.into_iter().flatten().map(|(_, status)| status))
}

impl Work<'_> {
    /// Takes the run's status from its nodes.
    pub fn settle_status(&mut self) {
        self.run.head.status = run(&self.run);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::*;

    #[test]
    fn the_worst_part_decides() {
        for (parts, expected) in [
            (vec![Success, Building, Fail], Building),
            (vec![Success, Waiting], Building),
            (vec![Success, Fail, Stopped], Fail),
            (vec![Stopped, Success], Stopped),
            (vec![Skipped, Success, Disabled], Success),
            (vec![Disabled, Skipped], Skipped),
            (vec![Disabled, NeverBuilt], Disabled),
            (vec![NeverBuilt, NotReached, Pending], NeverBuilt),
            (vec![], NeverBuilt),
        ] {
            assert_eq!(combine(parts.clone()), expected, "{parts:?}");
        }
    }
}
