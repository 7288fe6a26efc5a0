//! The store of all logs: what the rest of the server calls.

use super::{
    LogError, LogKey, LogStream, Match,
    compact::SHARED,
    entries::{Entries, Entry, Slot, lock},
    follow::Progress,
    lines::{self, Lines},
    pack::Pack,
    search,
    tail::Tail,
    view::View,
};
use bytes::Bytes;
use cds_model::{Attempt, JobNo, RunId, Timestamp};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeSet, HashSet},
    fs::{self, File, TryLockError},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};
use tokio::sync::watch;

/// Logs kept open unless told otherwise; each takes two file handles.
const MAX_OPEN: usize = 256;
/// Reading more than this many bytes moves to a thread that may block. Below it, the hand-off would cost
/// more than the reading.
const INLINE: u64 = 256 * 1024;
const SYNCED_MAX: usize = 16 * 1024;
const TRASH: &str = "trash";

/// How a log stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogState {
    /// Bytes.
    pub length: u64,
    /// Lines, counting an unfinished last one.
    pub lines: u64,
    /// Complete: nothing will be appended.
    pub sealed: bool,
    /// Hex SHA-256 of all bytes so far; final once sealed.
    pub chain_hash: String,
}

/// All logs of a server, below one directory. Clones share it.
///
/// A chunk is acknowledged once the operating system has it: it survives the death of this process. A
/// seal is acknowledged once the log is on disk: it survives the loss of power.
#[derive(Clone)]
pub struct LogStore {
    inner: Arc<Inner>,
}

struct Inner {
    root: PathBuf,
    entries: Entries,
    /// Directories whose own entries in their parents are known to be on disk, and those of all above them.
    synced: Mutex<HashSet<PathBuf>>,
    packing: Mutex<()>,
    /// Held as long as the store lives: two processes that append to one file would ruin it.
    _lock: File,
}

/// Runs `work` here, or on a thread that may block.
pub(super) async fn inline_or_blocking<T: Send + 'static>(
    big: bool,
    work: impl FnOnce() -> Result<T, LogError> + Send + 'static,
) -> Result<T, LogError> {
    if !big {
        return work();
    }
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(LogError::Io { what: "run a task for a log", source: io::Error::other(e) }))
}

pub(super) fn sync_dir(dir: &Path) -> Result<(), LogError> {
    File::open(dir).and_then(|d| d.sync_all()).map_err(LogError::io("make a log's directory durable"))
}

