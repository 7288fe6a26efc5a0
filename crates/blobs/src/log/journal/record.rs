//! Records of the journal, as bytes.
//!
//! ```text
//! marker (4) · length of the body (4) · check of both and of the place (8) · check of the body (8) · body
//! body: kind (1) · run (16) · [job (4) · attempt (4) · stream] · what the kind needs
//! ```

use super::super::{LogKey, LogStream};
use cds_model::{Attempt, JobNo, RunId};

/// Bytes before the body.
pub const HEAD: usize = 24;
/// Longest body: the most that one append brings, and room for the longest name.
pub const BODY_MAX: usize = 64 * 1024 + 1024;
/// First bytes of every record: what a reader looks for behind a damaged one.
pub const MARKER: [u8; 4] = [0xC5, b'J', b'R', 0x01];

const BYTES: u8 = 1;
const SEALED: u8 = 2;
const GONE: u8 = 3;
const RUN_GONE: u8 = 4;

/// What a record says.
#[derive(Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// Bytes of a log from `offset` on, which arrived at `at_ms`.
    Bytes { key: LogKey, offset: u64, at_ms: i64, bytes: &'a [u8] },
    /// A log is complete.
    Sealed { key: LogKey, length: u64, sha256: [u8; 32] },
    /// A log is not in the journal any more: it has files of its own, or was packed.
    Gone { key: LogKey },
    /// All logs of a run were deleted.
    RunGone { run: RunId },
}

/// Check value of `bytes`, which depends on `seed`: who doesn't know it can't write bytes into a log that look like
/// a record.
pub fn check(seed: u64, bytes: &[u8]) -> u64 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let step = |h: u64, word: u64| {
        let h = (h ^ word).wrapping_mul(K);
        h ^ (h >> 29)
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let mut h = step(seed ^ K, bytes.len() as u64);
    for word in words {
        h = step(h, u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    h = step(h, u64::from_le_bytes(last));
    step(h, h >> 32)
}

fn put_key(out: &mut Vec<u8>, key: &LogKey) {
    out.extend(key.run.0.as_bytes());
    out.extend(key.job.0.to_le_bytes());
    out.extend(key.attempt.0.to_le_bytes());
    match &key.step {
        LogStream::Step(n) => {
            out.push(0);
            out.extend(n.to_le_bytes());
        }
        LogStream::Service(name) => {
            out.push(1);
            // The store refuses longer names than its file names can hold, a fraction of this.
            out.extend((name.len() as u16).to_le_bytes());
            out.extend(name.as_bytes());
        }
    }
}

/// Takes values off the front of a body.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn run(&mut self) -> Option<RunId> {
        Some(RunId(uuid::Uuid::from_bytes(self.array()?)))
    }

    fn key(&mut self) -> Option<LogKey> {
        let run = self.run()?;
        let job = JobNo(u32::from_le_bytes(self.array()?));
        let attempt = Attempt(u32::from_le_bytes(self.array()?));
        let step = match self.array()? {
            [0] => LogStream::Step(u16::from_le_bytes(self.array()?)),
            [1] => {
                let len = u16::from_le_bytes(self.array()?);
                LogStream::Service(std::str::from_utf8(self.take(len.into())?).ok()?.to_string())
            }
            _ => return None,
        };
        Some(LogKey { run, job, attempt, step })
    }
}

impl<'a> Record<'a> {
    /// Adds this record to `out`, of which the first byte will stand at `base` of its file.
    pub fn encode(&self, out: &mut Vec<u8>, base: u64, salt: u64) {
        let start = out.len();
        out.extend([0; HEAD]);
        match self {
            Record::Bytes { key, offset, at_ms, bytes } => {
                out.push(BYTES);
                put_key(out, key);
                out.extend(offset.to_le_bytes());
                out.extend(at_ms.to_le_bytes());
                out.extend_from_slice(bytes);
            }
            Record::Sealed { key, length, sha256 } => {
                out.push(SEALED);
                put_key(out, key);
                out.extend(length.to_le_bytes());
                out.extend(sha256);
            }
            Record::Gone { key } => {
                out.push(GONE);
                put_key(out, key);
            }
            Record::RunGone { run } => {
                out.push(RUN_GONE);
                out.extend(run.0.as_bytes());
            }
        }
        let length = (out.len() - start - HEAD) as u32;
        let head = head_check(salt, base + start as u64, length);
        let body = check(head, &out[start + HEAD..]);
        out[start..start + 4].copy_from_slice(&MARKER);
        out[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
        out[start + 8..start + 16].copy_from_slice(&head.to_le_bytes());
        out[start + 16..start + HEAD].copy_from_slice(&body.to_le_bytes());
    }

    /// Reads a body whose check value was right; `None` if it makes no sense all the same.
    pub fn decode(body: &'a [u8]) -> Option<Self> {
        let mut r = Reader(body);
        let record = match r.array()? {
            [BYTES] => {
                let key = r.key()?;
                let offset = u64::from_le_bytes(r.array()?);
                let at_ms = i64::from_le_bytes(r.array()?);
                let bytes = std::mem::take(&mut r.0);
                Record::Bytes { key, offset, at_ms, bytes }
            }
            [SEALED] => {
                Record::Sealed { key: r.key()?, length: u64::from_le_bytes(r.array()?), sha256: r.array()? }
            }
            [GONE] => Record::Gone { key: r.key()? },
            [RUN_GONE] => Record::RunGone { run: r.run()? },
            _ => return None,
        };
        r.0.is_empty().then_some(record)
    }
}

fn head_check(salt: u64, at: u64, length: u32) -> u64 {
    check(salt ^ at, &length.to_le_bytes())
}

/// Length of the body and its check value, if `head` begins a record at byte `at`.
pub fn head(head: &[u8], at: u64, salt: u64) -> Option<(usize, Body)> {
    let head: &[u8; HEAD] = head.first_chunk()?;
    let mut r = Reader(head);
    if r.array()? != MARKER {
        return None;
    }
    let length = u32::from_le_bytes(r.array()?);
    let seed = u64::from_le_bytes(r.array()?);
    let good = seed == head_check(salt, at, length) && length as usize <= BODY_MAX;
    good.then_some((length as usize, Body { seed, check: u64::from_le_bytes(r.array()?) }))
}

/// What the body of a record must be.
pub struct Body {
    seed: u64,
    check: u64,
}

impl Body {
    /// Whether `body` is what was written.
    pub fn fits(&self, body: &[u8]) -> bool {
        check(self.seed, body) == self.check
    }
}
