use super::*;
use crate::object::FsObjects;
use futures::{future::BoxFuture, stream};
use std::{fs, io};
use tempfile::TempDir;

type Piece = Result<Bytes, io::Error>;

fn body(bytes: &[u8], piece: usize) -> impl Stream<Item = Piece> + Send + use<> {
    let pieces: Vec<Piece> = bytes.chunks(piece).map(|p| Ok(Bytes::copy_from_slice(p))).collect();
    stream::iter(pieces)
}

fn artifacts() -> (TempDir, Artifacts) {
    let dir = TempDir::new().unwrap();
    let objects = FsObjects::open(dir.path()).unwrap();
    let spool = objects.spool();
    (dir, Artifacts::new(Arc::new(objects), spool))
}

fn count(dir: &TempDir, sub: &str) -> usize {
    fs::read_dir(dir.path().join(sub)).unwrap().count()
}

#[tokio::test]
async fn an_artifact_is_hashed_stored_once_and_read() {
    let (dir, artifacts) = artifacts();
    let stored = artifacts.put_artifact(body(b"hello", 2), None).await.unwrap();
    assert_eq!(stored.sha256, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_eq!(stored.md5, "5d41402abc4b2a76b9719d911017c592");
    assert_eq!((stored.size, stored.deduplicated), (5, false));
    let again = artifacts.put_artifact(body(b"hello", 5), Some(5)).await.unwrap();
    assert_eq!(again, Stored { deduplicated: true, ..stored.clone() });
    let other = artifacts.put_artifact(body(b"", 1), Some(0)).await.unwrap();
    assert_eq!((other.size, other.md5.as_str()), (0, "d41d8cd98f00b204e9800998ecf8427e"));
    assert_eq!(count(&dir, "objects/artifacts"), 2);
    let object = artifacts.open_artifact(&stored.object_key, Some(1..4)).await.unwrap();
    assert_eq!(&object.into_bytes().await.unwrap()[..], b"ell");
}

#[tokio::test]
async fn a_large_artifact_streams_through() {
    let (dir, artifacts) = artifacts();
    let bytes: Vec<u8> = (0..1_000_000u32).flat_map(u32::to_le_bytes).collect();
    let stored = artifacts.put_artifact(body(&bytes, 70_001), None).await.unwrap();
    assert_eq!(stored.sha256, hex::encode(Sha256::digest(&bytes)));
    assert_eq!(stored.md5, hex::encode(Md5::digest(&bytes)));
    let object = artifacts.open_artifact(&stored.object_key, None).await.unwrap();
    assert!(object.into_bytes().await.unwrap() == bytes);
    assert_eq!(count(&dir, "spool"), 0);
}

#[tokio::test]
async fn what_fails_leaves_nothing() {
    let (dir, artifacts) = artifacts();
    let big = vec![1; 2_000_000];
    for limit in [0, 1000, 1_999_999] {
        let refused = artifacts.put_artifact(body(&big, 100_000), Some(limit)).await;
        assert!(matches!(refused, Err(ArtifactError::TooLarge { limit: l }) if l == limit));
    }
    let broken = body(&big, 600_000).chain(stream::iter([Err(io::Error::other("connection lost"))]));
    let refused = artifacts.put_artifact(broken, None).await;
    assert!(matches!(refused, Err(ArtifactError::Source { after: 2_000_000, .. })));
    // The caller goes away in the middle.
    let endless = body(&big, 600_000).chain(stream::pending());
    let wait = std::time::Duration::from_millis(50);
    assert!(tokio::time::timeout(wait, artifacts.put_artifact(endless, None)).await.is_err());
    assert_eq!((count(&dir, "spool"), count(&dir, "objects")), (0, 0));
}

#[tokio::test]
async fn each_cache_has_a_place_of_its_own() {
    let (dir, artifacts) = artifacts();
    let project = ProjectId::new();
    let first = artifacts.put_cache(project, body(b"first", 1), None).await.unwrap().object_key;
    let refused = artifacts.put_cache(project, body(b"second", 1), Some(3)).await;
    assert!(matches!(refused, Err(ArtifactError::TooLarge { limit: 3 })));
    let second = artifacts.put_cache(project, body(b"second", 1), None).await.unwrap().object_key;
    let old = artifacts.open_artifact(&first, None).await.unwrap();
    let mut all = artifacts.caches(Timestamp(i64::MAX)).await.unwrap();
    all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
    assert_eq!(all, [first.clone(), second.clone()]);
    assert_eq!(artifacts.caches(Timestamp(0)).await.unwrap(), []);
    assert!(artifacts.delete(&first).await.unwrap());
    assert!(!artifacts.delete(&first).await.unwrap());
    // Whoever reads it reads on.
    assert_eq!(&old.into_bytes().await.unwrap()[..], b"first");
    let new = artifacts.open_artifact(&second, None).await.unwrap();
    assert_eq!(&new.into_bytes().await.unwrap()[..], b"second");
    assert!(artifacts.delete(&second).await.unwrap());
    assert_eq!((count(&dir, "spool"), count(&dir, "objects")), (0, 0));
}

#[tokio::test]
async fn only_old_objects_are_swept() {
    let (_dir, artifacts) = artifacts();
    let stored = artifacts.put_artifact(body(b"x", 1), None).await.unwrap();
    let put = artifacts.head(&stored.object_key).await.unwrap().unwrap().modified;
    assert!(!artifacts.delete_unused(&stored.object_key, put).await.unwrap());
    assert!(artifacts.delete_unused(&stored.object_key, Timestamp(put.ms() + 1)).await.unwrap());
    assert!(!artifacts.delete_unused(&stored.object_key, Timestamp(i64::MAX)).await.unwrap());
}

/// A store whose disk is full.
struct FullStore(FsObjects);

impl ObjectStore for FullStore {
    fn put<'a>(&'a self, _: &'a ObjectKey, _: Payload) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async { Err(ObjectError::io("write an object")(io::ErrorKind::StorageFull.into())) })
    }
    fn get<'a>(
        &'a self,
        key: &'a ObjectKey,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Object, ObjectError>> {
        self.0.get(key, range)
    }
    fn head<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<Option<ObjectMeta>, ObjectError>> {
        self.0.head(key)
    }
    fn delete<'a>(&'a self, key: &'a ObjectKey) -> BoxFuture<'a, Result<bool, ObjectError>> {
        self.0.delete(key)
    }
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a ObjectKey>,
        max: usize,
    ) -> BoxFuture<'a, Result<Vec<ObjectMeta>, ObjectError>> {
        self.0.list(prefix, after, max)
    }
}

