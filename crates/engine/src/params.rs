//! Parameters of a node run: where each comes from, and which come from an event (spec 8.2, 8.3; spec/README 13).

use crate::{
    conditions::ParamVars,
    node::Begin,
    spec::{PublicKey, RunSpec},
    state::{Origin, Param, Params, Run, RunHead},
};
use cds_expr::{interpolate::interpolate, tainted::uses};
use cds_model::{NodeRunNo, Status};
use cds_workflow::def::Value;
use indexmap::IndexMap;
use std::collections::BTreeMap;

/// Sets a parameter; a later value wins, at the earlier place. What comes from an event is no template: an expression
/// in the name of a branch must not fetch a secret.
pub(crate) fn set(params: &mut Params, name: &str, value: impl Into<String>, origin: &str, tainted: bool) {
    let param = Param { value: value.into(), origin: origin.to_string(), tainted, verbatim: tainted };
    params.insert(name.to_string(), param);
}

/// What [`build`] made.
pub(crate) struct Built {
    pub params: Params,
    /// Values that could not be interpolated, as sentences; they were dropped.
    pub errors: Vec<String>,
}

/// The parameters of a node run in the order in which they overwrite each other (spec 8.2), then what the parents
/// pass on (spec 8.3).
pub(crate) fn build(run: &Run, begin: &Begin<'_>) -> Built {
    let mut params = own(run, begin);
    let errors = interpolate_all(&mut params);
    inherit(run, begin, &mut params);
    if let Some(payload) = begin.by_hand.and_then(|b| b.payload.as_ref()) {
        // What a person types in now is meant for this execution: it wins over what the parents knew.
        for (name, value) in payload.iter().filter(|(name, _)| !name.starts_with("cds.")) {
            set(&mut params, name, crate::git::harmless(name, value), "payload", true);
        }
        if let Some(raw) = begin.by_hand.and_then(|b| b.raw_payload.as_ref()) {
            set(&mut params, "payload", raw, "payload", true);
        }
    }
    crate::git::complete(run, begin, &mut params);
    if let Some(previous) = begin.only_failed_of {
        for (name, param) in run.nodes[previous.0 as usize].params.iter() {
            if name.starts_with("cds.build.") {
                params.insert(name.clone(), param.clone());
            }
        }
    }
    spread_taint(&mut params);
    Built { params, errors }
}

/// The status a node run sees as `cds.status`: that of the first failed or stopped parent, else `Success`.
pub(crate) fn status_of_parents(run: &Run, parents: &[NodeRunNo]) -> Status {
    parents
        .iter()
        .map(|p| run.nodes[p.0 as usize].status)
        .find(|s| matches!(s, Status::Fail | Status::Stopped))
        .unwrap_or(Status::Success)
}

fn own(run: &Run, begin: &Begin<'_>) -> Params {
    let spec: &RunSpec = &run.spec;
    let mut p = Params::with_capacity(64);
    let Some(node) = spec.node(begin.node) else { return p };
    let root = begin.node.0 == 0;

    let origin = begin.by_hand.map_or(&run.head.origin, |b| &b.origin);
    triggered_by(&mut p, origin);
    if let Some(raw) = begin.by_hand.and_then(|b| b.raw_payload.as_ref()) {
        set(&mut p, "payload", raw, "payload", run.head.payload_foreign);
    }

    variables(&mut p, "cds.proj", &spec.project_variables, "project");
    keys(&mut p, &spec.project_keys);
    if !node.application.is_empty() {
        set(&mut p, "cds.application", &node.application, "application", false);
        if let Some(app) = spec.applications.get(&node.application) {
            variables(&mut p, "cds.app", &app.def.variables, "application");
            keys(&mut p, &app.public_keys);
        }
    }
    if !node.environment.is_empty() {
        set(&mut p, "cds.environment", &node.environment, "environment", false);
        if let Some(env) = spec.environments.get(&node.environment) {
            variables(&mut p, "cds.env", &env.def.variables, "environment");
            keys(&mut p, &env.public_keys);
        }
    }
    integrations(&mut p, spec, node);
    pipeline_parameters(&mut p, run, begin);
    crate::git::of_application(&mut p, spec, node);
    if root {
        add_payload(&mut p, &run.head);
    }

    set(&mut p, "cds.manual", if begin.manual { "true" } else { "false" }, "builtin", false);
    set(&mut p, "cds.node", &node.name, "builtin", false);
    set(&mut p, "cds.status", status_of_parents(run, &begin.parents).as_str(), "builtin", false);
    set(&mut p, "cds.project", &spec.project, "builtin", false);
    set(&mut p, "cds.workflow", &spec.workflow.name, "builtin", false);
    if !node.pipeline.is_empty() {
        set(&mut p, "cds.pipeline", &node.pipeline, "builtin", false);
    }
    crate::git::strategy(&mut p, spec, node);
    if !run.head.origin.manual {
        for name in ["parent.project", "parent.workflow", "parent.run", "parent.outgoinghook"] {
            p.entry(name.to_string())
                .or_insert_with(|| Param { origin: "builtin".into(), ..Param::default() });
        }
    }
    set(&mut p, "cds.version", version(run), "builtin", false);
    set(&mut p, "cds.run", format!("{}.{}", run.number, begin.sub), "builtin", false);
    set(&mut p, "cds.run.number", run.number.to_string(), "builtin", false);
    set(&mut p, "cds.run.subnumber", begin.sub.to_string(), "builtin", false);
    p
}

