//! A frozen look at a log, for readers: they never hold a lock while they read.

use super::{
    LogError,
    index::{Point, RECORD},
    pack::{FRAME, PackedLog},
    small::Text,
};
use std::{fs::File, os::unix::fs::FileExt, sync::Arc};

const BLOCK: u64 = 64 * 1024;

/// Where the bytes are.
pub enum Body {
    /// A file of the bytes as they are.
    Plain(Arc<File>),
    /// Compressed frames.
    Packed(Box<PackedLog>),
    /// Bytes in memory, of which those that the view shows never change.
    Memory(Arc<Text>),
}

/// The points of a log, searched where they lie: a log of 1 GB has half a megabyte of them.
pub struct Points {
    lie: Lie,
    count: u64,
}

/// Where points lie.
enum Lie {
    File { file: Arc<File>, base: u64 },
    Memory(Arc<Text>),
}

impl Points {
    /// `count` records in `file` from offset `base`.
    pub fn new(file: Arc<File>, base: u64, count: u64) -> Self {
        Self { lie: Lie::File { file, base }, count }
    }

    /// The first `count` points in memory.
    pub fn in_memory(text: Arc<Text>, count: u64) -> Self {
        Self { lie: Lie::Memory(text), count }
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Point `i`.
    pub fn get(&self, i: u64) -> Result<Point, LogError> {
        let (file, base) = match &self.lie {
            Lie::File { file, base } => (file, base),
            Lie::Memory(text) => return Ok(text.point(i).unwrap_or_default()),
        };
        let mut record = [0; RECORD];
        let at = base + i * RECORD as u64;
        file.read_exact_at(&mut record, at).map_err(LogError::io("read a log's index"))?;
        Point::decode(&record).ok_or_else(|| LogError::Damaged {
            file: "index".into(),
            why: format!("point {i} does not fit its check value; restart the server to mend it"),
        })
    }

    /// The last point for which `before` holds (it must hold for a prefix), and the point after it.
    fn last(&self, before: impl Fn(&Point) -> bool) -> Result<(Point, Option<Point>), LogError> {
        let (mut low, mut high) = (0, self.count);
        let (mut found, mut next) = (Point::default(), None);
        while low < high {
            let middle = low + (high - low) / 2;
            let point = self.get(middle)?;
            if before(&point) {
                (found, low) = (point, middle + 1);
            } else {
                (next, high) = (Some(point), middle);
            }
        }
        Ok((found, next))
    }

    /// A point at or before the start of line `line`, as near to it as there is one.
    pub fn before_line(&self, line: u64) -> Result<Point, LogError> {
        // Strictly less: a point whose count is `line` may lie in the middle of that line.
        Ok(self.last(|p| p.line < line)?.0)
    }

    /// The point that covers `offset`, and where its reach ends.
    pub fn covering(&self, offset: u64) -> Result<(Point, u64), LogError> {
        let (point, next) = self.last(|p| p.offset <= offset)?;
        Ok((point, next.map_or(u64::MAX, |n| n.offset)))
    }

    /// When the byte at `from` arrived, and how far towards `to` the others came within so many ms.
    pub fn moment(&self, from: u64, to: u64, within_ms: i64) -> Result<(i64, u64), LogError> {
        let (first, mut until) = self.covering(from)?;
        while until < to {
            let (point, next) = self.covering(until)?;
            if point.at_ms.abs_diff(first.at_ms) > within_ms.unsigned_abs() {
                return Ok((first.at_ms, until));
            }
            until = next;
        }
        Ok((first.at_ms, to))
    }
}

/// A log as it was at one moment.
pub struct View {
    body: Body,
    /// The frame that was read last, with its number.
    frame: Option<(u64, Vec<u8>)>,
    /// Its points.
    pub points: Points,
    /// Bytes.
    pub length: u64,
    /// Newlines in it.
    pub newlines: u64,
    /// Lines, counting an unfinished last one.
    pub lines: u64,
    /// Nothing will follow.
    pub sealed: bool,
}

impl View {
    /// Joins the parts.
    pub fn new(body: Body, points: Points, length: u64, newlines: u64, lines: u64, sealed: bool) -> Self {
        Self { body, frame: None, points, length, newlines, lines, sealed }
    }

    /// Fills `into` from `offset` on, as far as the log goes; returns how many bytes.
    pub fn read_at(&mut self, offset: u64, into: &mut [u8]) -> Result<usize, LogError> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let n = into.len().min(left);
        match &self.body {
            Body::Plain(file) => {
                file.read_exact_at(&mut into[..n], offset).map_err(LogError::io("read a log"))?;
            }
            Body::Memory(text) => text.read(offset, &mut into[..n]),
            Body::Packed(log) => {
                let mut done = 0;
                while done < n {
                    let at = offset + done as u64;
                    let number = at / FRAME as u64;
                    let text = match self.frame.take() {
                        Some((have, text)) if have == number => text,
                        _ => log.frame(number)?,
                    };
                    let part = text.get((at % FRAME as u64) as usize..).unwrap_or(&[]);
                    let len = part.len().min(n - done);
                    into[done..done + len].copy_from_slice(&part[..len]);
                    done += len;
                    self.frame = Some((number, text));
                }
            }
        }
        Ok(n)
    }

    /// The bytes of `[from, to)`, cut at the end of the log.
    pub fn read(&mut self, from: u64, to: u64) -> Result<Vec<u8>, LogError> {
        let len = to.min(self.length).saturating_sub(from);
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        let n = self.read_at(from, &mut bytes)?;
        bytes.truncate(n);
        Ok(bytes)
    }
}

/// Reads a view forward in blocks.
pub struct Cursor {
    view: View,
    block: Vec<u8>,
    /// Offset of the first byte of `block`.
    base: u64,
    /// Next byte to hand out.
    pos: u64,
}

impl Cursor {
    /// Starts at the beginning.
    pub fn new(view: View) -> Self {
        Self { view, block: Vec::new(), base: 0, pos: 0 }
    }

    /// The view it reads.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Offset of the next byte.
    pub fn pos(&self) -> u64 {
        self.pos
    }

    /// The bytes of `[from, to)`; the position stays.
    pub fn look(&mut self, from: u64, to: u64) -> Result<Vec<u8>, LogError> {
        self.view.read(from, to)
    }

    /// Goes to `offset`; costs nothing if that lies in the block at hand.
    pub fn seek(&mut self, offset: u64) {
        self.pos = offset;
    }

    /// The bytes at hand from the position on; empty only at the end of the log.
    pub fn peek(&mut self) -> Result<&[u8], LogError> {
        let end = self.base + self.block.len() as u64;
        if self.pos < self.base || self.pos >= end {
            self.base = self.pos;
            self.block.resize(BLOCK as usize, 0);
            let n = self.view.read_at(self.pos, &mut self.block)?;
            self.block.truncate(n);
        }
        Ok(self.block.get(usize::try_from(self.pos - self.base).unwrap_or(usize::MAX)..).unwrap_or(&[]))
    }

    /// Moves past `n` bytes that [`Cursor::peek`] has shown.
    pub fn advance(&mut self, n: usize) {
        self.pos += n as u64;
    }

    /// Moves to behind the next newline, or to the end. Returns whether there was one.
    pub fn next_line(&mut self) -> Result<bool, LogError> {
        loop {
            let bytes = self.peek()?;
            if bytes.is_empty() {
                return Ok(false);
            }
            if let Some(i) = bytes.iter().position(|b| *b == b'\n') {
                self.advance(i + 1);
                return Ok(true);
            }
            let n = bytes.len();
            self.advance(n);
        }
    }
}
