//! One job of a run with its definition, for those who hand it to a worker or show it.

use crate::{
    params::{set, version},
    state::{JobRun, NodeRun, Params, Run, StageRun},
    work::find_job,
};
use cds_model::JobNo;
use cds_workflow::def;

/// A job of a run and what it belongs to. Definitions are absent if a resync took them away.
#[derive(Clone, Copy, Debug)]
pub struct JobView<'r> {
    /// Its node run.
    pub node: &'r NodeRun,
    /// Index of its stage.
    pub stage_index: usize,
    /// Its stage.
    pub stage: &'r StageRun,
    /// The job.
    pub job: &'r JobRun,
    /// Definition of the node.
    pub node_def: Option<&'r def::Node>,
    /// Definition of the stage.
    pub stage_def: Option<&'r def::Stage>,
    /// Definition of the job: its name and steps.
    pub job_def: Option<&'r def::Job>,
}

/// Looks a job up. `None` if the run has no such job.
pub fn job_view(run: &Run, job: JobNo) -> Option<JobView<'_>> {
    let at = find_job(run, job)?;
    let node: &NodeRun = &run.nodes[at.node.0 as usize];
    let stage = &node.stages[at.stage];
    let job = &stage.jobs[at.job];
    let stage_def = run.spec.pipeline_of(node.node).and_then(|p| p.stages.get(at.stage));
    let job_def = stage_def.and_then(|s| s.jobs.get(job.def as usize));
    let node_def = run.spec.node(node.node);
    Some(JobView { node, stage_index: at.stage, stage, job, node_def, stage_def, job_def })
}

/// The parameters of one job, as its worker gets them: the node run's, and what belongs to the job
/// (`cds.stage`, `cds.job`, `cds.version`, `job.requirement.*`; spec 8.1). `None` if the run has no such job.
pub fn job_parameters(run: &Run, job: JobNo) -> Option<Params> {
    let view = job_view(run, job)?;
    let mut p = (*view.node.params).clone();
    if let Some(stage) = view.stage_def {
        set(&mut p, "cds.stage", &stage.name, "builtin", false);
    }
    if let Some(job) = view.job_def {
        set(&mut p, "cds.job", &job.name, "builtin", false);
    }
    set(&mut p, "cds.version", version(run), "builtin", false);
    for r in &view.job.requirements {
        let name = format!("job.requirement.{}.{}", r.kind, r.name).to_lowercase();
        if r.kind == "service"
            && let Some((image, options)) = r.value.split_once(char::is_whitespace)
        {
            set(&mut p, &format!("{name}.image"), image, "builtin", false);
            set(&mut p, &format!("{name}.options"), options.trim_start(), "builtin", false);
        }
        set(&mut p, &name, &r.value, "builtin", false);
    }
    Some(p)
}
