//! Reading a log by lines.

use super::{
    LogError,
    index::STEP,
    view::{Cursor, View},
};
use serde::{Deserialize, Serialize};

/// Most bytes of text that one line of an answer carries.
pub const LINE_TEXT_CAP: u64 = 64 * 1024;
/// An answer ends after the line that brings its text over this many bytes.
pub const PAGE_TEXT_CAP: u64 = 4 * 1024 * 1024;

/// One line of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number; the first line is 0.
    pub number: u64,
    /// Offset of its first byte.
    pub offset: u64,
    /// Its length in bytes, without the newline.
    pub bytes: u64,
    /// When its first byte arrived, ms since the epoch (to about 100 ms).
    pub at_ms: i64,
    /// Its text without the newline; bytes that are no UTF-8 are shown as U+FFFD. Of a line that is longer than
    /// [`LINE_TEXT_CAP`] what a carriage return has overwritten is left out: a progress bar shows where it ended.
    pub text: String,
    /// `text` holds only the first [`LINE_TEXT_CAP`] bytes of what is seen. The rest can be read by offset.
    pub truncated: bool,
}

/// Some lines of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lines {
    /// The number that was asked for.
    pub first_line: u64,
    /// The lines from there on. Fewer than asked for at the end of the log and after [`PAGE_TEXT_CAP`]
    /// bytes of text; ask on from `first_line + lines.len()`.
    pub lines: Vec<Line>,
    /// Lines in the log now, counting an unfinished last one.
    pub total_lines: u64,
}

/// Newlines in `bytes`.
pub fn count_newlines(bytes: &[u8]) -> u64 {
    // Summing bytes in short pieces lets the compiler use wide registers.
    bytes.chunks(255).map(|c| u64::from(c.iter().map(|b| u8::from(*b == b'\n')).sum::<u8>())).sum()
}

/// Reads up to `max` lines from line `first` on, scanning at most one step of the index to find it.
pub fn read(view: View, first: u64, max: usize) -> Result<Lines, LogError> {
    let total_lines = view.lines;
    let mut answer = Lines { first_line: first, lines: Vec::new(), total_lines };
    if first >= total_lines || max == 0 {
        return Ok(answer);
    }
    let mut cursor = Cursor::new(view);
    seek_line(&mut cursor, first)?;
    let mut text_bytes = 0;
    let mut reach = (0, 0);
    for number in first..total_lines {
        if answer.lines.len() >= max || text_bytes >= PAGE_TEXT_CAP {
            break;
        }
        let offset = cursor.pos();
        if offset >= reach.1 {
            let (point, until) = cursor.view().points.covering(offset)?;
            reach = (point.at_ms, until);
        }
        let (mut text, bytes) = take_line(&mut cursor, number)?;
        let mut truncated = (text.len() as u64) < bytes;
        if truncated && let Some(last) = overwritten_last(&mut cursor, offset, offset + bytes)? {
            (text, truncated) = (last, false);
        }
        text_bytes += text.len() as u64;
        let text = String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into());
        answer.lines.push(Line { number, offset, bytes, at_ms: reach.0, text, truncated });
    }
    Ok(answer)
}

/// What stands behind the last carriage return of a long line; `None` if that is too long to be shown whole.
fn overwritten_last(cursor: &mut Cursor, start: u64, end: u64) -> Result<Option<Vec<u8>>, LogError> {
    let mut tail = cursor.look(start.max(end.saturating_sub(LINE_TEXT_CAP)), end)?;
    // Those at the very end overwrite nothing.
    while tail.last() == Some(&b'\r') {
        tail.pop();
    }
    Ok(tail.iter().rposition(|b| *b == b'\r').map(|at| tail.split_off(at + 1)))
}

/// Moves to the first byte of `line`, which must exist.
fn seek_line(cursor: &mut Cursor, line: u64) -> Result<(), LogError> {
    let point = cursor.view().points.before_line(line)?;
    cursor.seek(point.offset);
    for _ in point.line..line {
        cursor.next_line()?;
    }
    Ok(())
}

/// Reads line `number`, at whose start the cursor stands: its text up to the cap, and its whole length.
fn take_line(cursor: &mut Cursor, number: u64) -> Result<(Vec<u8>, u64), LogError> {
    let start = cursor.pos();
    let mut text = Vec::new();
    loop {
        let bytes = cursor.peek()?;
        let end = bytes.iter().position(|b| *b == b'\n');
        let seen = end.unwrap_or(bytes.len());
        let room = usize::try_from(LINE_TEXT_CAP).unwrap_or(0).saturating_sub(text.len());
        text.extend_from_slice(&bytes[..seen.min(room)]);
        let at_end = bytes.is_empty();
        cursor.advance(seen + usize::from(end.is_some()));
        if end.is_some() || at_end {
            return Ok((text, cursor.pos() - start - u64::from(end.is_some())));
        }
        if cursor.pos() - start >= LINE_TEXT_CAP + STEP {
            // A very long line: the index knows how to get near its end without reading it.
            if number >= cursor.view().newlines {
                cursor.seek(cursor.view().length);
            } else {
                let point = cursor.view().points.before_line(number + 1)?;
                cursor.seek(point.offset.max(cursor.pos()));
            }
            let ended = cursor.next_line()?;
            return Ok((text, cursor.pos() - start - u64::from(ended)));
        }
    }
}
