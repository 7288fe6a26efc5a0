//! Finding text in a log.

use super::{LogError, lines::count_newlines, view::View};
use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

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

/// The first `max` places of `needle` that do not overlap, in order. Memory does not grow with the log.
pub fn find(
    mut view: View,
    needle: &str,
    case_insensitive: bool,
    max: usize,
) -> Result<Vec<Match>, LogError> {
    let mut found = Vec::new();
    let Some(matcher) = matcher(needle, case_insensitive) else { return Ok(found) };
    // A place may straddle two blocks. Folding case can change the length of a character, up to 4 bytes.
    let keep = needle.len() * 4;
    let mut buffer = Vec::with_capacity(BLOCK + keep);
    let (mut base, mut line) = (0u64, 0u64);
    while found.len() < max {
        let old = buffer.len();
        buffer.resize(old + BLOCK, 0);
        let n = view.read_at(base + old as u64, &mut buffer[old..])?;
        buffer.truncate(old + n);
        if n == 0 {
            break;
        }
        let mut counted = 0;
        let mut resume = buffer.len().saturating_sub(keep);
        for m in matcher.find_iter(&buffer) {
            line += count_newlines(&buffer[counted..m.start()]);
            counted = m.start();
            resume = resume.max(m.end());
            found.push(Match { line, offset: base + m.start() as u64 });
            if found.len() >= max {
                return Ok(found);
            }
        }
        line += count_newlines(&buffer[counted..resume]);
        buffer.drain(..resume);
        base += resume as u64;
    }
    Ok(found)
}
