//! From the engine's values to rows and back.

use super::commit::{NewRun, NodeRow, QueueLease, QueueRow, RunCommit, SlotRow};
use crate::{
    error::{Result, to_json},
    idempotency::Once,
};
use cds_engine::{
    event::{Effect, SlotKey},
    state::{NodeRun, Params, Run, RunHead, StageRun},
};
use cds_model::{NodeIx, NodeRunNo, ProjectId, Status, Timestamp, WorkflowId};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What the engine's values don't say.
#[derive(Clone, Debug)]
pub struct Context {
    /// Workflow of the run.
    pub workflow: WorkflowId,
    /// Project of the run.
    pub project: ProjectId,
    /// Version the old state was loaded with; 0 for a new run.
    pub version: i64,
    /// From [`super::put_spec`].
    pub spec_hash: String,
    /// For lists, e.g. the user name or the hook.
    pub triggered_by: String,
    /// Of the request that is carried out.
    pub once: Option<Once>,
    /// Priority of its jobs; higher goes first.
    pub priority: i64,
    /// Instant of the transition.
    pub now: Timestamp,
    /// Leases granted together with this transition.
    pub leases: Vec<QueueLease>,
    /// JSON of an event to store.
    pub event: Option<String>,
}

impl RunCommit {
    /// The rows of a transition. Node runs that are the same `Arc` in both states are not written.
    pub fn from_transition(
        old: Option<&Run>,
        new: &Run,
        effects: &[Effect],
        cx: Context,
    ) -> Result<RunCommit> {
        let old_head = old.map(|o| &o.head);
        let mut commit = RunCommit {
            run: new.id,
            expect: cx.version,
            create: old.is_none().then(|| NewRun {
                project: cx.project,
                number: new.number,
                created: new.head.created,
                triggered_by: cx.triggered_by.clone(),
            }),
            once: cx.once,
            workflow: cx.workflow,
            status: new.head.status,
            sub: new.head.sub,
            gates: new.gates().count() as u32,
            work: new.work().as_millis() as i64,
            label: new.head.version.clone().unwrap_or_default(),
            head: to_json("head of a run", &new.head)?,
            spec_hash: cx.spec_hash,
            last_execution: new.head.last_execution,
            nodes: Vec::new(),
            queue_add: Vec::new(),
            queue_lease: cx.leases,
            queue_remove: Vec::new(),
            cancel: Vec::new(),
            slots_request: Vec::new(),
            slots_release: Vec::new(),
            timers: Vec::new(),
            tags: (old_head.map_or(&Vec::new(), |h| &h.tags) != &new.head.tags)
                .then(|| new.head.tags.clone()),
            version_claim: new
                .head
                .version
                .clone()
                .filter(|v| old_head.and_then(|h| h.version.as_ref()) != Some(v)),
            event: cx.event,
        };
        for (i, node) in new.nodes.iter().enumerate() {
            let before = old.and_then(|o| o.nodes.get(i));
            if before.is_some_and(|b| Arc::ptr_eq(b, node)) {
                continue;
            }
            let same_params = before.is_some_and(|b| Arc::ptr_eq(&b.params, &node.params));
            commit.nodes.push(NodeRow {
                no: node.no,
                json: to_json("node run", &node_out(node))?,
                params: if same_params { None } else { Some(to_json("parameters", &*node.params)?) },
            });
        }
        let slot = |key: &SlotKey, node_run: NodeRunNo| SlotRow {
            workflow: key.workflow.map(|w| w.to_string()).unwrap_or_default(),
            node: key.node.clone(),
            node_run,
            number: new.number,
        };
        for effect in effects {
            match effect {
                Effect::QueueJob(q) => commit.queue_add.push(QueueRow {
                    job: q.job,
                    attempt: q.attempt,
                    project: cx.project,
                    number: new.number,
                    node: q.node.clone(),
                    name: q.name.clone(),
                    requirements: to_json("requirements", &q.requirements)?,
                    groups: to_json("groups", &q.groups)?,
                    region: region(&q.requirements).to_string(),
                    priority: cx.priority,
                    triggered_by: cx.triggered_by.clone(),
                    queued: cx.now,
                }),
                Effect::CancelJob { job, attempt } => commit.cancel.push((*job, *attempt)),
                Effect::DoneJob { job, attempt } => commit.queue_remove.push((*job, *attempt)),
                Effect::RequestSlot { key, node_run } => commit.slots_request.push(slot(key, *node_run)),
                Effect::ReleaseSlot { key, node_run } => commit.slots_release.push(slot(key, *node_run)),
                Effect::SetTimer { key, at } => {
                    let key = to_json("timer", key)?;
                    // Setting it again replaces it.
                    commit.timers.retain(|(k, _)| *k != key);
                    commit.timers.push((key, *at));
                }
                Effect::Announce(_) => {}
            }
        }
        // An attempt that is queued and over in one transition was never to be had; the same for mutexes.
        let over = |q: &QueueRow| {
            [&commit.queue_remove, &commit.cancel].iter().any(|l| l.contains(&(q.job, q.attempt)))
        };
        commit.queue_add.retain(|q| !over(q));
        commit.slots_request.retain(|r| !commit.slots_release.contains(r));
        Ok(commit)
    }
}

