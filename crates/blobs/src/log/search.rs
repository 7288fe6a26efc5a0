//! Finding text in a log.

use super::{LogError, lines::count_newlines, view::View};
use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::LazyLock};

const BLOCK: usize = 1024 * 1024;
/// Longest text that can be searched for, in bytes.
const NEEDLE_MAX: usize = 4096;

/// A place where the text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Number of the line in which it begins; the first line is 0.
    pub line: u64,
    /// Offset of its first byte.
    pub offset: u64,
}

/// Prepares the search; `None` if nothing can match.
fn matcher(needle: &str, case_insensitive: bool) -> Option<Regex> {
    if needle.is_empty() || needle.len() > NEEDLE_MAX {
        return None;
    }
    RegexBuilder::new(&regex::escape(needle)).case_insensitive(case_insensitive).build().ok()
}

/// The first `max` places of `needle` from a line on, of which the view has number and offset. They are in order and
/// do not overlap. Memory does not grow with the log.
///
/// What is searched is what people see: colours and other control sequences are passed over, and so is text that a
/// carriage return has overwritten. A needle with control characters of its own is looked for in the bytes.
pub fn find(
    mut view: View,
    needle: &str,
    case_insensitive: bool,
    from: Match,
    max: usize,
) -> Result<Vec<Match>, LogError> {
    let mut found = Vec::new();
    let Some(matcher) = matcher(needle, case_insensitive) else { return Ok(found) };
    let seen = !needle.contains(['\n', '\r', '\x1b']);
    // A place may straddle two blocks. Folding case can change the length of a character, up to 4 bytes, and control
    // sequences may stand between any two.
    let keep = if seen { needle.len() * 4 + 4096 } else { needle.len() * 4 };
    let mut buffer = Vec::with_capacity(BLOCK + keep);
    let Match { mut line, offset: mut base } = from;
    while found.len() < max {
        let old = buffer.len();
        buffer.resize(old + BLOCK, 0);
        let n = view.read_at(base + old as u64, &mut buffer[old..])?;
        buffer.truncate(old + n);
        if buffer.is_empty() {
            break;
        }
        // Whole lines, as what overwrites text comes behind it. Of a line that does not end a piece must do.
        let whole = if seen { buffer.iter().rposition(|b| *b == b'\n').map(|at| at + 1) } else { None };
        let last = n == 0;
        let until = match whole {
            _ if last => buffer.len(),
            Some(end) => end,
            None => buffer.len().saturating_sub(keep),
        };
        let plain = if seen {
            Plain::of(&buffer[..if whole.is_some() { until } else { buffer.len() }])
        } else {
            Plain::bytes(&buffer)
        };
        let (mut counted, mut resume) = (0, until);
        for m in matcher.find_iter(&plain.text) {
            let (start, end) = (plain.place(m.start()), plain.place(m.end() - 1) + 1);
            if start >= until {
                break;
            }
            line += count_newlines(&buffer[counted..start]);
            counted = start;
            resume = resume.max(end);
            found.push(Match { line, offset: base + start as u64 });
            if found.len() >= max {
                return Ok(found);
            }
        }
        line += count_newlines(&buffer[counted..resume]);
        buffer.drain(..resume);
        base += resume as u64;
        if last {
            break;
        }
    }
    Ok(found)
}

/// What people see of a piece of a log.
struct Plain<'a> {
    text: Cow<'a, [u8]>,
    /// Where what is left begins after each gap: there, and in the bytes.
    parts: Vec<(usize, usize)>,
}

impl<'a> Plain<'a> {
    fn bytes(bytes: &'a [u8]) -> Self {
        Self { text: bytes.into(), parts: vec![(0, 0)] }
    }

    fn of(bytes: &'a [u8]) -> Self {
        if !bytes.iter().any(|b| matches!(b, b'\x1b' | b'\r')) {
            return Self::bytes(bytes);
        }
        static HIDDEN: LazyLock<Regex> = LazyLock::new(|| {
            // CSI, then strings (OSC and its like) with their end, then short sequences.
            let pattern =
                r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]";
            RegexBuilder::new(pattern).unicode(false).build().unwrap()
        });
        let mut plain = Self { text: Vec::with_capacity(bytes.len()).into(), parts: Vec::new() };
        let mut from = 0;
        while from < bytes.len() {
            let end = bytes[from..].iter().position(|b| *b == b'\n').map_or(bytes.len(), |n| from + n + 1);
            plain.line(bytes, from, end, &HIDDEN);
            from = end;
        }
        plain
    }

    /// Takes in one line.
    fn line(&mut self, bytes: &[u8], mut from: usize, end: usize, hidden: &Regex) {
        let body = &bytes[from..end];
        let ends = body.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r')).count();
        if let Some(over) = body[..body.len() - ends].iter().rposition(|b| *b == b'\r') {
            from += over + 1;
        }
        while from < end {
            let gap = hidden.find(&bytes[from..end]).map_or(end..end, |m| from + m.start()..from + m.end());
            if gap.start > from {
                self.parts.push((self.text.len(), from));
                self.text.to_mut().extend_from_slice(&bytes[from..gap.start]);
            }
            from = gap.end;
        }
    }

    /// Where a byte of the text is in the bytes.
    fn place(&self, at: usize) -> usize {
        let part = self.parts.partition_point(|(text, _)| *text <= at);
        part.checked_sub(1).map_or(at, |i| self.parts[i].1 + at - self.parts[i].0)
    }
}
