//! Turning finished logs into their compressed form.

use super::{
    LogError, LogKey, LogStream,
    entries::{Slot, lock},
    pack::{Pack, Writer},
    store::{LogStore, inline_or_blocking, sync_dir},
    view::View,
};
use cds_model::{Attempt, JobNo, RunId};
use std::{fs, path::Path};

/// A log over this size gets a file of its own; smaller ones share one.
pub const SMALL: u64 = 64 * 1024;

impl LogStore {
    /// Compresses the finished logs of an attempt: each large one into a file of its own, all small ones
    /// into one. Logs that are not sealed stay as they are, so calling again later is fine. Reading
    /// goes on meanwhile. Returns how many logs were packed. Meant for the background.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if the bytes of a log are no longer those that were sealed; it is kept.
    pub async fn compact_attempt(&self, run: RunId, job: JobNo, attempt: Attempt) -> Result<usize, LogError> {
        let store = self.clone();
        inline_or_blocking(true, move || {
            let keys = store.list(run, job, attempt)?;
            let mut small = Vec::new();
            let mut packed = 0;
            for key in keys {
                let Some((view, sha256)) = store.sealed_tail(&key)? else { continue };
                if view.length > SMALL {
                    packed += usize::from(store.pack_alone(&key)?);
                } else {
                    small.push((key, view, sha256));
                }
            }
            if !small.is_empty() {
                packed += small.len();
                store.pack_together(&store.attempt_dir(run, job, attempt), small)?;
            }
            Ok(packed)
        })
        .await
    }

    /// Compresses one sealed log of more than 64 KiB; smaller ones wait for
    /// [`LogStore::compact_attempt`]. Returns whether it did something.
    ///
    /// # Errors
    /// As [`LogStore::compact_attempt`].
    pub async fn compact(&self, key: &LogKey) -> Result<bool, LogError> {
        let (store, key) = (self.clone(), key.clone());
        inline_or_blocking(true, move || store.pack_alone(&key)).await
    }

    /// The log, if it is a plain file and complete.
    fn sealed_tail(&self, key: &LogKey) -> Result<Option<(View, String)>, LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| {
            Ok(match slot {
                Slot::Tail(tail) if tail.seal().is_some() => Some((tail.view(), tail.chain_hash())),
                _ => None,
            })
        })
    }

    fn pack_alone(&self, key: &LogKey) -> Result<bool, LogError> {
        // One at a time: two would share a temporary file, and the machine has other work to do.
        let _one = lock(self.packing());
        let paths = self.paths(key)?;
        let Some((view, sha256)) = self.sealed_tail(key)?.filter(|(v, _)| v.length > SMALL) else {
            return Ok(false);
        };
        let mut writer = Writer::create(&paths.pack)?;
        writer.add(&key.step, view, &sha256)?;
        writer.finish(&paths.pack)?;
        sync_dir(&paths.dir)?;
        self.switch(key, &paths.pack)?;
        Ok(true)
    }

    fn pack_together(&self, dir: &Path, logs: Vec<(LogKey, View, String)>) -> Result<(), LogError> {
        let _one = lock(self.packing());
        let path = dir.join(SHARED);
        let mut writer = Writer::create(&path)?;
        let new: Vec<LogStream> = logs.iter().map(|(k, _, _)| k.step.clone()).collect();
        // What an earlier call packed moves along; a log that is a plain file again replaces it.
        if let Some(old) = Pack::open(&path)? {
            for log in old.logs.iter().filter(|l| !new.contains(&l.stream)).filter_map(|l| old.log(&l.stream))
            {
                writer.add(&log.log.stream, log.view(), &log.log.sha256)?;
            }
        }
        let mut keys = Vec::with_capacity(logs.len());
        for (key, view, sha256) in logs {
            writer.add(&key.step, view, &sha256)?;
            keys.push(key);
        }
        writer.finish(&path)?;
        sync_dir(dir)?;
        keys.iter().try_for_each(|key| self.switch(key, &path))
    }

    /// From now on `key` is read from the pack at `path`; its plain file goes. Readers that are under way
    /// hold the old file open and notice nothing.
    fn switch(&self, key: &LogKey, path: &Path) -> Result<(), LogError> {
        let paths = self.paths(key)?;
        let missing = || LogError::Damaged {
            file: path.display().to_string(),
            why: format!("{} is not in it", key.step),
        };
        let log = Pack::open(path)?.and_then(|p| p.log(&key.step)).ok_or_else(missing)?;
        self.with(key, &paths, |slot| {
            if matches!(slot, Slot::Tail(tail) if tail.seal().is_some()) {
                // The data first: without its index it would look like a log that is not complete.
                for file in [&paths.data, &paths.index] {
                    match fs::remove_file(file) {
                        Ok(()) => {}
                        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                        Err(e) => return Err(LogError::io("remove a log that was packed")(e)),
                    }
                }
                *slot = Slot::Packed(log);
            }
            Ok(())
        })
    }
}

/// The file of small logs. It cannot clash: the files of streams begin with `step-` or `service-`.
pub const SHARED: &str = "small.zlog";
