//! Following a log as it grows.

use super::{
    LogError, LogKey,
    store::{LogStore, inline_or_blocking},
};
use bytes::Bytes;
use futures::{Stream, stream};

const CHUNK: u64 = 64 * 1024;
const CATCH_UP: u64 = 256 * 1024;
/// What is told together arrived within this time.
const SAME_MOMENT_MS: i64 = 1_000;

/// What a follower is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// Bytes of the log, in order and without a gap.
    Bytes {
        /// Offset of the first of them.
        offset: u64,
        /// The bytes.
        bytes: Bytes,
        /// When the first of them arrived, ms since the epoch; the others came within a second of it.
        at_ms: i64,
    },
    /// The log is complete; nothing follows.
    End {
        /// Its final length.
        length: u64,
    },
}

/// How far a log has come. Followers wait for it to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Progress {
    pub length: u64,
    pub sealed: bool,
    /// The log was deleted, so what its followers wait for will not come.
    pub deleted: bool,
}

impl LogStore {
    /// The log from `from_offset` on, as it is and as it grows, until it is sealed. The key need not
    /// have been written yet. An error is the last item.
    pub fn follow(
        &self,
        key: &LogKey,
        from_offset: u64,
    ) -> impl Stream<Item = Result<LogEvent, LogError>> + Send + 'static {
        enum Step {
            Start,
            On(tokio::sync::watch::Receiver<Progress>, std::sync::Arc<super::entries::Entry>),
            Done,
        }
        let store = self.clone();
        let key = key.clone();
        stream::unfold((Step::Start, from_offset), move |(mut step, at)| {
            let (store, key) = (store.clone(), key.clone());
            async move {
                if let Step::Start = step {
                    match store.watch(&key) {
                        Ok((rx, entry)) => step = Step::On(rx, entry),
                        Err(e) => return Some((Err(e), (Step::Done, at))),
                    }
                }
                let Step::On(mut rx, entry) = step else { return None };
                loop {
                    // Marks the value as seen *before* acting on it: what comes later wakes us again.
                    let now = *rx.borrow_and_update();
                    if now.deleted {
                        let gone = LogError::NotFound { key: key.to_string() };
                        return Some((Err(gone), (Step::Done, at)));
                    }
                    if at < now.length {
                        let ahead = now.length - at;
                        let size = if ahead > CATCH_UP { CATCH_UP } else { CHUNK };
                        let (store, key) = (store.clone(), key.clone());
                        let read = inline_or_blocking(ahead > CATCH_UP, move || {
                            let mut view = store.view(&key)?;
                            let end = at.saturating_add(size).min(view.length);
                            let (at_ms, end) = view.points.moment(at, end, SAME_MOMENT_MS)?;
                            Ok((at_ms, view.read(at, end)?))
                        });
                        return match read.await {
                            // Cut short by a deletion that has not reached `rx` yet; wait for it.
                            Ok((_, bytes)) if bytes.is_empty() => match rx.changed().await {
                                Ok(()) => continue,
                                Err(_) => None,
                            },
                            Ok((at_ms, bytes)) => {
                                let next = at + bytes.len() as u64;
                                let event = LogEvent::Bytes { offset: at, bytes: bytes.into(), at_ms };
                                Some((Ok(event), (Step::On(rx, entry), next)))
                            }
                            Err(e) => Some((Err(e), (Step::Done, at))),
                        };
                    }
                    if now.sealed {
                        return Some((Ok(LogEvent::End { length: now.length }), (Step::Done, at)));
                    }
                    if rx.changed().await.is_err() {
                        return None;
                    }
                }
            }
        })
    }
}
