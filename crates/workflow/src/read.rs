//! Typed reading of mappings: right shapes (spec 1.2), and a word about every key that nobody asked for.

use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::yaml::{Data, Entry, Map, Node, Resolved, resolve, to_bool, to_int};

/// Says that a value has the wrong shape.
pub fn wrong_type(node: &Node, what: &str, want: &str, d: &mut Diags) {
    let found = match &node.data {
        Data::Scalar { text, .. } if !node.is_null() => format!("{} ({})", node.kind(), shorten(text)),
        _ => node.kind().to_owned(),
    };
    d.error(node.at, Rule::Type, format!("{what} must be {want}, not {found}")).id(ids::WRONG_REQUEST);
}

/// A text short enough for a message.
pub fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(40).collect();
    if cut.len() < text.len() { format!("`{cut}…`") } else { format!("`{cut}`") }
}

/// Text of a scalar, or an error.
pub fn string(node: &Node, what: &str, d: &mut Diags) -> Option<String> {
    let text = node.text();
    if text.is_none() {
        wrong_type(node, what, "a string", d);
        if matches!(node.data, Data::Map(_)) {
            d.warn(node.at, Rule::Type, "a mapping where a string should be is often a missing quote")
                .help("put quotes around the value if it holds a colon or {{…}}");
        }
    }
    text.map(str::to_owned)
}

/// A whole number, or an error.
pub fn integer(node: &Node, what: &str, d: &mut Diags) -> Option<i64> {
    let number = node.text().and_then(to_int);
    if number.is_none() {
        wrong_type(node, what, "a whole number", d);
    }
    number
}

/// A limit of time such as `15m`, in whole seconds and at least one, or an error.
pub fn limit(node: &Node, what: &str, d: &mut Diags) -> Option<u64> {
    let Some(text) = node.text() else {
        wrong_type(node, what, "a length of time such as 15m", d);
        return None;
    };
    let wrong = match cds_model::limit::parse(text) {
        Ok(time) if time.as_secs() > 0 && time.subsec_nanos() == 0 => return Some(time.as_secs()),
        Ok(_) => format!("{text} is not a whole number of seconds, one at least"),
        Err(wrong) => wrong,
    };
    d.error(node.at, Rule::Value, format!("{what}: {wrong}"))
        .id(ids::WRONG_REQUEST)
        .help("write for example 90s, 15m, 1h30m or 2d; without the key the server's limit holds");
    None
}

/// A mapping from names to texts, in file order; null is empty.
pub fn string_map(node: &Node, what: &str, d: &mut Diags) -> Vec<(String, Mark, String)> {
    let Some(map) = mapping(node, what, d) else { return Vec::new() };
    let texts = map.iter().map(|(key, e)| {
        (key.clone(), e.at, string(&e.value, &format!("{what}, key {key}"), d).unwrap_or_default())
    });
    texts.collect()
}

/// A mapping, or an error. `None` for null, without error.
pub fn mapping<'a>(node: &'a Node, what: &str, d: &mut Diags) -> Option<&'a Map> {
    match &node.data {
        Data::Map(map) => Some(map),
        _ if node.is_null() => None,
        _ => {
            wrong_type(node, what, "a mapping", d);
            None
        }
    }
}

/// A list, or an error. Empty for null, without error.
pub fn list<'a>(node: &'a Node, what: &str, d: &mut Diags) -> &'a [Node] {
    match &node.data {
        Data::Seq(items) => items,
        _ if node.is_null() => &[],
        _ => {
            wrong_type(node, what, "a list", d);
            if node.text().is_some() {
                d.warn(node.at, Rule::Type, "a single item needs the form of a list, too")
                    .help("write it in brackets: [item]");
            }
            &[]
        }
    }
}

/// Value of an untyped scalar as JSON. Dates stay text; null is the empty text (spec 1.4).
pub fn untyped(text: &str, plain: bool) -> serde_json::Value {
    use serde_json::Value as J;
    if !plain {
        return J::String(text.to_owned());
    }
    match resolve(text) {
        Resolved::Null => J::String(String::new()),
        Resolved::Bool(b) => J::Bool(b),
        Resolved::Int(n) => J::Number(n.into()),
        Resolved::Uint(n) => J::Number(n.into()),
        // 1.0 and 1 are one value to every reader of a payload.
        Resolved::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => J::Number((f as i64).into()),
        Resolved::Float(f) => {
            serde_json::Number::from_f64(f).map_or_else(|| J::String(text.to_owned()), J::Number)
        }
        Resolved::Timestamp | Resolved::Merge | Resolved::Str => J::String(text.to_owned()),
    }
}

