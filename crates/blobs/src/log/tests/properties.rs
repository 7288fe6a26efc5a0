use super::*;
use futures::StreamExt;
use proptest::prelude::*;
use std::fs::OpenOptions;

/// Text in which lines are short, long, empty or no UTF-8.
fn text() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-zA-Z é]{0,40}\n".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..200),
        1 => (1usize..150_000).prop_map(|n| vec![b'w'; n]),
        1 => Just(b"\n\n\n".to_vec()),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|p| p.concat())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn assert_reads_as(store: &LogStore, key: &LogKey, text: &[u8], picks: &[(u64, usize)]) {
    assert_eq!(&store.read_bytes(key, 0..u64::MAX).await.unwrap()[..], text);
    let all = naive_lines(text);
    for (first, max) in picks {
        let first = first % (all.len() as u64 + 2);
        let page = store.read_lines(key, first, *max).await.unwrap();
        assert_eq!(page.total_lines, all.len() as u64);
        let want: Vec<_> = all.iter().skip(first as usize).take(*max).collect();
        assert_eq!(page.lines.len(), want.len());
        for (line, (number, offset, text)) in page.lines.iter().zip(want) {
            assert_eq!((line.number, line.offset), (*number, *offset));
            if line.truncated {
                assert!(line.bytes > LINE_TEXT_CAP);
            } else if line.bytes > LINE_TEXT_CAP {
                assert!(text.trim_end_matches('\r').ends_with(&line.text));
            } else {
                assert_eq!(&line.text, text);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever a sender does with its chunks, the log is the text, and a follower sees it once.
    #[test]
    fn chunks_in_any_order_make_the_text(
        text in text(),
        moves in prop::collection::vec((any::<u64>(), 0usize..100_000, 0i64..300), 0..60),
        picks in prop::collection::vec((any::<u64>(), 0usize..20), 1..12),
    ) {
        runtime().block_on(async {
            let (dir, store) = store();
            let key = key(0);
            let mut have = 0u64;
            let mut now = 0;
            let mut follower = Box::pin(store.follow(&key, 0));
            let mut followed = Vec::new();
            for (at, size, dt) in moves {
                let at = at % (text.len() as u64 + 1);
                let end = (at as usize + size).min(text.len());
                now += dt;
                match store.append(&key, at, &text[at as usize..end], Timestamp(now)) {
                    Ok(length) => {
                        assert!(at <= have);
                        assert_eq!(length, have.max(end as u64));
                        have = length;
                    }
                    Err(LogError::Gap { have: said }) => assert!(said == have && at > have),
                    Err(other) => panic!("{other}"),
                }
                while (followed.len() as u64) < have {
                    match follower.next().await.unwrap().unwrap() {
                        LogEvent::Bytes { offset, bytes, .. } => {
                            assert_eq!(offset, followed.len() as u64);
                            followed.extend_from_slice(&bytes);
                        }
                        LogEvent::End { .. } => panic!("not sealed yet"),
                    }
                }
            }
            store.append(&key, have, &text[have as usize..], Timestamp(now)).unwrap();
            store.seal(&key, text.len() as u64).await.unwrap();
            loop {
                match follower.next().await.unwrap().unwrap() {
                    LogEvent::Bytes { bytes, .. } => followed.extend_from_slice(&bytes),
                    LogEvent::End { length } => { assert_eq!(length, text.len() as u64); break; }
                }
            }
            assert_eq!(followed, text);
            assert_reads_as(&store, &key, &text, &picks).await;
            let live = store.state(&key).unwrap();
            let packed = store.compact(&key).await.unwrap();
            assert_eq!(packed, text.len() > 64 * 1024);
            assert_eq!(store.state(&key).unwrap(), live);
            assert_reads_as(&store, &key, &text, &picks).await;
            store.compact_run(key.run).await.unwrap();
            assert_eq!(store.state(&key).unwrap(), live);
            assert_reads_as(&store, &key, &text, &picks).await;
            drop((follower, store));
            let store = LogStore::open(dir.path()).unwrap();
            assert_eq!(store.state(&key).unwrap(), live);
            assert_reads_as(&store, &key, &text, &picks).await;
        });
    }

    /// The process dies, and of each file only a part is there: the log is a prefix of the text, and
    /// sending the rest completes it.
    #[test]
    fn any_truncation_is_mended(
        text in text(),
        chunk in 1usize..50_000,
        data_keep in 0.0..=1.0f64,
        index_keep in 0.0..=1.2f64,
        garbage in prop::collection::vec(any::<u8>(), 0..64),
        seal in any::<bool>(),
        picks in prop::collection::vec((any::<u64>(), 0usize..20), 1..6),
    ) {
        runtime().block_on(async {
            let (dir, store) = store();
            let key = key(0);
            store.append(&key, 0, b"", T).unwrap();
            store.spill(&key).unwrap();
            for (i, part) in text.chunks(chunk).enumerate() {
                let at = Timestamp(i as i64 * 40);
                store.append(&key, (i * chunk) as u64, part, at).unwrap();
            }
            if seal {
                store.seal(&key, text.len() as u64).await.unwrap();
            }
            let whole = store.state(&key).unwrap().unwrap();
            let paths = store.paths(&key).unwrap();
            drop(store);
            let kept = (text.len() as f64 * data_keep) as usize;
            OpenOptions::new().write(true).open(&paths.data).unwrap().set_len(kept as u64).unwrap();
            if index_keep <= 1.0 {
                let mut index = std::fs::read(&paths.index).unwrap();
                index.truncate((index.len() as f64 * index_keep) as usize);
                index.extend_from_slice(&garbage);
                std::fs::write(&paths.index, index).unwrap();
            } else {
                std::fs::remove_file(&paths.index).unwrap();
            }
            let store = LogStore::open(dir.path()).unwrap();
            let state = store.state(&key).unwrap().unwrap();
            assert_eq!(state.length, kept as u64);
            assert!(!state.sealed || (seal && kept == text.len()));
            assert_reads_as(&store, &key, &text[..kept], &picks).await;
            if !state.sealed {
                store.append(&key, kept as u64, &text[kept..], T).unwrap();
                store.seal(&key, text.len() as u64).await.unwrap();
            }
            let state = store.state(&key).unwrap().unwrap();
            assert_eq!((state.chain_hash, state.lines), (whole.chain_hash, whole.lines));
            assert_reads_as(&store, &key, &text, &picks).await;
        });
    }

    /// Search finds what a plain scan finds, also across blocks.
    #[test]
    fn search_equals_a_plain_scan(gaps in prop::collection::vec(0usize..700_000, 0..8), tail in 0usize..10) {
        runtime().block_on(async {
            let (_dir, store) = store();
            let key = key(0);
            let mut text = Vec::new();
            for gap in gaps {
                text.extend((0..gap).map(|i| if i % 97 == 96 { b'\n' } else { b'.' }));
                text.extend(b"NEEDLE");
            }
            text.extend(vec![b'N'; tail]);
            store.append(&key, 0, &text, T).unwrap();
            let found = store.search(&key, "needle", true, 0, usize::MAX).await.unwrap();
            let mut want = Vec::new();
            let mut line = 0;
            for (offset, window) in text.windows(6).enumerate() {
                if window == b"NEEDLE" {
                    want.push(Match { line, offset: offset as u64 });
                }
                line += u64::from(window[0] == b'\n');
            }
            assert_eq!(found, want);
        });
    }
}
