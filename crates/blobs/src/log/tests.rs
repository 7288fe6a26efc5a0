//! The log store as its callers see it.

mod basics;
mod compaction;
mod following;
mod journal;
mod killed;
mod load;
mod model;
mod older;
mod properties;

use super::{store::Limits, *};
use cds_model::{Attempt, JobNo, RunId, Timestamp};
use tempfile::TempDir;

fn key(step: u16) -> LogKey {
    LogKey { run: RunId::new(), job: JobNo(1), attempt: Attempt(1), step: LogStream::Step(step) }
}

fn store() -> (TempDir, LogStore) {
    let dir = TempDir::new().unwrap();
    let store = LogStore::open(dir.path()).unwrap();
    (dir, store)
}

const T: Timestamp = Timestamp(1_000_000);

/// What `read_lines` must answer, computed the obvious way.
fn naive_lines(bytes: &[u8]) -> Vec<(u64, u64, String)> {
    let mut offset = 0;
    let mut lines = Vec::new();
    for (number, line) in bytes.split_inclusive(|b| *b == b'\n').enumerate() {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        lines.push((number as u64, offset, String::from_utf8_lossy(text).into_owned()));
        offset += line.len() as u64;
    }
    lines
}
