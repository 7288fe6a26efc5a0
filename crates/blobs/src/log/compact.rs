//! Turning finished logs into their compressed form.

use super::{
    LogError, LogKey,
    catalog::SHARED,
    entries::{Slot, lock},
    pack::{Pack, Writer},
    store::{LogStore, SMALL, inline_or_blocking, sync_dir},
    tail,
    view::View,
};
use cds_model::RunId;
use std::{collections::BTreeSet, fs, path::Path};

impl LogStore {
    /// Compresses the finished logs of a run: each large one into a file of its own, all small ones
    /// into one. Logs that are not sealed stay as they are, so calling again later is fine. Reading
    /// goes on meanwhile. Returns how many logs were packed. Meant for the background.
    ///
    /// # Errors
    /// [`LogError::Damaged`] if the bytes of a log are no longer those that were sealed; it is kept, and the
    /// others are packed.
    pub async fn compact_run(&self, run: RunId) -> Result<usize, LogError> {
        let store = self.clone();
        inline_or_blocking(true, move || store.pack_run(run)).await
    }

    /// Compresses one sealed log of more than 64 KiB; smaller ones wait for
    /// [`LogStore::compact_run`]. Returns whether it did something.
    ///
    /// # Errors
    /// As [`LogStore::compact_run`].
    pub async fn compact(&self, key: &LogKey) -> Result<bool, LogError> {
        let (store, key) = (self.clone(), key.clone());
        inline_or_blocking(true, move || {
            let _one = lock(&store.inner.packing);
            store.pack_alone(&key)
        })
        .await
    }

    pub(super) fn pack_run(&self, run: RunId) -> Result<usize, LogError> {
        // One at a time: two would share a temporary file, and the machine has other work to do.
        let _one = lock(&self.inner.packing);
        let (mut small, mut packed) = (BTreeSet::new(), 0);
        let plain = self.plain(run)?;
        for key in &plain {
            match self.sealed(key)? {
                Some((view, _)) if view.length > SMALL => packed += usize::from(self.pack_alone(key)?),
                Some(_) => _ = small.insert(key.clone()),
                None => {}
            }
        }
        small.extend(self.inner.journal.sealed_of_run(run));
        if !small.is_empty() {
            packed += self.pack_together(run, small, &plain)?;
        }
        Ok(packed)
    }

    /// The log, if it is complete and not packed yet.
    fn sealed(&self, key: &LogKey) -> Result<Option<(View, String)>, LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| {
            let sealed = match slot {
                Slot::Tail(tail) => tail.seal().is_some(),
                Slot::Small(small) => small.sealed(),
                Slot::Packed(_) | Slot::Unloaded | Slot::Absent => false,
            };
            Ok(slot.view().filter(|_| sealed).map(|view| (view, slot.chain_hash())))
        })
    }

    fn pack_alone(&self, key: &LogKey) -> Result<bool, LogError> {
        let paths = self.paths(key)?;
        let Some((view, sha256)) = self.sealed(key)?.filter(|(v, _)| v.length > SMALL) else {
            return Ok(false);
        };
        let mut writer = Writer::create(&paths.pack)?;
        writer.add(None, &key.step, view, &sha256)?;
        writer.finish(&paths.pack)?;
        sync_dir(&paths.dir)?;
        self.remove_plain(key, &paths.pack)?;
        Ok(true)
    }

    fn pack_together(
        &self,
        run: RunId,
        mut logs: BTreeSet<LogKey>,
        plain: &[LogKey],
    ) -> Result<usize, LogError> {
        let dir = self.run_dir(run);
        fs::create_dir_all(&dir).map_err(LogError::io("create a directory for packed logs"))?;
        let path = dir.join(SHARED);
        let mut writer = Writer::create(&path)?;
        let mut damaged = None;
        let mut add = |key: &LogKey| {
            // One after the other, as all of them may not fit into memory.
            let added = self.sealed(key).and_then(|log| match log {
                Some((view, sha256)) => {
                    writer.add(Some((key.job, key.attempt)), &key.step, view, &sha256).map(|()| true)
                }
                None => Ok(false),
            });
            self.inner.entries.release(key);
            match added {
                Err(e @ LogError::Damaged { .. }) => {
                    damaged = Some(e);
                    Ok(false)
                }
                added => added,
            }
        };
        let mut packed = BTreeSet::new();
        while let Some(key) = logs.pop_first() {
            if add(&key)? {
                packed.insert(key);
            }
        }
        // What an earlier call packed moves along; a log that is here again replaces it.
        if let Some(old) = Pack::open(&path)? {
            for log in &old.logs {
                let Some((job, attempt)) = log.of else { continue };
                let key = LogKey { run, job, attempt, step: log.stream.clone() };
                if let Some(log) = old.log(&key).filter(|_| !packed.contains(&key)) {
                    writer.add(log.log.of, &log.log.stream, log.view(), &log.log.sha256)?;
                }
            }
        }
        writer.finish(&path)?;
        self.sync_dirs(&dir)?;
        self.inner.packs.forget(&path);
        // From now on they are read from the pack. Readers that are under way hold what they read.
        for key in plain.iter().filter(|key| packed.contains(key)) {
            self.remove_plain(key, &path)?;
        }
        let keys: Vec<LogKey> = packed.iter().cloned().collect();
        self.inner.journal.forget(&keys)?;
        for (_, entry) in self.inner.entries.matching(|k| packed.contains(k)) {
            self.inner.entries.forget(&entry, false);
        }
        damaged.map_or(Ok(packed.len()), Err)
    }

    /// From now on `key` is read from the pack at `path`, which has it; its plain file goes.
    fn remove_plain(&self, key: &LogKey, path: &Path) -> Result<(), LogError> {
        let paths = self.paths(key)?;
        let missing = || LogError::Damaged {
            file: path.display().to_string(),
            why: format!("{} is not in it", key.step),
        };
        Pack::open(path)?.and_then(|p| p.log(key)).ok_or_else(missing)?;
        self.with(key, &paths, |slot| {
            tail::remove(&paths.data, &paths.index)?;
            if matches!(slot, Slot::Tail(_)) {
                *slot = Slot::Unloaded;
            }
            Ok(())
        })?;
        // Empty, if it was the last file.
        if fs::remove_dir(&paths.dir).is_ok() {
            lock(&self.inner.synced).remove(&paths.dir);
        }
        Ok(())
    }
}
