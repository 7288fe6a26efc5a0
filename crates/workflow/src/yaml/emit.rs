//! Canonical output, byte for byte as the reference's library writes it (spec 1.3): two blanks of indentation,
//! lists flush with their key, no folding, its choice of quotes.

use super::resolve::{Resolved, resolve};
use regex::Regex;
use std::sync::LazyLock;

/// A document to be written.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Str(String),
    /// Truth.
    Bool(bool),
    /// A number as JSON has it.
    Number(serde_json::Number),
    /// A list.
    Seq(Vec<Value>),
    /// A mapping in the order of writing.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// The same document as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as J;
        match self {
            Self::Str(s) => J::String(s.clone()),
            Self::Bool(b) => J::Bool(*b),
            Self::Number(n) => J::Number(n.clone()),
            Self::Seq(items) => J::Array(items.iter().map(Self::to_json).collect()),
            Self::Map(pairs) => J::Object(pairs.iter().map(|(k, v)| (k.clone(), v.to_json())).collect()),
        }
    }
}

/// Writes a document.
pub fn emit(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Map(pairs) if !pairs.is_empty() => map(&mut out, pairs, 0, false),
        Value::Seq(items) if !items.is_empty() => seq(&mut out, items, 0, false),
        other => {
            leaf(&mut out, other, 0);
            out.push('\n');
        }
    }
    out
}

/// `inline`: the first key continues a line that is already begun (`- `).
fn map(out: &mut String, pairs: &[(String, Value)], indent: usize, inline: bool) {
    for (i, (key, value)) in pairs.iter().enumerate() {
        if i > 0 || !inline {
            pad(out, indent);
        }
        self::key(out, key, indent);
        out.push(':');
        match value {
            Value::Map(p) if !p.is_empty() => {
                out.push('\n');
                map(out, p, indent + 2, false);
            }
            // A list that is a value of a mapping is not indented.
            Value::Seq(s) if !s.is_empty() => {
                out.push('\n');
                seq(out, s, indent, false);
            }
            other => {
                let before = out.len();
                out.push(' ');
                leaf(out, other, indent + 2);
                if out.len() == before + 1 {
                    out.pop();
                }
                end_line(out);
            }
        }
    }
}

fn seq(out: &mut String, items: &[Value], indent: usize, inline: bool) {
    for (i, item) in items.iter().enumerate() {
        if i > 0 || !inline {
            pad(out, indent);
        }
        out.push_str("- ");
        match item {
            Value::Map(p) if !p.is_empty() => map(out, p, indent + 2, true),
            Value::Seq(s) if !s.is_empty() => seq(out, s, indent + 2, true),
            other => {
                leaf(out, other, indent + 2);
                end_line(out);
            }
        }
    }
}

fn end_line(out: &mut String) {
    // A literal block that keeps its line breaks has already ended its line.
    if !out.ends_with('\n') {
        out.push('\n');
    }
}

fn pad(out: &mut String, n: usize) {
    out.extend(std::iter::repeat_n(' ', n));
}

/// A key; one too long or with line breaks takes the explicit form.
fn key(out: &mut String, text: &str, indent: usize) {
    let shape = Shape::of(text);
    let before = out.len();
    match shape.style(text, true) {
        Style::Plain => out.push_str(text),
        Style::Single => single(out, text),
        _ => double(out, text),
    }
    if out.len() - before > 128 || shape.line_breaks {
        let written = out.split_off(before);
        out.push_str("? ");
        out.push_str(&written);
        out.push('\n');
        pad(out, indent);
    }
}

fn leaf(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Str(s) => scalar(out, s, indent),
        Value::Bool(b) => out.push_str(if *b { "true" } else { "false" }),
        Value::Number(n) => out.push_str(&number(n)),
        Value::Seq(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
    }
}

/// Shortest text of a number; exponents as `1e+21` (the form Go prints).
fn number(n: &serde_json::Number) -> String {
    if n.is_i64() || n.is_u64() {
        return n.to_string();
    }
    let Some(f) = n.as_f64() else { return n.to_string() };
    let magnitude = f.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{f:e}");
        let Some((mantissa, exponent)) = text.split_once('e') else { return text };
        let (sign, digits) = match exponent.strip_prefix('-') {
            Some(digits) => ('-', digits),
            None => ('+', exponent),
        };
        format!("{mantissa}e{sign}{digits:0>2}")
    } else {
        f.to_string()
    }
}

