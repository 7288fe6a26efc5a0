//! Layouts that YAML 1.2 forbids and the reference's YAML 1.1 reader takes: continuation lines of flow collections
//! and quoted texts that are indented too little, and a tab after a colon. The text is mended so that the reader
//! takes it too; what moved is remembered, so that places stay those of the file.

use crate::diag::Mark;
use std::collections::BTreeMap;

/// Blanks put before a line: more than any nesting that is read has.
const PAD: usize = 256;
/// Most bytes that are read again on account of repairs.
const MAX_WORK: usize = 16 << 20;

/// A text under repair.
pub struct Repair {
    /// The text as mended so far.
    pub text: String,
    /// Lines (from 1) that were moved to the right by [`PAD`].
    padded: BTreeMap<u32, ()>,
    work: usize,
}

impl Repair {
    /// Nothing mended yet.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), padded: BTreeMap::new(), work: 0 }
    }

    /// A place of the mended text as a place of the file.
    pub fn place(&self, at: Mark) -> Mark {
        let moved = if self.padded.contains_key(&at.line) { PAD as u32 } else { 0 };
        Mark { line: at.line, column: at.column.saturating_sub(moved).max(1) }
    }

    /// Mends what a scan error complains of; false if it is none of the layouts above. `at` is the place in the
    /// mended text.
    pub fn mend(&mut self, message: &str, at: Mark) -> bool {
        self.work += self.text.len();
        if self.work > MAX_WORK {
            return false;
        }
        if message.contains("':' must be followed by a valid YAML whitespace") {
            return self.replace_tabs(at);
        }
        if message.contains("invalid indentation in quoted scalar") {
            return self.pad_quoted(at);
        }
        message.contains("invalid indentation") && self.pad(&[at.line])
    }

    /// Byte range of a line, without its line break.
    fn line(&self, number: u32) -> Option<(usize, usize)> {
        let mut start = 0;
        for (i, line) in self.text.split_inclusive('\n').enumerate() {
            if i as u32 + 1 == number {
                return Some((start, start + line.trim_end_matches(['\n', '\r']).len()));
            }
            start += line.len();
        }
        None
    }

    fn replace_tabs(&mut self, at: Mark) -> bool {
        let Some((start, end)) = self.line(at.line) else { return false };
        let line = &self.text[start..end];
        let stop = line.char_indices().nth(at.column as usize).map_or(line.len(), |(i, _)| i);
        // The first colon with a tab behind it, up to the place of the error.
        let Some(colon) = line[..stop].rfind(":\t") else { return false };
        let tabs = line[colon + 1..].bytes().take_while(|b| matches!(b, b'\t' | b' ')).count();
        let from = start + colon + 1;
        self.text.replace_range(from..from + tabs, &" ".repeat(tabs));
        true
    }

    /// Pads the lines after the first of the quoted text that begins at `at`.
    fn pad_quoted(&mut self, at: Mark) -> bool {
        let Some((start, end)) = self.line(at.line) else { return false };
        let line = &self.text[start..end];
        let Some((offset, quote)) = line.char_indices().nth(at.column.saturating_sub(1) as usize) else {
            return false;
        };
        let (mut number, mut lines, mut escaped) = (at.line, Vec::new(), false);
        let mut chars = self.text[start + offset + quote.len_utf8()..].chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' => {
                    number += 1;
                    lines.push(number);
                    escaped = false;
                }
                _ if escaped => escaped = false,
                '\\' if quote == '"' => escaped = true,
                // A single quote is escaped by doubling it.
                '\'' if quote == '\'' && chars.next_if_eq(&'\'').is_some() => {}
                c if c == quote => break,
                _ => {}
            }
        }
        self.pad(&lines)
    }

    fn pad(&mut self, lines: &[u32]) -> bool {
        let new: Vec<u32> = lines.iter().copied().filter(|n| !self.padded.contains_key(n)).collect();
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return false };
        let mut out = String::with_capacity(self.text.len() + PAD * new.len());
        for (i, line) in self.text.split_inclusive('\n').enumerate() {
            let number = i as u32 + 1;
            if (*first..=*last).contains(&number) && new.binary_search(&number).is_ok() {
                out.extend(std::iter::repeat_n(' ', PAD));
            }
            out.push_str(line);
        }
        self.text = out;
        self.padded.extend(new.into_iter().map(|n| (n, ())));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Data, Node, load};
    use crate::diag::Diags;

    fn show(node: &Node) -> String {
        match &node.data {
            Data::Scalar { text, .. } => format!("{text:?}"),
            Data::Seq(items) => format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(",")),
            Data::Map(map) => {
                let pairs =
                    map.iter().map(|(k, e)| format!("{k}@{}:{}={}", e.at.line, e.at.column, show(&e.value)));
                format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
            }
        }
    }

    #[test]
    fn layouts_of_the_older_yaml() {
        for (text, want) in [
            ("a: [x,\ny,\nz\n]\nb: c\n", r#"{a@1:1=["x","y","z"],b@5:1="c"}"#),
            (
                "r:\n  a: {\n  b: c,\nd: e\n  }\n  f: g\n",
                r#"{r@1:1={a@2:3={b@3:3="c",d@4:1="e"},f@6:3="g"}}"#,
            ),
            ("a: \"x\ny\n\n  z\"\nb: c\n", r#"{a@1:1="x y\nz",b@5:1="c"}"#),
            ("a: 'it''s\nme'\nb: c\n", r#"{a@1:1="it's me",b@3:1="c"}"#),
            ("a: \"x \\\ny \\\" z\"\nb: c\n", r#"{a@1:1="x y \" z",b@3:1="c"}"#),
            ("a:\tb\nc: \t d\n", r#"{a@1:1="b",c@2:1="d"}"#),
        ] {
            let mut d = Diags::new("t");
            let node = load(text, &mut d);
            let node = node.unwrap_or_else(|| panic!("{text:?}: {:?}", d.finish()));
            assert_eq!(show(&node), want, "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_in_both_stays_wrong_at_its_place() {
        let mut d = Diags::new("t");
        assert!(load("a: [x,\ny,\nb: c: d\n", &mut d).is_none());
        let said = d.finish()[0].clone();
        assert!(said.line >= 3 && said.column < 20, "{said}");
    }
}
