//! News of runs, as `GET /v1/events` tells them: one event for each commit.

use cds_api::runs::{Change, Event};
use cds_engine::{Effect, Run};
use cds_model::Timestamp;

/// The event of a commit.
pub fn event(id: i64, run: &Run, effects: &[Effect], at: Timestamp) -> Event {
    let changes: Vec<Change> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Announce(a) => {
                Some(Change { kind: a.kind.clone(), subject: a.subject.clone(), status: a.status })
            }
            _ => None,
        })
        .collect();
    let created = changes.iter().any(|c| c.kind == "run.created");
    Event {
        id,
        kind: if created { "run.created" } else { "run.updated" }.into(),
        at: at.to_rfc3339(),
        project_key: run.spec.project.clone(),
        workflow_name: run.spec.workflow.name.clone(),
        number: Some(run.number),
        status: Some(run.head.status),
        subject: String::new(),
        changes,
    }
}
