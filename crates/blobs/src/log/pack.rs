//! Compressed logs: one file of independent zstd frames, for one large log or the small ones of a run.
//!
//! ```text
//! for each log:  frames of 256 KiB of text · offsets of the frames · points
//! at the end:    directory (JSON) · its length · its check value · magic
//! ```
//! Every part is found by position, so a reader fetches three small ranges and one frame.

use super::{
    LogError, LogKey, LogStream,
    entries::lock,
    index::{Point, RECORD, check},
    view::{Body, Points, View},
};
use cds_model::{Attempt, JobNo};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{
    collections::VecDeque,
    fs::File,
    io::{BufWriter, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// Bytes of text in a frame (the last may have fewer).
pub const FRAME: usize = 256 * 1024;
const LEVEL: i32 = 3;
const MAGIC: u64 = u64::from_le_bytes(*b"CDSZLOG1");
const TRAILER: u64 = 24;
/// Packs that stay open, and logs in them.
const CACHED: usize = 16;
const CACHED_LOGS: usize = 32 * 1024;

/// One log in a pack.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Packed {
    /// Job and attempt, in a pack of a run. The pack of an attempt, which earlier versions wrote, does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<(JobNo, Attempt)>,
    pub stream: LogStream,
    pub length: u64,
    pub newlines: u64,
    pub lines: u64,
    pub sha256: String,
    /// Where the table of frame offsets starts; it has one offset more than there are frames.
    frames_at: u64,
    points_at: u64,
    points: u64,
}

/// An open pack.
#[derive(Clone)]
pub struct Pack {
    file: Arc<File>,
    path: Arc<PathBuf>,
    pub logs: Vec<Packed>,
}

fn damaged(path: &Path, why: impl Into<String>) -> LogError {
    LogError::Damaged { file: path.display().to_string(), why: why.into() }
}

impl Pack {
    /// Opens the pack at `path`; `None` if there is none.
    pub fn open(path: &Path) -> Result<Option<Self>, LogError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(LogError::io("open a packed log")(e)),
        };
        let read = LogError::io("read a packed log");
        let size = file.metadata().map_err(LogError::io("open a packed log"))?.len();
        let end = size.checked_sub(TRAILER).ok_or_else(|| damaged(path, "it is too short"))?;
        let mut trailer = [0; TRAILER as usize];
        file.read_exact_at(&mut trailer, end).map_err(read)?;
        let [len, sum, magic] =
            [0, 8, 16].map(|i| trailer[i..].first_chunk().map_or(0, |b: &[u8; 8]| u64::from_le_bytes(*b)));
        let start = end.checked_sub(len).filter(|_| magic == MAGIC);
        let start = start.ok_or_else(|| damaged(path, "it does not end in a directory"))?;
        let mut directory = vec![0; usize::try_from(len).unwrap_or(usize::MAX)];
        file.read_exact_at(&mut directory, start).map_err(LogError::io("read a packed log"))?;
        if check(&directory) != sum {
            return Err(damaged(path, "its directory does not fit its check value"));
        }
        let logs = serde_json::from_slice(&directory).map_err(|e| damaged(path, e.to_string()))?;
        Ok(Some(Self { file: Arc::new(file), path: Arc::new(path.to_path_buf()), logs }))
    }

    /// The log of `key`, if it is in this pack, which is one of its run.
    pub fn log(&self, key: &LogKey) -> Option<PackedLog> {
        let of = (key.job, key.attempt);
        let log = self.logs.iter().find(|l| l.stream == key.step && l.of.is_none_or(|o| o == of))?;
        Some(self.open_log(log))
    }

    fn open_log(&self, log: &Packed) -> PackedLog {
        PackedLog { file: Arc::clone(&self.file), path: Arc::clone(&self.path), log: log.clone() }
    }
}

/// The packs of runs that were used last: their directories may be long.
#[derive(Default)]
pub struct Packs(Mutex<VecDeque<Arc<Pack>>>);

impl Packs {
    /// The pack at `path`, if there is one.
    pub fn get(&self, path: &Path) -> Result<Option<Arc<Pack>>, LogError> {
        // Opened under the lock, so that `forget` finds whatever was opened before a pack was replaced.
        let mut packs = lock(&self.0);
        if let Some(i) = packs.iter().position(|p| **p.path == *path)
            && let Some(pack) = packs.remove(i)
        {
            packs.push_front(Arc::clone(&pack));
            return Ok(Some(pack));
        }
        let Some(pack) = Pack::open(path)?.map(Arc::new) else { return Ok(None) };
        packs.push_front(Arc::clone(&pack));
        let mut logs = 0;
        packs.retain(|p| {
            logs += p.logs.len() + CACHED_LOGS / CACHED;
            Arc::ptr_eq(p, &pack) || logs <= CACHED_LOGS
        });
        Ok(Some(pack))
    }

    /// Forgets the pack at `path`, which was replaced or removed.
    pub fn forget(&self, path: &Path) {
        lock(&self.0).retain(|p| **p.path != *path);
    }
}

/// One log of an open pack.
#[derive(Clone)]
pub struct PackedLog {
    file: Arc<File>,
    path: Arc<PathBuf>,
    pub log: Packed,
}

