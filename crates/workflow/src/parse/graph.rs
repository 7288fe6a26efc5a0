//! From entries to a graph: joins that no entry names, order, cycles (spec 3.2.2). Nothing depends on the order
//! of the entries in the file.

use super::node::Entry;
use crate::def::{Node, NodeKind};
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use std::collections::{BTreeMap, BTreeSet};

/// Builds the graph. On an error, what is left may lack nodes.
pub fn build(entries: Vec<Entry>, d: &mut Diags) -> Vec<Node> {
    let names: BTreeSet<String> = entries.iter().map(|e| e.node.name.clone()).collect();
    let mut sound = check_parents(&entries, &names, d);
    sound &= check_root(&entries, d);
    let order = match order(&entries) {
        Ok(order) => order,
        Err(cycle) => {
            say_cycle(&entries, &cycle, d);
            return Vec::new();
        }
    };
    if !sound {
        return Vec::new();
    }
    place(entries, &order, &names)
}

fn check_parents(entries: &[Entry], names: &BTreeSet<String>, d: &mut Diags) -> bool {
    let mut sound = true;
    for e in entries {
        if d.is_full() {
            return false;
        }
        for (parent, at) in &e.depends_on {
            if names.contains(parent) {
                continue;
            }
            sound = false;
            let message = format!("the pipeline {} depends on an unknown pipeline: {parent}", e.node.name);
            let found = d.error(*at, Rule::Graph, message);
            found.id(ids::INVALID_WORKFLOW);
            match nearest(parent, names.iter().map(String::as_str)) {
                Some(near) => found.help(format!("did you mean {near}?")),
                None => found.help(format!("nodes of this file: {}", join(names.iter()))),
            };
        }
    }
    sound
}

fn join<'a>(names: impl Iterator<Item = &'a String>) -> String {
    names.map(String::as_str).collect::<Vec<_>>().join(", ")
}

fn check_root(entries: &[Entry], d: &mut Diags) -> bool {
    let mut roots = entries.iter().filter(|e| e.depends_on.is_empty());
    let Some(first) = roots.next() else { return true };
    let mut sound = true;
    for e in roots {
        sound = false;
        let message = format!(
            "invalid node dependencies. {} should have at least one dependency because the workflow already has a root",
            e.node.name
        );
        d.error(e.at, Rule::Graph, message)
            .id(ids::WRONG_REQUEST)
            .help(format!("the root is {}; add e.g. depends_on: [{}]", first.node.name, first.node.name));
    }
    sound
}

/// Names, parents before children, ties by name; or a cycle, its first name repeated at the end.
/// Unknown parents count as done.
fn order(entries: &[Entry]) -> Result<Vec<String>, Vec<String>> {
    let by_name: BTreeMap<&str, &Entry> = entries.iter().map(|e| (e.node.name.as_str(), e)).collect();
    let mut waits: BTreeMap<&str, usize> = BTreeMap::new();
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, e) in &by_name {
        let known = e.depends_on.iter().filter(|(p, _)| by_name.contains_key(p.as_str()));
        for (parent, _) in known.clone() {
            children.entry(parent).or_default().push(name);
        }
        waits.insert(name, known.count());
    }
    let mut ready: BTreeSet<&str> = waits.iter().filter(|(_, n)| **n == 0).map(|(k, _)| *k).collect();
    let mut done = Vec::new();
    while let Some(name) = ready.pop_first() {
        done.push(name.to_owned());
        waits.remove(name);
        for child in children.get(name).into_iter().flatten() {
            if let Some(n) = waits.get_mut(child) {
                *n -= 1;
                if *n == 0 {
                    ready.insert(child);
                }
            }
        }
    }
    let Some((start, _)) = waits.first_key_value() else { return Ok(done) };
    // Every node left waits for another node left, so walking up must come round.
    let mut path: Vec<&str> = vec![start];
    loop {
        let last = path[path.len() - 1];
        let up = by_name.get(last).and_then(|e| {
            e.depends_on.iter().map(|(p, _)| p.as_str()).filter(|p| waits.contains_key(p)).min()
        });
        let Some(up) = up else { return Err(vec![last.to_owned()]) };
        if let Some(begin) = path.iter().position(|p| *p == up) {
            let mut cycle: Vec<&str> = path[begin..].to_vec();
            // Told from its smallest name, whatever way led there.
            let least = (0..cycle.len()).min_by_key(|i| cycle[*i]).unwrap_or(0);
            cycle.rotate_left(least);
            cycle.push(cycle[0]);
            return Err(cycle.into_iter().map(str::to_owned).collect());
        }
        path.push(up);
    }
}

