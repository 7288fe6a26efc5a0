//! The journal: files that all small logs share while they are young.
//!
//! A log of a few lines in files of its own costs two files, and its seal costs the disk several waits. Here a chunk
//! is one record in a file that is open anyway, a seal is another, and one wait for the disk serves all seals that
//! were written by then. The journal also knows, for each log it holds, where its records lie; it keeps no bytes in
//! memory.
//!
//! Invariant: *segments go in the order they came.* A record that says that a log is gone counts for the records
//! before it, so it may not go before them.

mod held;
mod record;
mod segment;
mod sync;

use super::{LogError, LogKey, LogStream, entries::lock, small::Small, store::sync_dir};
use cds_model::{Attempt, JobNo, RunId};
use held::{Held, Logs};
use record::Record;
use segment::{Place, Segment};
use std::{
    collections::BTreeMap,
    fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

/// Records that say that a log is gone, written at a time.
const BATCH: usize = 256;

/// The young logs of a store.
pub struct Journal {
    dir: PathBuf,
    /// A segment that has grown this long is followed by a new one.
    segment_max: u64,
    state: Mutex<State>,
    group: sync::Group,
    /// Held while segments are removed, which must happen in their order.
    removing: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// All segments; the last one is written.
    segments: BTreeMap<u32, Segment>,
    /// Number of the newest segment there ever was, as far as is known.
    newest: u32,
    logs: Logs,
    /// Reused for records.
    buffer: Vec<u8>,
}

/// How large the journal has become.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Segments that are written no more.
    pub full: usize,
    /// Logs.
    pub logs: usize,
}

impl Journal {
    /// Opens the journal in `dir`, which need not exist, and reads what is in it. What was half written when the
    /// process or the machine died is cut off; damage elsewhere is reported and stepped over.
    pub fn open(dir: &Path, segment_max: u64) -> Result<Self, LogError> {
        let err = |e| LogError::io("open the journal of logs")(e);
        let mut state = State::default();
        let numbers = numbers(dir).map_err(err)?;
        for number in &numbers {
            let number = *number;
            state.newest = number;
            match Segment::open(dir, number).map_err(err)? {
                Some(segment) => state.replay(segment, numbers.last() == Some(&number)).map_err(err)?,
                None => {
                    let path = dir.join(format!("{number:08}.seg"));
                    tracing::warn!(file = %path.display(), "not a segment of the journal of logs: set aside");
                    fs::rename(&path, path.with_extension("bad")).map_err(err)?;
                }
            }
        }
        // Whoever wrote them may have died before they were on disk, and what is here will be called durable.
        for segment in state.segments.values_mut() {
            segment.file.sync_data().map_err(LogError::io("make the journal of logs durable"))?;
            segment.synced = segment.end;
        }
        let journal = Self {
            dir: dir.to_path_buf(),
            segment_max,
            state: Mutex::new(state),
            group: sync::Group::default(),
            removing: Mutex::default(),
        };
        journal.remove_dead();
        Ok(journal)
    }

    /// Adds `bytes` at the end of a log, which must be at `offset`; at 0 a log is begun that must not be there.
    /// `false` = it does not stand so, because it was deleted or begun anew.
    pub fn append(&self, key: &LogKey, offset: u64, bytes: &[u8], at_ms: i64) -> Result<bool, LogError> {
        let mut state = lock(&self.state);
        if !state.fits(key, offset) {
            return Ok(false);
        }
        let place = self.write(&mut state, &[Record::Bytes { key: key.clone(), offset, at_ms, bytes }])?;
        state.take_bytes(key, place, offset, bytes.len() as u64);
        Ok(true)
    }

    /// Writes that a log of `length` bytes is complete; [`Journal::sync`] makes it durable. Doing it again is
    /// harmless. `false` = the log does not stand so.
    pub fn seal(&self, key: &LogKey, length: u64, sha256: [u8; 32]) -> Result<bool, LogError> {
        let mut state = lock(&self.state);
        match state.logs.get(key) {
            Some(held) if held.length == length && held.seal.is_none() => {}
            Some(held) => return Ok(held.length == length),
            None => return Ok(false),
        }
        let place = self.write(&mut state, &[Record::Sealed { key: key.clone(), length, sha256 }])?;
        state.take_seal(key, place);
        Ok(true)
    }

    /// From now on these logs are elsewhere. Returns how many of them were here.
    pub fn forget(&self, keys: &[LogKey]) -> Result<usize, LogError> {
        let mut count = 0;
        for some in keys.chunks(BATCH) {
            let mut state = lock(&self.state);
            let known: Vec<&LogKey> = some.iter().filter(|k| state.logs.get(k).is_some()).collect();
            let records: Vec<_> = known.iter().map(|k| Record::Gone { key: (*k).clone() }).collect();
            if records.is_empty() {
                continue;
            }
            self.write(&mut state, &records)?;
            known.iter().for_each(|key| state.take_gone(key));
            count += known.len();
        }
        if count > 0 {
            self.remove_dead();
        }
        Ok(count)
    }

