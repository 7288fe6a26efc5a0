//! Objects as files below a directory.

use super::{ByteStream, Object, ObjectError, ObjectKey, ObjectMeta, ObjectStore, Payload, Spool};
use bytes::Bytes;
use cds_model::Timestamp;
use futures::{FutureExt, future::BoxFuture, stream};
use std::{
    fs::{self, File},
    io::{self, Write},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

/// Bytes handed out at a time.
const PIECE: u64 = 256 * 1024;
/// How often a put that loses its directory to a deletion tries again.
const PLACE_TRIES: u32 = 100;
/// Ends the name of every object's file. No key contains it, so the objects `a` and `a/b` can both be.
const MARK: char = '~';

/// A store of objects below a directory: `objects/` holds them, `spool/` what is being written.
#[derive(Clone)]
pub struct FsObjects {
    inner: Arc<Inner>,
}

struct Inner {
    objects: PathBuf,
    spool: Spool,
}

impl FsObjects {
    /// Opens the store at `dir`, made if it does not exist. What a crash left half written is removed.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, ObjectError> {
        let objects = dir.as_ref().join("objects");
        fs::create_dir_all(&objects).map_err(ObjectError::io("create the object directory"))?;
        let spool = Spool::open(dir.as_ref().join("spool"))?;
        Ok(Self { inner: Arc::new(Inner { objects, spool }) })
    }

    /// The spool beside the objects: files written there are put without copying.
    pub fn spool(&self) -> Spool {
        self.inner.spool.clone()
    }

    fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ObjectError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, ObjectError>> {
        let inner = Arc::clone(&self.inner);
        async move { blocking(move || work(&inner)).await }.boxed()
    }
}

/// Runs `work` on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ObjectError> + Send + 'static,
) -> Result<T, ObjectError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| {
        Err(ObjectError::Io { what: "run a task for an object", source: io::Error::other(e) })
    })
}

/// Makes the directories above `path`; returns whether any was missing.
fn make_parents(path: &Path) -> io::Result<bool> {
    match path.parent() {
        Some(dir) if !dir.is_dir() => fs::create_dir_all(dir).map(|()| true),
        _ => Ok(false),
    }
}

fn is_missing(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn meta(key: ObjectKey, found: &fs::Metadata) -> ObjectMeta {
    let since = found.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let modified = Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    ObjectMeta { key, size: found.len(), modified }
}

impl Inner {
    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.objects.join(format!("{key}{MARK}"))
    }

    fn put(&self, key: &ObjectKey, payload: Payload) -> Result<(), ObjectError> {
        let staged = match payload {
            Payload::Staged(staged) => staged,
            Payload::Bytes(bytes) => {
                let staged = self.spool.create()?;
                staged.file().write_all(&bytes).map_err(ObjectError::io("write an object"))?;
                staged
            }
        };
        // Before the name, so that the name never stands for bytes that a power cut can take away.
        staged.file().sync_all().map_err(ObjectError::io("make an object durable"))?;
        let path = self.path(key);
        let mut tries = 0;
        let mut made_any = false;
        loop {
            let placed = make_parents(&path).and_then(|made| {
                made_any |= made;
                fs::rename(staged.path(), &path)
            });
            match placed {
                Ok(()) => return self.sync_parents(&path, made_any),
                // A deletion may clear away a directory that it found empty and we have just found or made.
                // The library says "exists" when a directory vanishes between its two looks at it.
                Err(e)
                    if (is_missing(&e) || e.kind() == io::ErrorKind::AlreadyExists)
                        && tries < PLACE_TRIES
                        && staged.path().exists() =>
                {
                    tries += 1;
                }
                Err(e) if e.kind() == io::ErrorKind::CrossesDevices => {
                    // A spool that lies elsewhere: bring the bytes here first.
                    let near = self.spool.create()?;
                    fs::copy(staged.path(), near.path()).map_err(ObjectError::io("write an object"))?;
                    return self.put(key, Payload::Staged(near));
                }
                Err(e) => return Err(ObjectError::io("put an object in place")(e)),
            }
        }
    }

    fn sync_parents(&self, path: &Path, all: bool) -> Result<(), ObjectError> {
        let parents = path.ancestors().skip(1).take_while(|d| d.starts_with(&self.objects));
        for dir in parents.take(if all { usize::MAX } else { 1 }) {
            match File::open(dir).and_then(|d| d.sync_all()) {
                Err(e) if !is_missing(&e) => {
                    return Err(ObjectError::io("make an object's directory durable")(e));
                }
                // Missing: the object was deleted again already.
                _ => {}
            }
        }
        Ok(())
    }

    fn open(&self, key: &ObjectKey) -> Result<(File, ObjectMeta), ObjectError> {
        match File::open(self.path(key)) {
            Ok(file) => {
                let found = file.metadata().map_err(ObjectError::io("open an object"))?;
                Ok((file, meta(key.clone(), &found)))
            }
            Err(e) if is_missing(&e) => Err(ObjectError::NotFound { key: key.to_string() }),
            Err(e) => Err(ObjectError::io("open an object")(e)),
        }
    }

    fn delete(&self, key: &ObjectKey) -> Result<bool, ObjectError> {
        let path = self.path(key);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(e) if is_missing(&e) => return Ok(false),
            Err(e) => return Err(ObjectError::io("delete an object")(e)),
        }
        // Upward as long as directories are empty; the system refuses to remove any other.
        for dir in path.ancestors().skip(1).take_while(|d| *d != self.objects) {
            if fs::remove_dir(dir).is_err() {
                break;
            }
        }
        Ok(true)
    }

    fn list(&self, prefix: &str, after: Option<&str>, max: usize) -> Result<Vec<ObjectMeta>, ObjectError> {
        let mut keys = Vec::new();
        // Only the directory that the prefix names whole can hold what it begins.
        let base = prefix.rsplit_once('/').map_or("", |(dir, _)| dir);
        if base.is_empty() || ObjectKey::new(base).is_ok() {
            walk(&self.objects.join(base), base, &mut |key| {
                if key.starts_with(prefix) && after.is_none_or(|a| key > a) {
                    keys.push(key.to_string());
                }
            })?;
        }
        keys.sort_unstable();
        let mut found = Vec::new();
        for key in keys {
            if found.len() >= max {
                break;
            }
            let key = ObjectKey::new(key)?;
            if let Ok(stat) = fs::metadata(self.path(&key)) {
                found.push(meta(key, &stat));
            }
        }
        Ok(found)
    }
}

