//! From text to tree.

use super::repair::Repair;
use super::{Data, Entry, Map, Node};
use crate::diag::{Diags, Mark, Rule};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::HashMap;

/// Deepest nesting that is read; deeper documents are refused.
pub const MAX_DEPTH: usize = 100;
/// Most nodes of a document after aliases are expanded; the budget against alias bombs.
pub const MAX_NODES: usize = 300_000;
/// Most bytes of text that aliases may add.
const MAX_ALIAS_BYTES: usize = 8 << 20;

/// Reads the first document of a YAML text (which JSON is, too). `None` after an error, which is added to `d`.
/// An empty text is a null node.
pub fn load(text: &str, d: &mut Diags) -> Option<Node> {
    match read(text) {
        Ok((node, duplicates)) => {
            for (at, key, first) in duplicates {
                d.warn(at, Rule::DuplicateKey, format!("the key {key:?} is given twice; this one counts"))
                    .help(format!("remove one of them; the other is on line {}", first.line));
            }
            Some(node)
        }
        Err(e) => {
            // JSON has escapes that YAML has not (surrogate pairs); its own reader has the last word.
            if text.trim_start().starts_with('{')
                && let Ok(value) = serde_json::from_str::<serde_json::Value>(text)
            {
                return Some(from_json(&value));
            }
            let help = e.help.or_else(|| guess_help(text, e.at, &e.message));
            let found = d.error(e.at, Rule::Syntax, e.message);
            found.id(crate::error_ids::WRONG_REQUEST);
            if let Some(help) = help {
                found.help(help);
            }
            None
        }
    }
}

/// Reads a JSON text, refusing YAML that is not JSON. Places are kept.
pub fn load_json(text: &str, d: &mut Diags) -> Option<Node> {
    if let Err(e) = serde_json::from_str::<serde::de::IgnoredAny>(text) {
        let at = Mark { line: e.line() as u32, column: e.column() as u32 };
        d.error(at, Rule::Syntax, format!("cannot unmarshal given data as json: {e}"))
            .id(crate::error_ids::WRONG_REQUEST)
            .help("mend the JSON, or import the file as YAML (--format yaml)");
        return None;
    }
    load(text, d)
}

fn from_json(value: &serde_json::Value) -> Node {
    use serde_json::Value as J;
    let scalar = |text: String, plain| Data::Scalar { text, plain };
    let data = match value {
        J::Null => scalar(String::new(), true),
        J::Bool(b) => scalar(b.to_string(), true),
        J::Number(n) => scalar(n.to_string(), true),
        J::String(s) => scalar(s.clone(), false),
        J::Array(list) => Data::Seq(list.iter().map(from_json).collect()),
        J::Object(map) => Data::Map(
            map.iter()
                .map(|(k, v)| (k.clone(), Entry { at: Mark::default(), value: from_json(v) }))
                .collect(),
        ),
    };
    Node { at: Mark::default(), data }
}

struct Failure {
    at: Mark,
    message: String,
    help: Option<String>,
    /// From the scanner, which may be too strict.
    scan: bool,
}

fn fail<T>(at: Mark, message: impl Into<String>, help: &str) -> Result<T, Failure> {
    Err(Failure {
        at,
        message: message.into(),
        help: (!help.is_empty()).then(|| help.to_owned()),
        scan: false,
    })
}

/// What usually lies behind a scan error on that line.
fn guess_help(text: &str, at: Mark, message: &str) -> Option<String> {
    let line = text.lines().nth(at.line.saturating_sub(1) as usize)?;
    let help = if line.trim_start_matches(' ').starts_with('\t') {
        "indent with blanks; YAML forbids tabs there"
    } else if line.contains("{{") {
        "put quotes around a value that holds {{…}}: '{{.cds.version}}'"
    } else if message.contains("unknown anchor") {
        "put quotes around a value that begins with *, as in cron: '* * * * *'"
    } else if message.contains("unexpected character") {
        "put quotes around a value that begins with @, % or a back-quote"
    } else if line.matches(": ").count() > 1 {
        "put quotes around a value that holds a colon followed by a blank"
    } else {
        "look at the indentation and the quotes of this line and the one before"
    };
    Some(help.to_owned())
}

fn mark(span: &Span) -> Mark {
    Mark { line: span.start.line() as u32, column: span.start.col() as u32 + 1 }
}

/// Place of the second, key, place of the first.
type Duplicates = Vec<(Mark, String, Mark)>;

enum Frame {
    Seq { anchor: usize, at: Mark, items: Vec<Node> },
    Map { anchor: usize, at: Mark, pairs: Vec<(Node, Node)>, key: Option<Node> },
}

struct Anchored {
    node: Node,
    nodes: usize,
    bytes: usize,
    height: usize,
}

#[derive(Default)]
struct Loader {
    stack: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    nodes: usize,
    alias_bytes: usize,
    duplicates: Duplicates,
    root: Option<Node>,
}

