//! Requirements of jobs (spec 3.7).

use super::condition::regex_error;
use crate::def::Requirement;
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::read::{Fields, list, string, wrong_type};
use crate::yaml::{Data, Node};

/// Kinds in the order in which the first non-empty one of an item counts.
const KINDS: &[&str] = &[
    "binary",
    "hostname",
    "memory",
    "model",
    "os-architecture",
    "plugin",
    "region",
    "service",
    "secret",
    "flavor",
];

/// Kinds whose requirement is named after the kind, so that a job can have only one of them.
const NAMED_AFTER_KIND: &[&str] = &["hostname", "memory", "model", "region", "secret", "flavor"];

/// Reads a `requirements` list and checks it as a whole.
pub fn requirements(node: &Node, what: &str, d: &mut Diags) -> Vec<Requirement> {
    let items = list(node, what, d);
    let mut all: Vec<(Requirement, Mark)> = Vec::new();
    for item in items {
        if let Some(found) = one(item, d) {
            check_against(&found, item.at, &all, d);
            all.push((found, item.at));
        }
    }
    all.into_iter().map(|(r, _)| r).collect()
}

fn one(item: &Node, d: &mut Diags) -> Option<Requirement> {
    let Data::Map(map) = &item.data else {
        wrong_type(item, "a requirement", "a mapping with one key, such as {binary: git}", d);
        return None;
    };
    let mut found: Option<(&str, Requirement)> = None;
    for kind in KINDS {
        let Some(entry) = map.get(*kind) else { continue };
        let Some((name, value)) = read(kind, &entry.value, d) else { continue };
        if name.is_empty() || value.is_empty() {
            d.error(entry.at, Rule::Value, format!("Invalid job requirement: `{kind}` is empty"))
                .id(ids::INVALID_REQUIREMENT)
                .help("give it a value, or remove the item");
            return None;
        }
        match &found {
            None => found = Some((kind, Requirement { name, kind: (*kind).into(), value })),
            Some((first, _)) => {
                d.warn(entry.at, Rule::NoEffect, format!("only `{first}` of this requirement counts"))
                    .help("write each requirement as an item of its own");
            }
        }
    }
    for (key, entry) in map.iter().filter(|(k, _)| !KINDS.contains(&k.as_str())) {
        let message = match key.as_str() {
            "network" | "volume" => format!("requirements of type `{key}` no longer exist"),
            "modelv2" => "`modelv2` has no effect in this format".to_owned(),
            _ => format!("unknown requirement type `{key}`"),
        };
        let help = match (key.as_str(), nearest(key, KINDS.iter().copied())) {
            ("modelv2", _) => "write `model` with the path of the model".to_owned(),
            (_, Some(near)) => format!("did you mean `{near}`?"),
            (_, None) => format!("known types: {}", KINDS.join(", ")),
        };
        if found.is_some() {
            d.warn(entry.at, Rule::UnknownKey, message).help(help);
        } else {
            d.error(entry.at, Rule::Value, format!("Invalid job requirement: {message}"))
                .id(ids::INVALID_REQUIREMENT)
                .help(help);
        }
    }
    if map.is_empty() {
        d.error(item.at, Rule::Value, "Invalid job requirement: the item is empty")
            .id(ids::INVALID_REQUIREMENT);
    }
    found.map(|(_, r)| r)
}

/// Name and value of one kind; `None` after an error or for null.
fn read(kind: &str, node: &Node, d: &mut Diags) -> Option<(String, String)> {
    if kind == "service" {
        if node.is_null() {
            return None;
        }
        let mut f = Fields::new(node, "a service", d)?;
        let pair = (f.string("name", d), f.string("value", d));
        f.finish(d);
        return Some(pair);
    }
    let value = string(node, &format!("`{kind}` of a requirement"), d)?;
    match kind {
        "memory" if !value.contains("{{") && value.parse::<u64>().is_err() && !value.is_empty() => {
            d.warn(node.at, Rule::Value, format!("memory is a number of MiB, not {value:?}"))
                .help("e.g. memory: 2048");
        }
        "os-architecture" if !value.contains("{{") && !value.contains('/') && !value.is_empty() => {
            d.warn(node.at, Rule::Value, format!("{value:?} is not an os/architecture"))
                .help("e.g. linux/amd64");
        }
        "secret" => {
            if let Some(why) = regex_error(&value) {
                d.error(
                    node.at,
                    Rule::Value,
                    format!("Invalid job requirement: secret {value:?} is no regular expression: {why}"),
                )
                .id(ids::INVALID_REQUIREMENT)
                .help("escape characters such as ( [ * with a backslash");
            }
        }
        _ => {}
    }
    let name = if NAMED_AFTER_KIND.contains(&kind) { kind.to_owned() } else { value.clone() };
    Some((name, value))
}

fn check_against(found: &Requirement, at: Mark, before: &[(Requirement, Mark)], d: &mut Diags) {
    let same = before.iter().find(|(r, _)| r.kind == found.kind && r.name == found.name);
    let Some((_, first)) = same else { return };
    let line = first.line;
    let (id, message) = match found.kind.as_str() {
        "model" => (ids::SEVERAL_MODELS, ids::SEVERAL_MODELS.message.to_owned()),
        "hostname" => (ids::SEVERAL_HOSTNAMES, ids::SEVERAL_HOSTNAMES.message.to_owned()),
        kind => (
            ids::INVALID_REQUIREMENT,
            format!("Invalid job requirement: duplicate requirement name {} and type {kind}", found.name),
        ),
    };
    d.error(at, Rule::Value, message)
        .id(id)
        .help(format!("keep one of the two; the other is on line {line}"));
}
