//! Follows a run until it ends.

use crate::{LocalError, Options, project::KEY, view::View};
use cds_api::runs::{NotRun, Run, RunStart, RunStop};
use cds_cli::{
    live::jobs,
    output::harmless,
    save::{is_there, save},
};
use cds_client::{Client, EventQuery, RunNumber};
use cds_model::Status;
use std::{path::Path, time::Duration};

/// News that come in a burst are read together.
const GATHER: Duration = Duration::from_millis(20);
/// The run is read again even without news.
const LOOK: Duration = Duration::from_millis(250);

/// Shows a run until it ends. It is stopped when `stop` is done, and when nothing but jobs is left that nobody can run.
pub(crate) async fn follow(
    client: &Client,
    mut run: Run,
    options: &Options,
    stop: impl Future<Output = ()>,
) -> Result<Run, LocalError> {
    let (name, number) = (run.brief.workflow_name.clone(), run.brief.number);
    let query = EventQuery {
        project: Some(KEY.into()),
        workflow: Some(name.clone()),
        number: Some(number),
        after: Some("0".into()),
    };
    let mut news = client.events(&query).await.ok();
    let mut view = View::new(options);
    let mut stop = std::pin::pin!(stop);
    let mut stopped = false;
    let mut given_up = Vec::new();
    loop {
        view.run(client, &run).await;
        if run.brief.status.is_final() {
            // What is asked for by its name is started by hand, and so are the gates before it.
            let gates = gates(&run);
            if options.node.is_none() || stopped || run.brief.status != Status::Success || gates.is_empty() {
                break;
            }
            view.say(&format!("Starting {} by hand, as --node asks for", gates.join(", ")));
            let body = RunStart { number: Some(number), from_nodes: gates, ..RunStart::default() };
            run = client.run_start(KEY, &name, &body, None).await?;
            continue;
        }
        let mut limit = tokio::time::Instant::now() + LOOK;
        loop {
            let event = async {
                match &mut news {
                    Some(stream) => stream.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = &mut stop, if !stopped => {
                    stopped = true;
                    view.say("Stopping the run; a second Ctrl-C ends everything at once.");
                    client.run_stop(KEY, &name, number, &RunStop::default()).await?;
                }
                event = tokio::time::timeout_at(limit, event) => match event {
                    Err(_) => break,
                    Ok(Ok(Some(event))) => {
                        view.event(&event.data);
                        limit = limit.min(tokio::time::Instant::now() + GATHER);
                    }
                    Ok(_) => news = None,
                },
            }
        }
        run = client.run(KEY, &name, RunNumber::Number(number)).await?;
        if !stopped && given_up.is_empty() {
            given_up = hopeless(&run);
            if !given_up.is_empty() {
                client.run_stop(KEY, &name, number, &RunStop::default()).await?;
            }
        }
    }
    view.end(client, &run, stopped || !given_up.is_empty()).await;
    for (job, why) in &given_up {
        view.say(&format!("── {job}: nobody can run it here: {why}"));
    }
    if !given_up.is_empty() {
        view.say("   Nobody but this machine takes jobs of `cds run`. Install what is missing, or leave the node out with --node.");
    }
    match &options.node {
        Some(node) if !ran(&run, node) => {
            view.say(&format!("── {node} did not run"));
            for line in
                run.not_run.iter().flat_map(|n| n.why.iter().map(move |why| format!("   {}: {why}", n.node)))
            {
                view.say(&line);
            }
        }
        None if !gates(&run).is_empty() => {
            let gates = gates(&run);
            view.say(&format!(
                "Waits for a person: {}. `cds run --node {}` starts it.",
                gates.join(", "),
                gates[0]
            ));
        }
        _ => {}
    }
    if let Some(folder) = &options.artifacts {
        keep(client, &run, folder, &mut view).await?;
    }
    Ok(run)
}

/// Nodes that nothing but a person keeps waiting.
fn gates(run: &Run) -> Vec<String> {
    let open = |node: &&NotRun| node.gate && !ran(run, &node.node);
    run.not_run.iter().filter(open).map(|n| n.node.clone()).collect()
}

/// Whether a node was executed, however that went.
pub(crate) fn ran(run: &Run, node: &str) -> bool {
    run.node_runs.iter().any(|n| n.node == node)
}

/// Jobs that this machine cannot run, and why, if nothing else is at work or may begin: nobody else will ever come.
fn hopeless(run: &Run) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (node, _, job) in jobs(run) {
        match job.status {
            Status::Waiting | Status::Pending => match &job.waits {
                Some(why) if why.code == "no_match" => {
                    found.push((format!("{node} / {}", job.name), why.text.clone()));
                }
                _ => return Vec::new(),
            },
            Status::Building => return Vec::new(),
            _ => {}
        }
    }
    found
}

/// Writes the files that the run made.
async fn keep(client: &Client, run: &Run, folder: &Path, view: &mut View) -> Result<(), LocalError> {
    let failed =
        |e: &dyn std::fmt::Display| LocalError::Failed(format!("--artifacts {}: {e}", folder.display()));
    std::fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let (name, number) = (&run.brief.workflow_name, RunNumber::Number(run.brief.number));
    for a in client.run_artifacts(KEY, name, number).await? {
        // The others have no bytes.
        if !matches!(a.kind.as_str(), "artifact" | "coverage") {
            continue;
        }
        if !is_there(folder, &a).map_err(|e| failed(&e))? {
            let body = client.run_artifact(KEY, name, number, &a.id).await?;
            save(body, folder, &a).await.map_err(|e| failed(&e))?;
        }
        view.say(&format!("artifact {} of {}: {} bytes", harmless(&a.name), a.node, a.size));
    }
    Ok(())
}
