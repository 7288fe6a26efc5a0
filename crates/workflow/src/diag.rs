//! What is wrong with a file, where, and how to mend it. Everything is collected; nothing stops at the first.

use crate::error_ids::ErrorId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in a text, both counted from 1; 0 means the file as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// The file can be used, but likely does not mean what was meant.
    Warning,
}

/// Which kind of rule was broken; lets callers raise or silence one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// Not YAML or JSON, or beyond a limit of the reader.
    Syntax,
    /// A value of the wrong shape.
    Type,
    /// A key that does not exist there.
    UnknownKey,
    /// The same key twice in one mapping.
    DuplicateKey,
    /// A value outside its range or enumeration.
    Value,
    /// A name that breaks its pattern.
    Name,
    /// Parents, roots, cycles.
    Graph,
    /// Something named that is not there.
    Reference,
    /// An operator or script of a condition.
    Condition,
    /// Text from an event spliced into a script.
    Tainted,
    /// A secret in clear text.
    Secret,
    /// Written, but without effect.
    NoEffect,
    /// An old form.
    Deprecated,
    /// Known to the reference, not here yet.
    Unsupported,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// File name as given by the caller.
    pub file: String,
    /// From 1; 0 = the whole file.
    pub line: u32,
    /// From 1; 0 = the whole file.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Number of the matching error of the API (see [`crate::error_ids`]).
    pub id: Option<u16>,
    /// Kind of rule.
    pub rule: Rule,
}

impl Diagnostic {
    /// A finding at a place of a file.
    pub fn new(severity: Severity, file: &str, at: Mark, rule: Rule, message: impl Into<String>) -> Self {
        Self {
            severity,
            file: file.to_owned(),
            line: at.line,
            column: at.column,
            message: message.into(),
            help: None,
            id: None,
            rule,
        }
    }

    /// Says how to mend it.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// Ties it to a numbered error of the API.
    pub fn id(&mut self, id: ErrorId) -> &mut Self {
        self.id = Some(id.id);
        self
    }

    /// True for an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.is_error() { "error" } else { "warning" };
        if self.line == 0 {
            write!(f, "{}: {word}: {}", self.file, self.message)?;
        } else {
            write!(f, "{}:{}:{}: {word}: {}", self.file, self.line, self.column, self.message)?;
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

/// True if one of them is an error.
pub fn has_errors(list: &[Diagnostic]) -> bool {
    list.iter().any(Diagnostic::is_error)
}

/// Turns unknown and duplicate keys into errors, which is what `--strict` means.
pub fn make_strict(list: &mut [Diagnostic]) {
    for d in list {
        if matches!(d.rule, Rule::UnknownKey | Rule::DuplicateKey) {
            d.severity = Severity::Error;
        }
    }
}

/// Most findings of one file that are listed; nobody reads more, and a hostile file could cause millions.
pub const MAX_FINDINGS: usize = 500;

/// Collects the findings of one file.
#[derive(Debug)]
pub struct Diags {
    file: String,
    list: Vec<Diagnostic>,
    /// Stands for all findings beyond the limit.
    more: Option<Diagnostic>,
    more_errors: bool,
}

impl Diags {
    /// No findings yet.
    pub fn new(file: &str) -> Self {
        Self { file: file.to_owned(), list: Vec::new(), more: None, more_errors: false }
    }

    /// Adds an error; chain `.help` and `.id` on what comes back.
    pub fn error(&mut self, at: Mark, rule: Rule, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Error, at, rule, message)
    }

    /// Adds a warning.
    pub fn warn(&mut self, at: Mark, rule: Rule, message: impl Into<String>) -> &mut Diagnostic {
        self.add(Severity::Warning, at, rule, message)
    }

    fn add(&mut self, s: Severity, at: Mark, rule: Rule, message: impl Into<String>) -> &mut Diagnostic {
        let found = Diagnostic::new(s, &self.file, at, rule, message);
        let place = self.list.len();
        if place < MAX_FINDINGS {
            self.list.push(found);
            return &mut self.list[place];
        }
        self.more_errors |= s == Severity::Error;
        self.more.insert(found)
    }

    /// True when errors are no longer listed: the file is refused anyway, and loops over many things may stop.
    pub fn is_full(&self) -> bool {
        self.more_errors
    }

    /// True if an error was added.
    pub fn has_errors(&self) -> bool {
        self.more_errors || has_errors(&self.list)
    }

    /// All findings, by place.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|d| (d.line, d.column));
        if let Some(mut last) = self.more {
            last.severity = if self.more_errors { Severity::Error } else { Severity::Warning };
            last.message = format!("more than {MAX_FINDINGS} findings; the rest is not listed");
            last.help("mend those above first");
            self.list.push(last);
        }
        self.list
    }
}

/// The candidate that `word` is most likely a misspelling of: at most a third of its letters (and never more
/// than three) changed, case not counted.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Longer words than any key of ours are not misspellings, and the distance is quadratic.
    if word.chars().count() > 64 {
        return None;
    }
    let lower = word.to_lowercase();
    let limit = (lower.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .take(300)
        .filter(|c| !c.is_empty() && c.len().abs_diff(lower.len()) <= 8)
        .map(|c| (distance(&lower, &c.to_lowercase()), c))
        .filter(|(d, _)| *d <= limit)
        .min_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(b.1)))
        .map(|(_, c)| c)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let cost = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + cost);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_as_compilers_do() {
        let mut d = Diags::new("a.pip.yml");
        d.error(Mark { line: 3, column: 5 }, Rule::Value, "no such thing").help("write another");
        d.warn(Mark::default(), Rule::Value, "hm");
        let text: Vec<String> = d.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            ["a.pip.yml: warning: hm", "a.pip.yml:3:5: error: no such thing\n  help: write another"]
        );
    }

    #[test]
    fn findings_are_limited_and_no_error_is_lost() {
        let mut d = Diags::new("f");
        for _ in 0..MAX_FINDINGS {
            d.warn(Mark::default(), Rule::Value, "w");
        }
        assert!(!d.is_full() && !d.has_errors());
        d.error(Mark::default(), Rule::Value, "e");
        d.warn(Mark::default(), Rule::Value, "w");
        assert!(d.is_full() && d.has_errors());
        let list = d.finish();
        assert_eq!(list.len(), MAX_FINDINGS + 1);
        assert!(list[MAX_FINDINGS].is_error());
    }

    #[test]
    fn nearest_finds_slips_and_nothing_far() {
        let keys = ["depends_on", "pipeline", "when", "one_at_a_time"];
        assert_eq!(nearest("depend_on", keys), Some("depends_on"));
        assert_eq!(nearest("pipleine", keys), Some("pipeline"));
        assert_eq!(nearest("Pipeline", keys), Some("pipeline"));
        assert_eq!(nearest("wehn", keys), Some("when"));
        assert_eq!(nearest("colour", keys), None);
    }
}
