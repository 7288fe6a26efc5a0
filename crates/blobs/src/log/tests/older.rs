//! Stores that an earlier version wrote: plain files of small logs, and packs of attempts.

use super::{
    super::{pack::Writer, tail::Tail},
    *,
};
use std::fs;

const TEXT: &[u8] = b"one\ntwo\nthree\n";

/// Writes a log as the version before the journal did.
fn write_plain(dir: &TempDir, key: &LogKey, seal: bool) {
    let store = LogStore::open(dir.path()).unwrap();
    let paths = store.paths(key).unwrap();
    fs::create_dir_all(&paths.dir).unwrap();
    let mut tail = Tail::open(&paths.data, &paths.index, true).unwrap().unwrap();
    tail.append(0, TEXT, 5000).unwrap();
    if seal {
        tail.finish(TEXT.len() as u64).unwrap();
    }
}

#[tokio::test]
async fn an_older_store_is_used_as_it_is() {
    let dir = TempDir::new().unwrap();
    let step = |run: RunId, n| LogKey { run, job: JobNo(3), attempt: Attempt(2), step: LogStream::Step(n) };
    let run = RunId::new();
    let (open, sealed, packed) = (step(run, 0), step(run, 1), step(run, 2));
    write_plain(&dir, &open, false);
    write_plain(&dir, &sealed, true);
    write_plain(&dir, &packed, true);
    {
        let store = LogStore::open(dir.path()).unwrap();
        let paths = store.paths(&packed).unwrap();
        let hash = store.state(&packed).unwrap().unwrap().chain_hash;
        let mut writer = Writer::create(&paths.attempt_pack).unwrap();
        writer.add(None, &packed.step, store.view(&packed).unwrap(), &hash).unwrap();
        writer.finish(&paths.attempt_pack).unwrap();
        fs::remove_file(&paths.data).unwrap();
        fs::remove_file(&paths.index).unwrap();
    }
    let store = LogStore::open(dir.path()).unwrap();
    let all = [open.clone(), sealed.clone(), packed.clone()];
    assert_eq!(store.list(run, JobNo(3), Attempt(2)).unwrap(), all);
    for key in &all {
        assert_eq!(&store.read_bytes(key, 0..99).await.unwrap()[..], TEXT);
        assert_eq!(store.read_lines(key, 1, 1).await.unwrap().lines[0].at_ms, 5000);
        assert_eq!(store.state(key).unwrap().unwrap().sealed, *key != open);
    }
    // It goes on where it was, and ends in the new form.
    store.append(&open, TEXT.len() as u64, b"four\n", T).unwrap();
    store.seal(&open, TEXT.len() as u64 + 5).await.unwrap();
    assert_eq!(store.compact_run(run).await.unwrap(), 2);
    drop(store);
    let store = LogStore::open(dir.path()).unwrap();
    assert_eq!(store.list(run, JobNo(3), Attempt(2)).unwrap(), all);
    assert_eq!(&store.read_bytes(&open, 8..99).await.unwrap()[..], b"three\nfour\n");
    for key in [&sealed, &packed] {
        assert_eq!(&store.read_bytes(key, 0..99).await.unwrap()[..], TEXT);
    }
    store.delete_run(run).await.unwrap();
    assert_eq!(store.list(run, JobNo(3), Attempt(2)).unwrap(), []);
}

/// The machine died: the files of a log that had left the journal are there, the journal's word of it is not.
#[tokio::test]
async fn of_two_forms_of_a_log_the_longer_one_counts() {
    for (in_file, wins) in [(&b"one\ntwo"[..], false), (b"one\ntwo\nthree\nfour", true), (TEXT, true)] {
        let (dir, store) = store();
        let key = key(0);
        store.append(&key, 0, TEXT, T).unwrap();
        let paths = store.paths(&key).unwrap();
        drop(store);
        fs::create_dir_all(&paths.dir).unwrap();
        let mut tail = Tail::open(&paths.data, &paths.index, true).unwrap().unwrap();
        tail.append(0, in_file, 5000).unwrap();
        drop(tail);
        let want = if wins { in_file } else { TEXT };
        for _ in 0..2 {
            let store = LogStore::open(dir.path()).unwrap();
            assert_eq!(&store.read_bytes(&key, 0..99).await.unwrap()[..], want);
            assert_eq!(paths.data.exists(), wins);
            assert_eq!(store.list(key.run, key.job, key.attempt).unwrap(), std::slice::from_ref(&key));
        }
        let store = LogStore::open(dir.path()).unwrap();
        store.append(&key, want.len() as u64, b"!", T).unwrap();
        store.seal(&key, want.len() as u64 + 1).await.unwrap();
        store.compact_run(key.run).await.unwrap();
        assert_eq!(&store.read_bytes(&key, 0..99).await.unwrap()[..want.len()], want);
        assert!(!paths.data.exists());
    }
}
