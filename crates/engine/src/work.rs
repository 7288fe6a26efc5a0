//! The bench a transition is made on: a copy of the run that shares what it does not touch, and the effects so far.

use crate::{
    event::{Announcement, Effect, Refusal, SlotKey, Transition},
    graph::Graph,
    state::{Info, Level, NodeRun, Run, RunHead, StepRun},
};
use cds_model::{JobNo, NodeIx, NodeRunNo, Status, Timestamp};
use std::{collections::VecDeque, sync::Arc};

/// A transition in the making.
pub(crate) struct Work<'a> {
    before: Option<&'a Run>,
    pub run: Run,
    /// When this happens, never before what happened last: servers' clocks are not alike.
    pub now: Timestamp,
    /// What the clock says. Timers are set by it, so that they keep time when it was wrong for a while.
    pub clock: Timestamp,
    pub effects: Vec<Effect>,
    pub graph: Arc<Graph>,
    /// Node runs that ended here and whose children have not been looked at.
    pub ended: VecDeque<NodeRunNo>,
    /// Nodes that ended or were rejected here: joins below them are looked at.
    pub moved: Vec<NodeIx>,
    latest: Option<Vec<Option<NodeRunNo>>>,
}

/// Where a job stands in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct JobAt {
    pub node: NodeRunNo,
    pub stage: usize,
    pub job: usize,
}

/// Looks a job up by its ordinal.
pub(crate) fn find_job(run: &Run, no: JobNo) -> Option<JobAt> {
    if no.0 >= run.head.next_job {
        return None;
    }
    for node in run.nodes.iter().rev() {
        for (stage, s) in node.stages.iter().enumerate() {
            // Jobs of a stage are numbered in a row.
            let Some(first) = s.jobs.first() else { continue };
            if let Some(job) = no.0.checked_sub(first.no.0).filter(|&i| (i as usize) < s.jobs.len()) {
                return Some(JobAt { node: node.no, stage, job: job as usize });
            }
        }
    }
    None
}

impl<'a> Work<'a> {
    /// Begins a transition of an existing run.
    pub fn on(run: &'a Run, clock: Timestamp) -> Self {
        let now = clock.max(run.head.last_execution);
        Self { before: Some(run), now, ..Self::fresh(run.clone(), clock) }
    }

    /// Begins the first transition of a run.
    pub fn fresh(run: Run, now: Timestamp) -> Self {
        let graph = run.spec.graph();
        Work {
            before: None,
            run,
            now,
            clock: now,
            effects: Vec::new(),
            graph,
            ended: VecDeque::new(),
            moved: Vec::new(),
            latest: None,
        }
    }

    pub fn node(&self, no: NodeRunNo) -> &NodeRun {
        &self.run.nodes[no.0 as usize]
    }

    pub fn node_mut(&mut self, no: NodeRunNo) -> &mut NodeRun {
        Arc::make_mut(&mut self.run.nodes[no.0 as usize])
    }

    pub fn node_name(&self, ix: NodeIx) -> &str {
        self.run.spec.node(ix).map_or("", |n| n.name.as_str())
    }

    /// The mutex of a node.
    pub fn slot_key(&self, ix: NodeIx) -> SlotKey {
        SlotKey { workflow: self.run.spec.workflow_id, node: self.node_name(ix).to_string() }
    }

    /// Adds a line to the run.
    pub fn info(&mut self, level: Level, sub: u32, text: impl Into<String>) {
        self.run.head.infos.push(Info { at: self.now, level, sub, text: text.into() });
    }

    pub fn push(&mut self, node: NodeRun) {
        let (ix, no) = (node.node, node.no);
        self.run.head.sub = self.run.head.sub.max(node.sub);
        let newest = self.latest(ix).is_none_or(|old| self.node(old).sub <= node.sub);
        self.run.nodes.push(Arc::new(node));
        if newest && let Some(slot) = self.latest.as_mut().and_then(|l| l.get_mut(ix.0 as usize)) {
            *slot = Some(no);
        }
    }

