//! The logs that are open now. Two keys never wait for each other longer than a look into a map.

use super::{LogError, LogKey, follow::Progress, pack::PackedLog, small::Small, tail::Tail, view::View};
use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};
use tokio::sync::watch;

const SHARDS: usize = 32;
/// Keys that were asked for but have no file are forgotten after this many new ones.
const NEW_KEYS: usize = 1024;

/// A lock that survives a panic of its holder: every change under our locks is complete or not begun.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is known of a log.
pub enum Slot {
    /// Not looked at since the start, or closed to save file handles or memory.
    Unloaded,
    /// There is no such log.
    Absent,
    /// In the journal.
    Small(Small),
    /// A plain file.
    Tail(Tail),
    /// Complete and compressed.
    Packed(PackedLog),
}

impl Slot {
    /// What readers see; `None` if there is no log.
    pub fn view(&self) -> Option<View> {
        match self {
            Slot::Unloaded | Slot::Absent => None,
            Slot::Small(small) => Some(small.view()),
            Slot::Tail(tail) => Some(tail.view()),
            Slot::Packed(packed) => Some(packed.view()),
        }
    }

    /// Hex SHA-256 of the bytes; empty if there is no log.
    pub fn chain_hash(&self) -> String {
        match self {
            Slot::Unloaded | Slot::Absent => String::new(),
            Slot::Small(small) => hex::encode(small.sha256()),
            Slot::Tail(tail) => tail.chain_hash(),
            Slot::Packed(packed) => packed.log.sha256.clone(),
        }
    }

    fn cost(&self) -> Cost {
        match self {
            Slot::Unloaded | Slot::Absent => Cost::default(),
            Slot::Small(small) => Cost { open: 0, memory: small.weight() },
            Slot::Tail(_) | Slot::Packed(_) => Cost { open: 1, memory: 0 },
        }
    }
}

/// What a slot holds of that of which there is not enough for all.
#[derive(Clone, Copy, Default)]
struct Cost {
    /// Logs with open files: 0 or 1.
    open: usize,
    /// Bytes.
    memory: usize,
}

/// One log.
pub struct Entry {
    pub slot: Mutex<Slot>,
    pub progress: watch::Sender<Progress>,
    used: AtomicU64,
}

/// All of them.
pub struct Entries {
    shards: Vec<Mutex<HashMap<LogKey, Arc<Entry>>>>,
    hasher: RandomState,
    max_open: usize,
    max_memory: usize,
    open: AtomicUsize,
    memory: AtomicUsize,
    new: AtomicUsize,
    clock: AtomicU64,
    sweeping: Mutex<()>,
}

