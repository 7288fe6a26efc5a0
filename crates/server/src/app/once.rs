//! Requests that are carried out once, however often they arrive.

use crate::http::error::Error;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Tells one request from another. The order of keys in JSON objects means nothing.
pub fn digest(request: &impl Serialize) -> String {
    let value = serde_json::to_value(request).unwrap_or_default();
    let text = serde_json::to_string(&Sorted::from(&value)).unwrap_or_default();
    hex::encode(Sha256::digest(text))
}

/// JSON whose objects have their keys in order.
#[derive(Serialize)]
#[serde(untagged)]
enum Sorted<'a> {
    Object(BTreeMap<&'a str, Sorted<'a>>),
    Array(Vec<Sorted<'a>>),
    Other(&'a Value),
}

impl<'a> From<&'a Value> for Sorted<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Object(fields) => {
                Self::Object(fields.iter().map(|(key, value)| (key.as_str(), value.into())).collect())
            }
            Value::Array(items) => Self::Array(items.iter().map(Into::into).collect()),
            other => Self::Other(other),
        }
    }
}

/// 422: the key stands for a request that asked for something else.
pub fn reused() -> Error {
    Error::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "this idempotency key was used within the last day for a request that asked for something else: give each \
         request a key of its own, and repeat a request unchanged",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_order_of_keys_means_nothing_and_all_else_does() {
        let one = digest(&json!({"a": [1, {"x": 1, "y": 2}], "b": null}));
        assert_eq!(one, digest(&json!({"b": null, "a": [1, {"y": 2, "x": 1}]})));
        for other in [
            json!({"a": [{"x": 1, "y": 2}, 1], "b": null}),
            json!({"a": [1, {"x": 1, "y": "2"}], "b": null}),
            json!({"a": [1, {"x": 1, "y": 2}]}),
        ] {
            assert_ne!(one, digest(&other), "{other}");
        }
    }
}