impl PackedLog {
    /// What readers see.
    pub fn view(&self) -> View {
        let l = &self.log;
        let points = Points::new(Arc::clone(&self.file), l.points_at, l.points);
        View::new(Body::Packed(Box::new(self.clone())), points, l.length, l.newlines, l.lines, true)
    }

    /// The text of frame `number`.
    pub fn frame(&self, number: u64) -> Result<Vec<u8>, LogError> {
        let bad = |why: String| damaged(&self.path, format!("frame {number} of {}: {why}", self.log.stream));
        let mut ends = [0; 16];
        let table = self.log.frames_at + number * 8;
        self.file.read_exact_at(&mut ends, table).map_err(LogError::io("read a packed log"))?;
        let [from, to] =
            [0, 8].map(|i| ends[i..].first_chunk().map_or(0, |b: &[u8; 8]| u64::from_le_bytes(*b)));
        // Text that cannot be compressed grows a little; anything beyond that is not ours.
        let len = to.checked_sub(from).filter(|n| *n <= 2 * FRAME as u64);
        let len = len.ok_or_else(|| bad("its place makes no sense".into()))?;
        let mut packed = vec![0; usize::try_from(len).unwrap_or(0)];
        self.file.read_exact_at(&mut packed, from).map_err(LogError::io("read a packed log"))?;
        let text = zstd::bulk::decompress(&packed, FRAME).map_err(|e| bad(e.to_string()))?;
        let want = (self.log.length - number * FRAME as u64).min(FRAME as u64);
        if text.len() as u64 != want {
            return Err(bad(format!("it has {} bytes instead of {want}", text.len())));
        }
        Ok(text)
    }
}

/// Writes a pack. Nothing is visible under its final name until [`Writer::finish`].
pub struct Writer {
    out: BufWriter<File>,
    temporary: PathBuf,
    at: u64,
    logs: Vec<Packed>,
    compressor: zstd::bulk::Compressor<'static>,
}

impl Writer {
    /// Begins a pack that will be at `path`.
    pub fn create(path: &Path) -> Result<Self, LogError> {
        let temporary = path.with_extension("tmp");
        let file = File::create(&temporary).map_err(LogError::io("create a packed log"))?;
        // One for all logs: it takes a megabyte to set up, and most logs are a few lines.
        let mut compressor = zstd::bulk::Compressor::new(LEVEL).map_err(LogError::io("compress a log"))?;
        compressor.include_checksum(true).map_err(LogError::io("compress a log"))?;
        let out = BufWriter::with_capacity(FRAME, file);
        Ok(Self { out, temporary, at: 0, logs: Vec::new(), compressor })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(LogError::io("write a packed log"))
    }

    /// Adds a whole log, provided that its bytes still have the hash they were sealed with.
    pub fn add(
        &mut self,
        of: Option<(JobNo, Attempt)>,
        stream: &LogStream,
        mut view: View,
        sha256: &str,
    ) -> Result<(), LogError> {
        let mut hash = Sha256::new();
        let mut offsets = Vec::new();
        let mut at = 0;
        while at < view.length {
            let text = view.read(at, at + FRAME as u64)?;
            hash.update(&text);
            offsets.extend(self.at.to_le_bytes());
            let frame = self.compressor.compress(&text).map_err(LogError::io("compress a log"))?;
            self.put(&frame)?;
            at += text.len() as u64;
        }
        offsets.extend(self.at.to_le_bytes());
        if hex::encode(hash.finalize()) != sha256 {
            let why = "its bytes are not the ones that were sealed; it is left as it is".to_string();
            return Err(LogError::Damaged { file: stream.to_string(), why });
        }
        let frames_at = self.at;
        self.put(&offsets)?;
        let points_at = self.at;
        let points = view.points.count();
        for i in 0..points {
            let record: Vec<u8> = Point::encode(&view.points.get(i)?);
            debug_assert_eq!(record.len(), RECORD);
            self.put(&record)?;
        }
        self.logs.push(Packed {
            of,
            stream: stream.clone(),
            length: view.length,
            newlines: view.newlines,
            lines: view.lines,
            sha256: sha256.to_string(),
            frames_at,
            points_at,
            points,
        });
        Ok(())
    }

    /// Makes the pack durable and puts it at `path`.
    pub fn finish(mut self, path: &Path) -> Result<(), LogError> {
        let directory = serde_json::to_vec(&self.logs)
            .map_err(|e| LogError::io("write a packed log")(std::io::Error::other(e)))?;
        self.put(&directory)?;
        self.put(&(directory.len() as u64).to_le_bytes())?;
        self.put(&check(&directory).to_le_bytes())?;
        self.put(&MAGIC.to_le_bytes())?;
        self.out.flush().map_err(LogError::io("write a packed log"))?;
        self.out.get_ref().sync_all().map_err(LogError::io("make a packed log durable"))?;
        std::fs::rename(&self.temporary, path).map_err(LogError::io("put a packed log in place"))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // After a success the name is gone already; after a failure this gives the space back.
        let _ = std::fs::remove_file(&self.temporary);
    }
}