impl Entries {
    /// Keeps at most about `max_open` logs open, and about `max_memory` bytes of small logs.
    pub fn new(max_open: usize, max_memory: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            max_open,
            max_memory,
            open: AtomicUsize::new(0),
            memory: AtomicUsize::new(0),
            new: AtomicUsize::new(0),
            clock: AtomicU64::new(0),
            sweeping: Mutex::new(()),
        }
    }

    fn shard(&self, key: &LogKey) -> &Mutex<HashMap<LogKey, Arc<Entry>>> {
        &self.shards[self.hasher.hash_one(key) as usize % SHARDS]
    }

    /// The entry of `key`, made if need be. All users of a key share one.
    pub fn get(&self, key: &LogKey) -> Arc<Entry> {
        let mut shard = lock(self.shard(key));
        let entry = match shard.get(key) {
            Some(entry) => Arc::clone(entry),
            None => {
                let entry = Arc::new(Entry {
                    slot: Mutex::new(Slot::Unloaded),
                    progress: watch::Sender::new(Progress::default()),
                    used: AtomicU64::new(0),
                });
                self.new.fetch_add(1, Ordering::Relaxed);
                shard.insert(key.clone(), Arc::clone(&entry));
                entry
            }
        };
        entry.used.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        entry
    }

    /// Runs `change` on the slot of `key` after `load` has filled it, tells followers how far the log has
    /// come, and closes others if too many are open.
    pub fn with<T>(
        &self,
        key: &LogKey,
        load: impl FnOnce() -> Result<Slot, LogError>,
        change: impl FnOnce(&mut Slot) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let entry = self.get(key);
        let result = {
            let mut slot = lock(&entry.slot);
            let before = slot.cost();
            if matches!(*slot, Slot::Unloaded) {
                *slot = load()?;
            }
            let result = change(&mut slot);
            self.account(before, slot.cost());
            entry.publish(&slot);
            result
        };
        drop(entry);
        let full = self.open.load(Ordering::Relaxed) > self.max_open || self.memory() > self.max_memory;
        if full || self.new.load(Ordering::Relaxed) > NEW_KEYS {
            self.sweep();
        }
        result
    }

    fn account(&self, before: Cost, after: Cost) {
        // Under the slot's lock, and what goes was counted when it came: neither sum wraps below zero.
        self.open.fetch_add(after.open.wrapping_sub(before.open), Ordering::Relaxed);
        self.memory.fetch_add(after.memory.wrapping_sub(before.memory), Ordering::Relaxed);
    }

    /// Bytes of small logs in memory.
    pub fn memory(&self) -> usize {
        self.memory.load(Ordering::Relaxed)
    }

    /// Drops the entry of `key` if nobody else uses it: what is kept elsewhere is loaded again when needed.
    pub fn release(&self, key: &LogKey) {
        let mut shard = lock(self.shard(key));
        // One owner is the map itself: new owners arise only under this lock.
        if let Some(entry) = shard.get(key)
            && Arc::strong_count(entry) == 1
        {
            let cost = lock(&entry.slot).cost();
            self.account(cost, Cost::default());
            shard.remove(key);
        }
    }

    /// Entries whose key satisfies `wanted`.
    pub fn matching(&self, wanted: impl Fn(&LogKey) -> bool) -> Vec<(LogKey, Arc<Entry>)> {
        let mut found = Vec::new();
        for shard in &self.shards {
            let shard = lock(shard);
            found.extend(shard.iter().filter(|(k, _)| wanted(k)).map(|(k, e)| (k.clone(), Arc::clone(e))));
        }
        found
    }

    /// Empties an entry whose log is gone or elsewhere. Followers are told if it was deleted.
    pub fn forget(&self, entry: &Entry, deleted: bool) {
        let mut slot = lock(&entry.slot);
        self.account(slot.cost(), Cost::default());
        // Not `Absent`: a new log may have been begun meanwhile.
        *slot = Slot::Unloaded;
        if deleted {
            entry.progress.send_modify(|p| p.deleted = true);
        }
    }

    /// Closes the logs that were used longest ago until three quarters of the limit remain, and drops
    /// entries that nobody uses. A busy log is left alone.
    fn sweep(&self) {
        let Ok(_one_at_a_time) = self.sweeping.try_lock() else { return };
        self.new.store(0, Ordering::Relaxed);
        let mut all = self.matching(|_| true);
        // Cached: the stamps move while we sort, and sorting by moving keys panics.
        all.sort_by_cached_key(|(_, e)| e.used.load(Ordering::Relaxed));
        for (key, entry) in all {
            if let Ok(mut slot) = entry.slot.try_lock() {
                let goes = match &mut *slot {
                    Slot::Unloaded | Slot::Absent => true,
                    Slot::Small(_) => self.memory() > self.max_memory / 4 * 3,
                    Slot::Tail(_) | Slot::Packed(_) => {
                        self.open.load(Ordering::Relaxed) > self.max_open / 4 * 3
                    }
                };
                if goes {
                    if let Slot::Tail(tail) = &mut *slot {
                        tail.checkpoint();
                    }
                    self.account(slot.cost(), Cost::default());
                    *slot = Slot::Unloaded;
                }
            }
            drop(entry);
            let mut shard = lock(self.shard(&key));
            // One owner left means the map itself: new owners arise only under this lock.
            if let Some(e) = shard.get(&key)
                && Arc::strong_count(e) == 1
                && matches!(*lock(&e.slot), Slot::Unloaded | Slot::Absent)
            {
                shard.remove(&key);
            }
        }
    }

    /// Logs that hold files open now.
    #[cfg(test)]
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

impl Entry {
    fn publish(&self, slot: &Slot) {
        let (length, sealed) = match slot {
            Slot::Unloaded | Slot::Absent => return,
            Slot::Small(small) => (small.length(), small.durable()),
            Slot::Tail(tail) => (tail.length(), tail.seal().is_some()),
            Slot::Packed(packed) => (packed.log.length, true),
        };
        let now = Progress { length, sealed, deleted: false };
        self.progress.send_if_modified(|p| {
            let changed = *p != now;
            *p = now;
            changed
        });
    }
}
