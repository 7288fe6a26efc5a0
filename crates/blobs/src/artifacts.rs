//! Artifacts and caches: files that jobs leave for later.

use crate::object::{
    Object, ObjectError, ObjectKey, ObjectMeta, ObjectStore, Payload, Spool, Staged, blocking,
};
use bytes::Bytes;
use cds_model::{BlobId, ProjectId, Timestamp};
use futures::{Stream, StreamExt};
use md5::Md5;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::{error::Error, io::Write, ops::Range, pin::pin, sync::Arc};

/// Hashing and writing is done for this many bytes at a time, away from the runtime's threads.
const BATCH: usize = 512 * 1024;
/// Where the keys of caches begin.
const CACHES: &str = "caches/";

/// Why a file was not stored.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It is larger than allowed.
    #[error("the file is larger than the limit of {limit} bytes; make it smaller or have the limit raised")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The sender broke off.
    #[error("the upload broke off after {after} bytes")]
    Source {
        /// Bytes that had come.
        after: u64,
        /// What the sender's stream said.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store failed.
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// A file that was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Hex SHA-256 of its bytes.
    pub sha256: String,
    /// Hex MD5 of its bytes, which clients of the reference verify (spec 11.5).
    pub md5: String,
    /// Bytes.
    pub size: u64,
    /// Where it is.
    pub object_key: ObjectKey,
    /// The store held the same bytes already.
    pub deduplicated: bool,
}

/// The files of jobs, in an object store.
///
/// Artifacts are stored by their content, so equal ones take space once; who refers to an object is
/// recorded elsewhere. Nothing is visible before it is whole and durable.
#[derive(Clone)]
pub struct Artifacts {
    objects: Arc<dyn ObjectStore>,
    spool: Spool,
}

/// A file that has come whole, and is kept under no name yet.
struct Upload {
    staged: Staged,
    sha256: String,
    md5: String,
    size: u64,
}

/// A file that is being received. Moves to a blocking thread and back with each batch.
struct Receiving {
    staged: Staged,
    sha256: Sha256,
    md5: Md5,
    size: u64,
}

impl Receiving {
    fn take(mut self, batch: &[u8]) -> Result<Self, ObjectError> {
        self.staged.file().write_all(batch).map_err(ObjectError::io("write an upload"))?;
        self.sha256.update(batch);
        self.md5.update(batch);
        self.size += batch.len() as u64;
        Ok(self)
    }
}

impl Artifacts {
    /// Artifacts in `objects`. Uploads are collected in `spool`, which should be on the same file system
    /// if `objects` are files.
    pub fn new(objects: Arc<dyn ObjectStore>, spool: Spool) -> Self {
        Self { objects, spool }
    }

    /// Stores what `body` yields, under a key made of its SHA-256. `limit` is in bytes.
    ///
    /// Storing bytes anew makes their object young again, see [`Artifacts::delete_unused`].
    ///
    /// # Errors
    /// [`ArtifactError`]; nothing is kept then.
    pub async fn put_artifact<S, E>(&self, body: S, limit: Option<u64>) -> Result<Stored, ArtifactError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let upload = self.receive(body, limit).await?;
        let key = ObjectKey::new(format!("artifacts/{}/{}", &upload.sha256[..2], upload.sha256))?;
        self.store(upload, key).await
    }

    /// Stores a cache of a project under a key of its own: which one is the cache of a tag is recorded elsewhere, so
    /// that nobody takes the one of yesterday on another disk for it.
    ///
    /// # Errors
    /// [`ArtifactError`]; nothing is kept then.
    pub async fn put_cache<S, E>(
        &self,
        project: ProjectId,
        body: S,
        limit: Option<u64>,
    ) -> Result<Stored, ArtifactError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let upload = self.receive(body, limit).await?;
        self.store(upload, ObjectKey::new(format!("{CACHES}{project}/{}", BlobId::new()))?).await
    }

    /// Caches that are stored here and last written before `older_than`.
    ///
    /// # Errors
    /// The store failed.
    pub async fn caches(&self, older_than: Timestamp) -> Result<Vec<ObjectKey>, ObjectError> {
        const PAGE: usize = 1_000;
        let mut found = Vec::new();
        let mut after: Option<ObjectKey> = None;
        loop {
            let page = self.objects.list(CACHES, after.as_ref(), PAGE).await?;
            after = page.last().map(|o| o.key.clone());
            let full = page.len() == PAGE;
            found.extend(page.into_iter().filter(|o| o.modified < older_than).map(|o| o.key));
            if !full {
                return Ok(found);
            }
        }
    }

    async fn store(&self, upload: Upload, object_key: ObjectKey) -> Result<Stored, ArtifactError> {
        let Upload { staged, sha256, md5, size } = upload;
        let known = object_key.as_str().ends_with(&sha256)
            && self.objects.head(&object_key).await?.is_some_and(|o| o.size == size);
        self.objects.put(&object_key, Payload::Staged(staged)).await?;
        Ok(Stored { sha256, md5, size, object_key, deduplicated: known })
    }

    async fn receive<S, E>(&self, body: S, limit: Option<u64>) -> Result<Upload, ArtifactError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let staged = self.spool.create()?;
        let mut file = Receiving { staged, sha256: Sha256::new(), md5: Md5::new(), size: 0 };
        let mut body = pin!(body);
        let mut batch = Vec::new();
        loop {
            let piece = match body.next().await {
                Some(Ok(piece)) => piece,
                Some(Err(e)) => {
                    let after = file.size + batch.len() as u64;
                    return Err(ArtifactError::Source { after, source: e.into() });
                }
                None => break,
            };
            let size = file.size + batch.len() as u64 + piece.len() as u64;
            if let Some(limit) = limit.filter(|limit| size > *limit) {
                return Err(ArtifactError::TooLarge { limit });
            }
            batch.extend_from_slice(&piece);
            if batch.len() >= BATCH {
                (file, batch) = blocking(move || {
                    let file = file.take(&batch)?;
                    batch.clear();
                    Ok((file, batch))
                })
                .await?;
            }
        }
        // The rest of a small file is not worth a change of thread.
        let file = file.take(&batch)?;
        Ok(Upload {
            sha256: hex::encode(file.sha256.finalize()),
            md5: hex::encode(file.md5.finalize()),
            size: file.size,
            staged: file.staged,
        })
    }

    /// Opens an object that was stored; with a range, only those bytes.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`], [`ObjectError::Range`].
    pub async fn open_artifact(
        &self,
        key: &ObjectKey,
        range: Option<Range<u64>>,
    ) -> Result<Object, ObjectError> {
        self.objects.get(key, range).await
    }

    /// What is known of an object.
    pub async fn head(&self, key: &ObjectKey) -> Result<Option<ObjectMeta>, ObjectError> {
        self.objects.head(key).await
    }

    /// Removes an object. Returns whether there was one.
    pub async fn delete(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        self.objects.delete(key).await
    }

    /// Removes an object that nothing refers to, unless it was put after `older_than`. Returns whether it
    /// was removed.
    ///
    /// Between the moment when an upload is stored and the moment when its record is, nothing refers to
    /// it. So call this with a time well before the search for references began (an hour, say).
    pub async fn delete_unused(&self, key: &ObjectKey, older_than: Timestamp) -> Result<bool, ObjectError> {
        match self.objects.head(key).await? {
            Some(meta) if meta.modified < older_than => self.objects.delete(key).await,
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests;