impl LogStore {
    /// Opens the store at `dir`, made if it does not exist.
    ///
    /// # Errors
    /// [`LogError::InUse`] if another store uses `dir`; it is waited for, a second long, because a server
    /// that is restarted overlaps with the one that ends.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, LogError> {
        Self::with_max_open(dir, MAX_OPEN)
    }

    /// As [`LogStore::open`], with a limit of open logs of your own (two file handles each).
    pub fn with_max_open(dir: impl AsRef<Path>, max_open: usize) -> Result<Self, LogError> {
        let root = dir.as_ref().to_path_buf();
        fs::create_dir_all(&root).map_err(LogError::io("create the log directory"))?;
        let lock = File::create(root.join("lock")).map_err(LogError::io("open the log directory's lock"))?;
        let mut tries = 0;
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < 20 => tries += 1,
                Err(TryLockError::WouldBlock) => {
                    return Err(LogError::InUse { dir: root.display().to_string() });
                }
                Err(TryLockError::Error(e)) => return Err(LogError::io("lock the log directory")(e)),
            }
            thread::sleep(Duration::from_millis(50));
        }
        // What a deletion left behind when the process ended in the middle of it.
        remove_tree(&root.join(TRASH))?;
        let entries = Entries::new(max_open.max(4));
        Ok(Self {
            inner: Arc::new(Inner {
                root,
                entries,
                synced: Mutex::default(),
                packing: Mutex::default(),
                _lock: lock,
            }),
        })
    }

    fn run_dir(&self, run: RunId) -> PathBuf {
        // The end of the id is random; its beginning is a time, which would fill one directory at once.
        let name = run.to_string();
        self.inner.root.join(&name[name.len().saturating_sub(2)..]).join(name)
    }

    pub(super) fn attempt_dir(&self, run: RunId, job: JobNo, attempt: Attempt) -> PathBuf {
        self.run_dir(run).join(format!("{job}-{attempt}"))
    }

    pub(super) fn paths(&self, key: &LogKey) -> Result<Paths, LogError> {
        let stem = key.step.file_stem()?;
        let dir = self.attempt_dir(key.run, key.job, key.attempt);
        let file = |suffix| dir.join(format!("{stem}.{suffix}"));
        Ok(Paths { data: file("log"), index: file("idx"), pack: file("zlog"), dir })
    }

    pub(super) fn with<T>(
        &self,
        key: &LogKey,
        paths: &Paths,
        change: impl FnOnce(&mut Slot) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let load = || {
            // A plain file wins: after a crash in the middle of packing both may be there.
            if let Some(tail) = Tail::open(&paths.data, &paths.index, false)? {
                return Ok(Slot::Tail(tail));
            }
            for path in [&paths.pack, &paths.dir.join(SHARED)] {
                if let Some(log) = Pack::open(path)?.and_then(|pack| pack.log(&key.step)) {
                    return Ok(Slot::Packed(log));
                }
            }
            Ok(Slot::Absent)
        };
        self.inner.entries.with(key, load, change)
    }

    /// Runs `change` on the slot of `key`; if there is no log and `create` is set, one is begun first.
    fn with_new<T>(
        &self,
        key: &LogKey,
        create: bool,
        change: impl FnOnce(&mut Slot) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| {
            if matches!(slot, Slot::Absent) && create {
                fs::create_dir_all(&paths.dir).map_err(LogError::io("create a log's directory"))?;
                if let Some(tail) = Tail::open(&paths.data, &paths.index, true)? {
                    *slot = Slot::Tail(tail);
                }
            }
            change(slot)
        })
    }

    /// Appends a chunk that starts at byte `offset` and arrived `at`; returns the new length.
    ///
    /// Sending a chunk again is harmless: what the log has is compared, what is new is written. The
    /// chunk is acknowledged when the operating system has it. Cheap enough to be called on a runtime's
    /// thread for chunks up to about a megabyte.
    ///
    /// # Errors
    /// [`LogError::Gap`], [`LogError::Conflict`], [`LogError::Sealed`], [`LogError::Full`].
    pub fn append(&self, key: &LogKey, offset: u64, bytes: &[u8], at: Timestamp) -> Result<u64, LogError> {
        // A refused chunk must not leave an empty log behind.
        self.with_new(key, offset == 0, |slot| match slot {
            Slot::Tail(tail) => tail.append(offset, bytes, at.ms()),
            Slot::Packed(packed) => Err(LogError::Sealed { length: packed.log.length }),
            Slot::Unloaded | Slot::Absent => Err(LogError::Gap { have: 0 }),
        })
    }

    /// Marks the log complete at `final_length` bytes and makes it durable. Doing it again is harmless.
    /// A log that was never written can be sealed at 0.
    ///
    /// # Errors
    /// [`LogError::LengthMismatch`] if the log is shorter or longer.
    pub async fn seal(&self, key: &LogKey, final_length: u64) -> Result<(), LogError> {
        let (store, key) = (self.clone(), key.clone());
        // Waits for the disk several times, so never on a runtime's thread.
        inline_or_blocking(true, move || store.seal_now(&key, final_length)).await
    }

    fn seal_now(&self, key: &LogKey, final_length: u64) -> Result<(), LogError> {
        let mismatch = |have| LogError::LengthMismatch { have, announced: final_length };
        let unsealed = self.with_new(key, final_length == 0, |slot| {
            let have = slot.view().map_or(0, |view| view.length);
            match slot {
                Slot::Unloaded | Slot::Absent => Err(mismatch(0)),
                _ if have != final_length => Err(mismatch(have)),
                Slot::Tail(tail) => Ok(tail.seal().is_none().then(|| tail.data())),
                Slot::Packed(_) => Ok(None),
            }
        })?;
        let Some(data) = unsealed else { return Ok(()) };
        // The long part, and readers must not wait for it: hence outside the log's lock. What is left
        // for the lock is a page or two.
        data.sync_data().map_err(LogError::io("make a log durable"))?;
        self.sync_dirs(&self.attempt_dir(key.run, key.job, key.attempt))?;
        self.with_new(key, false, |slot| match slot {
            Slot::Tail(tail) => tail.finish(final_length),
            // Another caller sealed and packed it meanwhile.
            Slot::Packed(packed) if packed.log.length == final_length => Ok(()),
            Slot::Packed(packed) => Err(mismatch(packed.log.length)),
            Slot::Unloaded | Slot::Absent => Err(mismatch(0)),
        })
    }

    /// Makes durable that the files of an attempt exist.
    fn sync_dirs(&self, dir: &Path) -> Result<(), LogError> {
        sync_dir(dir)?;
        // From the attempt up to the root: once it is known that a directory's name is on disk, so are those above.
        for made in dir.ancestors().take_while(|d| *d != self.inner.root && d.starts_with(&self.inner.root)) {
            if lock(&self.inner.synced).contains(made) {
                break;
            }
            if let Some(parent) = made.parent() {
                sync_dir(parent)?;
            }
        }
        let mut synced = lock(&self.inner.synced);
        if synced.len() >= SYNCED_MAX {
            synced.clear();
        }
        let all = dir.ancestors().take_while(|d| *d != self.inner.root && d.starts_with(&self.inner.root));
        synced.extend(all.map(Path::to_path_buf));
        Ok(())
    }

    fn state_of(&self, key: &LogKey) -> Result<Option<LogState>, LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| {
            Ok(slot.view().map(|view| LogState {
                length: view.length,
                lines: view.lines,
                sealed: view.sealed,
                chain_hash: slot.chain_hash(),
            }))
        })
    }

    /// How the log stands; `None` if nothing was written.
    pub fn state(&self, key: &LogKey) -> Result<Option<LogState>, LogError> {
        self.state_of(key)
    }

    /// A frozen look at the log.
    pub(super) fn view(&self, key: &LogKey) -> Result<View, LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| slot.view().ok_or_else(|| LogError::NotFound { key: key.to_string() }))
    }

    /// Subscribes to the progress of `key`, which need not exist. The entry must be kept as long as the
    /// receiver: it keeps every later writer on the same sender.
    pub(super) fn watch(&self, key: &LogKey) -> Result<(watch::Receiver<Progress>, Arc<Entry>), LogError> {
        let entry = self.inner.entries.get(key);
        let rx = entry.progress.subscribe();
        // Loads the log if it exists, which publishes how far it has come.
        self.state_of(key)?;
        Ok((rx, entry))
    }

    /// The bytes of `range`, cut at the end of the log. Ask for ranges that fit into memory.
    ///
    /// # Errors
    /// [`LogError::NotFound`].
    pub async fn read_bytes(&self, key: &LogKey, range: Range<u64>) -> Result<Bytes, LogError> {
        let mut view = self.view(key)?;
        let size = range.end.min(view.length).saturating_sub(range.start);
        inline_or_blocking(size > INLINE, move || Ok(view.read(range.start, range.end)?.into())).await
    }

    /// Up to `max_lines` lines from line `first_line` (0 is the first) on. Cost does not depend on the
    /// length of the log nor on where the lines lie.
    ///
    /// # Errors
    /// [`LogError::NotFound`].
    pub async fn read_lines(
        &self,
        key: &LogKey,
        first_line: u64,
        max_lines: usize,
    ) -> Result<Lines, LogError> {
        let view = self.view(key)?;
        inline_or_blocking(view.length > INLINE, move || lines::read(view, first_line, max_lines)).await
    }

    /// The first `max` places of `needle` in the log as it is now, found by reading all of it. Ignoring
    /// case follows Unicode. An empty text, or one over 4 KiB, is found nowhere.
    ///
    /// # Errors
    /// [`LogError::NotFound`].
    pub async fn search(
        &self,
        key: &LogKey,
        needle: &str,
        case_insensitive: bool,
        max: usize,
    ) -> Result<Vec<Match>, LogError> {
        let view = self.view(key)?;
        let needle = needle.to_string();
        let big = view.length > INLINE;
        inline_or_blocking(big, move || search::find(view, &needle, case_insensitive, max)).await
    }

    /// The logs of one attempt of a job, steps first, each kind in order.
    pub fn list(&self, run: RunId, job: JobNo, attempt: Attempt) -> Result<Vec<LogKey>, LogError> {
        let what = "list logs";
        let mut streams = BTreeSet::new();
        let path = self.attempt_dir(run, job, attempt);
        let dir = match fs::read_dir(&path) {
            Ok(dir) => dir,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(LogError::io(what)(e)),
        };
        for file in dir {
            let name = file.map_err(LogError::io(what))?.file_name();
            let stem = name.to_str().and_then(|n| n.strip_suffix(".log").or_else(|| n.strip_suffix(".zlog")));
            streams.extend(stem.and_then(LogStream::from_file_stem));
        }
        if let Some(pack) = Pack::open(&path.join(SHARED))? {
            streams.extend(pack.logs.into_iter().map(|log| log.stream));
        }
        Ok(streams.into_iter().map(|step| LogKey { run, job, attempt, step }).collect())
    }

    /// Removes every log of a run. Followers are told that it is gone. The run must have ended: a chunk
    /// that arrives later begins a new log.
    pub async fn delete_run(&self, run: RunId) -> Result<(), LogError> {
        let store = self.clone();
        inline_or_blocking(true, move || store.delete_run_now(run)).await
    }

    fn delete_run_now(&self, run: RunId) -> Result<(), LogError> {
        let what = "delete the logs of a run";
        let trash = self.inner.root.join(TRASH);
        fs::create_dir_all(&trash).map_err(LogError::io(what))?;
        let dir = self.run_dir(run);
        let target = trash.join(run.to_string());
        remove_tree(&target)?;
        // One rename takes all logs away at once; a crash in the middle of removing leaves no half run.
        match fs::rename(&dir, &target) {
            Ok(()) => dir.parent().map_or(Ok(()), sync_dir)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(LogError::io(what)(e)),
        }
        for (_, entry) in self.inner.entries.matching(|k| k.run == run) {
            self.inner.entries.forget(&entry);
        }
        lock(&self.inner.synced).retain(|synced| !synced.starts_with(&dir));
        remove_tree(&target)
    }

    /// Held while logs are packed.
    pub(super) fn packing(&self) -> &Mutex<()> {
        &self.inner.packing
    }

    /// Logs that hold files open now.
    #[cfg(test)]
    pub(super) fn open_logs(&self) -> usize {
        self.inner.entries.open()
    }
}

pub(super) struct Paths {
    pub dir: PathBuf,
    pub data: PathBuf,
    pub index: PathBuf,
    pub pack: PathBuf,
}

fn remove_tree(dir: &Path) -> Result<(), LogError> {
    match fs::remove_dir_all(dir) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(LogError::io("remove logs")(e)),
    }
}