fn say_cycle(entries: &[Entry], cycle: &[String], d: &mut Diags) {
    let first = cycle.first().map_or("", String::as_str);
    let entry = entries.iter().find(|e| e.node.name == first);
    let at = entry.map_or(Mark::default(), |e| e.depends_on.first().map_or(e.at, |(_, at)| *at));
    let message = if cycle.len() == 2 {
        format!("unable to process the workflow: {first} depends on itself")
    } else {
        format!(
            "unable to process the workflow: its nodes depend on each other in a cycle: {}",
            cycle.join(" -> ")
        )
    };
    d.error(at, Rule::Graph, message)
        .id(ids::INVALID_WORKFLOW)
        .help("`a -> b` reads a depends on b; remove one of these dependencies");
}

/// Puts the nodes in order and hangs entries with two or more parents below joins.
fn place(entries: Vec<Entry>, order: &[String], names: &BTreeSet<String>) -> Vec<Node> {
    let mut by_name: BTreeMap<String, Entry> =
        entries.into_iter().map(|e| (e.node.name.clone(), e)).collect();
    let joins = name_joins(&by_name, order, names);
    let mut nodes: Vec<Node> = Vec::new();
    let mut written: BTreeSet<&str> = BTreeSet::new();
    for name in order {
        let Some(entry) = by_name.remove(name) else { continue };
        let mut node = entry.node;
        node.parents = entry.depends_on.into_iter().map(|(p, _)| p).collect();
        node.parents.sort();
        if let Some(join) = joins.get(&node.parents).filter(|_| needs_anonymous_join(&node)) {
            if written.insert(join) {
                nodes.push(Node {
                    name: join.clone(),
                    kind: NodeKind::Join,
                    anonymous: true,
                    parents: std::mem::take(&mut node.parents),
                    ..Node::default()
                });
            }
            node.parents = vec![join.clone()];
        }
        nodes.push(node);
    }
    nodes
}

/// A join with conditions is itself the join; everything else with two or more parents hangs below one.
fn needs_anonymous_join(node: &Node) -> bool {
    node.parents.len() >= 2 && (node.kind != NodeKind::Join || node.conditions.is_empty())
}

/// One name per set of parents, numbered in the order of the graph after the highest number that a named join has.
fn name_joins(
    by_name: &BTreeMap<String, Entry>,
    order: &[String],
    names: &BTreeSet<String>,
) -> BTreeMap<Vec<String>, String> {
    let number = |name: &str| match name.strip_prefix("join")? {
        "" => Some(1),
        rest => rest.strip_prefix('_')?.parse::<u32>().ok(),
    };
    let named = by_name.values().filter(|e| e.node.kind == NodeKind::Join);
    let mut last = named.filter_map(|e| number(&e.node.name)).max().unwrap_or(0);
    let mut joins = BTreeMap::new();
    for entry in order.iter().filter_map(|n| by_name.get(n)) {
        let mut node = entry.node.clone();
        node.parents = entry.depends_on.iter().map(|(p, _)| p.clone()).collect();
        node.parents.sort();
        if !needs_anonymous_join(&node) || joins.contains_key(&node.parents) {
            continue;
        }
        let name = loop {
            last = last.saturating_add(1);
            let name = if last == 1 { "join".to_owned() } else { format!("join_{last}") };
            if !names.contains(&name) || last == u32::MAX {
                break name;
            }
        };
        joins.insert(node.parents, name);
    }
    joins
}