/// Reads a text, mending the layouts of YAML 1.1 that this reader refuses.
fn read(text: &str) -> Result<(Node, Duplicates), Failure> {
    let mut repair = Repair::new(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut first = None;
    loop {
        match read_once(&repair) {
            Ok(found) => return Ok(found),
            Err(e) if e.scan && repair.mend(&e.message, e.at) => {
                let at = repair.place(e.at);
                first.get_or_insert(Failure { at, ..e });
            }
            // A mended text that fails later is wrong in its own right; one that fails at once was not understood.
            Err(e) => {
                let at = repair.place(e.at);
                return Err(first.filter(|f| f.at.line >= at.line).unwrap_or(Failure { at, ..e }));
            }
        }
    }
}

fn read_once(repair: &Repair) -> Result<(Node, Duplicates), Failure> {
    let mut loader = Loader::default();
    for event in Parser::new_from_str(&repair.text) {
        let (event, span) = event.map_err(|e| Failure {
            at: Mark { line: e.marker().line() as u32, column: e.marker().col() as u32 + 1 },
            message: format!("cannot unmarshal given data as yaml: {}", e.info()),
            help: None,
            scan: true,
        })?;
        if matches!(event, Event::DocumentEnd) {
            break;
        }
        loader.event(event, repair.place(mark(&span)))?;
    }
    let empty =
        Node { at: Mark { line: 1, column: 1 }, data: Data::Scalar { text: String::new(), plain: true } };
    Ok((loader.root.unwrap_or(empty), loader.duplicates))
}

impl Loader {
    fn event(&mut self, event: Event<'_>, at: Mark) -> Result<(), Failure> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let forced =
                    tag.is_some_and(|t| t.suffix == "str" || (t.handle == "!" && t.suffix.is_empty()));
                let plain = style == ScalarStyle::Plain && !forced;
                self.complete(Node { at, data: Data::Scalar { text: text.into_owned(), plain } }, anchor)
            }
            Event::SequenceStart(anchor, _) => self.open(Frame::Seq { anchor, at, items: Vec::new() }, at),
            Event::MappingStart(anchor, _) => {
                self.open(Frame::Map { anchor, at, pairs: Vec::new(), key: None }, at)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.stack.pop() {
                Some(Frame::Seq { anchor, at, items }) => {
                    self.complete(Node { at, data: Data::Seq(items) }, anchor)
                }
                Some(Frame::Map { anchor, at, pairs, .. }) => {
                    let map = self.mapping(pairs)?;
                    self.complete(Node { at, data: Data::Map(map) }, anchor)
                }
                None => Ok(()),
            },
            Event::Alias(id) => self.alias(id, at),
            _ => Ok(()),
        }
    }

    fn open(&mut self, frame: Frame, at: Mark) -> Result<(), Failure> {
        if self.stack.len() >= MAX_DEPTH {
            return fail(at, format!("nested deeper than {MAX_DEPTH} levels"), "flatten the document");
        }
        self.stack.push(frame);
        Ok(())
    }

    fn alias(&mut self, id: usize, at: Mark) -> Result<(), Failure> {
        let Some(target) = self.anchors.get(&id) else {
            return fail(at, "this alias stands inside its own anchor", "write the value out");
        };
        self.nodes += target.nodes;
        self.alias_bytes += target.bytes;
        if self.nodes > MAX_NODES || self.alias_bytes > MAX_ALIAS_BYTES {
            return fail(
                at,
                "the aliases of this document expand to too much",
                "write fewer aliases of aliases",
            );
        }
        if self.stack.len() + target.height > MAX_DEPTH {
            return fail(
                at,
                format!("nested deeper than {MAX_DEPTH} levels by aliases"),
                "flatten the document",
            );
        }
        let mut node = target.node.clone();
        node.at = at;
        self.place(node)
    }

    /// A finished node: remembers it under its anchor and puts it into what encloses it.
    fn complete(&mut self, node: Node, anchor: usize) -> Result<(), Failure> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return fail(node.at, format!("more than {MAX_NODES} values in one document"), "split the file");
        }
        if anchor > 0 {
            let (nodes, bytes, height) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, bytes, height });
            // The copy kept for aliases costs memory too.
            self.nodes += nodes;
        }
        self.place(node)
    }

    fn place(&mut self, node: Node) -> Result<(), Failure> {
        match self.stack.last_mut() {
            Some(Frame::Seq { items, .. }) => items.push(node),
            Some(Frame::Map { pairs, key, .. }) => match key.take() {
                Some(k) => pairs.push((k, node)),
                None => *key = Some(node),
            },
            None => self.root = Some(node),
        }
        Ok(())
    }

    /// Keys become text, `<<` is merged in (explicit keys win, earlier sources before later ones).
    fn mapping(&mut self, pairs: Vec<(Node, Node)>) -> Result<Map, Failure> {
        let mut map = Map::with_capacity(pairs.len());
        let mut merges = Vec::new();
        for (key, value) in pairs {
            let at = key.at;
            match key.data {
                Data::Scalar { text, plain: true } if text == "<<" => merges.push(value),
                Data::Scalar { text, .. } => {
                    if let Some(old) = map.insert(text.clone(), Entry { at, value }) {
                        self.duplicates.push((at, text, old.at));
                    }
                }
                _ => {
                    return fail(
                        at,
                        "the key of a mapping must be a plain word",
                        "if this is meant to be {{…}}, put quotes around the whole value: '{{.cds.version}}'",
                    );
                }
            }
        }
        for source in merges {
            let at = source.at;
            let sources = match source.data {
                Data::Map(_) => vec![source],
                Data::Seq(items) => items,
                _ => Vec::new(),
            };
            if sources.is_empty() || sources.iter().any(|s| !matches!(s.data, Data::Map(_))) {
                return fail(
                    at,
                    "map merge requires map or sequence of maps as the value",
                    "write <<: *anchor",
                );
            }
            for source in sources {
                if let Data::Map(extra) = source.data {
                    for (key, entry) in extra {
                        map.entry(key).or_insert(entry);
                    }
                }
            }
        }
        Ok(map)
    }
}

