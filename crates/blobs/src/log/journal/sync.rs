//! Waiting for the disk, once for all who wait.

use super::{
    super::{LogError, LogKey, entries::lock},
    Journal,
};
use std::{
    io,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::oneshot;

/// The disk is asked at most this often. The first who waits after a pause waits for the disk alone; under load many
/// share one answer, and the disk and the processor have time for other work.
const PAUSE: Duration = Duration::from_millis(5);
const WHAT: &str = "make the journal of logs durable";

/// Those who wait.
#[derive(Default)]
pub struct Group(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    callers: Vec<oneshot::Sender<Option<io::ErrorKind>>>,
    /// A thread serves them.
    served: bool,
    last: Option<Instant>,
}

/// The one who serves. Its end, even an early one, lets the next caller take its place.
struct Server {
    journal: Arc<Journal>,
    serving: bool,
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.serving {
            let mut waiting = lock(&self.journal.group.0);
            waiting.served = false;
            waiting.callers.clear();
        }
    }
}

impl Journal {
    /// Returns when the sealed log of `key` is on disk.
    pub async fn sync(self: &Arc<Self>, key: &LogKey) -> Result<(), LogError> {
        let (caller, answer) = oneshot::channel();
        let first = {
            let mut waiting = lock(&self.group.0);
            waiting.callers.push(caller);
            !std::mem::replace(&mut waiting.served, true)
        };
        if first {
            let server = Server { journal: Arc::clone(self), serving: true };
            tokio::task::spawn_blocking(move || server.serve());
        }
        let failed = answer.await.unwrap_or(Some(io::ErrorKind::Interrupted));
        // It may also have failed for the sake of others.
        let durable = {
            let state = lock(&self.state);
            // Not here any more: it was deleted, or is in a pack, which is durable.
            state.logs.get(key).is_none_or(|held| state.durable(held))
        };
        match failed {
            _ if durable => Ok(()),
            kind => Err(LogError::io(WHAT)(kind.unwrap_or(io::ErrorKind::Other).into())),
        }
    }

    /// Makes durable what was written until now.
    pub fn sync_now(&self) -> Result<(), LogError> {
        let dirty: Vec<_> = lock(&self.state)
            .segments
            .values()
            .filter(|s| s.synced < s.end && !s.failed)
            .map(|s| (s.number, Arc::clone(&s.file), s.end))
            .collect();
        let mut result = Ok(());
        for (number, file, end) in dirty {
            let done = file.sync_data();
            if let Some(segment) = lock(&self.state).segments.get_mut(&number) {
                match &done {
                    Ok(()) => segment.synced = segment.synced.max(end),
                    // What failed once may be said to be there when asked again, and is not.
                    Err(_) => segment.failed = true,
                }
            }
            if let Err(e) = done {
                tracing::error!(error = %e, "the disk did not take the journal of logs; its next part is begun");
                result = Err(LogError::io(WHAT)(e));
            }
        }
        result
    }
}

impl Server {
    fn serve(mut self) {
        loop {
            let rest = lock(&self.journal.group.0).last.map(|t: Instant| PAUSE.saturating_sub(t.elapsed()));
            thread::sleep(rest.unwrap_or_default());
            let callers = {
                let mut waiting = lock(&self.journal.group.0);
                if waiting.callers.is_empty() {
                    // Under the lock, or a caller could come between this look and the end.
                    waiting.served = false;
                    self.serving = false;
                    return;
                }
                std::mem::take(&mut waiting.callers)
            };
            let failed = self.journal.sync_now().err().map(|e| match e {
                LogError::Io { source, .. } => source.kind(),
                _ => io::ErrorKind::StorageFull,
            });
            lock(&self.journal.group.0).last = Some(Instant::now());
            for caller in callers {
                // Who does not wait any more need not know.
                let _ = caller.send(failed);
            }
        }
    }
}
