//! The journal's files: torn, damaged, full, removed.

use super::*;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(dir.join("journal")).unwrap().map(|f| f.unwrap().path()).collect();
    files.sort();
    files
}

fn only_segment(dir: &Path) -> PathBuf {
    let files = segments(dir);
    assert_eq!(files.len(), 1);
    files.into_iter().next().unwrap()
}

fn length(file: &Path) -> usize {
    fs::metadata(file).unwrap().len() as usize
}

#[tokio::test]
async fn a_small_log_has_no_file_of_its_own() {
    let (dir, store) = store();
    let keys: Vec<_> = (0..20).map(key).collect();
    for key in &keys {
        store.append(key, 0, b"hello\n", T).unwrap();
        store.seal(key, 6).await.unwrap();
    }
    let names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "the lock and the journal, but there are {names:?}");
    only_segment(dir.path());
    assert_eq!(store.inner.entries.memory(), 0, "what is complete takes no memory until it is read");
}

/// A file that ends anywhere: what was written whole is there, and the log goes on from its end.
#[tokio::test]
async fn a_torn_end_is_cut_off_wherever_it_is() {
    let (dir, store) = store();
    let (first, second) = (key(0), key(1));
    let file = || only_segment(dir.path());
    // Length of the file, of both logs, and whether the second is complete.
    let mut steps = vec![];
    store.append(&first, 0, b"first\n", T).unwrap();
    steps.push((length(&file()), 6, None));
    store.append(&second, 0, b"one\n", T).unwrap();
    steps.push((length(&file()), 6, Some((4, false))));
    store.append(&second, 4, b"two\n", T).unwrap();
    steps.push((length(&file()), 6, Some((8, false))));
    store.seal(&second, 8).await.unwrap();
    steps.push((length(&file()), 6, Some((8, true))));
    drop(store);
    let whole = fs::read(file()).unwrap();
    for cut in steps[0].0..whole.len() {
        for rest in [&b""[..], &[0; 100], &[0xC5; 100]] {
            fs::write(file(), [&whole[..cut], rest].concat()).unwrap();
            let store = LogStore::open(dir.path()).unwrap();
            let (end, _, want) = steps.iter().rev().find(|s| s.0 <= cut).unwrap();
            assert_eq!(store.state(&first).unwrap().unwrap().length, 6);
            let state = store.state(&second).unwrap().map(|s| (s.length, s.sealed));
            assert_eq!(state, *want, "cut at {cut}");
            assert_eq!(length(&file()), *end, "cut at {cut}");
            let have = want.map_or(0, |w| w.0);
            store.append(&second, have, &b"one\ntwo\n"[have as usize..], T).ok();
            drop(store);
            let store = LogStore::open(dir.path()).unwrap();
            assert_eq!(&store.read_bytes(&second, 0..99).await.unwrap()[..], b"one\ntwo\n");
        }
    }
}

/// A bad byte anywhere in the middle: other logs are whole, the damaged one ends before it and can be completed.
#[tokio::test]
async fn damage_costs_only_the_log_it_hits() {
    let (dir, store) = store();
    let (first, second) = (key(0), key(1));
    let file = || only_segment(dir.path());
    store.append(&first, 0, b"first\n", T).unwrap();
    let from = length(&file());
    store.append(&second, 0, b"one\n", T).unwrap();
    let middle = length(&file());
    store.append(&second, 4, b"two\n", T).unwrap();
    let to = length(&file());
    store.append(&second, 8, b"three\n", T).unwrap();
    store.seal(&second, 14).await.unwrap();
    store.append(&first, 6, b"end\n", T).unwrap();
    drop(store);
    let whole = fs::read(file()).unwrap();
    for at in from..to {
        let mut bad = whole.clone();
        bad[at] ^= 0x40;
        fs::write(file(), bad).unwrap();
        for _ in 0..2 {
            let store = LogStore::open(dir.path()).unwrap();
            assert_eq!(&store.read_bytes(&first, 0..99).await.unwrap()[..], b"first\nend\n");
            let state = store.state(&second).unwrap().map(|s| (s.length, s.sealed));
            assert_eq!(state, (at >= middle).then_some((4, false)), "damage at {at}");
        }
        let store = LogStore::open(dir.path()).unwrap();
        let have = if at < middle { 0 } else { 4 };
        store.append(&second, have, &b"one\ntwo\nthree\n"[have as usize..], T).unwrap();
        store.seal(&second, 14).await.unwrap();
        drop(store);
        let store = LogStore::open(dir.path()).unwrap();
        assert!(store.state(&second).unwrap().unwrap().sealed);
        assert_eq!(&store.read_bytes(&second, 0..99).await.unwrap()[..], b"one\ntwo\nthree\n");
    }
}

#[tokio::test]
async fn a_file_that_is_no_segment_is_set_aside() {
    let (dir, store) = store();
    let key = key(0);
    store.append(&key, 0, b"hello", T).unwrap();
    drop(store);
    let next = dir.path().join("journal/00000002.seg");
    for nonsense in [&b""[..], b"CDSJRN1\n", &[7; 500]] {
        fs::write(&next, nonsense).unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        assert_eq!(&store.read_bytes(&key, 0..9).await.unwrap()[..], b"hello");
        assert!(!next.exists() && next.with_extension("bad").exists());
    }
}

