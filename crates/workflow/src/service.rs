//! Values of `service` requirements: an image and the environment of its container (spec 3.7).

use std::collections::BTreeMap;

/// Memory of a service that names none, in MiB.
pub const DEFAULT_MEMORY: u64 = 1024;

/// A parsed service value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// `image[:tag]`.
    pub image: String,
    /// Environment, without the two special names.
    pub env: BTreeMap<String, String>,
    /// `CDS_SERVICE_MEMORY` in MiB; [`DEFAULT_MEMORY`] if absent or no number.
    pub memory: u64,
    /// `CDS_SERVICE_ARGS`, split as a shell splits words.
    pub args: Vec<String>,
}

impl Service {
    /// Reads `image[:tag] NAME=value OTHER='quoted \' value' FLAG`. What does not scan is skipped.
    pub fn parse(value: &str) -> Self {
        let value = value.trim_start();
        let (image, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
        let mut env = scan(rest);
        let memory = env.remove("CDS_SERVICE_MEMORY").and_then(|m| m.trim().parse().ok());
        let args = env.remove("CDS_SERVICE_ARGS").map(|a| split_words(&a)).unwrap_or_default();
        Self { image: image.to_owned(), env, memory: memory.unwrap_or(DEFAULT_MEMORY), args }
    }
}

/// Names (a letter or `_`, then at least one word character), each with an optional value; the last of a name wins.
fn scan(text: &str) -> BTreeMap<String, String> {
    let mut env = BTreeMap::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        if !(first.is_ascii_alphabetic() || first == '_') || end < 2 {
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let name = rest[..end].to_owned();
        rest = &rest[end..];
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = take_value(after);
        }
        env.insert(name, value);
    }
    env
}

/// A quoted value with its escapes resolved, or everything up to a blank; and what follows.
fn take_value(text: &str) -> (String, &str) {
    if let Some(quote @ ('\'' | '"')) = text.chars().next() {
        let mut value = String::new();
        let mut escaped = false;
        for (i, c) in text.char_indices().skip(1) {
            if escaped {
                value.push(c);
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == quote {
                return (value, &text[i + 1..]);
            } else {
                value.push(c);
            }
        }
        // Never closed: read it as a bare value, quote and all.
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (text[..end].to_owned(), &text[end..])
}

/// Splits a command line into words: blanks separate, quotes group, a backslash takes the next character as it is.
pub fn split_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values() {
        let s =
            Service::parse(r#"postgres:13 POSTGRES_PASSWORD=x OTHER='it\'s "me"' THIRD="a b" FLAG x $ 9Q=1"#);
        assert_eq!(s.image, "postgres:13");
        let env: Vec<(&str, &str)> = s.env.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let want = [("FLAG", ""), ("OTHER", "it's \"me\""), ("POSTGRES_PASSWORD", "x"), ("THIRD", "a b")];
        assert_eq!(env, want);
        assert_eq!(s.memory, 1024);
    }

    #[test]
    fn special_names() {
        let s = Service::parse(r#"app CDS_SERVICE_MEMORY=4096 CDS_SERVICE_ARGS="--a 'b c' d\\ e""#);
        assert_eq!(s.memory, 4096);
        assert_eq!(s.args, ["--a", "b c", "d e"]);
        assert!(s.env.is_empty());
        assert_eq!(Service::parse("").image, "");
        assert_eq!(Service::parse("i AB='open x").env["AB"], "'open");
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "\\PC{0,40}") {
            let s = Service::parse(&text);
            prop_assert!(!s.image.contains(' '));
        }
    }
}