/// Calls `each` with the key of every object below `dir`, whose own key is `base`.
fn walk(dir: &Path, base: &str, each: &mut impl FnMut(&str)) -> Result<(), ObjectError> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if is_missing(&e) => return Ok(()),
        Err(e) => return Err(ObjectError::io("list objects")(e)),
    };
    for entry in entries {
        let entry = entry.map_err(ObjectError::io("list objects"))?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let join = |name: &str| if base.is_empty() { name.to_string() } else { format!("{base}/{name}") };
        match name.strip_suffix(MARK) {
            Some(name) => each(&join(name)),
            None if entry.file_type().is_ok_and(|t| t.is_dir()) => walk(&entry.path(), &join(name), each)?,
            None => {}
        }
    }
    Ok(())
}

/// Yields the bytes of `range`. The file is open: replacing or deleting the object does not disturb.
fn pieces(file: File, range: Range<u64>) -> ByteStream {
    let file = Arc::new(file);
    Box::pin(stream::try_unfold(range.start, move |at| {
        let file = Arc::clone(&file);
        let len = range.end.saturating_sub(at).min(PIECE);
        async move {
            if len == 0 {
                return Ok(None);
            }
            let piece = blocking(move || {
                let mut piece = vec![0; usize::try_from(len).unwrap_or(0)];
                file.read_exact_at(&mut piece, at).map_err(ObjectError::io("read an object"))?;
                Ok(Bytes::from(piece))
            });
            Ok(Some((piece.await?, at + len)))
        }
    }))
}

impl ObjectStore for FsObjects {
    fn put<'a>(&'a self, key: &'a ObjectKey, payload: Payload) -> BoxFuture<'a, Result<(), ObjectError>> {
        let key = key.clone();
        self.run(move |inner| inner.put(&key, payload))
    }

    fn get<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Object, ObjectError>> {
        let key = key.clone();
        self.run(move |inner| {
            let (file, meta) = inner.open(&key)?;
            let wanted = range.unwrap_or(0..meta.size);
            if wanted.start > meta.size {
                return Err(ObjectError::Range { size: meta.size });
            }
            let range = wanted.start..wanted.end.clamp(wanted.start, meta.size);
            Ok(Object { meta, range: range.clone(), body: pieces(file, range) })
        })
    }

    fn head<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<Option<ObjectMeta>, ObjectError>> {
        let key = key.clone();
        self.run(move |inner| match inner.open(&key) {
            Ok((_, meta)) => Ok(Some(meta)),
            Err(ObjectError::NotFound { .. }) => Ok(None),
            Err(e) => Err(e),
        })
    }

    fn delete<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<bool, ObjectError>> {
        let key = key.clone();
        self.run(move |inner| inner.delete(&key))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a ObjectKey>,
        max: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectMeta>, ObjectError>> {
        let prefix = prefix.to_string();
        let after = after.map(|k| k.as_str().to_string());
        self.run(move |inner| inner.list(&prefix, after.as_deref(), max))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::conformance, *};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn files_conform() {
        let dir = tempfile::TempDir::new().unwrap();
        let objects = FsObjects::open(dir.path()).unwrap();
        conformance::check(&objects, &objects.spool()).await;
        assert_eq!(fs::read_dir(dir.path().join("spool")).unwrap().count(), 0);
        assert_eq!(fs::read_dir(dir.path().join("objects")).unwrap().count(), 0, "empty directories stay");
    }

    #[tokio::test]
    async fn a_spool_on_another_file_system_will_do() {
        let dir = tempfile::TempDir::new().unwrap();
        let Ok(far) = tempfile::TempDir::new_in("/dev/shm") else { return };
        let objects = FsObjects::open(dir.path()).unwrap();
        let staged = Spool::open(far.path()).unwrap().create().unwrap();
        staged.file().write_all(b"from afar").unwrap();
        let key = ObjectKey::new("k").unwrap();
        objects.put(&key, Payload::Staged(staged)).await.unwrap();
        assert_eq!(&objects.get(&key, None).await.unwrap().into_bytes().await.unwrap()[..], b"from afar");
        assert_eq!(fs::read_dir(far.path()).unwrap().count(), 0);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn putting_and_deleting_beside_each_other_never_fails() {
        let dir = tempfile::TempDir::new().unwrap();
        let objects = FsObjects::open(dir.path()).unwrap();
        let tasks = (0..8u8).map(|n| {
            let objects = objects.clone();
            tokio::spawn(async move {
                let key = ObjectKey::new(format!("deep/er/k{}", n % 2)).unwrap();
                for _ in 0..40 {
                    objects.put(&key, Payload::Bytes(vec![n; 10_000].into())).await.unwrap();
                    if let Ok(object) = objects.get(&key, None).await {
                        let bytes = object.into_bytes().await.unwrap();
                        assert!(bytes.len() == 10_000 && bytes.iter().all(|b| *b == bytes[0]));
                    }
                    objects.delete(&key).await.unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    }
}
