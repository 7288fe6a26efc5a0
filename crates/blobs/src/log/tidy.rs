//! Keeping the journal small: what makes it long leaves it.

use super::{LogError, LogKey, entries::Slot, store::LogStore};
use std::{collections::BTreeSet, sync::atomic::Ordering, thread};

impl LogStore {
    fn crowded(&self) -> bool {
        let (size, limits) = (self.inner.journal.size(), &self.inner.limits);
        size.full > limits.segments || size.logs > limits.logs
    }

    /// Has a thread of its own make room in the journal if it has become too large: starting the server reads all of
    /// it.
    pub(super) fn tidy_if_crowded(&self) {
        if !self.crowded() || self.inner.tidying.swap(true, Ordering::AcqRel) {
            return;
        }
        let store = self.clone();
        let begun = thread::Builder::new().name("logs-tidy".into()).spawn(move || {
            if let Err(e) = store.tidy() {
                tracing::warn!(error = %e, "the journal of logs could not be made smaller");
            }
            store.inner.tidying.store(false, Ordering::Release);
        });
        if let Err(e) = begun {
            tracing::warn!(error = %e, "no thread to make the journal of logs smaller");
            self.inner.tidying.store(false, Ordering::Release);
        }
    }

    /// Empties the oldest segments until the journal is half as large as it may be: complete logs are packed, with all
    /// complete small logs of their runs, and the others get files of their own.
    pub(super) fn tidy(&self) -> Result<(), LogError> {
        let limits = &self.inner.limits;
        loop {
            let before = self.inner.journal.size();
            if before.full <= limits.segments / 2 && before.logs <= limits.logs / 2 {
                return Ok(());
            }
            let mut runs = BTreeSet::new();
            for (key, sealed) in self.inner.journal.in_oldest()? {
                if sealed {
                    runs.insert(key.run);
                    continue;
                }
                self.spill(&key)?;
            }
            for run in runs {
                self.pack_run(run)?;
            }
            let after = self.inner.journal.size();
            if after.full >= before.full && after.logs >= before.logs {
                // As fast as others write; they will be back.
                return Ok(());
            }
        }
    }

    /// Puts a log of the journal that is not complete into files of its own.
    pub(super) fn spill(&self, key: &LogKey) -> Result<(), LogError> {
        let paths = self.paths(key)?;
        self.with(key, &paths, |slot| {
            if let Slot::Small(small) = slot
                && !small.sealed()
            {
                *slot = self.leave_journal(key, &paths, small)?.map_or(Slot::Unloaded, Slot::Tail);
            }
            Ok(())
        })
    }
}
