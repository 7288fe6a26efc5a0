//! Objects: immutable bytes under a key, as S3 has them. Artifacts and caches live here.

mod body;
mod fs;
mod key;
mod spool;

#[cfg(any(test, feature = "testing"))]
pub mod conformance;

pub use body::{ByteStream, Object, Payload};
pub use fs::FsObjects;
pub(crate) use fs::blocking;
pub use key::ObjectKey;
pub use spool::{Spool, Staged};

use cds_model::Timestamp;
use futures::future::BoxFuture;
use std::{io, ops::Range};

/// Why an object could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// The text cannot be a key.
    #[error("'{key}' is not an object key: {why}")]
    BadKey {
        /// The text.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// There is no such object.
    #[error("no such object: {key}")]
    NotFound {
        /// The key.
        key: String,
    },
    /// The range begins after the end of the object.
    #[error("the object has {size} bytes; the range asked for begins after its end")]
    Range {
        /// Size of the object in bytes.
        size: u64,
    },
    /// The disk or the quota is full. Nothing of the object is visible.
    #[error("no space left for objects while trying to {what}; free space on the object volume")]
    Full {
        /// What was being done.
        what: &'static str,
    },
    /// The operating system, or the storage service, refused.
    #[error("could not {what}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl ObjectError {
    /// Wraps an I/O error, keeping "disk full" apart because its remedy differs.
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> ObjectError {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ObjectError::Full { what },
            _ => ObjectError::Io { what, source },
        }
    }
}

/// What is known of an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key.
    pub key: ObjectKey,
    /// Bytes.
    pub size: u64,
    /// When it was last put.
    pub modified: Timestamp,
}

/// A place for objects.
///
/// An object appears whole or not at all, and once [`ObjectStore::put`] has returned it survives the loss
/// of power. Every implementation passes `conformance::check` (feature `testing`).
pub trait ObjectStore: Send + Sync + 'static {
    /// Stores an object, replacing one of the same key. Who reads the old one reads it to its end.
    fn put<'a>(&'a self, key: &'a ObjectKey, payload: Payload) -> BoxFuture<'a, Result<(), ObjectError>>;

    /// Opens an object; with a range, only those bytes (an end beyond the object is cut).
    ///
    /// # Errors
    /// [`ObjectError::NotFound`], [`ObjectError::Range`].
    fn get<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Object, ObjectError>>;

    /// What is known of an object; `None` if there is none.
    fn head<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<Option<ObjectMeta>, ObjectError>>;

    /// Removes an object. Returns whether there was one.
    fn delete<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<bool, ObjectError>>;

    /// Up to `max` objects whose key begins with `prefix` and sorts after `after`, in byte order.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a ObjectKey>,
        max: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectMeta>, ObjectError>>;
}
