//! Typed values and keys (spec 3.9, 3.11).

use crate::def::{Key, Value};
use crate::diag::{Diags, Rule, nearest};
use crate::error_ids as ids;
use crate::read::Fields;
use crate::yaml::{Data, Node};
use std::collections::BTreeMap;

/// Types of variables that files may have (spec 2.2).
pub const TYPES: &[&str] = &["password", "text", "string", "boolean", "number"];

/// Reads `{type, value}`; the type defaults to `string`. With no `types`, any type will do.
pub fn value(node: &Node, what: &str, types: &[&str], d: &mut Diags) -> Option<Value> {
    if matches!(node.data, Data::Scalar { .. } | Data::Seq(_)) && !node.is_null() {
        let text = node.text().unwrap_or("…");
        d.error(
            node.at,
            Rule::Type,
            format!("{what} must be a mapping with `type` and `value`, not {}", node.kind()),
        )
        .id(ids::WRONG_REQUEST)
        .help(format!("write {{type: string, value: {}}}", crate::read::shorten(text).replace('`', "")));
        return None;
    }
    let mut f = Fields::new(node, what, d)?;
    let mut found = Value { kind: f.string("type", d), value: f.string("value", d) };
    if found.kind.is_empty() {
        found.kind = "string".into();
    }
    if !types.is_empty() && !types.contains(&found.kind.as_str()) {
        let said =
            d.error(f.mark("type"), Rule::Value, format!("invalid variable type {} of {what}", found.kind));
        said.id(ids::WRONG_REQUEST);
        match nearest(&found.kind, types.iter().copied()) {
            Some(near) => said.help(format!("did you mean `{near}`?")),
            None => said.help(format!("types: {}", types.join(", "))),
        };
    }
    f.finish(d);
    Some(found)
}

/// Reads a mapping of variables.
pub fn variables(f: &mut Fields<'_>, key: &'static str, d: &mut Diags) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for (name, entry) in f.mapping(key, d) {
        if let Some(found) = value(&entry.value, &format!("variable {name}"), TYPES, d) {
            all.insert(name.to_owned(), found);
        }
    }
    all
}

/// Reads a mapping of keys whose names begin with `prefix`.
pub fn keys(f: &mut Fields<'_>, prefix: &str, d: &mut Diags) -> BTreeMap<String, Key> {
    let mut all = BTreeMap::new();
    for (name, entry) in f.mapping("keys", d) {
        if !name.starts_with(prefix) {
            d.error(entry.at, Rule::Name, format!("{} (it is {name:?})", ids::KEY_NAME.message))
                .id(ids::KEY_NAME)
                .help(format!("call it {prefix}{name}"));
        }
        let Some(mut f) = Fields::new(&entry.value, format!("key {name}"), d) else { continue };
        let key =
            Key { kind: f.string("type", d), value: f.string("value", d), regen: f.boolean("regen", d) };
        if !matches!(key.kind.as_str(), "ssh" | "pgp") {
            let found = d.error(
                f.mark("type"),
                Rule::Value,
                format!("Unknown key type {:?} of key {name}", key.kind),
            );
            found.id(ids::UNKNOWN_KEY_TYPE).help("write type: ssh or type: pgp");
        }
        f.finish(d);
        all.insert(name.to_owned(), key);
    }
    all
}
