//! Triggers and joins: what follows when node runs end (spec 6.5; spec/README 7).

use crate::{node::Begin, work::Work};
use cds_model::{NodeIx, NodeRunNo, Status};
use std::collections::HashMap;

impl Work<'_> {
    /// Triggers to their fixpoint, then the joins below what moved, until nothing changes; then the run's status.
    pub fn settle(&mut self) {
        loop {
            while let Some(no) = self.ended.pop_front() {
                self.trigger_children(no);
            }
            if !self.fire_a_join() {
                break;
            }
        }
        self.moved.clear();
        self.settle_status();
    }

    fn trigger_children(&mut self, no: NodeRunNo) {
        let (ix, sub, status) = (self.node(no).node, self.node(no).sub, self.node(no).status);
        if !triggers(status) {
            return;
        }
        let graph = self.graph.clone();
        for &child in graph.children(ix) {
            if !graph.waits_for_all(child) && !self.was_rejected(child, sub) {
                let parents = vec![no];
                self.create(Begin {
                    node: child,
                    sub,
                    parents,
                    by_hand: None,
                    manual: false,
                    only_failed_of: None,
                });
            }
        }
    }

    /// Fires the first join that may; what it triggers is looked at before the next.
    fn fire_a_join(&mut self) -> bool {
        let graph = self.graph.clone();
        for join in graph.joins_below(&self.moved) {
            if let Some((sub, parents)) = self.may_fire(join) {
                let before = self.run.nodes.len();
                self.create(Begin {
                    node: join,
                    sub,
                    parents,
                    by_hand: None,
                    manual: false,
                    only_failed_of: None,
                });
                // A join whose conditions are false was rejected, which may block others: look again as well.
                if self.run.nodes.len() > before || self.was_rejected(join, sub) {
                    return true;
                }
            }
        }
        false
    }

    /// Whether a join fires now, with its sub-number and its parents' runs.
    fn may_fire(&mut self, join: NodeIx) -> Option<(u32, Vec<NodeRunNo>)> {
        let graph = self.graph.clone();
        let mut parents = Vec::with_capacity(graph.parents(join).len());
        let (mut sub, mut bad) = (0, false);
        for &parent in graph.parents(join) {
            let no = self.latest(parent)?;
            let run = self.node(no);
            if !run.status.is_final() {
                return None;
            }
            sub = sub.max(run.sub);
            bad |= blocks(run.status);
            parents.push(no);
        }
        if parents.is_empty() || self.was_rejected(join, sub) {
            return None;
        }
        if self.latest(join).is_some_and(|no| self.node(no).sub >= sub) {
            return None;
        }
        if bad && self.run.spec.node(join).is_none_or(|n| n.conditions.is_empty()) {
            return None;
        }
        let ancestors = graph.ancestors(join);
        for &ancestor in &ancestors {
            if let Some(no) = self.latest(ancestor)
                && !self.node(no).status.is_final()
            {
                return None;
            }
        }
        if self.some_parent_is_stale(join, &ancestors) {
            return None;
        }
        Some((sub, parents))
    }

    /// Whether a parent of the join was left out in a sub-number newer than its latest run: because its own
    /// conditions were false, or because something above it was rejected, stopped or blocked.
    fn some_parent_is_stale(&mut self, join: NodeIx, ancestors: &[NodeIx]) -> bool {
        let graph = self.graph.clone();
        // Highest sub-number in which a node is known not to run; parents come before children.
        let mut left_out: HashMap<NodeIx, u32> = HashMap::new();
        for no in &self.run.head.not_run {
            let sub = left_out.entry(no.node).or_default();
            *sub = (*sub).max(no.sub);
        }
        for &ix in ancestors {
            let mut above = left_out.get(&ix).copied();
            let mut blocked = None;
            for &parent in graph.parents(ix) {
                above = above.max(left_out.get(&parent).copied());
                let Some(no) = self.latest(parent) else { continue };
                let parent = self.node(no);
                if graph.waits_for_all(ix) {
                    if blocks(parent.status) {
                        blocked = blocked.max(Some(parent.sub));
                    }
                } else if !triggers(parent.status) {
                    above = above.max(Some(parent.sub));
                }
            }
            if blocked.is_some() && self.run.spec.node(ix).is_none_or(|n| n.conditions.is_empty()) {
                above = above.max(blocked);
            }
            if let Some(above) = above {
                left_out.insert(ix, above);
            }
        }
        graph.parents(join).iter().any(|&parent| {
            let newest = self.latest(parent).map(|no| self.node(no).sub);
            left_out.get(&parent).copied() > newest
        })
    }
}

/// Whether the end of a node run starts its children. There is no implicit "ended well".
fn triggers(status: Status) -> bool {
    status.is_final() && !matches!(status, Status::Stopped | Status::NeverBuilt)
}

/// Whether a parent with this status blocks a join without conditions.
fn blocks(status: Status) -> bool {
    matches!(status, Status::Fail | Status::Stopped | Status::NeverBuilt)
}