    /// Forgets all logs of a run and makes that durable.
    pub fn delete_run(&self, run: RunId) -> Result<(), LogError> {
        {
            let mut state = lock(&self.state);
            if state.logs.of_run(run).next().is_none() {
                return Ok(());
            }
            self.write(&mut state, &[Record::RunGone { run }])?;
            state.take_run_gone(run);
        }
        self.sync_now()?;
        self.remove_dead();
        Ok(())
    }

    /// Removes the segments at the beginning in which nothing is needed.
    fn remove_dead(&self) {
        let _one = lock(&self.removing);
        loop {
            let Some(segment) = lock(&self.state).take_dead() else { return };
            // One after the other for good: see the invariant of this module.
            let removed = fs::remove_file(&segment.path)
                .map_err(LogError::io("remove a segment of the journal of logs"))
                .and_then(|()| sync_dir(&self.dir));
            if let Err(e) = removed {
                tracing::warn!(file = %segment.path.display(), error = %e, "an old part of the journal of logs stays");
                return;
            }
        }
    }

    /// The log of `key` with its bytes, if it is here.
    pub fn load(&self, key: &LogKey) -> Result<Option<Small>, LogError> {
        let (held, files, durable) = {
            let state = lock(&self.state);
            let Some(held) = state.logs.get(key) else { return Ok(None) };
            let mut files = BTreeMap::new();
            for place in held.places() {
                if let Some(s) = state.segments.get(&place.segment) {
                    files.entry(place.segment).or_insert_with(|| (Arc::clone(&s.file), s.salt));
                }
            }
            (held.clone(), files, held.seal.is_some() && state.durable(held))
        };
        // Segments that are removed meanwhile stay open here.
        let damaged = |place: Place| LogError::Damaged {
            file: format!("journal/{:08}.seg", place.segment),
            why: format!("the record at {} is not one of {key}", place.at),
        };
        let body = |place: Place| {
            let (file, salt) = files.get(&place.segment).ok_or_else(|| damaged(place))?;
            segment::read(file, *salt, place)
        };
        let mut small = Small::new();
        for place in &held.bytes {
            match Record::decode(&body(*place)?) {
                Some(Record::Bytes { key: k, offset, at_ms, bytes })
                    if k == *key && offset == small.length() =>
                {
                    small.push(bytes, at_ms);
                }
                _ => return Err(damaged(*place)),
            }
        }
        if let Some(place) = held.seal {
            match Record::decode(&body(place)?) {
                Some(Record::Sealed { key: k, length, sha256 })
                    if k == *key && length == small.length() && sha256 == small.sha256() =>
                {
                    small.seal(sha256, durable);
                }
                _ => return Err(damaged(place)),
            }
        }
        Ok(Some(small))
    }

    /// The logs of one attempt.
    pub fn of_attempt(&self, run: RunId, job: JobNo, attempt: Attempt) -> Vec<LogStream> {
        lock(&self.state).logs.of_attempt(run, job, attempt)
    }

    /// The logs of a run that are complete, in order.
    pub fn sealed_of_run(&self, run: RunId) -> Vec<LogKey> {
        lock(&self.state).logs.of_run(run).filter(|(_, sealed)| *sealed).map(|(key, _)| key).collect()
    }

    /// Whether the log is here.
    pub fn has(&self, key: &LogKey) -> bool {
        lock(&self.state).logs.get(key).is_some()
    }

    /// How large it is.
    pub fn size(&self) -> Size {
        let state = lock(&self.state);
        Size { full: state.segments.len().saturating_sub(1), logs: state.logs.count() }
    }

    /// The logs that keep the oldest segment from going, and whether they are complete. Nothing is written to that
    /// segment any more.
    pub fn in_oldest(&self) -> Result<Vec<(LogKey, bool)>, LogError> {
        let mut state = lock(&self.state);
        if state.segments.len() == 1 && state.logs.count() > 0 {
            self.roll(&mut state)?;
        }
        let oldest = state.segments.keys().next().copied().filter(|_| state.segments.len() > 1);
        Ok(oldest.map(|number| state.logs.of_segment(number)).unwrap_or_default())
    }

