//! Payload flattening (spec 1.4): a payload of any shape becomes a flat map of strings.

use indexmap::IndexMap;
use serde_json::Value;
use thiserror::Error;

/// A payload that cannot be flattened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FlattenError {
    /// The payload is not a map of names to values.
    #[error("a payload must be a map of names to values, not {found}: write `name: value` entries")]
    NotAMap {
        /// What was found instead, with its article: "a list", "a string" …
        found: &'static str,
    },
}

/// Flattens a payload into strings: `{a: {b: 1}}` gives `a.b` = `1`, `{a: [x]}` gives `a.a0` = `x` (spec 1.4).
///
/// Blanks, `/` and `:` in names become `_`; `lower_case` also lowers the names. `null` gives an empty text at a
/// leaf and an empty map at the top. Of two names that become the same, the later value wins at the earlier place.
pub fn flatten(value: &Value, lower_case: bool) -> Result<IndexMap<String, String>, FlattenError> {
    let mut out = IndexMap::new();
    walk_top(value, &mut |name, leaf| {
        out.insert(format_name(name, lower_case), text_of(leaf));
    })?;
    Ok(out)
}

/// Flattens a payload and keeps names as they are and leaves as JSON scalars, as the exporter of workflows needs
/// them (spec 1.4, last paragraph).
pub fn flatten_typed(value: &Value) -> Result<IndexMap<String, Value>, FlattenError> {
    let mut out = IndexMap::new();
    walk_top(value, &mut |name, leaf| {
        out.insert(name.to_owned(), leaf.clone());
    })?;
    Ok(out)
}

/// The name of a flattened entry: blanks, `/` and `:` become `_`, and it is lowered on demand (spec 1.4).
pub fn format_name(name: &str, lower_case: bool) -> String {
    let name = name.replace([' ', '/', ':'], "_");
    if lower_case { name.to_lowercase() } else { name }
}

/// The text of a leaf: strings as they are, `null` empty, anything else as JSON.
fn text_of(leaf: &Value) -> String {
    match leaf {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        // `1.0` is `1`, as in the reference.
        Value::Number(number) if number.is_f64() => match number.as_f64() {
            Some(float) if float.abs() < 1e21 => float.to_string(),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// One container on the way down, so that depth costs heap and not stack.
enum Frame<'a> {
    Map { prefix: String, entries: serde_json::map::Iter<'a> },
    List { prefix: String, last: String, items: std::iter::Enumerate<std::slice::Iter<'a, Value>> },
}

fn frame<'a>(prefix: String, last: String, value: &'a Value) -> Option<Frame<'a>> {
    match value {
        Value::Object(map) => Some(Frame::Map { prefix, entries: map.iter() }),
        Value::Array(list) => Some(Frame::List { prefix, last, items: list.iter().enumerate() }),
        _ => None,
    }
}

fn walk_top(value: &Value, emit: &mut dyn FnMut(&str, &Value)) -> Result<(), FlattenError> {
    let found = match value {
        Value::Null => return Ok(()),
        Value::Object(map) => {
            walk(map, emit);
            return Ok(());
        }
        Value::Array(_) => "a list",
        Value::String(_) => "a string",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
    };
    Err(FlattenError::NotAMap { found })
}

fn walk(top: &serde_json::Map<String, Value>, emit: &mut dyn FnMut(&str, &Value)) {
    let mut stack = vec![Frame::Map { prefix: String::new(), entries: top.iter() }];
    while let Some(current) = stack.last_mut() {
        // `last` is the last part of the prefix: a list repeats it before the index of its items.
        let (prefix, part, value) = match current {
            Frame::Map { prefix, entries } => match entries.next() {
                Some((key, value)) => (&*prefix, key.clone(), value),
                None => {
                    stack.pop();
                    continue;
                }
            },
            Frame::List { prefix, last, items } => match items.next() {
                Some((index, value)) => (&*prefix, format!("{last}{index}"), value),
                None => {
                    stack.pop();
                    continue;
                }
            },
        };
        let name = if prefix.is_empty() { part.clone() } else { format!("{prefix}.{part}") };
        match value {
            Value::Object(_) | Value::Array(_) => stack.extend(frame(name, part, value)),
            leaf => emit(&name, leaf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn flat(value: Value, lower: bool) -> Vec<(String, String)> {
        flatten(&value, lower).unwrap().into_iter().collect()
    }

    #[test]
    fn table_of_the_spec() {
        let pair = |k: &str, v: &str| (k.to_owned(), v.to_owned());
        assert_eq!(flat(json!({"a": {"b": 1}}), false), [pair("a.b", "1")]);
        assert_eq!(flat(json!({"a": ["x", "y"]}), false), [pair("a.a0", "x"), pair("a.a1", "y")]);
        assert_eq!(flat(json!({"a": [{"b": 1}]}), false), [pair("a.a0.b", "1")]);
        assert_eq!(flat(json!({"a": [["x"]]}), false), [pair("a.a0.a00", "x")]);
        assert_eq!(flat(json!({"a": null, "b": ""}), false), [pair("a", ""), pair("b", "")]);
        assert_eq!(flat(json!({"a": {}, "b": []}), false), []);
        assert_eq!(
            flat(json!({"t": true, "i": 1, "f": 1.5, "w": 2.0}), false),
            [pair("t", "true"), pair("i", "1"), pair("f", "1.5"), pair("w", "2")]
        );
        assert_eq!(flat(json!({"A b/c:d": {"E": "V"}}), false), [pair("A_b_c_d.E", "V")]);
        assert_eq!(flat(json!({"A b/c:d": {"E": "V"}}), true), [pair("a_b_c_d.e", "V")]);
    }

    #[test]
    fn top_level_must_be_a_map() {
        assert_eq!(flatten(&json!(["x"]), true), Err(FlattenError::NotAMap { found: "a list" }));
        assert!(flatten(&json!("x"), true).unwrap_err().to_string().contains("not a string"));
        assert_eq!(flatten(&Value::Null, true), Ok(IndexMap::new()));
    }

    #[test]
    fn typed_keeps_names_and_types() {
        let typed = flatten_typed(&json!({"A b": {"C": 1, "d": [true, null]}})).unwrap();
        let expected = [("A b.C", json!(1)), ("A b.d.d0", json!(true)), ("A b.d.d1", Value::Null)]
            .map(|(k, v)| (k.into(), v));
        assert_eq!(typed, IndexMap::from(expected));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[a-zA-Z /:.]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn leaves(value: &Value) -> usize {
        match value {
            Value::Object(map) => map.values().map(leaves).sum(),
            Value::Array(list) => list.iter().map(leaves).sum(),
            _ => 1,
        }
    }

    proptest! {
        #[test]
        fn names_are_clean_and_flat_maps_stay(value in any_json()) {
            let Ok(once) = flatten(&value, true) else {
                prop_assert!(!value.is_object() && !value.is_null());
                return Ok(());
            };
            prop_assert!(once.len() <= leaves(&value));
            for name in once.keys() {
                prop_assert!(!name.contains([' ', '/', ':']));
                prop_assert_eq!(&name.to_lowercase(), name);
            }
            let again = flatten(&serde_json::to_value(&once).unwrap(), true).unwrap();
            prop_assert_eq!(again, once);
        }
    }
}