/// `cds.version` (spec 6.4).
pub(crate) fn version(run: &Run) -> String {
    run.head.version.clone().unwrap_or_else(|| run.number.to_string())
}

fn triggered_by(p: &mut Params, origin: &Origin) {
    // A full name is free text that its owner may change at any time; the rest is checked when a person signs in,
    // but not when a forge says it.
    let foreign = !origin.manual;
    set(p, "cds.triggered_by.username", &origin.username, "builtin", foreign);
    set(p, "cds.triggered_by.fullname", &origin.fullname, "builtin", true);
    set(p, "cds.triggered_by.email", &origin.email, "builtin", foreign);
}

fn is_secret(value: &Value) -> bool {
    matches!(value.kind.as_str(), "password" | "key")
}

fn variables(p: &mut Params, prefix: &str, values: &BTreeMap<String, Value>, origin: &str) {
    for (name, value) in values.iter().filter(|(_, v)| !is_secret(v)) {
        set(p, &format!("{prefix}.{name}"), &value.value, origin, false);
    }
}

fn keys(p: &mut Params, keys: &[PublicKey]) {
    for key in keys {
        set(p, &format!("cds.key.{}.pub", key.name), &key.public, "key", false);
        set(p, &format!("cds.key.{}.id", key.name), &key.id, "key", false);
    }
}

fn integrations(p: &mut Params, spec: &RunSpec, node: &cds_workflow::def::Node) {
    for (name, integration) in &spec.workflow.integrations {
        let kind = if integration.kind.is_empty() { "artifact_manager" } else { &integration.kind };
        let prefix = format!("cds.integration.{kind}");
        set(p, &prefix, name, "integration", false);
        variables(p, &prefix, &integration.config, "integration");
    }
    if !node.integration.is_empty() {
        set(p, "cds.integration.deployment", &node.integration, "integration", false);
        let app = spec.applications.get(&node.application);
        if let Some(values) = app.and_then(|a| a.def.deployments.get(&node.integration)) {
            variables(p, "cds.integration.deployment", values, "integration");
        }
    }
}

/// Pipeline defaults, then the node's, then those given by hand, unknown names included (spec 6.6.3).
fn pipeline_parameters(p: &mut Params, run: &Run, begin: &Begin<'_>) {
    let spec = &run.spec;
    let declared = spec.pipeline_of(begin.node).map(|pip| &pip.parameters);
    // Each with who has set it.
    let mut values: IndexMap<&str, (&str, &str)> = IndexMap::new();
    for (name, parameter) in declared.into_iter().flatten() {
        values.insert(name, (&parameter.value, "pipeline"));
    }
    if let Some(node) = spec.node(begin.node) {
        values.extend(node.parameters.iter().map(|(k, v)| (k.as_str(), (v.as_str(), "node"))));
    }
    let by_hand = match begin.by_hand {
        Some(by) => Some(&by.parameters),
        None => begin.manual.then_some(&run.head.parameters),
    };
    let given = by_hand.into_iter().flatten();
    values.extend(given.map(|(k, v)| (k.as_str(), (v.as_str(), "by hand"))));
    for (name, (value, origin)) in values {
        let list = declared.and_then(|d| d.get(name)).is_some_and(|d| d.kind == "list");
        let value = if list { value.split(';').next().unwrap_or_default() } else { value };
        set(p, &format!("cds.pip.{name}"), value, origin, false);
    }
}

