//! A file under examination, with the places of its parts.

use crate::diag::{Diagnostic, Diags, Mark, Rule, Severity};
use crate::parse::{File, Format, Kind, parse_file};
use crate::yaml::{self, Data, Node};

/// A file, what it defines, and where.
pub struct Source {
    /// As given.
    pub name: String,
    /// What it should define.
    pub kind: Kind,
    /// `None` if it has errors.
    pub file: Option<File>,
    /// What reading it found.
    pub findings: Vec<Diagnostic>,
    tree: Option<Node>,
}

impl Source {
    /// Reads a file.
    pub fn read(name: &str, text: &str) -> Self {
        let (file, findings) = parse_file(name, text);
        // Its findings are those of the parser, which has just reported them.
        let mut ignored = Diags::new(name);
        let tree = match Format::of(name) {
            Format::Yaml => yaml::load(text, &mut ignored),
            Format::Json => yaml::load_json(text, &mut ignored),
        };
        Self { name: name.to_owned(), kind: Kind::of(name), file, findings, tree }
    }

    /// The name of what it defines, also if the file has errors elsewhere.
    pub fn defines(&self) -> Option<&str> {
        let by_key = || match &self.tree.as_ref()?.data {
            Data::Map(map) => map.get("name")?.value.text(),
            _ => None,
        };
        self.file.as_ref().map(File::name).or_else(by_key)
    }

    /// Where the value at the first of some paths that exists stands; else the deepest part of the first path.
    pub fn at(&self, paths: &[&[&str]]) -> Mark {
        let Some(tree) = &self.tree else { return Mark::default() };
        let found = paths.iter().map(|p| walk(tree, p)).find(|(_, whole)| *whole);
        found.or_else(|| paths.first().map(|p| walk(tree, p))).map_or(Mark::default(), |(at, _)| at)
    }

    /// A finding in this file.
    pub fn say(
        &self,
        severity: Severity,
        at: Mark,
        rule: Rule,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        let mut found = Diagnostic::new(severity, &self.name, at, rule, message);
        found.help(help);
        found
    }
}

fn walk(tree: &Node, path: &[&str]) -> (Mark, bool) {
    let (mut node, mut at) = (tree, tree.at);
    for key in path {
        match &node.data {
            Data::Map(map) => match map.get(*key) {
                Some(entry) => {
                    node = &entry.value;
                    at = entry.at;
                }
                None => return (at, false),
            },
            _ => return (at, false),
        }
    }
    (at, true)
}
