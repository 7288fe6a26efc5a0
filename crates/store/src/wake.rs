//! News of what has been committed, so that no task waits for a tick.

use cds_model::{RunId, Timestamp, WorkerId};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::broadcast;

/// Something that has been committed. Not the news itself: whoever is woken reads the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// Jobs were queued, taken out, leased or cancelled.
    Queue,
    /// A run has a new version.
    Run(RunId),
    /// An event was stored; its id.
    Event(i64),
    /// Timers were set; the earliest.
    Timer(Timestamp),
    /// A mutex was asked for or given back.
    Slot,
    /// A worker gets no more jobs.
    Disabled(WorkerId),
    /// A token was revoked, or an account changed.
    Identity,
    /// Something other than steps of runs was written. Only said to other servers, for [`crate::Store::written`].
    Written,
    /// Something was missed (another server said so much that it sent only this): look at everything.
    All,
}

/// Sends [`Wake`]s to everyone in this process who listens.
#[derive(Clone, Debug)]
pub(crate) struct Wakeups {
    all: broadcast::Sender<Wake>,
    others: broadcast::Sender<Wake>,
    written: Arc<AtomicU64>,
}

impl Wakeups {
    pub(crate) fn new() -> Self {
        Self { all: broadcast::channel(2048).0, others: broadcast::channel(2048).0, written: Arc::default() }
    }

    /// What this process has committed.
    pub(crate) fn send(&self, wakes: &[Wake]) {
        for wake in wakes.iter().filter(|w| **w != Wake::Written) {
            // No listener is not a fault.
            let _ = self.all.send(*wake);
        }
    }

    /// What another server has committed.
    pub(crate) fn hear(&self, wakes: &[Wake]) {
        if wakes.iter().any(|w| matches!(w, Wake::Written | Wake::All)) {
            self.note_written();
        }
        self.send(wakes);
        for wake in wakes.iter().filter(|w| **w != Wake::Written) {
            let _ = self.others.send(*wake);
        }
    }

    /// A receiver that falls behind gets `Lagged`, which means the same as [`Wake::All`].
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Wake> {
        self.all.subscribe()
    }

    /// Only what other servers have committed.
    pub(crate) fn subscribe_others(&self) -> broadcast::Receiver<Wake> {
        self.others.subscribe()
    }

    pub(crate) fn note_written(&self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }
}

/// PostgreSQL takes at most 8000 bytes in a notification.
const MOST: usize = 7000;

/// The text that tells other servers; `from` is the sender, who ignores its own words.
pub(crate) fn to_text(from: &str, wakes: &[Wake]) -> String {
    let mut text = from.to_string();
    for wake in wakes {
        match wake {
            Wake::Queue => text.push_str(" q"),
            Wake::Run(id) => text.push_str(&format!(" r{}", id.0.simple())),
            Wake::Event(id) => text.push_str(&format!(" e{id}")),
            Wake::Timer(at) => text.push_str(&format!(" t{}", at.ms())),
            Wake::Slot => text.push_str(" s"),
            Wake::Disabled(id) => text.push_str(&format!(" w{}", id.0.simple())),
            Wake::Identity => text.push_str(" i"),
            Wake::Written => text.push_str(" d"),
            Wake::All => text.push_str(" a"),
        }
        if text.len() > MOST {
            return format!("{from} a");
        }
    }
    text
}

/// Reads what [`to_text`] wrote; nothing if this process wrote it. Unknown words, from a newer server, wake everyone.
pub(crate) fn from_text(me: &str, text: &str) -> Vec<Wake> {
    let mut words = text.split(' ');
    if words.next() == Some(me) {
        return Vec::new();
    }
    words
        .map(|word| match (word.get(..1).unwrap_or(""), word.get(1..).unwrap_or("")) {
            ("q", _) => Wake::Queue,
            ("r", id) => id.parse().map_or(Wake::All, Wake::Run),
            ("e", id) => id.parse().map_or(Wake::All, Wake::Event),
            ("t", at) => at.parse().map_or(Wake::All, |ms| Wake::Timer(Timestamp(ms))),
            ("d", _) => Wake::Written,
            ("s", _) => Wake::Slot,
            ("w", id) => id.parse().map_or(Wake::All, Wake::Disabled),
            ("i", _) => Wake::Identity,
            _ => Wake::All,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wakes_survive_the_wire() {
        let wakes = [
            Wake::Queue,
            Wake::Run(RunId::new()),
            Wake::Event(7),
            Wake::Timer(Timestamp(12)),
            Wake::Slot,
            Wake::Disabled(WorkerId::new()),
            Wake::Identity,
            Wake::Written,
        ];
        let text = to_text("a", &wakes);
        assert_eq!(from_text("b", &text), wakes);
        assert!(from_text("a", &text).is_empty());
        assert_eq!(from_text("b", "a zzz"), [Wake::All]);
    }

    #[test]
    fn too_much_becomes_all() {
        let wakes: Vec<Wake> = (0..400).map(|_| Wake::Run(RunId::new())).collect();
        assert_eq!(from_text("b", &to_text("a", &wakes)), [Wake::All]);
    }
}
