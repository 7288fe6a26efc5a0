//! One entry of the graph as written, before it has its place in it (spec 3.2.1).

use super::condition::{add_when, conditions};
use super::hook::{check_config, unknown_model};
use crate::def::{Node, NodeKind, Permissions};
use crate::diag::{Diags, Mark, Rule};
use crate::error_ids as ids;
use crate::names;
use crate::read::{Fields, integer, mapping, untyped, wrong_type};
use crate::yaml::{self, Data};
use crate::{hooks, read};
use indexmap::IndexMap;

/// Most bytes of names and values that a default payload may flatten to.
const MAX_PAYLOAD: usize = 1 << 20;

/// An entry with its parents as the file names them.
pub struct Entry {
    /// The node; its `parents` are filled in by the graph.
    pub node: Node,
    /// Where its name stands.
    pub at: Mark,
    /// Names in `depends_on` and their places.
    pub depends_on: Vec<(String, Mark)>,
}

/// Reads an entry from the fields of a mapping (a node of the graph, or the top level of the single shape).
pub fn entry(name: &str, at: Mark, f: &mut Fields<'_>, d: &mut Diags) -> Entry {
    let what = format!("node {name}");
    if !names::is_name(name) {
        d.error(at, Rule::Name, format!("{} ({name:?})", ids::NODE_NAME_PATTERN.message))
            .id(ids::NODE_NAME_PATTERN)
            .help(format!("call it {}", names::suggest(name)));
    }
    let mut depends_on: Vec<(String, Mark)> = Vec::new();
    for (parent, at) in f.strings("depends_on", d) {
        if depends_on.iter().any(|(p, _)| *p == parent) {
            d.warn(at, Rule::NoEffect, format!("{name} depends on {parent} twice"))
                .help("remove one of them");
        } else {
            depends_on.push((parent, at));
        }
    }
    let mut conditions = conditions(f.get("conditions"), &what, true, d);
    let when = f.strings("when", d);
    add_when(&mut conditions, &when, d);
    let mut node = Node {
        name: name.to_owned(),
        conditions,
        pipeline: f.string("pipeline", d),
        application: f.string("application", d),
        environment: f.string("environment", d),
        integration: f.string("integration", d),
        mutex: f.boolean("one_at_a_time", d).unwrap_or(false),
        ..Node::default()
    };
    if let Some(payload_node) = f.get("payload") {
        if depends_on.is_empty() {
            node.payload = payload(payload_node, d);
        } else {
            let message =
                format!("default payload cannot be set on another node than the first one (node: {name})");
            d.error(f.mark("payload"), Rule::Graph, message)
                .id(ids::PAYLOAD_NOT_ON_ROOT)
                .help("move the payload to the root, or use `parameters`");
        }
    }
    node.parameters = f.string_map("parameters", d).into_iter().map(|(k, _, v)| (k, v)).collect();
    node.trigger = f.string("trigger", d);
    let config = f.string_map("config", d);
    node.permissions = permissions(f.get("permissions"), &what, d);
    decide_kind(&mut node, depends_on.len(), config, f, d);
    Entry { node, at, depends_on }
}

fn decide_kind(
    node: &mut Node,
    parents: usize,
    config: Vec<(String, Mark, String)>,
    f: &Fields<'_>,
    d: &mut Diags,
) {
    if !node.trigger.is_empty() {
        node.kind = NodeKind::OutgoingHook;
        if !node.pipeline.is_empty() {
            d.warn(
                f.mark("pipeline"),
                Rule::NoEffect,
                format!("{} has a `trigger`, so its pipeline does not run", node.name),
            )
            .help("make the pipeline a node of its own");
            node.pipeline.clear();
        }
        match hooks::outgoing(&node.trigger) {
            Some(model) => node.config = check_config(model, config, d),
            None => unknown_model(&node.trigger, f.mark("trigger"), hooks::OUTGOING, d),
        }
        return;
    }
    if !config.is_empty() {
        d.warn(
            f.mark("config"),
            Rule::NoEffect,
            format!("`config` of {} has no effect without a `trigger`", node.name),
        )
        .help("remove it, or add trigger: WebHook or trigger: Workflow");
    }
    node.kind = if !node.pipeline.is_empty() {
        NodeKind::Pipeline
    } else if parents >= 2 {
        NodeKind::Join
    } else {
        NodeKind::Fork
    };
}

