//! News of runs, as `GET /v1/events` tells them: one event for each commit.

use crate::App;
use cds_api::runs::{Change, Event};
use cds_engine::{Effect, Run};
use cds_model::Timestamp;
use std::sync::Arc;

impl App {
    /// Tells that a definition was changed. It is a hint to look again, made after the commit of what it tells: should
    /// the server die in between, whoever has the old one on the screen sees the new one at the next look.
    pub async fn tell(&self, news: Event) {
        let at = self.now();
        let news = Event { at: at.to_rfc3339(), ..news };
        let Ok(data) = serde_json::to_string(&news) else { return };
        let told = self.store().write(move |tx| cds_store::events::append(tx, at, None, &data)).await;
        if let Err(e) = told {
            tracing::warn!(error = %e, kind = news.kind, "what was changed could not be told");
        }
    }
}

/// More changed executions than this are not named: reading the whole run is cheaper then.
const NAMED: usize = 500;

/// The event of a commit that made `run` of `before`; none = it is new.
pub fn event(id: i64, before: Option<&Run>, run: &Run, effects: &[Effect], at: Timestamp) -> Event {
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
        at_work: super::view::at_work(run),
        gates: Some(run.gates().count() as u32),
        work_ms: Some(run.work().as_millis() as u64),
        node_runs: before.map_or_else(Vec::new, |before| changed(before, run)),
        changes,
    }
}

/// Executions of nodes that are not as they were.
fn changed(before: &Run, run: &Run) -> Vec<u32> {
    // What a transition does not touch stays the same allocation.
    let same = |i: usize| before.nodes.get(i).is_some_and(|old| Arc::ptr_eq(old, &run.nodes[i]));
    let all: Vec<u32> = (0..run.nodes.len()).filter(|&i| !same(i)).map(|i| run.nodes[i].no.0).collect();
    if all.len() > NAMED { Vec::new() } else { all }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cds_engine::{Event as Happened, RunSpec, Transition, apply, event::Start, start, state::Origin};
    use cds_model::{Attempt, JobNo, RunId, Timestamp, WorkerId};
    use cds_workflow::def;

    fn advanced(transition: Transition) -> (Run, Vec<Effect>) {
        match transition {
            Transition::Advanced { run, effects } => (run, effects),
            other => panic!("{other:?}"),
        }
    }

    /// A pipeline of one job, twice, one after the other.
    fn two_nodes() -> (Run, Vec<Effect>) {
        let step = def::Step { action: "Script".into(), ..Default::default() };
        let job = def::Job { name: "job".into(), steps: vec![step], ..Default::default() };
        let stages = vec![def::Stage { jobs: vec![job], ..Default::default() }];
        let mut spec = RunSpec::default();
        spec.pipelines.insert("p".into(), def::Pipeline { name: "p".into(), stages, ..Default::default() });
        let node = |name: &str| def::Node { name: name.into(), pipeline: "p".into(), ..Default::default() };
        spec.workflow.nodes = vec![node("a"), def::Node { parents: vec!["a".into()], ..node("b") }];
        let (id, origin, now) = (RunId::new(), Origin::default(), Timestamp(0));
        let (payload, raw_payload, parameters) = (None, None, Default::default());
        let spec = Arc::new(spec);
        advanced(start(Start { id, number: 1, spec, origin, payload, raw_payload, parameters }, now))
    }

    #[test]
    fn an_event_names_what_changed_and_counts_what_is_at_work() {
        let now = Timestamp(1);
        let (run, effects) = two_nodes();
        let new = event(1, None, &run, &effects, now);
        assert_eq!((new.kind.as_str(), new.at_work, new.node_runs.len()), ("run.created", Some(0), 0));
        let mut before = run;
        for (no, name) in [(0, "a"), (1, "b")] {
            let (job, attempt, worker) = (JobNo(no), Attempt(1), WorkerId::new());
            let taken = Happened::JobTaken { job, attempt, worker, worker_name: "w".into() };
            let (run, effects) = advanced(apply(&before, &taken, now));
            let told = event(2, Some(&before), &run, &effects, now);
            assert_eq!((told.at_work, told.node_runs), (Some(1), vec![no]), "{name}");
            let ended = Happened::JobEnded {
                job,
                attempt,
                status: cds_model::Status::Success,
                reason: String::new(),
                infrastructure: false,
                variables: Default::default(),
                steps: vec![],
            };
            let (after, effects) = advanced(apply(&run, &ended, now));
            let told = event(3, Some(&run), &after, &effects, now);
            let (at_work, node_runs) = if no == 0 { (Some(0), vec![0, 1]) } else { (None, vec![1]) };
            assert_eq!((told.at_work, told.node_runs), (at_work, node_runs), "{name}");
            before = after;
        }
    }
}
