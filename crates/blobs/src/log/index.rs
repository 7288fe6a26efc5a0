//! The index file beside a log: a header with hash checkpoints and the seal, then fixed-size points.
//!
//! Everything here can be computed again from the data file, except the times of lines. So each part
//! carries its own check value, and a part that does not fit is dropped and made anew.

use super::{LogError, lines::count_newlines};
use sha2::{
    Digest, Sha256,
    digest::common::hazmat::{SerializableState, SerializedState},
};
use std::{fs::File, io, os::unix::fs::FileExt};

/// Bytes before the first point.
pub const HEADER: u64 = 512;
/// Bytes of one point.
pub const RECORD: usize = 32;
/// A point is made at the latest after this many bytes: the most that a reader scans in vain.
pub const STEP: u64 = 64 * 1024;
/// A point is made when the time has moved this far (ms): the resolution of the times of lines.
pub const STEP_MS: i64 = 100;
const MAGIC: &[u8; 8] = b"CDSLOG1\n";
const CHECKPOINTS: [u64; 2] = [64, 216];
const STATE_MAX: usize = 128;
const CHECKPOINT: usize = 8 + 8 + STATE_MAX + 8;
const SEAL_AT: u64 = 400;
const SEAL: usize = 8 + 8 + 32 + 8;

/// A place in the log that readers can start from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Point {
    /// Offset in bytes.
    pub offset: u64,
    /// Number of newlines before `offset`.
    pub line: u64,
    /// When the bytes from here on arrived, ms since the epoch.
    pub at_ms: i64,
}

/// What is counted of a log while it grows.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Bytes.
    pub length: u64,
    /// Newlines in them.
    pub newlines: u64,
    /// The last byte is a newline (or there is none): no line is unfinished.
    pub at_line_start: bool,
    /// How many points there are.
    pub points: u64,
    /// The last of them.
    pub last: Point,
}

impl Shape {
    /// Of a log without a byte.
    pub fn empty() -> Self {
        Self { length: 0, newlines: 0, at_line_start: true, points: 0, last: Point::default() }
    }

    /// Lines, counting an unfinished last one.
    pub fn lines(&self) -> u64 {
        self.newlines + u64::from(!self.at_line_start)
    }

    /// The shape after `new` bytes that arrived at `at_ms`, and the points to be made for them.
    pub fn grown(&self, new: &[u8], at_ms: i64) -> (Self, Vec<Point>) {
        let mut shape = *self;
        // The clock of a worker may jump back; times in a log never do, or a search by time would fail.
        let at_ms = if self.points == 0 { at_ms } else { at_ms.max(self.last.at_ms) };
        let (mut points, mut from) = (Vec::new(), 0);
        while from < new.len() {
            let at = self.length + from as u64;
            let first = shape.points == 0;
            let last = shape.last;
            if first || at - last.offset >= STEP || at_ms.saturating_sub(last.at_ms) >= STEP_MS {
                shape.last = Point { offset: at, line: shape.newlines, at_ms };
                shape.points += 1;
                points.push(shape.last);
            }
            let room = usize::try_from(STEP - (at - shape.last.offset)).unwrap_or(new.len());
            let piece = &new[from..from + room.min(new.len() - from)];
            shape.newlines += count_newlines(piece);
            from += piece.len();
        }
        shape.length += new.len() as u64;
        if let Some(last) = new.last() {
            shape.at_line_start = *last == b'\n';
        }
        (shape, points)
    }
}

/// The end of a complete log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Final length in bytes.
    pub length: u64,
    /// Newlines in it.
    pub newlines: u64,
    /// SHA-256 of all bytes.
    pub sha256: [u8; 32],
}

/// Check value of a part.
pub fn check(bytes: &[u8]) -> u64 {
    // FNV-1a: torn writes and stale bytes are what it must find, not an adversary.
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3))
}

fn sealed_with_check(mut bytes: Vec<u8>) -> Vec<u8> {
    let sum = check(&bytes);
    bytes.extend_from_slice(&sum.to_le_bytes());
    bytes
}

fn checked(bytes: &[u8]) -> Option<&[u8]> {
    let (body, sum) = bytes.split_last_chunk::<8>()?;
    (check(body) == u64::from_le_bytes(*sum)).then_some(body)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

impl Point {
    /// The 32 bytes of this point.
    pub fn encode(&self) -> Vec<u8> {
        let mut b = Vec::with_capacity(RECORD);
        b.extend_from_slice(&self.offset.to_le_bytes());
        b.extend_from_slice(&self.line.to_le_bytes());
        b.extend_from_slice(&self.at_ms.to_le_bytes());
        sealed_with_check(b)
    }

    /// Reads what [`Point::encode`] wrote.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let body = checked(bytes)?;
        let at_ms = i64::from_le_bytes(body.get(16..24)?.try_into().ok()?);
        Some(Self { offset: u64_at(body, 0)?, line: u64_at(body, 8)?, at_ms })
    }
}

impl Seal {
    fn encode(&self) -> Vec<u8> {
        let mut b = Vec::with_capacity(SEAL);
        b.extend_from_slice(&self.length.to_le_bytes());
        b.extend_from_slice(&self.newlines.to_le_bytes());
        b.extend_from_slice(&self.sha256);
        sealed_with_check(b)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let body = checked(bytes)?;
        let sha256 = body.get(16..48)?.try_into().ok()?;
        Some(Self { length: u64_at(body, 0)?, newlines: u64_at(body, 8)?, sha256 })
    }
}

/// A hash that has taken the first `length` bytes.
#[derive(Clone)]
pub struct Checkpoint {
    /// Bytes hashed.
    pub length: u64,
    /// The state after them.
    pub hash: Sha256,
}

