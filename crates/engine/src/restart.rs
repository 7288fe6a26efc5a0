//! Nodes of an existing run started again, and resync (spec 6.5, 6.6, 6.11).

use crate::{
    event::{Refusal, TimerKey, Transition},
    graph::Graph,
    node::{Begin, ByHand},
    run::{default_payload, of_definition},
    spec::RunSpec,
    state::{Level, Origin, Run},
    work::Work,
};
use cds_model::{NodeIx, NodeRunNo, Status, Timestamp};
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};

/// What a person asks for; see [`crate::Event::Restart`].
pub(crate) struct Request<'e> {
    pub from: &'e [String],
    pub only_failed: bool,
    pub origin: &'e Origin,
    pub payload: Option<&'e IndexMap<String, String>>,
    pub parameters: &'e IndexMap<String, String>,
    pub spec: Option<&'e Arc<RunSpec>>,
}

pub(crate) fn restart(run: &Run, request: &Request<'_>, now: Timestamp) -> Transition {
    match try_restart(run, request, now) {
        Ok(transition) => transition,
        Err(refusal) => Transition::Refused(refusal),
    }
}

fn no(id: u32, message: impl Into<String>) -> Refusal {
    Refusal { id: Some(id), message: message.into() }
}

fn try_restart(run: &Run, request: &Request<'_>, now: Timestamp) -> Result<Transition, Refusal> {
    if request.only_failed && request.spec.is_some() {
        return Err(no(74, "A restart either resyncs or keeps the jobs that ended well, not both"));
    }
    if request.origin.manual {
        check_payload(request.payload)?;
    }
    if request.spec.is_some() && !run.head.status.is_final() {
        return Err(Refusal {
            id: None,
            message: "The run is still in progress: stop it, or wait for its end, before a resync".into(),
        });
    }
    let mut work = Work::on(run, now);
    let from = nodes_to_start(&mut work, request)?;
    if let Some(today) = request.spec {
        work.run.spec = Arc::new(resync(&run.spec, today));
    }
    if from.contains(&NodeIx(0)) {
        if let Some(payload) = request.payload {
            work.run.head.payload_own = of_definition(payload, &default_payload(&work.run.spec));
            work.run.head.payload = payload.clone();
            work.run.head.payload_foreign = true;
        }
        if !request.parameters.is_empty() {
            work.run.head.parameters = request.parameters.clone();
        }
    } else {
        // What is given for a node counts for it and what comes after it (a payload by way of the node's own parameters);
        // what the run was started with stays.
        work.run.head.parameters.extend(request.parameters.clone());
    }
    work.timer(TimerKey::Run, crate::limits::run(&work.run.spec), Duration::ZERO);

    let again = from.iter().any(|&ix| work.latest(ix).is_some());
    let newest = run.nodes.iter().map(|n| n.sub).max().unwrap_or(0).max(run.head.sub);
    let sub = if again { newest + 1 } else { newest };
    for &ix in &from {
        start_one(&mut work, request, ix, sub);
    }
    work.settle();
    if work.run.nodes.is_empty() {
        work.run.head.status = Status::NeverBuilt;
    }
    Ok(work.advance())
}

/// A payload written by a person may not contain the server's own names.
pub(crate) fn check_payload(payload: Option<&IndexMap<String, String>>) -> Result<(), Refusal> {
    match payload.into_iter().flat_map(|p| p.keys()).find(|k| k.starts_with("cds.")) {
        Some(key) => Err(no(176, format!("Your payload cannot contain keys like cds.*: rename {key:?}"))),
        None => Ok(()),
    }
}

/// The nodes asked for, parents before children, each checked.
fn nodes_to_start(work: &mut Work<'_>, request: &Request<'_>) -> Result<Vec<NodeIx>, Refusal> {
    let graph = work.graph.clone();
    let mut from: Vec<NodeIx> = Vec::new();
    if request.from.is_empty() {
        from.push(NodeIx(0));
    }
    for name in request.from {
        let ix = graph.find(name).ok_or_else(|| no(74, format!("The run has no node named {name:?}")))?;
        if !from.contains(&ix) {
            from.push(ix);
        }
    }
    let order: std::collections::HashMap<NodeIx, usize> =
        from.iter().map(|&ix| (ix, graph.ancestors(ix).len())).collect();
    // An ancestor has fewer ancestors than its descendants.
    from.sort_by_key(|ix| order[ix]);
    for &ix in &from {
        check_node(work, &graph, ix, request.only_failed)?;
    }
    Ok(from)
}