#[tokio::test]
async fn a_full_disk_leaves_the_journal_as_it_was() {
    let (dir, store) = store();
    let key = key(0);
    let file = dir.path().join("journal/00000001.seg");
    fs::create_dir_all(dir.path().join("journal")).unwrap();
    std::os::unix::fs::symlink("/dev/full", &file).unwrap();
    assert!(matches!(store.append(&key, 0, b"x", T), Err(LogError::Full { .. })));
    assert_eq!(store.state(&key).unwrap(), None);
    assert!(matches!(store.append(&key, 1, b"x", T), Err(LogError::Gap { have: 0 })));
    assert_eq!(store.append(&key, 0, b"x", T).unwrap(), 1);
    drop(store);
    assert_eq!(&LogStore::open(dir.path()).unwrap().read_bytes(&key, 0..9).await.unwrap()[..], b"x");
}

/// A run is deleted, and the file that says so must not go before those that hold the run.
#[tokio::test]
async fn what_was_deleted_stays_deleted() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { segment: 500, segments: 100, ..Limits::default() };
    let open = || LogStore::with_limits(dir.path(), limits).unwrap();
    let store = open();
    let (keeps, deleted) = (key(0), key(1));
    store.append(&keeps, 0, b"keeps the oldest file\n", T).unwrap();
    store.append(&deleted, 0, b"deleted\n", T).unwrap();
    let others: Vec<_> = (0..50).map(key).collect();
    for other in &others {
        store.append(other, 0, &[b'x'; 200], T).unwrap();
        store.seal(other, 200).await.unwrap();
    }
    store.delete_run(deleted.run).await.unwrap();
    let many = segments(dir.path()).len();
    assert!(many > 20);
    for other in &others {
        store.delete_run(other.run).await.unwrap();
    }
    let store = {
        drop(store);
        open()
    };
    assert_eq!(store.state(&deleted).unwrap(), None);
    assert_eq!(store.list(deleted.run, deleted.job, deleted.attempt).unwrap(), []);
    assert_eq!(&store.read_bytes(&keeps, 0..99).await.unwrap()[..], b"keeps the oldest file\n");
    // Once nothing needs it, all of it goes but the file that is written.
    store.spill(&keeps).unwrap();
    assert_eq!(segments(dir.path()).len(), 1);
    let store = {
        drop(store);
        open()
    };
    assert_eq!(store.state(&deleted).unwrap(), None);
    assert_eq!(&store.read_bytes(&keeps, 0..99).await.unwrap()[..], b"keeps the oldest file\n");
}

/// Many logs that are never packed from outside: the store itself keeps the journal short.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_journal_stays_short() {
    let dir = TempDir::new().unwrap();
    let limits = Limits { segment: 4000, segments: 4, logs: 60, ..Limits::default() };
    let store = LogStore::with_limits(dir.path(), limits).unwrap();
    let idle = key(999);
    store.append(&idle, 0, b"begun and not ended", T).unwrap();
    let run = RunId::new();
    let keys: Vec<_> = (0..400).map(|i| LogKey { run, job: JobNo(i / 4), ..key(i as u16 % 4) }).collect();
    for key in &keys {
        let text = format!("{key}\n");
        store.append(key, 0, text.as_bytes(), T).unwrap();
        store.seal(key, text.len() as u64).await.unwrap();
        // As fast as this, the thread that tidies may lag behind; it is not what is asked here.
        while store.inner.tidying.load(std::sync::atomic::Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        let size = store.inner.journal.size();
        // A seal may have begun one more; the next chunk looks.
        assert!(size.full <= limits.segments + 1 && size.logs <= limits.logs, "{size:?}");
    }
    for key in &keys {
        assert_eq!(store.read_bytes(key, 0..999).await.unwrap(), format!("{key}\n").as_bytes());
    }
    assert_eq!(&store.read_bytes(&idle, 0..99).await.unwrap()[..], b"begun and not ended");
    assert_eq!(store.list(run, JobNo(7), Attempt(1)).unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_seals_wait_together() {
    let (_dir, store) = store();
    let tasks = (0..200u16).map(|n| {
        let (store, key) = (store.clone(), key(n));
        tokio::spawn(async move {
            store.append(&key, 0, b"x", T).unwrap();
            let (one, two) = tokio::join!(store.seal(&key, 1), store.seal(&key, 1));
            one.unwrap();
            two.unwrap();
            assert!(store.state(&key).unwrap().unwrap().sealed);
            assert!(matches!(store.append(&key, 1, b"y", T), Err(LogError::Sealed { length: 1 })));
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

/// A seal that nobody waits for any more is finished all the same, and the next one is served.
#[tokio::test]
async fn a_caller_may_go_away() {
    let (_dir, store) = store();
    for n in 0..20 {
        let key = key(n);
        store.append(&key, 0, b"x", T).unwrap();
        let _ = tokio::time::timeout(std::time::Duration::ZERO, store.seal(&key, 1)).await;
        store.seal(&key, 1).await.unwrap();
        assert!(store.state(&key).unwrap().unwrap().sealed);
    }
}
