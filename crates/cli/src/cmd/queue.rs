//! `cdsctl queue`: what waits, and why.

use crate::{
    call::Call,
    output::Record,
    registry::{Kind, Node, Outcome, Res, group, plain},
};
use cds_api::{queue::QueueJob, runs::RunStop};
use std::collections::BTreeSet;

/// The commands about the queue.
pub(crate) fn node() -> Node {
    group("queue", "List the jobs that wait or run, and why they wait").runs(Kind::List, all).with([plain(
        "stopall",
        "Stop the runs of every job in the queue",
        stop_all,
    )
    .optional(&["project-key", "workflow-name"])
    .switch("force", None, "Do not ask")])
}

fn record(j: &QueueJob, host: &str) -> Record {
    let url = format!("{host}/project/{}/workflow/{}/run/{}", j.project_key, j.workflow_name, j.number);
    Record::new()
        .with("booked_by", j.worker.as_deref().unwrap_or_default())
        .with("job", &j.name)
        .with("pipeline_name", &j.node)
        .with("project_key", &j.project_key)
        .with_key("run", j.number)
        .with_time("since", &j.since)
        .with("status", j.status)
        .with("triggered_by", &j.triggered_by)
        .with("url", url)
        .with("why", j.reason.as_ref().map_or("", |r| r.text.as_str()))
        .with("workflow_name", &j.workflow_name)
        .more("attempt", j.attempt)
        .more("job_id", j.job)
        .more("requirements", j.requirements.join(", "))
        .more("why_code", j.reason.as_ref().map_or("", |r| r.code.as_str()))
}

async fn all(c: Call) -> Res {
    let host = c.client()?.base_url();
    Ok(Outcome::Rows(c.client()?.queue().await?.iter().map(|j| record(j, host)).collect()))
}

async fn stop_all(c: Call) -> Res {
    if !c.is_set("force") && !c.app.confirm("Are you sure to stop every run that has a job in the queue?")? {
        return Ok(Outcome::Done);
    }
    let wanted = |argument: &str, value: &str| c.get(argument).is_none_or(|a| a.is_empty() || a == value);
    let jobs = c.client()?.queue().await?;
    let runs: BTreeSet<(String, String, i64)> = jobs
        .into_iter()
        .filter(|j| wanted("project-key", &j.project_key) && wanted("workflow-name", &j.workflow_name))
        .map(|j| (j.project_key, j.workflow_name, j.number))
        .collect();
    let mut stopped = 0;
    for (project, workflow, number) in &runs {
        match c.client()?.run_stop(project, workflow, *number, &RunStop::default()).await {
            Ok(()) => {
                stopped += 1;
                c.app.say(format!("Workflow {workflow} #{number} has been stopped"));
            }
            // It may have ended by itself meanwhile, and one that cannot be stopped must not save the others.
            Err(error) => c.app.warn(format!("Workflow {workflow} #{number}: {error}")),
        }
    }
    c.app.say(format!("Nb workflows stopped: {stopped}"));
    Ok(Outcome::Done)
}
