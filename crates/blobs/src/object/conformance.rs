//! What every object store must do. An implementation's tests call [`check`] once on an empty store.

use super::{ObjectError, ObjectKey, ObjectStore, Payload, Spool};
use bytes::Bytes;
use futures::StreamExt;
use std::io::Write;

fn key(text: &str) -> ObjectKey {
    ObjectKey::new(text).expect("the suite's keys are valid")
}

async fn put(store: &dyn ObjectStore, name: &str, bytes: &'static [u8]) {
    let payload = Payload::Bytes(Bytes::from_static(bytes));
    store.put(&key(name), payload).await.unwrap_or_else(|e| panic!("put {name}: {e}"));
}

async fn read(store: &dyn ObjectStore, name: &str) -> Bytes {
    let object = store.get(&key(name), None).await.unwrap_or_else(|e| panic!("get {name}: {e}"));
    object.into_bytes().await.unwrap_or_else(|e| panic!("read {name}: {e}"))
}

async fn names(store: &dyn ObjectStore, prefix: &str, after: Option<&str>, max: usize) -> Vec<String> {
    let after = after.map(key);
    let found =
        store.list(prefix, after.as_ref(), max).await.unwrap_or_else(|e| panic!("list {prefix}: {e}"));
    found.into_iter().map(|o| o.key.to_string()).collect()
}

/// Runs the whole suite on an empty `store`, and leaves it empty. Panics where the store does not conform.
pub async fn check(store: &dyn ObjectStore, spool: &Spool) {
    missing_objects_are_missing(store).await;
    bytes_come_back(store).await;
    ranges_are_cut(store).await;
    replacing_does_not_disturb_readers(store).await;
    large_files_stream(store, spool).await;
    lists_are_ordered_and_paged(store).await;
    let left = store.list("", None, usize::MAX).await.expect("list");
    for object in left {
        assert!(store.delete(&object.key).await.expect("delete"));
    }
    assert_eq!(names(store, "", None, 10).await, Vec::<String>::new());
}

async fn missing_objects_are_missing(store: &dyn ObjectStore) {
    let none = key("no/such/object");
    assert!(matches!(store.get(&none, None).await, Err(ObjectError::NotFound { .. })));
    assert_eq!(store.head(&none).await.expect("head"), None);
    assert!(!store.delete(&none).await.expect("delete"));
    assert_eq!(names(store, "no", None, 10).await, Vec::<String>::new());
}

async fn bytes_come_back(store: &dyn ObjectStore) {
    put(store, "dir/one", b"one").await;
    put(store, "dir/empty", b"").await;
    // A key may be the beginning of another one's path.
    put(store, "dir", b"beside").await;
    assert_eq!(&read(store, "dir/one").await[..], b"one");
    assert_eq!(&read(store, "dir/empty").await[..], b"");
    assert_eq!(&read(store, "dir").await[..], b"beside");
    let meta = store.head(&key("dir/one")).await.expect("head").expect("it was put");
    assert_eq!((meta.key.as_str(), meta.size), ("dir/one", 3));
    assert!(meta.modified.ms() > 1_500_000_000_000, "{:?}", meta.modified);
    assert!(store.delete(&key("dir/one")).await.expect("delete"));
    assert_eq!(store.head(&key("dir/one")).await.expect("head"), None);
    assert_eq!(&read(store, "dir").await[..], b"beside");
    assert_eq!(&read(store, "dir/empty").await[..], b"");
}

async fn ranges_are_cut(store: &dyn ObjectStore) {
    put(store, "digits", b"0123456789").await;
    for (range, want) in [(0..4, "0123"), (3..5, "34"), (8..99, "89"), (10..12, ""), (4..4, "")] {
        let object = store.get(&key("digits"), Some(range.clone())).await.expect("get");
        assert_eq!((object.meta.size, object.range.start), (10, range.start));
        assert_eq!(object.range.end - object.range.start, want.len() as u64);
        assert_eq!(&object.into_bytes().await.expect("read")[..], want.as_bytes(), "{range:?}");
    }
    let beyond = store.get(&key("digits"), Some(11..12)).await;
    assert!(matches!(beyond, Err(ObjectError::Range { size: 10 })));
}

async fn replacing_does_not_disturb_readers(store: &dyn ObjectStore) {
    put(store, "changing", b"old").await;
    let old = store.get(&key("changing"), None).await.expect("get");
    put(store, "changing", b"newer").await;
    assert_eq!(&read(store, "changing").await[..], b"newer");
    assert_eq!(&old.into_bytes().await.expect("read")[..], b"old");
}

async fn large_files_stream(store: &dyn ObjectStore, spool: &Spool) {
    let bytes: Vec<u8> = (0..3_000_000u32).flat_map(|i| (i % 251).to_le_bytes()).collect();
    let staged = spool.create().expect("spool");
    staged.file().write_all(&bytes).expect("write to the spool");
    let path = staged.path().to_path_buf();
    store.put(&key("large"), Payload::Staged(staged)).await.expect("put");
    assert!(!path.exists(), "a stored file leaves the spool");
    let mut body = store.get(&key("large"), Some(5..11_999_000)).await.expect("get").body;
    let mut at = 5;
    while let Some(piece) = body.next().await {
        let piece = piece.expect("read");
        assert!(!piece.is_empty() && piece.len() < 4 * 1024 * 1024, "pieces of bounded size");
        assert!(piece == bytes[at..at + piece.len()]);
        at += piece.len();
    }
    assert_eq!(at, 11_999_000);
}

async fn lists_are_ordered_and_paged(store: &dyn ObjectStore) {
    for name in ["l/b/2", "l/a-b", "l/a/1", "l/a", "l/b/1", "l/c", "lx"] {
        put(store, name, b"x").await;
    }
    // Byte order of whole keys: '-' sorts before '/'.
    let all = ["l/a", "l/a-b", "l/a/1", "l/b/1", "l/b/2", "l/c"];
    assert_eq!(names(store, "l/", None, 100).await, all);
    assert_eq!(names(store, "l/", None, 2).await, all[..2]);
    assert_eq!(names(store, "l/", Some("l/a-b"), 2).await, all[2..4]);
    assert_eq!(names(store, "l/", Some("l/c"), 2).await, Vec::<String>::new());
    assert_eq!(names(store, "l/a", None, 100).await, all[..3]);
    assert_eq!(names(store, "l/b/", None, 100).await, all[3..5]);
    assert_eq!(names(store, "../", None, 100).await, Vec::<String>::new());
}
