//! Entries of `hooks` (spec 3.2.3).

use super::condition::conditions;
use crate::def::Hook;
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::hooks::{self, Model};
use crate::read::{Fields, list};
use crate::yaml::Node;
use std::collections::BTreeMap;

/// Reads a list of hooks of one node; equal ones are merged.
pub fn hook_list(node: &Node, owner: &str, d: &mut Diags) -> Vec<Hook> {
    let mut all: Vec<Hook> = Vec::new();
    for item in list(node, &format!("hooks of {owner}"), d) {
        let Some(hook) = hook(item, owner, d) else { continue };
        if all.iter().any(|h| hooks::same(h, &hook)) {
            d.warn(item.at, Rule::NoEffect, format!("this {} of {owner} is given twice", hook.model))
                .help("remove one of them");
        } else {
            all.push(hook);
        }
    }
    all
}

fn hook(item: &Node, owner: &str, d: &mut Diags) -> Option<Hook> {
    let mut f = Fields::new(item, format!("a hook of {owner}"), d)?;
    let kind = f.string("type", d);
    let at = f.mark("type");
    let config = f.string_map("config", d);
    let conditions = conditions(f.get("conditions"), &format!("a hook of {owner}"), false, d);
    f.allow(&["ref"]);
    f.finish(d);
    let Some(model) = hooks::model(&kind) else {
        unknown_model(&kind, at, hooks::MODELS, d);
        return None;
    };
    Some(Hook { model: kind, config: check_config(model, config, d), conditions })
}

/// Says that a hook model does not exist.
pub fn unknown_model(kind: &str, at: Mark, models: &[Model], d: &mut Diags) {
    let message = if kind.is_empty() {
        "a hook needs a `type`".to_owned()
    } else {
        format!("hook model {kind:?} not found")
    };
    let found = d.error(at, Rule::Reference, message);
    found.id(ids::WRONG_REQUEST);
    match nearest(kind, models.iter().map(|m| m.name)) {
        Some(near) => found.help(format!("did you mean {near:?}? The case counts")),
        None => {
            let names: Vec<&str> = models.iter().map(|m| m.name).collect();
            found.help(format!("models: {}", names.join(", ")))
        }
    };
}

/// Keys that files may not set are refused or dropped, unknown ones reported and kept.
pub fn check_config(
    model: &Model,
    config: Vec<(String, Mark, String)>,
    d: &mut Diags,
) -> BTreeMap<String, String> {
    let mut kept = BTreeMap::new();
    for (key, at, value) in config {
        if let Some((_, fixed)) = model.fixed.iter().find(|(k, _)| *k == key) {
            if value != *fixed {
                d.error(at, Rule::Value, format!("`{key}` of a {} is always {fixed}", model.name))
                    .id(ids::HOOK_CONFIG)
                    .help("remove the key");
            }
            continue;
        }
        if model.hidden.contains(&key.as_str()) {
            d.warn(at, Rule::NoEffect, format!("`{key}` of a {} is set by the server", model.name))
                .help("remove the key");
            continue;
        }
        if !model.keys.iter().any(|(k, _)| *k == key) {
            let found = d.warn(at, Rule::UnknownKey, format!("a {} does not know `{key}`", model.name));
            if let Some(near) = nearest(&key, model.keys.iter().map(|(k, _)| *k)) {
                found.help(format!("did you mean `{near}`?"));
            }
        }
        kept.insert(key, value);
    }
    kept
}