fn add_payload(p: &mut Params, head: &RunHead) {
    for (name, value) in &head.payload {
        let foreign = head.payload_foreign && !head.payload_own.contains(name);
        set(p, name, crate::git::harmless(name, value), "payload", foreign);
    }
}

/// One pass over every value with the whole map as it was before the pass (spec 8.2).
fn interpolate_all(params: &mut Params) -> Vec<String> {
    let mut changed = Vec::new();
    let mut errors = Vec::new();
    for (i, (name, param)) in params.iter().enumerate() {
        if param.verbatim || !param.value.contains("{{") {
            continue;
        }
        let used = uses(&param.value);
        let hot = |p: &Param| p.verbatim && p.value.contains("{{");
        if used.iter().any(|(n, _)| params.get(n).is_some_and(hot)) {
            // Once such a text stands in the value, nobody can tell its braces from the template's. The worker, who
            // knows everything there is to know, interpolates it in one go.
            continue;
        }
        match interpolate(&param.value, &ParamVars(params)) {
            Ok(text) => {
                let tainted = used.iter().any(|(n, _)| params.get(n).is_some_and(|p| p.tainted));
                changed.push((i, Some((text, tainted))));
            }
            Err(e) => {
                errors.push(format!("variable {name}: {e}"));
                changed.push((i, None));
            }
        }
    }
    for (i, new) in changed.into_iter().rev() {
        match new {
            Some((text, tainted)) => {
                if let Some((_, param)) = params.get_index_mut(i) {
                    param.value = text;
                    param.tainted |= tainted;
                }
            }
            None => {
                params.shift_remove_index(i);
            }
        }
    }
    errors
}

/// A value that still holds an expression over a tainted value will be tainted once it is interpolated.
fn spread_taint(params: &mut Params) {
    let open: Vec<(usize, Vec<String>)> = params
        .values()
        .enumerate()
        .filter(|(_, p)| !p.tainted && p.value.contains("{{"))
        .map(|(i, p)| (i, uses(&p.value).into_iter().map(|(n, _)| n).collect()))
        .collect();
    loop {
        let hit: Vec<usize> = open
            .iter()
            .filter(|(i, names)| {
                !params[*i].tainted && names.iter().any(|n| params.get(n).is_some_and(|p| p.tainted))
            })
            .map(|(i, _)| *i)
            .collect();
        if hit.is_empty() {
            return;
        }
        for i in hit {
            params[i].tainted = true;
        }
    }
}

/// What a child sees of a parent's parameter: up to two names (spec 8.3).
fn inherited_names(name: &str, parent: &str) -> [Option<String>; 2] {
    const NEVER: [&str; 5] = ["cds.proj", "cds.version", "cds.run.number", "cds.workflow", "job.requirement"];
    if matches!(name, "" | "cds.semver" | "cds.release.version" | "cds.status")
        || NEVER.iter().any(|prefix| name.starts_with(prefix))
    {
        return [None, None];
    }
    if name.starts_with("git.") {
        return [Some(name.to_string()), Some(format!("workflow.{parent}.{name}"))];
    }
    let kept = name.starts_with("cds.triggered") || name.starts_with("cds.release");
    match name.strip_prefix("cds.") {
        Some(rest) if !kept => [Some(format!("workflow.{parent}.{rest}")), None],
        _ => [Some(name.to_string()), None],
    }
}

fn inherit(run: &Run, begin: &Begin<'_>, params: &mut Params) {
    for parent in &begin.parents {
        let parent = &run.nodes[parent.0 as usize];
        let name = run.spec.node(parent.node).map_or("", |n| n.name.as_str());
        let origin = format!("parent:{name}");
        params.reserve(parent.params.len());
        for (key, param) in parent.params.iter() {
            for key in inherited_names(key, name).into_iter().flatten() {
                let param = Param { origin: origin.clone(), ..param.clone() };
                params.insert(key, param);
            }
        }
        set(params, &format!("workflow.{name}.status"), parent.status.as_str(), &origin, false);
    }
}
