//! The store of all logs: what the rest of the server calls.

use super::{
    LogError, LogKey, Match,
    catalog::{self, Paths, TRASH},
    entries::{Entries, Entry, Slot, lock},
    follow::Progress,
    journal::Journal,
    lines::{self, Lines},
    pack::{Pack, Packs},
    search,
    small::Small,
    tail::{self, Tail},
    view::View,
};
use bytes::Bytes;
use cds_model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashSet,
    fs::{self, File, TryLockError},
    io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, atomic::AtomicBool},
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
/// A log that grows over this size gets files of its own, or is packed alone.
pub(super) const SMALL: u64 = 64 * 1024;
/// A log of more chunks than this gets files of its own: the place of each chunk takes memory.
const CHUNKS: usize = 256;
/// How often an operation is tried whose log is deleted under its hands.
const TRIES: usize = 4;

/// Where the store changes its ways.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// Logs with open files.
    pub open: usize,
    /// Bytes of small logs in memory.
    pub memory: usize,
    /// Length of a segment of the journal.
    pub segment: u64,
    /// Full segments that the journal may keep; over that, logs leave it.
    pub segments: usize,
    /// Logs that the journal may keep.
    pub logs: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let mib = 1024 * 1024;
        Self { open: MAX_OPEN, memory: 16 * mib, segment: 16 * mib as u64, segments: 8, logs: 32 * 1024 }
    }
}

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
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub root: PathBuf,
    pub entries: Entries,
    pub limits: Limits,
    pub journal: Arc<Journal>,
    /// Packs of runs.
    pub packs: Packs,
    /// Logs are being moved out of the journal.
    pub tidying: AtomicBool,
    /// Directories whose own entries in their parents are known to be on disk, and those of all above them.
    pub synced: Mutex<HashSet<PathBuf>>,
    /// Held while logs are packed or deleted.
    pub packing: Mutex<()>,
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
        Self::with_limits(dir, Limits::default())
    }

    pub(super) fn with_limits(dir: impl AsRef<Path>, limits: Limits) -> Result<Self, LogError> {
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
        catalog::remove_tree(&root.join(TRASH))?;
        let journal = Arc::new(Journal::open(&root.join("journal"), limits.segment)?);
        let entries = Entries::new(limits.open, limits.memory);
        Ok(Self {
            inner: Arc::new(Inner {
                root,
                entries,
                limits,
                journal,
                packs: Packs::default(),
                tidying: AtomicBool::new(false),
                synced: Mutex::default(),
                packing: Mutex::default(),
                _lock: lock,
            }),
        })
    }

    pub(super) fn with<T>(
        &self,
        key: &LogKey,
        paths: &Paths,
        change: impl FnOnce(&mut Slot) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        self.inner.entries.with(key, || self.load(key, paths), change)
    }

    fn load(&self, key: &LogKey, paths: &Paths) -> Result<Slot, LogError> {
        if let Some(small) = self.inner.journal.load(key)? {
            return self.settle(key, paths, small);
        }
        // A plain file wins: after a crash in the middle of packing both may be there.
        if let Some(tail) = Tail::open(&paths.data, &paths.index, false)? {
            return Ok(Slot::Tail(tail));
        }
        for path in [&paths.pack, &paths.attempt_pack] {
            if let Some(log) = Pack::open(path)?.and_then(|pack| pack.log(key)) {
                return Ok(Slot::Packed(log));
            }
        }
        let log = self.inner.packs.get(&paths.run_pack)?.and_then(|pack| pack.log(key));
        Ok(log.map_or(Slot::Absent, Slot::Packed))
    }

    /// A log of the journal may have files too: the process died while it moved into them, or the machine died after
    /// it had and before the journal's word of it was on disk.
    fn settle(&self, key: &LogKey, paths: &Paths, small: Small) -> Result<Slot, LogError> {
        let has_file = paths.data.try_exists().map_err(LogError::io("look for a log"))?;
        if !has_file {
            return Ok(Slot::Small(small));
        }
        if !small.sealed()
            && let Some(tail) = Tail::open(&paths.data, &paths.index, false)?
            && tail.length() >= small.length()
        {
            self.inner.journal.forget(std::slice::from_ref(key))?;
            return Ok(Slot::Tail(tail));
        }
        tail::remove(&paths.data, &paths.index)?;
        Ok(Slot::Small(small))
    }

    /// Runs `change` on the slot of `key`; if there is no log and `create` is set, one is begun first. `None` of
    /// `change` = the log was deleted meanwhile: it looks again.
    fn with_new<T>(
        &self,
        key: &LogKey,
        create: bool,
        mut change: impl FnMut(&mut Slot, &Paths) -> Result<Option<T>, LogError>,
    ) -> Result<T, LogError> {
        let paths = self.paths(key)?;
        for _ in 0..TRIES {
            let done = self.with(key, &paths, |slot| {
                if matches!(slot, Slot::Absent) && create {
                    *slot = Slot::Small(Small::new());
                }
                let done = change(slot, &paths);
                match (&done, &*slot) {
                    (Ok(None), _) => *slot = Slot::Unloaded,
                    // Nothing came of it.
                    (_, Slot::Small(small)) if small.chunks() == 0 => *slot = Slot::Absent,
                    _ => {}
                }
                done
            })?;
            if let Some(done) = done {
                return Ok(done);
            }
        }
        Err(LogError::NotFound { key: key.to_string() })
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
        let length = self.with_new(key, offset == 0, |slot, paths| match slot {
            Slot::Small(small) => {
                let new = small.new_part(offset, bytes)?;
                if new.is_empty() && small.chunks() > 0 {
                    return Ok(Some(small.length()));
                }
                if small.length() + new.len() as u64 > self.small_max() || small.chunks() >= CHUNKS {
                    let Some(mut tail) = self.leave_journal(key, paths, small)? else { return Ok(None) };
                    let appended = tail.append(offset, bytes, at.ms());
                    *slot = Slot::Tail(tail);
                    return appended.map(Some);
                }
                if !self.inner.journal.append(key, small.length(), new, at.ms())? {
                    return Ok(None);
                }
                small.push(new, at.ms());
                Ok(Some(small.length()))
            }
            Slot::Tail(tail) => tail.append(offset, bytes, at.ms()).map(Some),
            Slot::Packed(packed) => Err(LogError::Sealed { length: packed.log.length }),
            Slot::Unloaded | Slot::Absent => Err(LogError::Gap { have: 0 }),
        })?;
        self.tidy_if_crowded();
        Ok(length)
    }

    /// How long a log may be that stays in the journal, and so in memory. Less when memory for them is short.
    fn small_max(&self) -> u64 {
        match (self.inner.entries.memory(), self.inner.limits.memory) {
            (used, max) if used >= max / 4 * 3 => SMALL / 16,
            (used, max) if used >= max / 2 => SMALL / 4,
            _ => SMALL,
        }
    }

    /// Puts a log of the journal into files of its own; `None` if it is not in the journal any more.
    pub(super) fn leave_journal(
        &self,
        key: &LogKey,
        paths: &Paths,
        small: &Small,
    ) -> Result<Option<Tail>, LogError> {
        let mut tries = 0;
        let tail = loop {
            fs::create_dir_all(&paths.dir).map_err(LogError::io("create a log's directory"))?;
            match Tail::begin(&paths.data, &paths.index, small) {
                // The directory was empty and has just been removed.
                Err(LogError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound && tries < TRIES =>
                {
                    tries += 1;
                }
                tail => break tail?,
            }
        };
        // Only now: until then the journal is what counts.
        if small.chunks() > 0 && self.inner.journal.forget(std::slice::from_ref(key))? == 0 {
            tail::remove(&paths.data, &paths.index)?;
            return Ok(None);
        }
        Ok(Some(tail))
    }

    /// Marks the log complete at `final_length` bytes and makes it durable. Doing it again is harmless.
    /// A log that was never written can be sealed at 0.
    ///
    /// # Errors
    /// [`LogError::LengthMismatch`] if the log is shorter or longer.
    pub async fn seal(&self, key: &LogKey, final_length: u64) -> Result<(), LogError> {
        if final_length == 0 || self.inner.journal.has(key) {
            match self.seal_small(key, final_length)? {
                Sealing::Done => return Ok(()),
                Sealing::InJournal => {
                    self.inner.journal.sync(key).await?;
                    return self.seal_is_durable(key, final_length);
                }
                Sealing::InFile => {}
            }
        }
        let (store, key) = (self.clone(), key.clone());
        // Waits for the disk several times, so never on a runtime's thread.
        inline_or_blocking(true, move || store.seal_now(&key, final_length)).await
    }

    /// Says in the journal that a log is complete.
    fn seal_small(&self, key: &LogKey, announced: u64) -> Result<Sealing, LogError> {
        let mismatch = |have| LogError::LengthMismatch { have, announced };
        let journal = &self.inner.journal;
        self.with_new(key, announced == 0, |slot, _| match slot {
            Slot::Small(small) if small.length() != announced => Err(mismatch(small.length())),
            Slot::Small(small) if small.durable() => Ok(Some(Sealing::Done)),
            Slot::Small(small) => {
                if small.chunks() == 0 {
                    if !journal.append(key, 0, &[], 0)? {
                        return Ok(None);
                    }
                    small.push(&[], 0);
                }
                let sha256 = small.sha256();
                if !journal.seal(key, announced, sha256)? {
                    return Ok(None);
                }
                // Nothing can be added from now on; readers are told when it is on disk.
                small.seal(sha256, false);
                Ok(Some(Sealing::InJournal))
            }
            Slot::Tail(_) | Slot::Packed(_) => Ok(Some(Sealing::InFile)),
            Slot::Unloaded | Slot::Absent => Err(mismatch(0)),
        })
    }

    fn seal_is_durable(&self, key: &LogKey, announced: u64) -> Result<(), LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| match slot {
            Slot::Small(small) if small.sealed() && small.length() == announced => {
                small.seal(small.sha256(), true);
                Ok(())
            }
            // Packed meanwhile.
            Slot::Packed(packed) if packed.log.length == announced => Ok(()),
            slot => Err(LogError::LengthMismatch { have: slot.view().map_or(0, |v| v.length), announced }),
        })?;
        // Most are not read for a while; the journal has the bytes.
        self.inner.entries.release(key);
        Ok(())
    }

    fn seal_now(&self, key: &LogKey, final_length: u64) -> Result<(), LogError> {
        let mismatch = |have| LogError::LengthMismatch { have, announced: final_length };
        let paths = self.paths(key)?;
        let unsealed = self.with(key, &paths, |slot| {
            let have = slot.view().map_or(0, |view| view.length);
            match slot {
                Slot::Tail(tail) if have == final_length => Ok(tail.seal().is_none().then(|| tail.data())),
                Slot::Packed(_) if have == final_length => Ok(None),
                _ => Err(mismatch(have)),
            }
        })?;
        let Some(data) = unsealed else { return Ok(()) };
        // The long part, and readers must not wait for it: hence outside the log's lock. What is left
        // for the lock is a page or two.
        data.sync_data().map_err(LogError::io("make a log durable"))?;
        self.sync_dirs(&paths.dir)?;
        self.with(key, &paths, |slot| match slot {
            Slot::Tail(tail) => tail.finish(final_length),
            // Another caller sealed and packed it meanwhile.
            Slot::Packed(packed) if packed.log.length == final_length => Ok(()),
            Slot::Packed(packed) => Err(mismatch(packed.log.length)),
            Slot::Small(_) | Slot::Unloaded | Slot::Absent => Err(mismatch(0)),
        })
    }

    /// Makes durable that the files of an attempt exist.
    pub(super) fn sync_dirs(&self, dir: &Path) -> Result<(), LogError> {
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

    /// The first `max` places of `needle` in the log as it is now, line `from` and those behind it, found by reading
    /// them. Ignoring case follows Unicode. An empty text, or one over 4 KiB, is found nowhere.
    ///
    /// # Errors
    /// [`LogError::NotFound`].
    pub async fn search(
        &self,
        key: &LogKey,
        needle: &str,
        case_insensitive: bool,
        from: u64,
        max: usize,
    ) -> Result<Vec<Match>, LogError> {
        let (view, index) = (self.view(key)?, self.view(key)?);
        let needle = needle.to_string();
        let big = view.length > INLINE;
        inline_or_blocking(big, move || {
            let from = match from {
                0 => Match { line: 0, offset: 0 },
                _ => match lines::read(index, from, 1)?.lines.first() {
                    Some(line) => Match { line: line.number, offset: line.offset },
                    None => return Ok(Vec::new()),
                },
            };
            search::find(view, &needle, case_insensitive, from, max)
        })
        .await
    }

    /// Logs that hold files open now.
    #[cfg(test)]
    pub(super) fn open_logs(&self) -> usize {
        self.inner.entries.open()
    }
}

/// Where a seal stands that was asked for.
enum Sealing {
    /// On disk.
    Done,
    /// Written, and not yet on disk.
    InJournal,
    /// The log is not in the journal.
    InFile,
}
