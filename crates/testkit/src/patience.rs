//! Waiting for what takes its time, never longer than needed.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// For what takes a moment on a busy machine.
pub const SHORT: Duration = Duration::from_secs(30);

/// For whole runs on a busy machine.
pub const LONG: Duration = Duration::from_secs(120);

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until there is something.
///
/// # Panics
/// If there is nothing after `limit`; `what` says what was waited for.
pub async fn eventually<T, F>(what: &str, limit: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < limit, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// The result of something that must end in time.
///
/// # Panics
/// If it does not end within `limit`.
pub async fn within<T>(what: &str, limit: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not end within {limit:?}"),
    }
}
