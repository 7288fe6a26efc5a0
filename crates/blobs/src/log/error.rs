//! What can go wrong with a log.

use std::io;

/// Why a log operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The chunk starts after the end of the log. Send again from `have`.
    #[error("chunk leaves a gap: the log has {have} bytes; send again from there")]
    Gap {
        /// Bytes the log holds.
        have: u64,
    },
    /// The chunk repeats bytes that the log holds, but differs from them.
    #[error("chunk differs from the stored log at byte {offset}; a log is append-only")]
    Conflict {
        /// Offset of the first byte that differs.
        offset: u64,
    },
    /// The log is complete. A sender whose chunk ends at or before `length` lost nothing.
    #[error("log is sealed at {length} bytes")]
    Sealed {
        /// Final length in bytes.
        length: u64,
    },
    /// The final length named by the sender is not the length of the log.
    #[error("log has {have} bytes, but its end was announced at {announced}; send the rest first")]
    LengthMismatch {
        /// Bytes the log holds.
        have: u64,
        /// Length the caller gave.
        announced: u64,
    },
    /// Nothing was written under this key, or it was deleted.
    #[error("no such log: {key}")]
    NotFound {
        /// The key as text.
        key: String,
    },
    /// The key cannot name a log.
    #[error("'{key}' cannot name a log: {why}")]
    BadKey {
        /// What was given.
        key: String,
        /// What is wrong with it and how to mend it.
        why: &'static str,
    },
    /// Another process uses the directory.
    #[error("the log directory {dir} is in use by another process; give each server its own directory")]
    InUse {
        /// The directory.
        dir: String,
    },
    /// The disk or the quota is full. Nothing of the chunk was kept; sending it again is safe.
    #[error("no space left for logs while trying to {what}; free space on the log volume")]
    Full {
        /// What was being done.
        what: &'static str,
    },
    /// Stored bytes contradict their own check value.
    #[error("stored log {file} is damaged: {why}")]
    Damaged {
        /// The file.
        file: String,
        /// What does not fit.
        why: String,
    },
    /// The operating system refused.
    #[error("could not {what}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl LogError {
    /// Wraps an I/O error, keeping "disk full" apart because its remedy differs.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> LogError {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => LogError::Full { what },
            _ => LogError::Io { what, source },
        }
    }
}
