//! Bytes on their way into a store and out of it.

use super::{ObjectError, ObjectMeta, Staged};
use bytes::{Bytes, BytesMut};
use futures::{TryStreamExt, stream::BoxStream};
use std::ops::Range;

/// Bytes in pieces.
pub type ByteStream = BoxStream<'static, Result<Bytes, ObjectError>>;

/// What is to be stored.
pub enum Payload {
    /// Bytes in memory.
    Bytes(Bytes),
    /// A file that was written to a spool.
    Staged(Staged),
}

/// An open object.
pub struct Object {
    /// What is known of it.
    pub meta: ObjectMeta,
    /// Which of its bytes `body` yields.
    pub range: Range<u64>,
    /// The bytes.
    pub body: ByteStream,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("meta", &self.meta).field("range", &self.range).finish_non_exhaustive()
    }
}

impl Object {
    /// All bytes at once; for objects known to be small.
    pub async fn into_bytes(self) -> Result<Bytes, ObjectError> {
        let all = self.body.try_fold(BytesMut::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        });
        Ok(all.await?.freeze())
    }
}
