//! A log that is a plain file: the form in which it is written.

use super::{
    LogError,
    index::{self, Checkpoint, HEADER, Point, RECORD, STEP, Seal, Shape},
    lines::count_newlines,
    small::Small,
    view::{Body, Points, View},
};
use sha2::{Digest, Sha256};
use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    time::UNIX_EPOCH,
};

/// After a crash at most this many bytes are hashed again.
const CHECKPOINT_EVERY: u64 = 8 * 1024 * 1024;
const BLOCK: usize = 256 * 1024;

/// An open log file with its index.
pub struct Tail {
    data: Arc<File>,
    index: Arc<File>,
    shape: Shape,
    hash: Sha256,
    checkpointed: u64,
    next_slot: usize,
    seal: Option<Seal>,
}

fn open(path: &Path, create: bool) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).create(create).truncate(false).open(path)
}

/// Removes the files of a log. The data first: without its index it would look like a log that is not complete.
pub fn remove(data: &Path, index: &Path) -> Result<(), LogError> {
    for file in [data, index] {
        match std::fs::remove_file(file) {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(LogError::io("remove the files of a log")(e)),
        }
    }
    Ok(())
}

impl Tail {
    /// Opens the log at `data`, mending its index; `None` if there is no such file and `create` is not set.
    pub fn open(data: &Path, index: &Path, create: bool) -> Result<Option<Self>, LogError> {
        let file = match open(data, create) {
            Ok(file) => file,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound && !create => return Ok(None),
            Err(e) => return Err(LogError::io("open a log")(e)),
        };
        let index = open(index, true).map_err(LogError::io("open a log's index"))?;
        let meta = file.metadata().map_err(LogError::io("open a log"))?;
        let length = meta.len();
        let loaded = index::load(&index, length)?;
        if let Some(was) = loaded.broken_seal {
            tracing::warn!(file = %data.display(), was, length, "a sealed log lost bytes; it is open again");
        }
        // Time of last resort, for a log whose index is lost altogether.
        let mtime = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let at_ms = mtime.and_then(|d| i64::try_from(d.as_millis()).ok()).unwrap_or(0);
        let mut tail = Self {
            data: Arc::new(file),
            index: Arc::new(index),
            shape: Shape {
                length,
                points: loaded.points.len() as u64,
                last: loaded.points.last().copied().unwrap_or(Point { at_ms, ..Point::default() }),
                ..Shape::empty()
            },
            hash: loaded.checkpoint.hash,
            checkpointed: loaded.checkpoint.length,
            next_slot: loaded.next_slot,
            seal: loaded.seal,
        };
        tail.catch_up()?;
        Ok(Some(tail))
    }

    /// Puts a log of the journal into files of its own; what may be there under their names is of no use any more.
    /// The journal still holds the log after that.
    pub fn begin(data: &Path, index: &Path, small: &Small) -> Result<Self, LogError> {
        remove(data, index)?;
        let begun = Self::write_small(data, index, small);
        if begun.is_err() {
            // Half a log must not be taken for one.
            remove(data, index)?;
        }
        begun
    }

    fn write_small(data: &Path, index: &Path, small: &Small) -> Result<Self, LogError> {
        let what = "put a log into a file of its own";
        let data = open(data, true).map_err(LogError::io(what))?;
        let index = open(index, true).map_err(LogError::io(what))?;
        index::create(&index).map_err(LogError::io(what))?;
        small
            .with_text(|bytes, points| {
                data.write_all_at(bytes, 0)?;
                let records: Vec<u8> = points.iter().flat_map(Point::encode).collect();
                index.write_all_at(&records, HEADER)
            })
            .map_err(LogError::io(what))?;
        Ok(Self {
            data: Arc::new(data),
            index: Arc::new(index),
            shape: *small.shape(),
            hash: small.hash(),
            checkpointed: 0,
            next_slot: 0,
            seal: None,
        })
    }

    /// Reads what the index does not cover: counts lines, makes the missing points, hashes the rest.
    fn catch_up(&mut self) -> Result<(), LogError> {
        let hash_from = if self.seal.is_some() { self.shape.length } else { self.checkpointed };
        let count_from = self.shape.last.offset;
        self.shape.newlines = self.shape.last.line;
        let mut at = hash_from.min(count_from);
        let mut records = Vec::new();
        let mut made = 0;
        if self.shape.points == 0 && self.shape.length > 0 {
            records.extend(self.shape.last.encode());
            made = 1;
        }
        let mut block = vec![0; BLOCK.min(usize::try_from(self.shape.length - at).unwrap_or(BLOCK)).max(1)];
        while at < self.shape.length {
            let n = block.len().min(usize::try_from(self.shape.length - at).unwrap_or(BLOCK));
            let bytes = &mut block[..n];
            self.data.read_exact_at(bytes, at).map_err(LogError::io("read a log"))?;
            let end = at + n as u64;
            if end > hash_from {
                self.hash.update(&bytes[usize::try_from(hash_from.saturating_sub(at)).unwrap_or(0)..]);
            }
            let mut from = usize::try_from(count_from.saturating_sub(at)).unwrap_or(n).min(n);
            while from < n {
                let offset = at + from as u64;
                if offset - self.shape.last.offset >= STEP {
                    self.shape.last =
                        Point { offset, line: self.shape.newlines, at_ms: self.shape.last.at_ms };
                    records.extend(self.shape.last.encode());
                    made += 1;
                }
                let piece =
                    usize::try_from(STEP - (offset - self.shape.last.offset)).unwrap_or(n).min(n - from);
                self.shape.newlines += count_newlines(&bytes[from..from + piece]);
                from += piece;
            }
            at = end;
        }
        if made > 0 {
            let end = HEADER + self.shape.points * RECORD as u64;
            self.index.write_all_at(&records, end).map_err(LogError::io("mend a log's index"))?;
            self.shape.points += made;
        }
        if self.shape.length > 0 {
            let mut last = [0];
            self.data.read_exact_at(&mut last, self.shape.length - 1).map_err(LogError::io("read a log"))?;
            self.shape.at_line_start = last == [b'\n'];
        }
        Ok(())
    }