/// The keys of one mapping, asked for one by one. What is never asked for is reported by [`Fields::finish`].
pub struct Fields<'a> {
    map: Option<&'a Map>,
    /// Where the mapping starts.
    pub at: Mark,
    what: String,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Starts reading; `what` names the mapping in messages. `None` (with an error) if it is not a mapping; null
    /// reads as empty.
    pub fn new(node: &'a Node, what: impl Into<String>, d: &mut Diags) -> Option<Self> {
        let what = what.into();
        let map = match &node.data {
            Data::Map(map) => Some(map),
            _ if node.is_null() => None,
            _ => {
                wrong_type(node, &what, "a mapping", d);
                return None;
            }
        };
        Some(Self { map, at: node.at, what, known: Vec::new() })
    }

    /// Declares keys as known without reading them.
    pub fn allow(&mut self, keys: &[&'static str]) {
        self.known.extend_from_slice(keys);
    }

    /// The entry of a key, null included.
    pub fn entry(&mut self, key: &'static str) -> Option<&'a Entry> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.map.and_then(|m| m.get(key))
    }

    /// The value of a key; absent and null are the same.
    pub fn get(&mut self, key: &'static str) -> Option<&'a Node> {
        self.entry(key).map(|e| &e.value).filter(|v| !v.is_null())
    }

    /// Where a key stands, or the mapping if it is absent.
    pub fn mark(&self, key: &str) -> Mark {
        self.map.and_then(|m| m.get(key)).map_or(self.at, |e| e.at)
    }

    fn name(&self, key: &str) -> String {
        format!("`{key}` of {}", self.what)
    }

    /// A text; `""` if absent.
    pub fn string(&mut self, key: &'static str, d: &mut Diags) -> String {
        let name = self.name(key);
        self.get(key).and_then(|n| string(n, &name, d)).unwrap_or_default()
    }

    /// A truth; `None` if absent.
    pub fn boolean(&mut self, key: &'static str, d: &mut Diags) -> Option<bool> {
        let name = self.name(key);
        let node = self.get(key)?;
        let truth = node.text().and_then(to_bool);
        if truth.is_none() {
            wrong_type(node, &name, "true or false", d);
        }
        truth
    }

    /// A whole number; `None` if absent.
    pub fn integer(&mut self, key: &'static str, d: &mut Diags) -> Option<i64> {
        let name = self.name(key);
        self.get(key).and_then(|n| integer(n, &name, d))
    }

    /// A limit of time, seconds; 0 if absent.
    pub fn limit(&mut self, key: &'static str, d: &mut Diags) -> u64 {
        let name = self.name(key);
        self.get(key).and_then(|n| limit(n, &name, d)).unwrap_or(0)
    }

    /// A list; empty if absent.
    pub fn list(&mut self, key: &'static str, d: &mut Diags) -> &'a [Node] {
        let name = self.name(key);
        self.get(key).map_or(&[], |n| list(n, &name, d))
    }

    /// A list of texts with their places.
    pub fn strings(&mut self, key: &'static str, d: &mut Diags) -> Vec<(String, Mark)> {
        let name = format!("an item of {}", self.name(key));
        let items = self.list(key, d);
        items.iter().filter_map(|n| string(n, &name, d).map(|s| (s, n.at))).collect()
    }

    /// A mapping from names to texts.
    pub fn string_map(&mut self, key: &'static str, d: &mut Diags) -> Vec<(String, Mark, String)> {
        let name = self.name(key);
        self.get(key).map_or_else(Vec::new, |n| string_map(n, &name, d))
    }

    /// A mapping from names to nodes.
    pub fn mapping(&mut self, key: &'static str, d: &mut Diags) -> Vec<(&'a str, &'a Entry)> {
        let name = self.name(key);
        let map = self.get(key).and_then(|n| mapping(n, &name, d));
        map.map_or_else(Vec::new, |m| m.iter().map(|(k, e)| (k.as_str(), e)).collect())
    }

    /// Keys that nobody asked for.
    pub fn rest(&self) -> Vec<(&'a str, &'a Entry)> {
        let map = self.map.into_iter().flatten();
        map.filter(|(k, _)| !self.known.contains(&k.as_str())).map(|(k, e)| (k.as_str(), e)).collect()
    }

    /// Warns of unknown keys, naming the nearest known one.
    pub fn finish(self, d: &mut Diags) {
        for (key, entry) in self.rest() {
            let found =
                d.warn(entry.at, Rule::UnknownKey, format!("unknown key `{key}` in {}, ignored", self.what));
            match nearest(key, self.known.iter().copied()) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found.help(format!("known keys: {}", self.known.join(", "))),
            };
        }
    }
}
