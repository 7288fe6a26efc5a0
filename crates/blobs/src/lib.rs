//! Storage of bulk bytes: the logs of steps, and objects such as artifacts and caches.
//!
//! Invariant: this crate knows nothing of SQL, HTTP or permissions. It keeps bytes under keys that the
//! caller made, and answers with what is durable. Which run may write which log is decided elsewhere.

pub mod artifacts;
pub mod log;
pub mod object;

pub use artifacts::{ArtifactError, Artifacts, Stored};
pub use log::{Line, Lines, LogError, LogEvent, LogKey, LogState, LogStore, LogStream, Match};
pub use object::{FsObjects, Object, ObjectError, ObjectKey, ObjectMeta, ObjectStore, Payload, Spool};