    /// Bytes in the log.
    pub fn length(&self) -> u64 {
        self.shape.length
    }

    /// The end, if the log is complete.
    pub fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// The file of the bytes, to be made durable without holding the log's lock.
    pub fn data(&self) -> Arc<File> {
        Arc::clone(&self.data)
    }

    /// Hex SHA-256 of all bytes so far.
    pub fn chain_hash(&self) -> String {
        match &self.seal {
            Some(seal) => hex::encode(seal.sha256),
            None => hex::encode(self.hash.clone().finalize()),
        }
    }

    /// Appends what is new in a chunk that starts at `offset`; see [`super::LogStore::append`].
    pub fn append(&mut self, offset: u64, bytes: &[u8], at_ms: i64) -> Result<u64, LogError> {
        if let Some(seal) = &self.seal {
            return Err(LogError::Sealed { length: seal.length });
        }
        if offset > self.shape.length {
            return Err(LogError::Gap { have: self.shape.length });
        }
        let known = usize::try_from(self.shape.length - offset).unwrap_or(usize::MAX).min(bytes.len());
        self.compare(offset, &bytes[..known])?;
        let new = &bytes[known..];
        if new.is_empty() {
            return Ok(self.shape.length);
        }
        let (shape, points) = self.shape.grown(new, at_ms);
        let records: Vec<u8> = points.iter().flat_map(Point::encode).collect();
        self.write(new, &records)?;
        self.shape = shape;
        self.hash.update(new);
        if self.shape.length - self.checkpointed >= CHECKPOINT_EVERY {
            self.checkpoint();
        }
        Ok(self.shape.length)
    }

    /// Data first: an index that lags is mended on opening, one that is ahead would lie. If either write
    /// fails, both files are cut back, so that nothing of a refused chunk remains.
    fn write(&self, new: &[u8], records: &[u8]) -> Result<(), LogError> {
        let index_end = HEADER + self.shape.points * RECORD as u64;
        let done = self.data.write_all_at(new, self.shape.length).and_then(|()| {
            if records.is_empty() { Ok(()) } else { self.index.write_all_at(records, index_end) }
        });
        done.map_err(|e| {
            for (file, end) in [(&self.data, self.shape.length), (&self.index, index_end)] {
                if let Err(e) = file.set_len(end) {
                    tracing::error!(error = %e, "could not take back a failed append");
                }
            }
            LogError::io("append to a log")(e)
        })
    }

    fn compare(&self, offset: u64, bytes: &[u8]) -> Result<(), LogError> {
        let mut block = vec![0; bytes.len().min(BLOCK)];
        for (i, part) in bytes.chunks(BLOCK).enumerate() {
            let at = offset + (i * BLOCK) as u64;
            let stored = &mut block[..part.len()];
            self.data.read_exact_at(stored, at).map_err(LogError::io("read a log"))?;
            if let Some(d) = stored.iter().zip(part).position(|(a, b)| a != b) {
                return Err(LogError::Conflict { offset: at + d as u64 });
            }
        }
        Ok(())
    }

    /// Saves the state of the hash, so that opening again needs no reading. Losing it costs only time.
    pub fn checkpoint(&mut self) {
        if self.seal.is_some() || self.shape.length == self.checkpointed {
            return;
        }
        let checkpoint = Checkpoint { length: self.shape.length, hash: self.hash.clone() };
        match index::write_checkpoint(&self.index, self.next_slot, &checkpoint) {
            Ok(()) => {
                self.next_slot = 1 - self.next_slot;
                self.checkpointed = self.shape.length;
            }
            Err(e) => tracing::warn!(error = %e, "could not write a hash checkpoint"),
        }
    }

    /// Marks the log complete and makes it durable: data before the mark, so that the mark is true.
    pub fn finish(&mut self, announced: u64) -> Result<(), LogError> {
        if self.shape.length != announced {
            return Err(LogError::LengthMismatch { have: self.shape.length, announced });
        }
        if self.seal.is_some() {
            return Ok(());
        }
        let sync = "make a log durable";
        self.data.sync_data().map_err(LogError::io(sync))?;
        let sha256 = self.hash.clone().finalize().into();
        let seal = Seal { length: self.shape.length, newlines: self.shape.newlines, sha256 };
        index::write_seal(&self.index, &seal).map_err(LogError::io("seal a log"))?;
        self.index.sync_data().map_err(LogError::io(sync))?;
        self.seal = Some(seal);
        Ok(())
    }

    /// What readers see from now on, whatever is appended meanwhile.
    pub fn view(&self) -> View {
        View::new(
            Body::Plain(Arc::clone(&self.data)),
            Points::new(Arc::clone(&self.index), HEADER, self.shape.points),
            self.shape.length,
            self.shape.newlines,
            self.shape.lines(),
            self.seal.is_some(),
        )
    }
}
