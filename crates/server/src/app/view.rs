//! From the engine's state to what the API shows. The wire stays still while the engine moves.

use cds_api::{
    queue::WaitReason,
    runs::{self as api, Tag},
    workflows::WorkflowNode,
};
use cds_engine::{
    RunSpec,
    state::{AttemptRun, Info, JobRun, Level, NodeRun, Run, StageRun, StepRun},
};
use cds_model::{JobRef, Status, Timestamp};
use cds_workflow::def;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// Why a job or node waits, asked of whoever knows.
pub trait Reasons {
    /// Of a job in the queue.
    fn job(&self, job: JobRef) -> Option<WaitReason>;
    /// Of a node that waits for its mutex.
    fn slot(&self, run: &Run, node: &NodeRun) -> Option<WaitReason>;
}

fn time(t: Timestamp) -> String {
    t.to_rfc3339()
}

/// A run in lists.
pub fn brief(run: &Run) -> api::RunBrief {
    let head = &run.head;
    api::RunBrief {
        id: run.id.to_string(),
        number: run.number,
        sub_number: head.sub,
        version: head.version.clone().unwrap_or_else(|| run.number.to_string()),
        status: head.status,
        project_key: run.spec.project.clone(),
        workflow_name: run.spec.workflow.name.clone(),
        start: time(head.created),
        last_execution: time(head.last_execution),
        duration_ms: head
            .status
            .is_final()
            .then(|| head.last_execution.since(head.created).as_millis() as u64),
        work_ms: Some(run.work().as_millis() as u64),
        triggered_by: head.origin.username.clone(),
        tags: head.tags.iter().map(|(tag, value)| Tag { tag: tag.clone(), value: value.clone() }).collect(),
        parked: None,
        at_work: at_work(run),
        gates: run.gates().count() as u32,
    }
}

/// Jobs that a worker has; none = the run has ended.
pub fn at_work(run: &Run) -> Option<u32> {
    if run.head.status.is_final() {
        return None;
    }
    let mut count = 0;
    // A job that must stop has its worker until that has let go, as the queue has it.
    each_job(run, |_, _, job| count += u32::from(job.status == Status::Building || job.stopping));
    Some(count)
}

/// What of a run is wanted.
#[derive(Clone, Debug)]
pub struct Part {
    /// Parameters of the executions too: most of the size of a large run.
    pub parameters: bool,
    /// Only these executions (`NodeRun::id`), and no graph.
    pub node_runs: Option<Vec<u32>>,
}

impl Part {
    /// Everything.
    pub const WHOLE: Self = Self { parameters: true, node_runs: None };

    fn has(&self, n: &NodeRun) -> bool {
        self.node_runs.as_ref().is_none_or(|some| some.contains(&n.no.0))
    }
}

/// A run, or what is wanted of it.
pub fn run(run: &Run, part: &Part, reasons: &dyn Reasons) -> api::Run {
    let wanted = run.nodes.iter().filter(|n| part.has(n));
    api::Run {
        brief: brief(run),
        payload: run.head.payload.clone(),
        infos: run.head.infos.iter().map(info).collect(),
        nodes: if part.node_runs.is_none() { nodes(&run.spec) } else { Vec::new() },
        node_runs: wanted.map(|n| node_run(run, n, part.parameters, reasons)).collect(),
        not_run: run
            .head
            .not_run
            .iter()
            .map(|n| api::NotRun {
                node: node_name(&run.spec, n.node.0).to_string(),
                sub_number: n.sub,
                why: n.why.clone(),
                gate: n.gate,
            })
            .collect(),
    }
}

/// A node of a graph.
pub fn node(n: &def::Node) -> WorkflowNode {
    WorkflowNode {
        name: n.name.clone(),
        kind: match n.kind {
            def::NodeKind::Pipeline => "pipeline",
            def::NodeKind::Join => "join",
            def::NodeKind::Fork => "fork",
            def::NodeKind::OutgoingHook => "outgoinghook",
        }
        .into(),
        parents: n.parents.clone(),
        pipeline: n.pipeline.clone(),
        application: n.application.clone(),
        environment: n.environment.clone(),
        mutex: n.mutex,
        payload: n.payload.iter().map(|(k, v)| (k.clone(), text(v))).collect(),
        parameters: n.parameters.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        conditions: conditions(&n.conditions),
        definition: String::new(),
    }
}