/// Nodes, bytes of text and levels below a node.
fn measure(node: &Node) -> (usize, usize, usize) {
    let sum = |children: &mut dyn Iterator<Item = &Node>| {
        children.fold((1, 0, 1), |(n, b, h), c| {
            let (cn, cb, ch) = measure(c);
            (n + cn, b + cb, h.max(ch + 1))
        })
    };
    match &node.data {
        Data::Scalar { text, .. } => (1, text.len(), 0),
        Data::Seq(items) => sum(&mut items.iter()),
        Data::Map(map) => sum(&mut map.values().map(|e| &e.value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ok(text: &str) -> Node {
        let mut d = Diags::new("t");
        let node = load(text, &mut d);
        node.unwrap_or_else(|| panic!("{:?}", d.finish()))
    }

    fn err(text: &str) -> String {
        let mut d = Diags::new("t");
        assert!(load(text, &mut d).is_none());
        d.finish()[0].to_string()
    }

    fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
        path.split('/').fold(node, |n, k| match &n.data {
            Data::Map(m) => &m[k].value,
            Data::Seq(s) => &s[k.parse::<usize>().unwrap()],
            Data::Scalar { .. } => panic!("{k}"),
        })
    }

    #[test]
    fn text_is_kept_and_places_are_right() {
        let n = ok("a: 010\nb:\n  - 1.50\n  - 'x'\n");
        assert_eq!(at(&n, "a").text(), Some("010"));
        assert_eq!(at(&n, "b/0").text(), Some("1.50"));
        assert_eq!(at(&n, "b/1").at, Mark { line: 4, column: 5 });
    }

    #[test]
    fn anchors_merges_and_duplicates() {
        let n = ok("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b, {<<: [*b, {z: 9}]}]\n");
        assert_eq!(at(&n, "use/x").text(), Some("1"));
        assert_eq!(at(&n, "use/y").text(), Some("3"));
        assert_eq!(at(&n, "list/1/z").text(), Some("9"));
        let mut d = Diags::new("t");
        let n = load("a: 1\na: 2\n", &mut d).unwrap();
        assert_eq!(at(&n, "a").text(), Some("2"));
        assert_eq!(d.finish()[0].rule, Rule::DuplicateKey);
    }

    #[test]
    fn only_the_first_document() {
        assert_eq!(at(&ok("a: 1\n---\nb: 2\n"), "a").text(), Some("1"));
        assert!(ok("").is_null());
    }

    #[test]
    fn bombs_and_depth_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for i in 1..20 {
            let refs = vec![format!("*a{}", i - 1); 9].join(", ");
            bomb.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
        }
        assert!(err(&bomb).contains("expand to too much"));
        assert!(err(&format!("a: {}{}", "[".repeat(150), "]".repeat(150))).contains("deeper"));
        assert!(err(&format!("a: {}", "[".repeat(50_000))).contains("error"));
        let mut chain = String::from("a0: &a0 []\n");
        for i in 1..10 {
            chain.push_str(&format!("a{i}: &a{i} {}*a{}{}\n", "[".repeat(60), i - 1, "]".repeat(60)));
        }
        assert!(err(&chain).contains("by aliases"));
        assert!(err("a: &a [*a]").contains("alias"));
    }

    #[test]
    fn errors_help() {
        assert!(err("value: {{.cds.version}}\n").contains("put quotes"));
        assert!(err("a:\n\t- b\n").contains("t:2"));
    }

    #[test]
    fn json_is_read_with_its_own_escapes() {
        assert_eq!(at(&ok(r#"{"a": "\ud83d\ude00", "b": [true, null]}"#), "a").text(), Some("😀"));
        let mut d = Diags::new("t");
        assert!(load_json("a: 1", &mut d).is_none());
        assert!(load_json(r#"{"a": 1}"#, &mut d).is_some());
    }
}