    /// Writes records one behind the other; returns the place of the last. If that fails, nothing of them is there.
    fn write(&self, state: &mut State, records: &[Record<'_>]) -> Result<Place, LogError> {
        if state.segments.last_entry().is_none_or(|s| s.get().end >= self.segment_max || s.get().failed) {
            self.roll(state)?;
        }
        let mut buffer = std::mem::take(&mut state.buffer);
        buffer.clear();
        let Some(mut entry) = state.segments.last_entry() else {
            return Err(LogError::io("append to the journal of logs")(io::Error::other("it has no segment")));
        };
        let segment = entry.get_mut();
        let mut last = 0;
        for record in records {
            last = buffer.len();
            record.encode(&mut buffer, segment.end, segment.salt);
        }
        let done = segment.file.write_all_at(&buffer, segment.end);
        let place = Place {
            segment: segment.number,
            at: (segment.end + last as u64) as u32,
            len: (buffer.len() - last) as u32,
        };
        match done {
            Ok(()) => segment.end += buffer.len() as u64,
            Err(_) => {
                if let Err(e) = segment.file.set_len(segment.end) {
                    tracing::error!(error = %e, "could not take back a failed append to the journal of logs");
                }
            }
        }
        state.buffer = buffer;
        done.map(|()| place).map_err(LogError::io("append to the journal of logs"))
    }

    /// Begins a new segment.
    fn roll(&self, state: &mut State) -> Result<(), LogError> {
        let what = "begin a segment of the journal of logs";
        if state.newest == 0 {
            fs::create_dir_all(&self.dir).map_err(LogError::io(what))?;
            self.dir.parent().map_or(Ok(()), sync_dir)?;
        }
        let number = state.newest.checked_add(1).ok_or(LogError::Full { what })?;
        let segment = Segment::create(&self.dir, number).map_err(LogError::io(what))?;
        sync_dir(&self.dir)?;
        state.newest = number;
        state.segments.insert(number, segment);
        Ok(())
    }
}

fn numbers(dir: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    match fs::read_dir(dir) {
        Ok(files) => {
            for file in files {
                numbers.extend(file?.file_name().to_str().and_then(segment::number));
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(e),
    }
    numbers.sort_unstable();
    Ok(numbers)
}

impl State {
    /// Takes in what a segment says; it becomes the last one. `last`: nothing was written behind it, so what stands
    /// after its last good record was being written when the process or the machine died.
    fn replay(&mut self, segment: Segment, last: bool) -> io::Result<()> {
        let (number, file, salt) = (segment.number, Arc::clone(&segment.file), segment.salt);
        let path = segment.path.clone();
        self.segments.insert(number, segment);
        let scanned = segment::scan(&file, number, salt, |place, record| match record {
            Record::Bytes { key, offset, bytes, .. } => {
                // A log of which an earlier record is damaged ends there.
                if self.fits(&key, offset) {
                    self.take_bytes(&key, place, offset, bytes.len() as u64);
                }
            }
            Record::Sealed { key, length, .. } => match self.logs.get(&key) {
                Some(held) if held.seal.is_some() => {}
                Some(held) if held.length == length => self.take_seal(&key, place),
                Some(held) => {
                    tracing::warn!(%key, was = length, have = held.length, "a sealed log lost bytes; it is open again");
                }
                None => {}
            },
            Record::Gone { key } => self.take_gone(&key),
            Record::RunGone { run } => self.take_run_gone(run),
        })?;
        let behind = scanned.length - scanned.end;
        if last && behind > 0 {
            tracing::info!(file = %path.display(), bytes = behind, "cut off what was half written to the journal of logs");
            file.set_len(scanned.end)?;
        }
        let damaged = scanned.damaged + if last { 0 } else { behind };
        if damaged > 0 {
            tracing::warn!(file = %path.display(), bytes = damaged, "the journal of logs is damaged; went on behind it");
        }
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.end = scanned.end;
        }
        Ok(())
    }

    /// Whether bytes at `offset` continue the log, or begin it.
    fn fits(&self, key: &LogKey, offset: u64) -> bool {
        match self.logs.get(key) {
            Some(held) => held.length == offset && held.seal.is_none(),
            None => offset == 0,
        }
    }

    fn take_bytes(&mut self, key: &LogKey, place: Place, offset: u64, len: u64) {
        self.alive(place);
        match self.logs.get_mut(key) {
            Some(held) => {
                held.bytes.push(place);
                held.length = offset + len;
            }
            None => self.logs.begin(key, Held { bytes: vec![place], length: len, seal: None }),
        }
    }

    fn take_seal(&mut self, key: &LogKey, place: Place) {
        if let Some(held) = self.logs.get_mut(key) {
            held.seal = Some(place);
            // Nothing will come any more, and there may be many.
            held.bytes.shrink_to_fit();
            self.alive(place);
        }
    }

    fn take_gone(&mut self, key: &LogKey) {
        let held = self.logs.remove(key);
        held.iter().for_each(|held| self.dead(held));
    }

    fn take_run_gone(&mut self, run: RunId) {
        let held = self.logs.remove_run(run);
        held.iter().for_each(|held| self.dead(held));
    }

    fn alive(&mut self, place: Place) {
        if let Some(segment) = self.segments.get_mut(&place.segment) {
            segment.live += 1;
        }
    }

    fn dead(&mut self, held: &Held) {
        for place in held.places() {
            if let Some(segment) = self.segments.get_mut(&place.segment) {
                segment.live -= 1;
            }
        }
    }

    /// Takes out the oldest segment if nothing in it is needed.
    fn take_dead(&mut self) -> Option<Segment> {
        let more = self.segments.len() > 1;
        let oldest = self.segments.first_entry()?;
        (more && oldest.get().live == 0).then(|| oldest.remove())
    }

    /// Whether the log and its seal are on disk.
    fn durable(&self, held: &Held) -> bool {
        let on_disk = |p: Place| {
            // A segment is removed only when nothing in it is needed.
            self.segments.get(&p.segment).is_none_or(|s| s.synced >= u64::from(p.at) + u64::from(p.len))
        };
        held.places().all(on_disk)
    }
}
