//! The index of a run's graph: names resolved once, so that a transition looks only at what it touches.

use cds_model::NodeIx;
use cds_workflow::def::{NodeKind, Workflow};
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock},
};

/// Parents, children and joins of a workflow by [`NodeIx`]. Names of parents that no node has are left out,
/// and nodes on a cycle are never reached: a checked definition has neither.
#[derive(Debug, Default)]
pub struct Graph {
    parents: Vec<Vec<NodeIx>>,
    children: Vec<Vec<NodeIx>>,
    waits_for_all: Vec<bool>,
    rank: Vec<u32>,
    by_name: HashMap<String, NodeIx>,
}

impl Graph {
    /// Builds the index.
    pub fn of(workflow: &Workflow) -> Self {
        let nodes = &workflow.nodes;
        let by_name: HashMap<String, NodeIx> =
            nodes.iter().enumerate().rev().map(|(i, n)| (n.name.clone(), NodeIx(i as u32))).collect();
        let mut parents: Vec<Vec<NodeIx>> = Vec::with_capacity(nodes.len());
        let mut children = vec![Vec::new(); nodes.len()];
        for (i, node) in nodes.iter().enumerate() {
            let mut own: Vec<NodeIx> = Vec::new();
            for ix in node.parents.iter().filter_map(|name| by_name.get(name).copied()) {
                if ix.0 as usize != i && !own.contains(&ix) {
                    own.push(ix);
                    children[ix.0 as usize].push(NodeIx(i as u32));
                }
            }
            parents.push(own);
        }
        let waits_for_all =
            nodes.iter().zip(&parents).map(|(n, p)| n.kind == NodeKind::Join || p.len() > 1).collect();
        let rank = ranks(&parents, &children);
        Self { parents, children, waits_for_all, rank, by_name }
    }

    /// The node of that name.
    pub fn find(&self, name: &str) -> Option<NodeIx> {
        self.by_name.get(name).copied()
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there is no node.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// Direct parents.
    pub fn parents(&self, ix: NodeIx) -> &[NodeIx] {
        self.parents.get(ix.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Direct children, joins included.
    pub fn children(&self, ix: NodeIx) -> &[NodeIx] {
        self.children.get(ix.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Whether the node waits for all its parents (a join), instead of being triggered by one.
    pub fn waits_for_all(&self, ix: NodeIx) -> bool {
        self.waits_for_all.get(ix.0 as usize).copied().unwrap_or(false)
    }

    /// All ancestors, parents before children.
    pub fn ancestors(&self, ix: NodeIx) -> Vec<NodeIx> {
        self.closure(&[ix], |n| self.parents(n))
    }

    /// The joins below any of these nodes, parents before children.
    pub fn joins_below(&self, from: &[NodeIx]) -> Vec<NodeIx> {
        let mut below = self.closure(from, |n| self.children(n));
        below.retain(|&n| self.waits_for_all(n));
        below
    }

    fn closure<'a>(&'a self, from: &[NodeIx], next: impl Fn(NodeIx) -> &'a [NodeIx]) -> Vec<NodeIx> {
        let mut seen = vec![false; self.len()];
        let mut out = Vec::new();
        let mut open: Vec<NodeIx> = from.to_vec();
        while let Some(ix) = open.pop() {
            for &other in next(ix) {
                let mark = &mut seen[other.0 as usize];
                if !*mark {
                    *mark = true;
                    out.push(other);
                    open.push(other);
                }
            }
        }
        out.sort_unstable_by_key(|ix| self.rank[ix.0 as usize]);
        out
    }
}

/// Position of every node in an order with parents before children; nodes on cycles come last.
fn ranks(parents: &[Vec<NodeIx>], children: &[Vec<NodeIx>]) -> Vec<u32> {
    let mut missing: Vec<usize> = parents.iter().map(Vec::len).collect();
    let mut order: Vec<usize> = (0..parents.len()).filter(|&i| missing[i] == 0).collect();
    let mut rank = vec![u32::MAX; parents.len()];
    let mut next = 0;
    while next < order.len() {
        let at = order[next];
        rank[at] = next as u32;
        next += 1;
        for child in &children[at] {
            let left = &mut missing[child.0 as usize];
            *left -= 1;
            if *left == 0 {
                order.push(child.0 as usize);
            }
        }
    }
    rank
}

/// Holds the [`Graph`] of a [`crate::RunSpec`] once it was asked for. Takes no part in equality.
#[derive(Default)]
pub struct GraphCache(OnceLock<Arc<Graph>>);

impl GraphCache {
    pub(crate) fn get_or_build(&self, workflow: &Workflow) -> Arc<Graph> {
        self.0.get_or_init(|| Arc::new(Graph::of(workflow))).clone()
    }
}

impl Clone for GraphCache {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for GraphCache {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for GraphCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GraphCache")
    }
}
