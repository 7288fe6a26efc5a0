use super::*;
use futures::{StreamExt, TryStreamExt};
use std::time::{Duration, Instant};

/// Follows to the end; fails if bytes come twice or not at all.
async fn follow_all(store: &LogStore, key: &LogKey, from: u64) -> Vec<u8> {
    let mut stream = Box::pin(store.follow(key, from));
    let mut got = Vec::new();
    while let Some(event) = stream.try_next().await.unwrap() {
        match event {
            LogEvent::Bytes { offset, bytes, .. } => {
                assert_eq!(offset, from + got.len() as u64);
                assert!(!bytes.is_empty());
                got.extend_from_slice(&bytes);
            }
            LogEvent::End { length } => {
                assert_eq!(length, from + got.len() as u64);
                assert_eq!(stream.next().await.map(|e| e.is_ok()), None);
                return got;
            }
        }
    }
    panic!("the stream ended without an end of the log");
}

#[tokio::test]
async fn a_follower_may_come_before_the_first_byte() {
    let (_dir, store) = store();
    let key = key(1);
    let follower = tokio::spawn({
        let (store, key) = (store.clone(), key.clone());
        async move { follow_all(&store, &key, 0).await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    store.append(&key, 0, b"hello ", T).unwrap();
    tokio::task::yield_now().await;
    store.append(&key, 6, b"world", T).unwrap();
    store.seal(&key, 11).await.unwrap();
    assert_eq!(follower.await.unwrap(), b"hello world");
    assert_eq!(follow_all(&store, &key, 6).await, b"world");
    assert_eq!(follow_all(&store, &key, 11).await, b"");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_and_followers_lose_nothing() {
    let dir = tempfile::TempDir::new().unwrap();
    // Far fewer handles than logs: they are closed and opened again all the time.
    let store = LogStore::with_limits(dir.path(), Limits { open: 8, ..Limits::default() }).unwrap();
    let tasks = (0..64u16).map(|n| {
        let store = store.clone();
        let key = key(n);
        tokio::spawn(async move {
            let text: Vec<u8> = (0..300).flat_map(|i| format!("task {n} line {i}\n").into_bytes()).collect();
            let writer = async {
                let (mut at, mut size) = (0, 1);
                while at < text.len() {
                    let end = (at + size).min(text.len());
                    // Each chunk repeats part of the one before.
                    let from = at.saturating_sub(size / 2);
                    store.append(&key, from as u64, &text[from..end], T).unwrap();
                    (at, size) = (end, size * 7 % 401);
                    tokio::task::yield_now().await;
                }
                store.seal(&key, text.len() as u64).await.unwrap();
            };
            let (a, b, ()) = tokio::join!(follow_all(&store, &key, 0), follow_all(&store, &key, 100), writer);
            assert_eq!(a, text);
            assert_eq!(b, &text[100..]);
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert!(store.open_logs() <= 9, "{}", store.open_logs());
}

#[tokio::test]
async fn one_key_may_have_many_writers() {
    // Two connections of one worker race with the same bytes: both succeed, the log holds them once.
    let (_dir, store) = store();
    let key = key(0);
    let text: Vec<u8> = (0..2000).flat_map(|i| format!("{i}\n").into_bytes()).collect();
    std::thread::scope(|scope| {
        for size in [7, 64, 501] {
            let (store, key, text) = (&store, &key, &text);
            scope.spawn(move || {
                for (i, chunk) in text.chunks(size).enumerate() {
                    store.append(key, (i * size) as u64, chunk, T).unwrap();
                }
            });
        }
    });
    assert_eq!(&store.read_bytes(&key, 0..u64::MAX).await.unwrap()[..], text);
}

#[tokio::test]
async fn followers_of_a_deleted_run_are_told() {
    let (_dir, store) = store();
    let key = key(0);
    store.append(&key, 0, b"abc", T).unwrap();
    let mut stream = Box::pin(store.follow(&key, 0));
    assert!(matches!(stream.next().await, Some(Ok(LogEvent::Bytes { .. }))));
    store.delete_run(key.run).await.unwrap();
    assert!(matches!(stream.next().await, Some(Err(LogError::NotFound { .. }))));
    assert!(stream.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wake_up_takes_no_timer() {
    let (_dir, store) = store();
    let key = key(0);
    let mut stream = Box::pin(store.follow(&key, 0));
    let mut best = Duration::MAX;
    for i in 0..50 {
        let (send, receive) = tokio::sync::oneshot::channel();
        tokio::spawn({
            let (store, key) = (store.clone(), key.clone());
            async move {
                tokio::time::sleep(Duration::from_millis(2)).await;
                let before = Instant::now();
                store.append(&key, i, b"x", T).unwrap();
                send.send(before).unwrap();
            }
        });
        stream.next().await.unwrap().unwrap();
        best = best.min(receive.await.unwrap().elapsed());
    }
    // The best of many: the machine may be busy, but a poll by timer would never be this quick.
    assert!(best < Duration::from_millis(1), "{best:?}");
}

#[tokio::test]
async fn who_comes_late_is_told_when_it_was() {
    let (_dir, store) = store();
    let key = key(1);
    let lines: Vec<String> = (0..40).map(|i| format!("line {i}\n")).collect();
    let mut at = 0;
    for (i, line) in lines.iter().enumerate() {
        store.append(&key, at, line.as_bytes(), Timestamp(1_000 * i as i64)).unwrap();
        at += line.len() as u64;
    }
    store.seal(&key, at).await.unwrap();
    let mut stream = Box::pin(store.follow(&key, 0));
    let mut told = 0;
    while let Some(LogEvent::Bytes { bytes, at_ms, .. }) = stream.try_next().await.unwrap() {
        for line in std::str::from_utf8(&bytes).unwrap().lines() {
            let true_ms = 1_000 * line["line ".len()..].parse::<i64>().unwrap();
            assert!((0..=1_000).contains(&(true_ms - at_ms)), "{line} at {at_ms}");
            told += 1;
        }
    }
    assert_eq!(told, lines.len());
}