fn conditions(c: &def::Conditions) -> Vec<String> {
    let checks = c.check.iter().map(|c| format!("{} {} {:?}", c.variable, c.operator, c.value));
    checks.chain((!c.script.is_empty()).then(|| c.script.clone())).collect()
}

/// The graph of a run, each node with a digest of its pipeline.
fn nodes(spec: &RunSpec) -> Vec<WorkflowNode> {
    let mut digests: HashMap<&str, String> = HashMap::new();
    let of_run = |n| {
        let mut shown = node(n);
        if let Some(pipeline) = spec.pipelines.get(&n.pipeline) {
            let digest = digests.entry(&n.pipeline).or_insert_with(|| {
                let text = serde_json::to_vec(pipeline).unwrap_or_default();
                hex::encode(&Sha256::digest(text)[..5])
            });
            shown.definition.clone_from(digest);
        }
        shown
    };
    spec.workflow.nodes.iter().map(of_run).collect()
}

fn text(v: &serde_json::Value) -> String {
    match v {
        serde_json::Value::String(s) => s.clone(),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Name of a node of a snapshot.
pub fn node_name(spec: &RunSpec, ix: u32) -> &str {
    spec.workflow.nodes.get(ix as usize).map_or("?", |n| &n.name)
}

/// Stages of the pipeline that a node run runs.
pub fn stages<'a>(spec: &'a RunSpec, n: &NodeRun) -> &'a [def::Stage] {
    spec.workflow
        .nodes
        .get(n.node.0 as usize)
        .and_then(|node| spec.pipelines.get(&node.pipeline))
        .map_or(&[], |p| &p.stages)
}

/// One execution of a node.
pub fn node_run(run: &Run, n: &NodeRun, parameters: bool, reasons: &dyn Reasons) -> api::NodeRun {
    let defs = stages(&run.spec, n);
    let params = parameters.then(|| n.params.iter()).into_iter().flatten();
    api::NodeRun {
        id: n.no.0,
        node: node_name(&run.spec, n.node.0).into(),
        sub_number: n.sub,
        status: n.status,
        start: time(n.start),
        done: n.done.map(time),
        manual: n.manual,
        waits: if n.waits_slot { reasons.slot(run, n) } else { None },
        stages: n.stages.iter().enumerate().map(|(i, s)| stage_run(run, defs.get(i), s, reasons)).collect(),
        parameters: params
            .map(|(name, p)| api::Parameter {
                name: name.clone(),
                value: p.value.clone(),
                origin: p.origin.clone(),
                tainted: p.tainted,
            })
            .collect(),
    }
}

fn stage_run(run: &Run, def: Option<&def::Stage>, s: &StageRun, reasons: &dyn Reasons) -> api::StageRun {
    api::StageRun {
        name: def.map(|d| d.name.clone()).unwrap_or_default(),
        status: s.status,
        why: s.why.clone(),
        jobs: s
            .jobs
            .iter()
            .map(|j| job_run(run, def.and_then(|d| d.jobs.get(j.def as usize)), j, reasons))
            .collect(),
    }
}

/// A job with its attempts.
pub fn job_run(run: &Run, def: Option<&def::Job>, j: &JobRun, reasons: &dyn Reasons) -> api::JobRun {
    let id = JobRef { run: run.id, job: j.copy_of.unwrap_or(j.no) };
    api::JobRun {
        id,
        name: def.map(|d| d.name.clone()).unwrap_or_default(),
        status: j.status,
        waits: if j.status == Status::Waiting { reasons.job(id) } else { None },
        queued: j.queued.map(time),
        start: j.attempts.first().and_then(|a| a.start).map(time),
        done: j.done.map(time),
        infos: j.infos.iter().map(info).collect(),
        attempts: j.attempts.iter().enumerate().map(|(i, a)| attempt(def, i, a)).collect(),
    }
}