fn check_node(work: &mut Work<'_>, graph: &Graph, ix: NodeIx, only_failed: bool) -> Result<(), Refusal> {
    let name = work.node_name(ix).to_string();
    for ancestor in graph.ancestors(ix) {
        if work.latest(ancestor).is_none() {
            let missing = work.node_name(ancestor);
            let text = "Cannot run a node if their parents have never been launched";
            return Err(no(107, format!("{text}: start {missing:?} before {name:?}")));
        }
    }
    if work.run.nodes.iter().any(|n| n.node == ix && !n.status.is_final()) {
        let message = format!("The node {name} is still in progress: stop it, or wait for its end");
        return Err(Refusal { id: None, message });
    }
    if only_failed {
        let Some(old) = work.latest(ix) else {
            return Err(no(403, format!("The node {name} has not been run: it has no failed jobs")));
        };
        let old = work.node(old).clone();
        let stages = work.run.spec.pipeline_of(ix).map_or(&[][..], |p| &p.stages);
        let same = stages.len() == old.stages.len()
            && stages.iter().zip(&old.stages).all(|(d, r)| r.jobs.is_empty() || d.jobs.len() == r.jobs.len());
        if !same {
            return Err(no(
                403,
                format!(
                    "The pipeline of node {name} has other stages or jobs than when it ran: restart all its jobs"
                ),
            ));
        }
    }
    Ok(())
}

fn start_one(work: &mut Work<'_>, request: &Request<'_>, ix: NodeIx, sub: u32) {
    let graph = work.graph.clone();
    let parents: Vec<NodeRunNo> = graph.parents(ix).iter().filter_map(|&p| work.latest(p)).collect();
    let old = work.latest(ix);
    let root = ix.0 == 0;
    let raw_payload = match request.payload {
        Some(payload) => serde_json::to_string(payload).ok(),
        None => old.and_then(|no| work.node(no).params.get("payload")).map(|p| p.value.clone()),
    };
    let parameters =
        if request.parameters.is_empty() && root { &work.run.head.parameters } else { request.parameters };
    let by_hand = ByHand {
        origin: request.origin.clone(),
        payload: request.payload.cloned(),
        raw_payload,
        parameters: parameters.clone(),
    };
    let name = work.node_name(ix).to_string();
    let text = format!("Node {name} has been started by {} as {}.{sub}", by(request.origin), work.run.number);
    work.info(Level::Info, sub, text);
    let before = work.run.nodes.len();
    work.create(Begin {
        node: ix,
        sub,
        parents,
        by_hand: Some(&by_hand),
        manual: request.origin.manual,
        only_failed_of: request.only_failed.then_some(old).flatten(),
    });
    if work.run.nodes.len() == before {
        work.info(Level::Warning, sub, format!("Node {name} was not run: its conditions are false"));
    }
}

fn by(origin: &Origin) -> &str {
    if origin.username.is_empty() { "a hook" } else { &origin.username }
}

/// The snapshot with today's definitions: contexts of nodes by name, and everything they name. The set of nodes,
/// their names and their order in the graph stay (spec 6.11).
fn resync(old: &RunSpec, today: &RunSpec) -> RunSpec {
    let mut new = today.clone();
    let today = std::mem::take(&mut new.workflow.nodes);
    new.workflow.nodes = old
        .workflow
        .nodes
        .iter()
        .map(|node| match today.iter().find(|n| n.name == node.name && n.kind == node.kind) {
            Some(now) => cds_workflow::def::Node { parents: node.parents.clone(), ..now.clone() },
            None => node.clone(),
        })
        .collect();
    // A node that is gone today may name definitions that are gone as well.
    for (name, pipeline) in &old.pipelines {
        new.pipelines.entry(name.clone()).or_insert_with(|| pipeline.clone());
    }
    for (name, app) in &old.applications {
        new.applications.entry(name.clone()).or_insert_with(|| app.clone());
    }
    for (name, env) in &old.environments {
        new.environments.entry(name.clone()).or_insert_with(|| env.clone());
    }
    new.workflow_id = old.workflow_id;
    new
}
