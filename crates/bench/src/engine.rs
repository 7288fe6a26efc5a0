//! What the engine's decision costs when a node ends in a large graph.

use crate::{
    process::median_of,
    results::{Goal, Row},
};
use anyhow::bail;
use cds_engine::{Event, Run, RunSpec, Transition, apply, event::Start, start, state::Origin};
use cds_model::{Attempt, JobNo, RunId, Status, Timestamp, WorkerId};
use cds_workflow::def::{Job, Node, NodeKind, Pipeline, Stage, Step};
use indexmap::IndexMap;
use std::{hint::black_box, sync::Arc, time::Instant};

/// Chains of three behind one fork: 1,000 nodes.
const CHAINS: usize = 333;
/// Measurements.
const TIMES: usize = 500;

/// One row.
pub fn measure() -> anyhow::Result<Vec<Row>> {
    let mut run = match start(request(), Timestamp(0)) {
        Transition::Advanced { run, .. } => run,
        other => bail!("the run did not start: {other:?}"),
    };
    // The first and second nodes of all chains end; most third ones are open.
    while run.nodes.len() < 3 * CHAINS {
        let Some(job) = open(&run) else { bail!("nothing left to do after {} nodes", run.nodes.len()) };
        run = advance(&run, &taken(job))?;
        run = advance(&run, &ended(job))?;
    }
    let Some(job) = open(&run) else { bail!("no open job") };
    let building = advance(&run, &taken(job))?;
    let event = ended(job);
    let apply_us = micros(|| drop(black_box(apply(black_box(&building), &event, Timestamp(9)))))?;
    let clone_us = micros(|| drop(black_box(black_box(&building).clone())))?;
    Ok(vec![Row::new(
        "engine.apply_us",
        apply_us,
        "us",
        Some((clone_us, "one copy of the run's state")),
        Goal::None,
    )])
}

fn micros(mut act: impl FnMut()) -> anyhow::Result<f64> {
    let mut taken = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let begin = Instant::now();
        act();
        taken.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    median_of(&taken)
}

fn request() -> Start {
    let node = |name: String, kind, parent: Option<String>| Node {
        name,
        kind,
        parents: parent.into_iter().collect(),
        pipeline: if kind == NodeKind::Pipeline { "one".into() } else { String::new() },
        ..Node::default()
    };
    let mut spec = RunSpec { project: "BENCH".into(), ..RunSpec::default() };
    spec.workflow.name = "wide".into();
    spec.workflow.nodes.push(node("root".into(), NodeKind::Fork, None));
    for i in 0..CHAINS {
        let mut parent = "root".to_string();
        for kind in ["a", "b", "c"] {
            let name = format!("{kind}{i}");
            spec.workflow.nodes.push(node(name.clone(), NodeKind::Pipeline, Some(parent)));
            parent = name;
        }
    }
    let job = Job {
        name: "job".into(),
        enabled: true,
        steps: vec![Step { action: "Script".into(), ..Step::default() }],
        ..Job::default()
    };
    let stage = Stage { name: "All".into(), jobs: vec![job], ..Stage::default() };
    spec.pipelines
        .insert("one".into(), Pipeline { name: "one".into(), stages: vec![stage], ..Pipeline::default() });
    Start {
        id: RunId::new(),
        number: 1,
        spec: Arc::new(spec),
        origin: Origin {
            manual: true,
            username: "admin".into(),
            fullname: "Admin".into(),
            email: "admin@localhost.local".into(),
        },
        payload: None,
        raw_payload: None,
        parameters: IndexMap::new(),
    }
}

fn open(run: &Run) -> Option<JobNo> {
    let jobs = run.nodes.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
    jobs.into_iter().find(|j| !j.status.is_final()).map(|j| j.no)
}

fn advance(run: &Run, event: &Event) -> anyhow::Result<Run> {
    match apply(run, event, Timestamp(5)) {
        Transition::Advanced { run, .. } => Ok(run),
        other => bail!("not applied: {other:?}"),
    }
}

fn taken(job: JobNo) -> Event {
    Event::JobTaken { job, attempt: Attempt(1), worker: WorkerId::new(), worker_name: "w".into() }
}

fn ended(job: JobNo) -> Event {
    Event::JobEnded {
        job,
        attempt: Attempt(1),
        status: Status::Success,
        reason: String::new(),
        infrastructure: false,
        variables: IndexMap::new(),
        steps: Vec::new(),
    }
}
