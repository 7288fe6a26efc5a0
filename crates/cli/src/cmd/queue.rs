//! `cdsctl queue`: what waits, and why.

use crate::{
    call::Call,
    output::Record,
    registry::{Kind, Node, Outcome, Res, group, plain},
};
use cds_api::{
    queue::{QueueJob, QueueNode},
    runs::RunStop,
};
use cds_model::Status;
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

/// A node that waits for its mutex, in the columns of a job.
fn node_record(n: &QueueNode, host: &str) -> Record {
    let url = format!("{host}/project/{}/workflow/{}/run/{}", n.project_key, n.workflow_name, n.number);
    Record::new()
        .with("booked_by", "")
        .with("job", "")
        .with("pipeline_name", &n.node)
        .with("project_key", &n.project_key)
        .with_key("run", n.number)
        .with_time("since", n.since.as_deref().unwrap_or_default())
        .with("status", Status::Waiting)
        .with("triggered_by", &n.triggered_by)
        .with("url", url)
        .with("why", &n.reason.text)
        .with("workflow_name", &n.workflow_name)
        .more("attempt", "")
        .more("job_id", "")
        .more("requirements", "")
        .more("why_code", &n.reason.code)
}

async fn all(c: Call) -> Res {
    let client = c.client()?;
    let (host, jobs, nodes) = (client.base_url(), client.queue().await?, client.queue_nodes().await?);
    let jobs = jobs.iter().map(|j| record(j, host));
    Ok(Outcome::Rows(jobs.chain(nodes.iter().map(|n| node_record(n, host))).collect()))
}

async fn stop_all(c: Call) -> Res {
    if !c.is_set("force") && !c.app.confirm("Are you sure to stop every run that has a job in the queue?")? {
        return Ok(Outcome::Done);
    }
    let wanted = |argument: &str, value: &str| c.get(argument).is_none_or(|a| a.is_empty() || a == value);
    let jobs = c.client()?.queue().await?.into_iter().map(|j| (j.project_key, j.workflow_name, j.number));
    // They would be next.
    let nodes = c.client()?.queue_nodes().await?.into_iter();
    let nodes = nodes.map(|n| (n.project_key, n.workflow_name, n.number));
    let runs: BTreeSet<(String, String, i64)> = jobs
        .chain(nodes)
        .filter(|(project, workflow, _)| wanted("project-key", project) && wanted("workflow-name", workflow))
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