fn region(requirements: &[cds_workflow::def::Requirement]) -> &str {
    requirements.iter().find(|r| r.kind == "region").map_or("", |r| r.value.as_str())
}

/// A node run without its parameters, which are written only when they change.
#[derive(Serialize)]
pub(crate) struct NodeOut<'a> {
    no: NodeRunNo,
    node: NodeIx,
    sub: u32,
    status: Status,
    manual: bool,
    parents: &'a [NodeRunNo],
    only_failed_of: Option<NodeRunNo>,
    waits_slot: bool,
    holds_slot: bool,
    stages: &'a [StageRun],
    start: Timestamp,
    done: Option<Timestamp>,
}

/// Borrows everything but the parameters. A new field of the engine fails to compile here.
pub(crate) fn node_out(n: &NodeRun) -> NodeOut<'_> {
    let NodeRun {
        no,
        node,
        sub,
        status,
        manual,
        parents,
        params: _,
        only_failed_of,
        waits_slot,
        holds_slot,
        stages,
        start,
        done,
    } = n;
    NodeOut {
        no: *no,
        node: *node,
        sub: *sub,
        status: *status,
        manual: *manual,
        parents,
        only_failed_of: *only_failed_of,
        waits_slot: *waits_slot,
        holds_slot: *holds_slot,
        stages,
        start: *start,
        done: *done,
    }
}

/// [`NodeOut`], read back.
#[derive(Deserialize)]
pub(crate) struct NodeIn {
    no: NodeRunNo,
    node: NodeIx,
    sub: u32,
    status: Status,
    #[serde(default)]
    manual: bool,
    #[serde(default)]
    parents: Vec<NodeRunNo>,
    #[serde(default)]
    only_failed_of: Option<NodeRunNo>,
    #[serde(default)]
    waits_slot: bool,
    #[serde(default)]
    holds_slot: bool,
    #[serde(default)]
    stages: Vec<StageRun>,
    start: Timestamp,
    #[serde(default)]
    done: Option<Timestamp>,
}

impl NodeIn {
    pub(crate) fn with(self, params: Arc<Params>) -> NodeRun {
        NodeRun {
            no: self.no,
            node: self.node,
            sub: self.sub,
            status: self.status,
            manual: self.manual,
            parents: self.parents,
            params,
            only_failed_of: self.only_failed_of,
            waits_slot: self.waits_slot,
            holds_slot: self.holds_slot,
            stages: self.stages,
            start: self.start,
            done: self.done,
        }
    }
}

/// What a sealed record holds: everything of a run but what stands in its columns.
#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub head: RunHead,
    pub nodes: Vec<NodeRun>,
}