fn scalar(out: &mut String, text: &str, indent: usize) {
    match Shape::of(text).style(text, false) {
        Style::Plain => out.push_str(text),
        Style::Single => single(out, text),
        Style::Double => double(out, text),
        Style::Literal => literal(out, text, indent),
    }
}

fn single(out: &mut String, text: &str) {
    out.push('\'');
    out.push_str(&text.replace('\'', "''"));
    out.push('\'');
}

fn double(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\x0b' => out.push_str("\\v"),
            '\x0c' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            '\x1b' => out.push_str("\\e"),
            '\u{85}' => out.push_str("\\N"),
            '\u{a0}' => out.push_str("\\_"),
            '\u{2028}' => out.push_str("\\L"),
            '\u{2029}' => out.push_str("\\P"),
            c if printable(c) => out.push(c),
            c => match c as u32 {
                n @ 0..=0xff => out.push_str(&format!("\\x{n:02X}")),
                n @ 0x100..=0xffff => out.push_str(&format!("\\u{n:04X}")),
                n => out.push_str(&format!("\\U{n:08X}")),
            },
        }
    }
    out.push('"');
}

fn literal(out: &mut String, text: &str, indent: usize) {
    out.push('|');
    if text.starts_with([' ', '\n']) {
        out.push('2');
    }
    if !text.ends_with('\n') {
        out.push('-');
    } else if text == "\n" || text.ends_with("\n\n") {
        out.push('+');
    }
    for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
        out.push('\n');
        if !line.is_empty() {
            pad(out, indent);
            out.push_str(line);
        }
    }
    out.push('\n');
}

enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What stands in the way of the simpler styles.
struct Shape {
    plain: bool,
    single: bool,
    block: bool,
    line_breaks: bool,
}

impl Shape {
    fn of(text: &str) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut special, mut line_breaks, mut break_space, mut space_break) = (false, false, false, false);
        let blank = |c: Option<&char>| c.is_none_or(|c| matches!(c, ' ' | '\t') || is_break(*c));
        for (i, &c) in chars.iter().enumerate() {
            let next_blank = blank(chars.get(i + 1));
            let before_blank = i == 0 || blank(chars.get(i - 1));
            indicators |= match c {
                ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
                    i == 0
                }
                '?' | '-' => i == 0 && next_blank,
                ':' => next_blank,
                '#' => before_blank,
                _ => false,
            };
            special |= c != '\n' && (!printable(c) || is_break(c));
            let next = chars.get(i + 1);
            line_breaks |= is_break(c);
            break_space |= is_break(c) && next == Some(&' ');
            space_break |= c == ' ' && next.is_some_and(|n| is_break(*n));
        }
        let ends = |c: Option<&char>| c.is_some_and(|c| *c == ' ' || is_break(*c));
        let edges = ends(chars.first()) || ends(chars.last());
        Self {
            plain: !(edges || indicators || special || line_breaks || break_space || space_break),
            single: !(special || break_space || space_break || line_breaks),
            block: !(special || space_break || chars.last() == Some(&' ')),
            line_breaks,
        }
    }

    fn style(&self, text: &str, is_key: bool) -> Style {
        if text.contains('\n') {
            return if self.block && !is_key { Style::Literal } else { Style::Double };
        }
        if resolve(text) != Resolved::Str || is_base_60(text) {
            return Style::Double;
        }
        match (self.plain, self.single) {
            (true, _) => Style::Plain,
            (false, true) => Style::Single,
            _ => Style::Double,
        }
    }
}

/// `1:30`, which old readers take for ninety.
fn is_base_60(text: &str) -> bool {
    static BASE_60: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$").ok());
    BASE_60.as_ref().is_some_and(|r| r.is_match(text))
}

fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What that library prints as it is: no tabs, nothing beyond the basic plane.
fn printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{diag::Diags, yaml};
    use proptest::prelude::*;

    fn text(s: &str) -> String {
        let out = emit(&Value::Map(vec![("k".into(), Value::Str(s.into()))]));
        out.strip_prefix("k:").map_or(out.clone(), |rest| rest.trim_start_matches(' ').to_owned())
    }

    #[test]
    fn quotes() {
        for (given, want) in [
            ("master", "master\n"),
            ("", "\"\"\n"),
            ("true", "\"true\"\n"),
            ("yes", "\"yes\"\n"),
            ("012", "\"012\"\n"),
            ("1.0", "\"1.0\"\n"),
            ("null", "\"null\"\n"),
            ("2020-01-01", "\"2020-01-01\"\n"),
            ("1:30", "\"1:30\"\n"),
            ("{{.cds.workspace}}", "'{{.cds.workspace}}'\n"),
            ("a: b", "'a: b'\n"),
            ("a #b", "'a #b'\n"),
            ("a:b#c", "a:b#c\n"),
            ("it's", "it's\n"),
            ("'it", "'''it'\n"),
            (" x", "' x'\n"),
            ("-", "'-'\n"),
            ("-x", "-x\n"),
            ("--- x", "'--- x'\n"),
            ("a\tb", "\"a\\tb\"\n"),
            ("🤖", "\"\\U0001F916\"\n"),
            ("é\\n", "é\\n\n"),
            ("20 * * * *", "20 * * * *\n"),
            ("* * * * *", "'* * * * *'\n"),
            ("a\nb", "|-\n  a\n  b\n"),
            ("a\nb\n", "|\n  a\n  b\n"),
            ("a\n\n", "|+\n  a\n\n"),
            ("\n", "|2+\n\n"),
            (" a\nb", "|2-\n   a\n  b\n"),
            ("a \nb", "\"a \\nb\"\n"),
            ("a\r\nb", "\"a\\r\\nb\"\n"),
        ] {
            assert_eq!(text(given), want, "{given:?}");
        }
    }

    #[test]
    fn layout() {
        let s = |t: &str| Value::Str(t.into());
        let doc = Value::Map(vec![
            (
                "a".into(),
                Value::Seq(vec![Value::Map(vec![
                    ("b".into(), s("x")),
                    ("c".into(), Value::Seq(vec![s("y\nz")])),
                ])]),
            ),
            ("e".into(), Value::Map(vec![])),
            ("f".into(), Value::Seq(vec![Value::Seq(vec![s("1"), s("q")]), Value::Seq(vec![])])),
            (
                "g".into(),
                Value::Map(vec![("true".into(), Value::Bool(false)), ("n".into(), Value::Number(12.into()))]),
            ),
        ]);
        let want = "a:\n- b: x\n  c:\n  - |-\n    y\n    z\ne: {}\nf:\n- - \"1\"\n  - q\n- []\ng:\n  \"true\": false\n  \"n\": 12\n";
        assert_eq!(emit(&doc), want);
    }

    fn read(node: &yaml::Node) -> Value {
        match &node.data {
            yaml::Data::Scalar { text, plain: false } => Value::Str(text.clone()),
            yaml::Data::Scalar { text, .. } => match resolve(text) {
                Resolved::Bool(b) => Value::Bool(b),
                Resolved::Int(n) => Value::Number(n.into()),
                _ => Value::Str(text.clone()),
            },
            yaml::Data::Seq(items) => Value::Seq(items.iter().map(read).collect()),
            yaml::Data::Map(map) => {
                Value::Map(map.iter().map(|(k, e)| (k.clone(), read(&e.value))).collect())
            }
        }
    }

    fn words() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~\n]{0,12}",
            "\\PC{0,8}",
            any::<String>(),
            "[ \n\tab:#'\"-]{0,8}",
            "[\u{85}\u{2028}\u{feff}\r\nx ]{0,5}",
        ]
    }

    fn documents() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            words().prop_map(Value::Str),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|n| Value::Number(n.into())),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Seq),
                prop::collection::btree_map(words(), inner, 0..4)
                    .prop_map(|m| Value::Map(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1500))]
        #[test]
        fn what_is_written_is_read_back(doc in documents()) {
            let doc = Value::Map(vec![("k".into(), doc)]);
            let out = emit(&doc);
            let mut d = Diags::new("t");
            let node = yaml::load(&out, &mut d);
            prop_assert!(node.is_some(), "{out}\n{:?}", d.finish());
            prop_assert_eq!(read(&node.unwrap()), doc, "{}", out);
        }
    }
}
