//! One node run: whether it is made, and its stages (spec 6.6, 6.7).

use crate::{
    conditions,
    event::Effect,
    job::StageStart,
    params,
    state::{Info, Level, NodeRun, NotRun, Origin, Params, StageRun},
    work::Work,
};
use cds_model::{NodeIx, NodeRunNo, Status};
use cds_workflow::def::{Node, NodeKind};
use indexmap::IndexMap;
use std::{sync::Arc, time::Duration};

/// A request to start exactly this node, by a person or a hook.
#[derive(Clone, Debug, Default)]
pub(crate) struct ByHand {
    pub origin: Origin,
    /// Given with a restart, to win over what parents pass on.
    pub payload: Option<IndexMap<String, String>>,
    /// The variable `payload`.
    pub raw_payload: Option<String>,
    pub parameters: IndexMap<String, String>,
}

/// What a node run is made from.
pub(crate) struct Begin<'b> {
    pub node: NodeIx,
    pub sub: u32,
    pub parents: Vec<NodeRunNo>,
    pub by_hand: Option<&'b ByHand>,
    /// `cds.manual`; may be inherited.
    pub manual: bool,
    pub only_failed_of: Option<NodeRunNo>,
}

impl Work<'_> {
    /// Makes and executes a node run, if it has none in that sub-number and its conditions hold.
    pub fn create(&mut self, mut begin: Begin<'_>) {
        if self.has_run(begin.node, begin.sub) {
            return;
        }
        let spec = self.run.spec.clone();
        let Some(node) = spec.node(begin.node) else { return };
        if begin.by_hand.is_none() {
            begin.manual = self.inherits_manual(&begin.parents);
        }
        let mut built = params::build(&self.run, &begin);
        for error in &built.errors {
            let text = format!("Node {}: {error}. The variable is left out.", node.name);
            self.info(Level::Error, begin.sub, text);
        }
        if !self.conditions_hold(node, &begin, &built.params) {
            return;
        }
        self.git_tags(&built.params);
        self.add_tag("environment", &node.environment);
        self.run.head.not_run.retain(|n| (n.node, n.sub) != (begin.node, begin.sub));

        let no = NodeRunNo(self.run.nodes.len() as u32);
        let url = format!(
            "{}/project/{}/workflow/{}/run/{}/node/{no}?name={}",
            spec.settings.ui_url.trim_end_matches('/'),
            spec.project,
            spec.workflow.name,
            self.run.number,
            node.name
        );
        params::set(&mut built.params, "cds.ui.pipeline.run", url, "builtin", false);
        params::set(&mut built.params, "cds.node.id", no.to_string(), "builtin", false);
        self.push(NodeRun {
            no,
            node: begin.node,
            sub: begin.sub,
            status: Status::Waiting,
            manual: begin.manual,
            parents: begin.parents,
            params: Arc::new(built.params),
            only_failed_of: begin.only_failed_of,
            waits_slot: node.mutex,
            holds_slot: false,
            stages: Vec::new(),
            start: self.now,
            done: None,
        });
        if node.mutex {
            self.info(Level::Info, begin.sub, waiting_text(&node.name));
            let key = self.slot_key(begin.node);
            self.effects.push(Effect::RequestSlot { key, node_run: no });
        } else {
            self.execute(no);
        }
    }

    /// A child of a fork or join without conditions is manual when its only parent is (spec 6.6.2).
    fn inherits_manual(&self, parents: &[NodeRunNo]) -> bool {
        let &[parent] = parents else { return false };
        let parent = self.node(parent);
        parent.manual
            && self
                .run
                .spec
                .node(parent.node)
                .is_some_and(|n| matches!(n.kind, NodeKind::Fork | NodeKind::Join) && n.conditions.is_empty())
    }

    fn conditions_hold(&mut self, node: &Node, begin: &Begin<'_>, params: &Params) -> bool {
        let (holds, why) = match conditions::evaluate(&node.conditions, params) {
            Ok(outcome) => outcome,
            Err(error) => {
                let text = format!("Conditions of node {}: {error}", node.name);
                self.info(Level::Error, begin.sub, text.clone());
                (false, vec![text])
            }
        };
        if !holds {
            self.run.head.sub = self.run.head.sub.max(begin.sub);
            self.run.head.not_run.retain(|n| (n.node, n.sub) != (begin.node, begin.sub));
            let gate = !begin.manual && conditions::hold_by_hand(&node.conditions, params);
            self.run.head.not_run.push(NotRun { node: begin.node, sub: begin.sub, why, gate });
            self.moved.push(begin.node);
        }
        holds
    }

    /// Sets a node run to work (spec 6.7).
    pub fn execute(&mut self, no: NodeRunNo) {
        let spec = self.run.spec.clone();
        let (ix, sub) = (self.node(no).node, self.node(no).sub);
        let Some(node) = spec.node(ix) else { return self.end_node(no, Status::Fail) };
        match node.kind {
            NodeKind::Join | NodeKind::Fork => {
                let status = params::status_of_parents(&self.run, &self.node(no).parents);
                self.end_node(no, status);
            }
            NodeKind::OutgoingHook => {
                let text = format!("Node {}: outgoing hooks are not available in this version", node.name);
                self.info(Level::Error, sub, text);
                self.end_node(no, Status::Fail);
            }
            NodeKind::Pipeline => match spec.pipelines.get(&node.pipeline) {
                Some(pipeline) => {
                    let fresh = || StageRun { status: Status::NotReached, why: vec![], jobs: vec![] };
                    self.node_mut(no).stages = pipeline.stages.iter().map(|_| fresh()).collect();
                    self.go_on(no);
                }
                None => {
                    let text = format!("Node {}: there is no pipeline named {:?}", node.name, node.pipeline);
                    self.info(Level::Error, sub, text);
                    self.end_node(no, Status::Fail);
                }
            },
        }
    }

    /// Starts stages in order until one has work to do, or the node run ends.
    pub fn go_on(&mut self, no: NodeRunNo) {
        loop {
            let node = self.node(no);
            if node.status.is_final() {
                return;
            }
            if let Some(status) = crate::status::node_end(node) {
                return self.end_node(no, status);
            }
            // An unfinished stage is at work, unless it has not been reached yet.
            let next = node.stages.iter().position(|s| !s.status.is_final());
            match next {
                Some(stage) if node.stages[stage].status == Status::NotReached => {
                    self.start_stage(no, stage);
                }
                _ => {
                    let began = |s: &StageRun| matches!(s.status, Status::Building | Status::Success);
                    if node.status != Status::Building && node.stages.iter().any(began) {
                        self.node_mut(no).status = Status::Building;
                    }
                    return;
                }
            }
        }
    }

    fn start_stage(&mut self, no: NodeRunNo, index: usize) {
        let spec = self.run.spec.clone();
        let node = self.node(no);
        let (ix, sub, params) = (node.node, node.sub, node.params.clone());
        let kept = node.only_failed_of.and_then(|old| self.run.nodes.get(old.0 as usize).cloned());
        let kept = kept.as_ref().and_then(|old| old.stages.get(index));
        if let Some(old) = kept.filter(|s| ended_well(s.status)) {
            let mut stage = old.clone();
            for job in &mut stage.jobs {
                *job = Arc::new(self.copy_job(job));
            }
            self.node_mut(no).stages[index] = stage;
            return;
        }
        let Some(definition) = spec.pipeline_of(ix).and_then(|p| p.stages.get(index)) else {
            self.node_mut(no).stages[index].status = Status::Success;
            return;
        };
        let mut stage = StageRun { status: Status::Waiting, why: vec![], jobs: vec![] };
        let mut skipped = false;
        if definition.enabled {
            match conditions::evaluate(&definition.conditions, &params) {
                Ok((true, _)) => {}
                Ok((false, why)) => {
                    skipped = true;
                    stage.why = why;
                }
                Err(error) => {
                    skipped = true;
                    let text = format!(
                        "Conditions of stage {} of node {}: {error}",
                        definition.name,
                        self.node_name(ix)
                    );
                    self.info(Level::Error, sub, text.clone());
                    stage.why.push(text);
                }
            }
        }
        let start = StageStart { node: ix, sub, enabled: definition.enabled, skipped, params: &params };
        for (j, job) in definition.jobs.iter().enumerate() {
            let old = kept.and_then(|s| s.jobs.get(j)).filter(|job| ended_well(job.status));
            let made = match old {
                Some(old) => self.copy_job(old),
                None => self.make_job(&start, j, job),
            };
            stage.jobs.push(Arc::new(made));
        }
        let idle = |s: Status| matches!(s, Status::Disabled | Status::Skipped);
        stage.status = if skipped || (!stage.jobs.is_empty() && stage.jobs.iter().all(|j| idle(j.status))) {
            Status::Skipped
        } else {
            crate::status::stage(&stage)
        };
        self.node_mut(no).stages[index] = stage;
    }

    /// Ends a node run and gives its mutex back.
    pub fn end_node(&mut self, no: NodeRunNo, status: Status) {
        let now = self.now;
        let node = self.node_mut(no);
        node.status = status;
        node.done = Some(now);
        let had_slot = node.waits_slot || node.holds_slot;
        node.waits_slot = false;
        node.holds_slot = false;
        let ix = node.node;
        if had_slot {
            let key = self.slot_key(ix);
            self.effects.push(Effect::ReleaseSlot { key, node_run: no });
        }
        self.ended.push_back(no);
        self.moved.push(ix);
    }

    /// The mutex is ours: the conditions were looked at when the node run was made.
    pub fn slot_granted(&mut self, no: NodeRunNo) {
        let node = self.node_mut(no);
        node.waits_slot = false;
        node.holds_slot = true;
        let (ix, sub, since) = (node.node, node.sub, node.start);
        let name = self.node_name(ix).to_string();
        if self.now.since(since) < NO_WAIT {
            // Nobody had it: to say that it waited for another run would be wrong.
            let text = waiting_text(&name);
            self.run.head.infos.retain(|i| i.at != since || i.text != text);
        } else {
            self.info(Level::Info, sub, format!("Triggering pipeline {name}"));
        }
        self.execute(no);
    }
}

/// A mutex granted within this time was free.
const NO_WAIT: Duration = Duration::from_millis(500);

fn waiting_text(node: &str) -> String {
    format!("The pipeline {node} is waiting while it's running on another run")
}

/// Whether "only failed jobs" keeps what has this status.
pub(crate) fn ended_well(status: Status) -> bool {
    matches!(status, Status::Success | Status::Skipped | Status::Disabled)
}

/// A line of a job.
pub(crate) fn line(work: &Work<'_>, level: Level, sub: u32, text: impl Into<String>) -> Info {
    Info { at: work.now, level, sub, text: text.into() }
}
