//! Workflow files: which version, and v2.0 (spec 3.1).

use super::hook::hook_list;
use super::node::{Entry, entries, permissions};
use super::notification::{Place, events_last, integrations, notifications};
use super::{graph, v1};
use crate::def::Workflow;
use crate::diag::{Diags, Rule, nearest};
use crate::error_ids as ids;
use crate::names;
use crate::read::{Fields, wrong_type};
use crate::yaml::{Data, Node};

/// Reads a workflow of any version.
pub fn workflow(node: &Node, d: &mut Diags) -> Option<Workflow> {
    let Data::Map(map) = &node.data else {
        if node.is_null() {
            d.error(node.at, Rule::Type, "the file is empty")
                .id(ids::INVALID_WORKFLOW)
                .help("write at least `name: NAME` and `workflow: {NODE: {pipeline: PIPELINE}}`");
        } else {
            wrong_type(node, "a workflow file", "a mapping", d);
        }
        return None;
    };
    let from = map.get("from").filter(|e| e.value.text().is_some_and(|t| !t.is_empty()));
    if let Some(from) = from
        && map.keys().all(|k| ["name", "from", "parameters"].contains(&k.as_str()))
    {
        let template = from.value.text().unwrap_or_default();
        d.error(from.at, Rule::Unsupported, format!("this file is an instance of the template {template}; templates are not supported yet"))
            .id(ids::TEMPLATE)
            .help("replace the file by the workflow that the template makes: pull it from where the template still works");
        return None;
    }
    let version = map.get("version").and_then(|e| e.value.text()).unwrap_or_default();
    match version {
        "" | "v2.0" => v2(node, d),
        "v1.0" => v1::workflow(node, d),
        other => {
            let at = map.get("version").map_or(node.at, |e| e.value.at);
            d.error(at, Rule::Value, format!("invalid workflow version: {other}"))
                .id(ids::WRONG_REQUEST)
                .help("write version: v2.0");
            None
        }
    }
}

/// Name, description and what else both versions share; `nodes` is left empty.
pub fn shell(f: &mut Fields<'_>, d: &mut Diags) -> Workflow {
    let name = f.string("name", d);
    if !names::is_name(&name) {
        let found = d.error(
            f.mark("name"),
            Rule::Name,
            if name.is_empty() {
                "the workflow has no name".to_owned()
            } else {
                format!("workflow name {name} do not respect pattern {}", names::PATTERN)
            },
        );
        found.id(ids::WRONG_REQUEST).help(format!("e.g. name: {}", names::suggest(&name)));
    }
    f.allow(&["version"]);
    let history = f.integer("history_length", d).unwrap_or(0);
    if history < 0 {
        d.warn(f.mark("history_length"), Rule::NoEffect, "a negative history_length has no effect")
            .help("write the number of runs to keep");
    }
    Workflow {
        name,
        description: f.string("description", d),
        permissions: permissions(f.get("permissions"), "the workflow", d),
        metadata: f.string_map("metadata", d).into_iter().map(|(k, _, v)| (k, v)).collect(),
        purge_tags: f
            .strings("purge_tags", d)
            .into_iter()
            .map(|(t, _)| t)
            .filter(|t| !t.is_empty())
            .collect(),
        history_length: history.max(0),
        timeout_s: f.limit("timeout", d),
        ..Workflow::default()
    }
}

fn v2(node: &Node, d: &mut Diags) -> Option<Workflow> {
    let mut f = Fields::new(node, "the workflow", d)?;
    let mut w = shell(&mut f, d);
    let all = entries(&mut f, d);
    if all.is_empty() {
        let old = f.rest().iter().any(|(k, _)| *k == "pipeline");
        let found = d.error(f.mark("workflow"), Rule::Graph, "a workflow must contains at least 1 pipeline");
        found.id(ids::INVALID_WORKFLOW);
        if old {
            found.help("a single `pipeline` at the top level is the form of v1.0: add version: v1.0, or write workflow: {NODE: {pipeline: PIPELINE}}");
        } else {
            found.help("add e.g. workflow: {build: {pipeline: build}}");
        }
    }
    hooks(&mut f, &all, &mut w, d);
    w.nodes = graph::build(all, d);
    w.retention_policy = f.string("retention_policy", d);
    let mut notes = match f.get("notifications") {
        Some(n) => notifications(n, Place::List, &[], &w.nodes, d),
        None => Vec::new(),
    };
    w.integrations = integrations(&mut f, &mut notes, d);
    w.notifications = events_last(notes);
    f.finish(d);
    Some(w)
}

/// The `hooks` mapping; every key must be a node.
pub fn hooks(f: &mut Fields<'_>, all: &[Entry], w: &mut Workflow, d: &mut Diags) {
    for (name, e) in f.mapping("hooks", d) {
        if d.is_full() {
            break;
        }
        let Some(entry) = all.iter().find(|n| n.node.name == name) else {
            let found = d.error(e.at, Rule::Reference, format!("invalid hook on {name}"));
            found.id(ids::WRONG_REQUEST);
            match nearest(name, all.iter().map(|n| n.node.name.as_str())) {
                Some(near) => found.help(format!("did you mean {near}?")),
                None => found.help("the keys of `hooks` are names of nodes"),
            };
            continue;
        };
        if !entry.depends_on.is_empty() {
            let root = all.iter().find(|n| n.depends_on.is_empty()).map_or("the root", |n| &n.node.name);
            d.warn(e.at, Rule::NoEffect, format!("{name} is not the root, so its hooks never fire"))
                .help(format!("move them to {root}"));
        }
        let list = hook_list(&e.value, &format!("node {name}"), d);
        if !list.is_empty() {
            w.hooks.insert(name.to_owned(), list);
        }
    }
}