    /// The run of a node with the highest sub-number.
    pub fn latest(&mut self, ix: NodeIx) -> Option<NodeRunNo> {
        if self.latest.is_none() {
            let mut latest: Vec<Option<NodeRunNo>> = vec![None; self.graph.len()];
            for node in &self.run.nodes {
                if let Some(slot) = latest.get_mut(node.node.0 as usize)
                    && slot.is_none_or(|old| self.run.nodes[old.0 as usize].sub <= node.sub)
                {
                    *slot = Some(node.no);
                }
            }
            self.latest = Some(latest);
        }
        self.latest.as_ref().and_then(|l| l.get(ix.0 as usize).copied().flatten())
    }

    /// Whether the node has a run of that sub-number.
    pub fn has_run(&mut self, ix: NodeIx, sub: u32) -> bool {
        match self.latest(ix).map(|no| self.node(no).sub) {
            None => false,
            Some(newest) if newest <= sub => newest == sub,
            Some(_) => self.run.nodes.iter().any(|n| n.node == ix && n.sub == sub),
        }
    }

    /// Whether the node's conditions were found false in that sub-number.
    pub fn was_rejected(&self, ix: NodeIx, sub: u32) -> bool {
        self.run.head.not_run.iter().any(|n| n.node == ix && n.sub == sub)
    }

    /// Ends the transition: recomputes nothing, adds what listeners must hear.
    pub fn advance(mut self) -> Transition {
        self.run.head.last_execution = self.now;
        let mut news = Vec::new();
        for (i, node) in self.run.nodes.iter().enumerate() {
            let old = self.before.and_then(|b| b.nodes.get(i));
            if !old.is_some_and(|old| Arc::ptr_eq(old, node)) {
                announce_node(&self.run, old.map(Arc::as_ref), node, &mut news);
            }
        }
        let status = self.run.head.status;
        match self.before {
            None => news.push(news_of("run.created", String::new(), status)),
            Some(before) if worth_telling(&before.head, &self.run.head) => {
                news.push(news_of("run.updated", String::new(), status));
            }
            Some(_) => {}
        }
        self.effects.extend(news.into_iter().map(Effect::Announce));
        Transition::Advanced { run: self.run, effects: self.effects }
    }
}

/// Whether a listener who shows the run would show something else now.
fn worth_telling(old: &RunHead, new: &RunHead) -> bool {
    old.status != new.status
        || old.infos.len() != new.infos.len()
        || old.tags != new.tags
        || old.version != new.version
        || old.not_run.len() != new.not_run.len()
}

fn announce_node(run: &Run, old: Option<&NodeRun>, new: &NodeRun, news: &mut Vec<Announcement>) {
    for (s, stage) in new.stages.iter().enumerate() {
        let old_stage = old.and_then(|o| o.stages.get(s));
        for (j, job) in stage.jobs.iter().enumerate() {
            let old_job = old_stage.and_then(|o| o.jobs.get(j));
            if old_job.is_some_and(|old| Arc::ptr_eq(old, job)) {
                continue;
            }
            if old_job.is_none_or(|o| {
                o.status != job.status
                    || o.attempt() != job.attempt()
                    || o.stopping != job.stopping
                    || o.infos.len() != job.infos.len()
            }) {
                news.push(news_of("job.updated", job.no.to_string(), job.status));
            }
            if job.copy_of.is_some() {
                continue;
            }
            let Some(attempt) = job.attempts.last() else { continue };
            let old_steps: &[StepRun] = old_job
                .filter(|o| o.attempt() == job.attempt())
                .and_then(|o| o.attempts.last())
                .map_or(&[], |a| a.steps.as_slice());
            for (i, step) in attempt.steps.iter().enumerate() {
                if old_steps.get(i).map_or(Status::NotReached, |o| o.status) != step.status {
                    news.push(news_of("step.updated", format!("{}.{i}", job.no), step.status));
                }
            }
        }
    }
    let stages = |n: &NodeRun| n.stages.iter().map(|s| s.status).collect::<Vec<_>>();
    if old.is_none_or(|o| o.status != new.status || stages(o) != stages(new)) {
        let name = run.spec.node(new.node).map_or_else(String::new, |n| n.name.clone());
        news.push(news_of("node.updated", name, new.status));
    }
}

fn news_of(kind: &str, subject: String, status: Status) -> Announcement {
    Announcement { kind: kind.to_string(), subject, status }
}

/// A refusal with the reference's error id.
pub(crate) fn refuse(id: impl Into<Option<u32>>, message: impl Into<String>) -> Transition {
    Transition::Refused(Refusal { id: id.into(), message: message.into() })
}
