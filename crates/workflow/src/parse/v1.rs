//! Workflow files of version v1.0, in their two shapes (spec 3.1.2).

use super::graph;
use super::hook::hook_list;
use super::node::{entries, entry};
use super::notification::{Place, check_node, events_last, notifications};
use super::workflow::{hooks, shell};
use crate::def::Workflow;
use crate::diag::{Diags, Rule};
use crate::error_ids as ids;
use crate::read::Fields;
use crate::yaml::{Data, Node};

/// Reads a workflow of version v1.0.
pub fn workflow(node: &Node, d: &mut Diags) -> Option<Workflow> {
    let mut f = Fields::new(node, "the workflow", d)?;
    d.warn(f.mark("version"), Rule::Deprecated, "The yaml workflow configuration format is deprecated")
        .help("export the workflow to get it in version v2.0");
    let mut w = shell(&mut f, d);
    let graph = f.get("workflow").is_some_and(|n| !matches!(&n.data, Data::Map(m) if m.is_empty()));
    if graph {
        graph_shape(&mut f, &mut w, d)
    } else {
        single_shape(&mut f, &mut w, d)
    }
    f.finish(d);
    Some(w)
}

fn forbid(f: &mut Fields<'_>, key: &'static str, why: &str, d: &mut Diags) {
    let Some(node) = f.get(key) else { return };
    let empty = match &node.data {
        Data::Map(m) => m.is_empty(),
        Data::Seq(s) => s.is_empty(),
        Data::Scalar { text, .. } => text.is_empty(),
    };
    if empty {
        return;
    }
    let message = match (key, node.text()) {
        ("application" | "environment" | "integration" | "pipeline", Some(text)) => {
            format!("{key} {text} not allowed here")
        }
        _ => format!("{key} not allowed here"),
    };
    d.error(f.mark(key), Rule::Graph, message).id(ids::WRONG_REQUEST).help(why);
}

fn graph_shape(f: &mut Fields<'_>, w: &mut Workflow, d: &mut Diags) {
    let all = entries(f, d);
    for key in ["application", "environment", "integration", "pipeline", "conditions", "when"] {
        forbid(f, key, "move it into a node under `workflow`", d);
    }
    forbid(f, "pipeline_hooks", "use `hooks` with the name of the root as key", d);
    forbid(f, "notify", "use `notifications` with names of nodes as keys", d);
    for key in ["payload", "parameters", "one_at_a_time"] {
        if f.get(key).is_some() {
            d.warn(f.mark(key), Rule::NoEffect, format!("`{key}` has no effect beside `workflow`"))
                .help("move it into a node under `workflow`");
        }
    }
    hooks(f, &all, w, d);
    w.nodes = graph::build(all, d);
    let mut notes = Vec::new();
    for (keys, e) in f.mapping("notifications", d) {
        let names: Vec<String> =
            keys.split(',').map(|k| k.trim().to_owned()).filter(|k| !k.is_empty()).collect();
        for name in &names {
            check_node(name, e.at, &w.nodes, d);
        }
        notes.extend(notifications(&e.value, Place::Old, &names, &w.nodes, d));
    }
    w.notifications = events_last(notes);
}

fn single_shape(f: &mut Fields<'_>, w: &mut Workflow, d: &mut Diags) {
    f.allow(&["workflow"]);
    let name = f.string("pipeline", d);
    let at = f.mark("pipeline");
    forbid(f, "hooks", "use `pipeline_hooks`", d);
    forbid(f, "notifications", "use `notify`", d);
    if name.is_empty() {
        d.error(f.mark("workflow"), Rule::Graph, "a workflow must contains at least 1 pipeline")
            .id(ids::INVALID_WORKFLOW)
            .help("add pipeline: NAME, or `workflow` with nodes");
        return;
    }
    let permissions = std::mem::take(&mut w.permissions);
    let mut only = entry(&name, at, f, d);
    // At this level they are the workflow's.
    only.node.permissions.clear();
    w.permissions = permissions;
    if let Some((_, at)) = only.depends_on.first() {
        d.warn(*at, Rule::NoEffect, "`depends_on` has no effect where there is one node").help("remove it");
        only.depends_on.clear();
    }
    if let Some(n) = f.get("pipeline_hooks") {
        let list = hook_list(n, &format!("node {name}"), d);
        if !list.is_empty() {
            w.hooks.insert(name.clone(), list);
        }
    }
    w.nodes = graph::build(vec![only], d);
    if let Some(n) = f.get("notify") {
        w.notifications = events_last(notifications(n, Place::Old, &[name], &w.nodes, d));
    }
}