/// A default payload, flattened: `a: {b: [x]}` gives `a.b.b0`.
///
/// Every level repeats the names above it, so a small file could flatten to a huge payload: its size is limited.
fn payload(node: &yaml::Node, d: &mut Diags) -> IndexMap<String, serde_json::Value> {
    let mut flat = IndexMap::new();
    let mut budget = MAX_PAYLOAD;
    match &node.data {
        Data::Map(map) => {
            for (key, entry) in map {
                if key.trim().to_lowercase().starts_with("cds.")
                    || (key == "cds" && entry.value.text().is_none())
                {
                    d.error(entry.at, Rule::Value, format!("{} ({key:?})", ids::PAYLOAD_CDS_KEY.message))
                        .id(ids::PAYLOAD_CDS_KEY)
                        .help("choose a name without this prefix; cds.* is the server's");
                }
                flatten(key.clone(), key, &entry.value, &mut flat, &mut budget);
            }
        }
        Data::Seq(_) => {
            wrong_type(node, "`payload`", "a mapping; its values may be lists", d);
        }
        Data::Scalar { .. } => wrong_type(node, "`payload`", "a mapping such as {git.branch: master}", d),
    }
    if budget == 0 {
        d.error(
            node.at,
            Rule::Value,
            format!("the payload is larger than {MAX_PAYLOAD} bytes once flattened"),
        )
        .id(ids::WRONG_REQUEST)
        .help("nest it less deeply, or keep its values in files or variables");
    }
    flat
}

fn flatten(
    path: String,
    last: &str,
    node: &yaml::Node,
    flat: &mut IndexMap<String, serde_json::Value>,
    budget: &mut usize,
) {
    *budget = budget.saturating_sub(path.len() + node.text().map_or(0, str::len));
    if *budget == 0 {
        return;
    }
    match &node.data {
        Data::Scalar { text, plain } => {
            flat.insert(path, untyped(text, *plain));
        }
        Data::Seq(items) => {
            for (i, item) in items.iter().enumerate() {
                let step = format!("{last}{i}");
                flatten(format!("{path}.{step}"), &step, item, flat, budget);
            }
        }
        Data::Map(map) => {
            for (key, entry) in map {
                flatten(format!("{path}.{key}"), key, &entry.value, flat, budget);
            }
        }
    }
}

/// Group to level: 4 read, 5 read and run, 7 everything (spec 3.15).
pub fn permissions(node: Option<&yaml::Node>, what: &str, d: &mut Diags) -> Permissions {
    let Some(map) = node.and_then(|n| mapping(n, &format!("`permissions` of {what}"), d)) else {
        return Permissions::new();
    };
    let mut all = Permissions::new();
    for (group, entry) in map {
        let Some(level) = integer(&entry.value, &format!("the level of group {group}"), d) else { continue };
        match u8::try_from(level) {
            Ok(level @ (4 | 5 | 7)) => {
                all.insert(group.clone(), level);
            }
            _ => {
                d.error(entry.value.at, Rule::Value, format!("{level} is no permission level"))
                    .id(ids::WRONG_REQUEST)
                    .help("4 = read, 5 = read and run, 7 = read, run and edit");
            }
        }
    }
    all
}

/// The graph's entries under `workflow`.
pub fn entries(f: &mut Fields<'_>, d: &mut Diags) -> Vec<Entry> {
    let mut all = Vec::new();
    for (name, e) in f.mapping("workflow", d) {
        let Some(mut fields) = read::Fields::new(&e.value, format!("node {name}"), d) else { continue };
        all.push(entry(name, e.at, &mut fields, d));
        fields.finish(d);
    }
    all
}