impl Checkpoint {
    fn encode(&self) -> Vec<u8> {
        let state = self.hash.serialize();
        let mut b = Vec::with_capacity(CHECKPOINT);
        b.extend_from_slice(&self.length.to_le_bytes());
        b.extend_from_slice(&(state.len() as u64).to_le_bytes());
        b.extend_from_slice(&state);
        b.resize(16 + STATE_MAX, 0);
        sealed_with_check(b)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let body = checked(bytes)?;
        let len = usize::try_from(u64_at(body, 8)?).ok()?;
        let state = body.get(16..16usize.checked_add(len)?)?;
        let state = SerializedState::<Sha256>::try_from(state).ok()?;
        Some(Self { length: u64_at(body, 0)?, hash: Sha256::deserialize(&state).ok()? })
    }
}

/// What an index file said when it was opened; already made consistent with the length of the data.
pub struct Loaded {
    /// Points before the end of the data, in order.
    pub points: Vec<Point>,
    /// The furthest usable checkpoint.
    pub checkpoint: Checkpoint,
    /// Which of the two places to write the next checkpoint to.
    pub next_slot: usize,
    /// The seal, if one was written for exactly this length.
    pub seal: Option<Seal>,
    /// A seal was found that does not fit the data: bytes were lost after sealing.
    pub broken_seal: Option<u64>,
}

/// Reads and mends `file` for a data file of `length` bytes: afterwards it holds a header and the points
/// that are returned, nothing else.
pub fn load(file: &File, length: u64) -> Result<Loaded, LogError> {
    let err = LogError::io("read a log's index");
    let mut loaded = Loaded {
        points: Vec::new(),
        checkpoint: Checkpoint { length: 0, hash: Sha256::new() },
        next_slot: 0,
        seal: None,
        broken_seal: None,
    };
    let bytes = read_all(file).map_err(err)?;
    if bytes.len() < HEADER as usize || !bytes.starts_with(MAGIC) {
        create(file).map_err(LogError::io("write a log's index"))?;
        return Ok(loaded);
    }
    for (slot, at) in CHECKPOINTS.iter().enumerate() {
        let at = *at as usize;
        match Checkpoint::decode(&bytes[at..at + CHECKPOINT]) {
            Some(c) if c.length <= length && c.length > loaded.checkpoint.length => {
                loaded.checkpoint = c;
                loaded.next_slot = 1 - slot;
            }
            _ => {}
        }
    }
    match Seal::decode(&bytes[SEAL_AT as usize..SEAL_AT as usize + SEAL]) {
        Some(seal) if seal.length == length => loaded.seal = Some(seal),
        Some(seal) => {
            loaded.broken_seal = Some(seal.length);
            file.write_all_at(&[0; SEAL], SEAL_AT).map_err(LogError::io("write a log's index"))?;
        }
        None => {}
    }
    for record in bytes[HEADER as usize..].chunks_exact(RECORD) {
        let Some(point) = Point::decode(record) else { break };
        let fits = match loaded.points.last() {
            None => point.offset == 0 && point.line == 0,
            Some(p) => p.offset < point.offset && p.line <= point.line && p.at_ms <= point.at_ms,
        };
        if !fits || point.offset >= length {
            break;
        }
        loaded.points.push(point);
    }
    let end = HEADER + (loaded.points.len() * RECORD) as u64;
    if bytes.len() as u64 != end {
        file.set_len(end).map_err(LogError::io("mend a log's index"))?;
    }
    Ok(loaded)
}

fn read_all(file: &File) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// Makes `file` an index without points.
pub fn create(file: &File) -> io::Result<()> {
    let mut header = [0; HEADER as usize];
    header[..MAGIC.len()].copy_from_slice(MAGIC);
    file.set_len(0)?;
    file.write_all_at(&header, 0)
}

/// Writes a checkpoint into one of its two places. The other one stays, in case this write is torn.
pub fn write_checkpoint(file: &File, slot: usize, checkpoint: &Checkpoint) -> io::Result<()> {
    file.write_all_at(&checkpoint.encode(), CHECKPOINTS[slot % 2])
}

/// Writes the seal.
pub fn write_seal(file: &File, seal: &Seal) -> io::Result<()> {
    file.write_all_at(&seal.encode(), SEAL_AT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_fit_into_the_header() {
        let state = Sha256::new().serialize();
        assert!(state.len() <= STATE_MAX);
        assert!(CHECKPOINTS[0] as usize + CHECKPOINT <= CHECKPOINTS[1] as usize);
        assert!(CHECKPOINTS[1] as usize + CHECKPOINT <= SEAL_AT as usize);
        assert!(SEAL_AT as usize + SEAL <= HEADER as usize);
    }

    #[test]
    fn parts_survive_encoding_and_notice_damage() {
        let point = Point { offset: 7, line: 3, at_ms: -5 };
        let mut bytes = point.encode();
        assert_eq!(bytes.len(), RECORD);
        assert_eq!(Point::decode(&bytes), Some(point));
        bytes[9] ^= 1;
        assert_eq!(Point::decode(&bytes), None);
        assert_eq!(Point::decode(&[0; RECORD]), None, "a hole in the file is not a point");

        let mut hash = Sha256::new();
        hash.update(b"hello");
        let bytes = Checkpoint { length: 5, hash: hash.clone() }.encode();
        assert_eq!(bytes.len(), CHECKPOINT);
        let mut back = Checkpoint::decode(&bytes).unwrap();
        back.hash.update(b" world");
        hash.update(b" world");
        assert_eq!(back.hash.finalize(), hash.finalize());
    }
}
