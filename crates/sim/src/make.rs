//! Random workflows: every shape the engine knows, small enough to read in a trace.

use crate::dice::Dice;
use cds_engine::RunSpec;
use cds_model::WorkflowId;
use cds_workflow::def::{
    Check, Conditions, Job, Node, NodeKind, Pipeline, Requirement, Stage, Step, Workflow,
};
use std::{collections::BTreeMap, sync::Arc};
use uuid::Uuid;

/// A workflow with its pipelines. `number` names it.
pub(crate) fn spec(dice: &mut Dice, number: u128) -> Arc<RunSpec> {
    let mut spec = RunSpec { workflow_id: Some(WorkflowId(Uuid::from_u128(number))), ..RunSpec::default() };
    spec.project = "SIM".into();
    spec.settings.job_timeout_ms = 600_000;
    spec.settings.queue_timeout_ms = if dice.chance(0.2) { 60_000 } else { 0 };
    spec.settings.run_timeout_ms = if dice.chance(0.1) { 90_000 } else { 0 };
    let mut pipelines = BTreeMap::new();
    for i in 0..dice.up_to(3) + 1 {
        let name = format!("pipe{i}");
        pipelines.insert(name.clone(), pipeline(dice, name));
    }
    let names: Vec<String> = pipelines.keys().cloned().collect();
    spec.pipelines = pipelines;
    let mut nodes: Vec<Node> = Vec::new();
    for i in 0..dice.up_to(12) + 1 {
        nodes.push(node(dice, i, &nodes, &names));
    }
    spec.workflow = Workflow { name: format!("flow{number}"), nodes, ..Workflow::default() };
    Arc::new(spec)
}

/// A workflow of one job, which any worker can run.
pub(crate) fn one_job(number: u128) -> Arc<RunSpec> {
    let mut spec = RunSpec { workflow_id: Some(WorkflowId(Uuid::from_u128(number))), ..RunSpec::default() };
    spec.project = "SIM".into();
    let job = Job { name: "j0".into(), steps: vec![step()], ..Job::default() };
    let stage = Stage { name: "s0".into(), jobs: vec![job], ..Stage::default() };
    let pipeline = Pipeline { name: "pipe0".into(), stages: vec![stage], ..Pipeline::default() };
    let node = Node { name: "n0".into(), pipeline: "pipe0".into(), ..Node::default() };
    spec.pipelines = BTreeMap::from([("pipe0".to_string(), pipeline)]);
    spec.workflow = Workflow { name: format!("flow{number}"), nodes: vec![node], ..Workflow::default() };
    Arc::new(spec)
}

fn node(dice: &mut Dice, i: usize, before: &[Node], pipelines: &[String]) -> Node {
    let mut node = Node { name: format!("n{i}"), ..Node::default() };
    let parent = |dice: &mut Dice| before[dice.up_to(before.len())].name.clone();
    if before.len() > 2 && dice.chance(0.25) {
        node.kind = NodeKind::Join;
        for _ in 0..2 + dice.up_to(2) {
            let name = parent(dice);
            if !node.parents.contains(&name) {
                node.parents.push(name);
            }
        }
    } else if i > 0 && dice.chance(0.15) {
        node.kind = NodeKind::Fork;
    }
    // A join of one parent is none.
    if node.parents.len() < 2 {
        if node.kind == NodeKind::Join {
            node.kind = NodeKind::Pipeline;
        }
        node.parents.clear();
        if i > 0 {
            node.parents.push(parent(dice));
        }
    }
    if node.kind == NodeKind::Pipeline {
        node.pipeline = pipelines[dice.up_to(pipelines.len())].clone();
        node.mutex = dice.chance(0.25);
    }
    if i > 0 && dice.chance(0.5) {
        node.conditions = conditions(dice);
    }
    node
}

fn conditions(dice: &mut Dice) -> Conditions {
    let check = |variable: &str, operator: &str, value: &str| Check {
        variable: variable.into(),
        operator: operator.into(),
        value: value.into(),
    };
    match dice.up_to(6) {
        0 => Conditions { check: vec![check("cds.status", "ne", "Fail")], ..Conditions::default() },
        1 => Conditions { check: vec![check("cds.status", "regex", ".*")], ..Conditions::default() },
        2 => Conditions { script: "return cds_status ~= \"Stopped\"".into(), ..Conditions::default() },
        3 => Conditions { check: vec![check("cds.manual", "eq", "true")], ..Conditions::default() },
        4 => Conditions { script: "return this is not Lua".into(), ..Conditions::default() },
        _ => Conditions { check: vec![check("cds.status", "eq", "Success")], ..Conditions::default() },
    }
}

fn pipeline(dice: &mut Dice, name: String) -> Pipeline {
    let mut stages = Vec::new();
    for s in 0..1 + dice.up_to(3) {
        let mut stage = Stage { name: format!("s{s}"), enabled: !dice.chance(0.1), ..Stage::default() };
        if s > 0 && dice.chance(0.2) {
            stage.conditions = conditions(dice);
        }
        for j in 0..dice.up_to(4) {
            stage.jobs.push(job(dice, j));
        }
        stages.push(stage);
    }
    Pipeline { name, stages, ..Pipeline::default() }
}

fn job(dice: &mut Dice, j: usize) -> Job {
    let mut requirements = vec![Requirement { name: "sh".into(), kind: "binary".into(), value: "sh".into() }];
    if dice.chance(0.2) {
        requirements.push(Requirement { name: "region".into(), kind: "region".into(), value: "eu".into() });
    }
    Job {
        name: format!("j{j}"),
        enabled: !dice.chance(0.1),
        requirements,
        steps: vec![step()],
        ..Job::default()
    }
}

fn step() -> Step {
    Step {
        action: "Script".into(),
        parameters: [("script".to_string(), "true".to_string())].into_iter().collect(),
        ..Step::default()
    }
}
