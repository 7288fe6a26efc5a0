//! Checks of triggers and joins.

use super::{Check, ensure};
use crate::state::{NodeRun, Run};
use cds_model::{NodeIx, Status};
use std::collections::HashMap;

/// Whoever ended, except stopped, has started its children in its own sub-number, or their conditions were false.
/// In a first execution the joins whose parents allow it have fired.
pub fn nothing_is_forgotten(run: &Run) -> Check {
    const NAME: &str = "what may start has started";
    let graph = run.spec.graph();
    let made: HashMap<(NodeIx, u32), &NodeRun> = run.nodes.iter().map(|n| ((n.node, n.sub), &**n)).collect();
    let rejected = |ix: NodeIx, sub: u32| run.head.not_run.iter().any(|n| n.node == ix && n.sub == sub);
    for node in run.nodes.iter().filter(|n| n.status.is_final() && n.status != Status::Stopped) {
        for &child in graph.children(node.node).iter().filter(|c| !graph.waits_for_all(**c)) {
            let fine = made.contains_key(&(child, node.sub)) || rejected(child, node.sub);
            ensure(NAME, fine, || format!("node {child} after node run {}", node.no))?;
        }
    }
    // A stop looks at nothing that it did not end: what might have fired in its moment stays as it is, also when
    // somebody then starts another node by hand.
    let stopped = run.head.status == Status::Stopped || run.nodes.iter().any(|n| n.status == Status::Stopped);
    if run.head.sub > 0 || stopped {
        return Ok(());
    }
    for join in (0..graph.len() as u32).map(NodeIx).filter(|&ix| graph.waits_for_all(ix)) {
        let status = |ix: &NodeIx| made.get(&(*ix, 0)).map(|n| n.status);
        let parents: Vec<Option<Status>> = graph.parents(join).iter().map(status).collect();
        let open = graph.ancestors(join).iter().filter_map(status).any(|s| !s.is_final());
        let bad = |s: &Option<Status>| matches!(s, Some(Status::Fail | Status::Stopped));
        let conditions = run.spec.node(join).is_some_and(|n| !n.conditions.is_empty());
        let blocked = parents.iter().any(bad) && !conditions;
        let may = !parents.is_empty() && parents.iter().all(Option::is_some) && !open && !blocked;
        let did = made.contains_key(&(join, 0)) || rejected(join, 0);
        // By hand a join may start earlier; `parents_led_here` looks at that side.
        ensure(NAME, did || !may, || format!("join {join} has not fired"))?;
    }
    Ok(())
}

/// A node run has the parents that led to it: its trigger's run of the same sub-number, or a run of every parent of
/// a join, each ended; a node run started by hand may be newer than its parents.
pub fn parents_led_here(old: Option<&Run>, new: &Run) -> Check {
    const NAME: &str = "a node run follows from its parents";
    let graph = new.spec.graph();
    for node in new.nodes.iter().skip(old.map_or(0, |o| o.nodes.len())) {
        let fail = |what: &str| ensure(NAME, false, || format!("node run {}: {what}", node.no));
        let runs: Option<Vec<&NodeRun>> =
            node.parents.iter().map(|p| new.nodes.get(p.0 as usize).map(|n| &**n)).collect();
        let Some(runs) = runs else { return fail("a parent is not in the run") };
        let known: Vec<NodeIx> = runs.iter().map(|p| p.node).collect();
        if known != graph.parents(node.node) {
            return fail("its parents are not the graph's");
        }
        if node.manual || runs.is_empty() {
            continue;
        }
        let newest = runs.iter().map(|p| p.sub).max().unwrap_or(0);
        if newest != node.sub {
            return fail("its sub-number is not its parents' newest");
        }
        if runs.iter().any(|p| p.done.is_none_or(|done| done > node.start)) {
            return fail("a parent had not ended");
        }
    }
    Ok(())
}