#[tokio::test]
async fn a_full_store_says_so_and_keeps_nothing() {
    let dir = TempDir::new().unwrap();
    let objects = FsObjects::open(dir.path()).unwrap();
    let spool = objects.spool();
    let artifacts = Artifacts::new(Arc::new(FullStore(objects)), spool);
    let refused = artifacts.put_artifact(body(b"x", 1), None).await;
    assert!(matches!(refused, Err(ArtifactError::Object(ObjectError::Full { .. }))));
    assert_eq!((count(&dir, "spool"), count(&dir, "objects")), (0, 0));
}

/// Run by hand with the path of a file system of about a megabyte.
#[tokio::test]
#[ignore = "needs a small file system at CDS_TEST_SMALL_DISK"]
async fn a_full_disk_says_so_and_keeps_nothing() {
    let root = std::env::var_os("CDS_TEST_SMALL_DISK").expect("CDS_TEST_SMALL_DISK");
    let dir = TempDir::new_in(root).unwrap();
    let objects = FsObjects::open(dir.path()).unwrap();
    let spool = objects.spool();
    let artifacts = Artifacts::new(Arc::new(objects), spool);
    let refused = artifacts.put_artifact(body(&vec![7; 8_000_000], 100_000), None).await;
    assert!(matches!(refused, Err(ArtifactError::Object(ObjectError::Full { .. }))), "{refused:?}");
    assert_eq!((count(&dir, "spool"), count(&dir, "objects")), (0, 0));
    artifacts.put_artifact(body(b"small", 5), None).await.unwrap();
}