fn attempt(def: Option<&def::Job>, i: usize, a: &AttemptRun) -> api::AttemptRun {
    let steps = def.map_or(&[][..], |d| &d.steps);
    let empty = StepRun::default();
    let count = steps.len().max(a.steps.len());
    api::AttemptRun {
        attempt: i as u32 + 1,
        status: a.status,
        worker: a.worker_name.clone(),
        start: a.start.map(time),
        done: a.done.map(time),
        reason: a.reason.clone(),
        steps: (0..count)
            .map(|n| {
                let s = a.steps.get(n).unwrap_or(&empty);
                api::StepRun {
                    step: n as u16,
                    name: steps.get(n).map(step_name).unwrap_or_default(),
                    status: s.status,
                    start: s.start.map(time),
                    done: s.done.map(time),
                    exit_code: s.exit_code,
                    reason: s.reason.clone(),
                    optional: steps.get(n).is_some_and(|d| d.optional),
                }
            })
            .collect(),
    }
}

/// Shown name of a step: its own, or its action's.
pub fn step_name(step: &def::Step) -> String {
    if step.name.is_empty() { step.action.clone() } else { step.name.clone() }
}

fn info(i: &Info) -> api::Info {
    api::Info {
        at: time(i.at),
        level: match i.level {
            Level::Info => "Info",
            Level::Warning => "Warning",
            Level::Error => "Error",
        }
        .into(),
        sub_number: i.sub,
        text: i.text.clone(),
    }
}

/// Visits every job of a run with what is around it.
pub fn each_job<'a>(run: &'a Run, mut visit: impl FnMut(&'a NodeRun, usize, &'a JobRun)) {
    for n in &run.nodes {
        for (si, s) in n.stages.iter().enumerate() {
            for j in &s.jobs {
                visit(n, si, j);
            }
        }
    }
}

/// A job found in its run: its node run, the index of its stage, itself.
pub fn find_job(run: &Run, no: cds_model::JobNo) -> Option<(&NodeRun, usize, &JobRun)> {
    run.nodes.iter().find_map(|n| {
        n.stages
            .iter()
            .enumerate()
            .find_map(|(si, s)| s.jobs.iter().find(|j| j.no == no).map(|j| (n.as_ref(), si, j.as_ref())))
    })
}

/// Definition of a job of a run.
pub fn job_def<'a>(run: &'a Run, n: &NodeRun, stage: usize, j: &JobRun) -> Option<&'a def::Job> {
    stages(&run.spec, n).get(stage)?.jobs.get(j.def as usize)
}

/// How many steps a job has; of one that its run does not know, none.
pub fn steps_of(run: &Run, no: cds_model::JobNo) -> usize {
    let definition = find_job(run, no).and_then(|(node, stage, job)| job_def(run, node, stage, job));
    definition.map_or(0, |job| job.steps.len())
}

/// Name of a downloaded log file (as the reference names them, which scripts rely on): blanks are left out, `.k`
/// tells jobs of one name in a stage apart.
pub fn log_name(run: &Run, n: &NodeRun, stage: usize, j: &JobRun, attempt: usize, step: u16) -> String {
    let stage_name = stages(&run.spec, n).get(stage).map_or("", |s| &s.name);
    let name_of = |j: &JobRun| job_def(run, n, stage, j).map_or("", |d| &d.name);
    let job_name = name_of(j);
    let before = n.stages.get(stage).map_or(0, |s| {
        s.jobs.iter().take_while(|other| other.no != j.no).filter(|other| name_of(other) == job_name).count()
    });
    let again = if before == 0 { String::new() } else { format!(".{before}") };
    let status =
        j.attempts.get(attempt).and_then(|a| a.steps.get(step as usize)).map_or(j.status, |s| s.status);
    let clean = |s: &str| s.replace(char::is_whitespace, "").replace(['/', '\\'], "_");
    let mut name = format!(
        "{}-{}.{}-pipeline.{}-stage.{}-job.{}{again}-status.{}-step.{}",
        clean(&run.spec.workflow.name),
        run.number,
        n.sub,
        clean(node_name(&run.spec, n.node.0)),
        clean(stage_name),
        clean(job_name),
        clean(status.as_str()),
        step
    );
    if attempt + 1 < j.attempts.len() {
        // Earlier attempts keep their logs under a name of their own.
        name += &format!("-attempt.{}", attempt + 1);
    }
    name + ".log"
}
