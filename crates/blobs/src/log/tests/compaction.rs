use super::*;
use futures::StreamExt;
use std::fs;

fn files(store: &LogStore, key: &LogKey) -> Vec<String> {
    let dir = store.paths(key).unwrap().dir;
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn run_files(store: &LogStore, key: &LogKey) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(store.run_dir(key.run))
        .unwrap()
        .map(|f| f.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn text(lines: u64) -> Vec<u8> {
    (0..lines).flat_map(|i| format!("this is line {i}\n").into_bytes()).collect()
}

async fn write(store: &LogStore, key: &LogKey, text: &[u8]) {
    for (i, chunk) in text.chunks(10_000).enumerate() {
        store.append(key, i as u64 * 10_000, chunk, Timestamp(i as i64 * 1000)).unwrap();
    }
    if text.is_empty() {
        store.append(key, 0, b"", T).unwrap();
    }
}

#[tokio::test]
async fn a_run_ends_in_few_files_and_reads_the_same() {
    let (dir, store) = store();
    let first = key(0);
    let step = |n| LogKey { step: LogStream::Step(n), ..first.clone() };
    let sizes = [100, 0, 50_000, 3, 200];
    for (n, lines) in sizes.iter().enumerate() {
        let key = step(n as u16);
        write(&store, &key, &text(*lines)).await;
        // The last step is still running.
        if n < 4 {
            store.seal(&key, text(*lines).len() as u64).await.unwrap();
        }
    }
    let mut before = Vec::new();
    for n in 0..5 {
        before.push((store.state(&step(n)).unwrap(), store.read_lines(&step(n), 0, 60_000).await.unwrap()));
    }
    // Another attempt shares the pack; a log of it was in files of its own.
    let again = LogKey { attempt: Attempt(2), ..step(1) };
    write(&store, &again, &text(7)).await;
    store.spill(&again).unwrap();
    store.seal(&again, text(7).len() as u64).await.unwrap();
    store.spill(&step(4)).unwrap();
    assert_eq!(store.compact_run(first.run).await.unwrap(), 5);
    assert_eq!(files(&store, &first), ["step-2.zlog", "step-4.idx", "step-4.log"]);
    assert_eq!(run_files(&store, &first), ["1-1", "small.zlog"]);
    store.seal(&step(4), text(200).len() as u64).await.unwrap();
    assert_eq!(store.compact_run(first.run).await.unwrap(), 1);
    assert_eq!(store.compact_run(first.run).await.unwrap(), 0);
    assert_eq!(files(&store, &first), ["step-2.zlog"]);
    assert_eq!(&store.read_bytes(&again, 0..u64::MAX).await.unwrap()[..], text(7));
    let store = {
        drop(store);
        LogStore::open(dir.path()).unwrap()
    };
    assert_eq!(
        store.list(first.run, first.job, first.attempt).unwrap(),
        (0..5).map(step).collect::<Vec<_>>()
    );
    for (n, (state, lines)) in before.into_iter().enumerate() {
        let key = step(n as u16);
        let now = store.state(&key).unwrap().unwrap();
        assert!(now.sealed);
        assert_eq!(now, LogState { sealed: true, ..state.unwrap() });
        assert_eq!(store.read_lines(&key, 0, 60_000).await.unwrap(), lines);
        assert!(matches!(store.append(&key, 0, b"x", T), Err(LogError::Sealed { .. })));
        store.seal(&key, now.length).await.unwrap();
        assert!(matches!(store.seal(&key, now.length + 1).await, Err(LogError::LengthMismatch { .. })));
        let events: Vec<_> = store.follow(&key, 0).collect().await;
        assert!(matches!(events.last(), Some(Ok(LogEvent::End { length })) if *length == now.length));
    }
}

#[tokio::test]
async fn a_follower_does_not_notice_compaction() {
    let (_dir, store) = store();
    let key = key(0);
    let text = text(100_000);
    write(&store, &key, &text).await;
    let mut stream = Box::pin(store.follow(&key, 0));
    let mut got = Vec::new();
    loop {
        match stream.next().await.unwrap().unwrap() {
            LogEvent::Bytes { bytes, .. } if got.is_empty() => {
                got.extend_from_slice(&bytes);
                store.seal(&key, text.len() as u64).await.unwrap();
                assert!(store.compact(&key).await.unwrap());
                assert!(!store.compact(&key).await.unwrap());
            }
            LogEvent::Bytes { bytes, .. } => got.extend_from_slice(&bytes),
            LogEvent::End { .. } => break,
        }
    }
    assert_eq!(got, text);
}

#[tokio::test]
async fn changed_bytes_are_not_packed() {
    let (_dir, store) = store();
    let key = key(0);
    let mut text = text(10_000);
    write(&store, &key, &text).await;
    store.seal(&key, text.len() as u64).await.unwrap();
    text[5000] ^= 1;
    fs::write(store.paths(&key).unwrap().data, &text).unwrap();
    assert!(matches!(store.compact(&key).await, Err(LogError::Damaged { .. })));
    assert_eq!(files(&store, &key), ["step-0.idx", "step-0.log"]);
}

#[tokio::test]
async fn a_damaged_pack_is_an_error_and_no_panic() {
    let (dir, store) = store();
    let key = key(0);
    let text = text(30_000);
    write(&store, &key, &text).await;
    store.seal(&key, text.len() as u64).await.unwrap();
    store.compact(&key).await.unwrap();
    let path = store.paths(&key).unwrap().pack;
    drop(store);
    let good = fs::read(&path).unwrap();
    for at in (0..good.len()).step_by(good.len() / 97) {
        let mut bad = good.clone();
        bad[at] ^= 0x55;
        fs::write(&path, &bad).unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        // Damage to the table of points may go unnoticed when bytes are read; never to the bytes.
        if let Ok(bytes) = store.read_bytes(&key, 0..u64::MAX).await {
            assert!(bytes == text);
        }
        let _ = store.read_lines(&key, 20_000, 10).await;
    }
    for keep in [0, 10, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..keep]).unwrap();
        let store = LogStore::open(dir.path()).unwrap();
        assert!(matches!(store.read_bytes(&key, 0..9).await, Err(LogError::Damaged { .. })), "{keep}");
    }
}

#[tokio::test]
async fn a_crash_between_packing_and_removing_is_harmless() {
    let (dir, store) = store();
    let key = key(0);
    let text = text(10_000);
    write(&store, &key, &text).await;
    store.seal(&key, text.len() as u64).await.unwrap();
    let paths = store.paths(&key).unwrap();
    let kept = [&paths.data, &paths.index].map(|f| (f.clone(), fs::read(f).unwrap()));
    store.compact(&key).await.unwrap();
    drop(store);
    for (path, bytes) in kept {
        fs::write(path, bytes).unwrap();
    }
    fs::write(paths.pack.with_extension("tmp"), b"half").unwrap();
    let store = LogStore::open(dir.path()).unwrap();
    assert_eq!(store.list(key.run, key.job, key.attempt).unwrap(), std::slice::from_ref(&key));
    assert!(store.compact(&key).await.unwrap());
    assert_eq!(files(&store, &key), ["step-0.zlog"]);
    assert_eq!(&store.read_bytes(&key, 0..u64::MAX).await.unwrap()[..], text);
}
