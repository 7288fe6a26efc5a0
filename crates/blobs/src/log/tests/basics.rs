use super::*;
use std::fs;

#[tokio::test]
async fn a_log_is_written_sealed_and_read() {
    let (_dir, store) = store();
    let key = key(3);
    assert_eq!(store.state(&key).unwrap(), None);
    assert!(matches!(store.read_bytes(&key, 0..9).await, Err(LogError::NotFound { .. })));
    assert_eq!(store.append(&key, 0, b"one\ntwo", T).unwrap(), 7);
    assert_eq!(store.append(&key, 7, b" more\n\nlast", T).unwrap(), 18);
    let state = store.state(&key).unwrap().unwrap();
    assert_eq!((state.length, state.lines, state.sealed), (18, 4, false));
    store.seal(&key, 18).await.unwrap();
    store.seal(&key, 18).await.unwrap();
    let state = store.state(&key).unwrap().unwrap();
    assert!(state.sealed);
    // printf 'one\ntwo more\n\nlast' | sha256sum
    assert_eq!(state.chain_hash, "fea34fc0c98564e82676af54a2e454615c92947c4dff4e826e013f86824f1262");
    assert_eq!(&store.read_bytes(&key, 4..12).await.unwrap()[..], b"two more");
    assert_eq!(&store.read_bytes(&key, 14..999).await.unwrap()[..], b"last");
    assert!(store.read_bytes(&key, 999..1000).await.unwrap().is_empty());
    let page = store.read_lines(&key, 1, 2).await.unwrap();
    let texts: Vec<_> = page.lines.iter().map(|l| (l.number, l.offset, l.text.as_str())).collect();
    assert_eq!(texts, [(1, 4, "two more"), (2, 13, "")]);
    assert_eq!(page.total_lines, 4);
    assert!(store.read_lines(&key, 4, 2).await.unwrap().lines.is_empty());
}

#[tokio::test]
async fn chunks_that_do_not_fit_are_refused() {
    let (dir, store) = store();
    let key = key(0);
    assert!(matches!(store.append(&key, 5, b"x", T), Err(LogError::Gap { have: 0 })));
    assert!(matches!(store.seal(&key, 5).await, Err(LogError::LengthMismatch { have: 0, announced: 5 })));
    assert_eq!(store.list(key.run, key.job, key.attempt).unwrap(), [], "a refused chunk makes no log");
    store.append(&key, 0, b"hello", T).unwrap();
    assert!(matches!(store.append(&key, 6, b"x", T), Err(LogError::Gap { have: 5 })));
    assert!(matches!(store.append(&key, u64::MAX, b"xx", T), Err(LogError::Gap { have: 5 })));
    assert!(matches!(store.append(&key, 1, b"eLlo world", T), Err(LogError::Conflict { offset: 2 })));
    assert_eq!(store.append(&key, 1, b"ello world", Timestamp(i64::MIN)).unwrap(), 11);
    assert_eq!(store.append(&key, 0, b"hello", Timestamp(i64::MAX)).unwrap(), 11);
    assert!(matches!(store.seal(&key, 5).await, Err(LogError::LengthMismatch { have: 11, announced: 5 })));
    store.seal(&key, 11).await.unwrap();
    assert!(matches!(store.append(&key, 11, b"x", T), Err(LogError::Sealed { length: 11 })));
    drop(store);
    let store = LogStore::open(dir.path()).unwrap();
    assert!(matches!(store.append(&key, 11, b"x", T), Err(LogError::Sealed { length: 11 })));
}

#[tokio::test]
async fn an_empty_log_can_be_sealed() {
    let (_dir, store) = store();
    let key = key(0);
    store.seal(&key, 0).await.unwrap();
    let state = store.state(&key).unwrap().unwrap();
    assert_eq!((state.length, state.lines, state.sealed), (0, 0, true));
    assert!(store.read_lines(&key, 0, 10).await.unwrap().lines.is_empty());
}

#[tokio::test]
async fn lines_know_when_they_came() {
    let (_dir, store) = store();
    let key = key(0);
    store.append(&key, 0, b"a\nb", Timestamp(1000)).unwrap();
    store.append(&key, 3, b"b\nc\n", Timestamp(2000)).unwrap();
    // The clock jumped back: time in a log stands still instead.
    store.append(&key, 7, b"d\n", Timestamp(500)).unwrap();
    store.append(&key, 9, b"e\n", Timestamp(3000)).unwrap();
    let page = store.read_lines(&key, 0, 100).await.unwrap();
    let times: Vec<_> = page.lines.iter().map(|l| l.at_ms).collect();
    assert_eq!(times, [1000, 1000, 2000, 2000, 3000]);
}

#[tokio::test]
async fn a_huge_line_is_cut_and_skipped_over() {
    let (_dir, store) = store();
    let key = key(0);
    let mut text = b"first\n".to_vec();
    text.extend(std::iter::repeat_n(b'x', 5_000_000));
    text.extend(b"\nthird\n");
    for (i, chunk) in text.chunks(100_000).enumerate() {
        store.append(&key, i as u64 * 100_000, chunk, T).unwrap();
    }
    let page = store.read_lines(&key, 1, 10).await.unwrap();
    assert_eq!(page.lines.len(), 2);
    assert_eq!((page.lines[0].bytes, page.lines[0].truncated), (5_000_000, true));
    assert_eq!(page.lines[0].text.len() as u64, LINE_TEXT_CAP);
    assert_eq!((page.lines[1].offset, page.lines[1].text.as_str()), (5_000_007, "third"));
    // An unfinished huge line, too.
    store.append(&key, text.len() as u64, &vec![b'y'; 300_000], T).unwrap();
    let page = store.read_lines(&key, 3, 10).await.unwrap();
    assert_eq!((page.lines[0].bytes, page.lines[0].truncated), (300_000, true));
}

#[tokio::test]
async fn a_long_progress_bar_shows_where_it_ended() {
    let (_dir, store) = store();
    let key = key(0);
    let bar: String = (0..10_000).map(|i| format!("\rlayer {i} of 9999 [####      ]")).collect();
    let text = format!("first\n{bar}\r\nlast\n");
    for (i, chunk) in text.as_bytes().chunks(50_000).enumerate() {
        store.append(&key, i as u64 * 50_000, chunk, T).unwrap();
    }
    let page = store.read_lines(&key, 0, 10).await.unwrap();
    let shown: Vec<_> = page.lines.iter().map(|l| (l.text.as_str(), l.truncated)).collect();
    assert_eq!(shown, [("first", false), ("layer 9999 of 9999 [####      ]", false), ("last", false)]);
    assert_eq!(page.lines[1].bytes, bar.len() as u64 + 1);
}

#[tokio::test]
async fn a_page_of_long_lines_ends_early() {
    let (_dir, store) = store();
    let key = key(0);
    let line = [vec![b'z'; 60_000], vec![b'\n']].concat();
    for i in 0..100 {
        store.append(&key, i * line.len() as u64, &line, T).unwrap();
    }
    let mut seen = 0;
    while seen < 100 {
        let page = store.read_lines(&key, seen, 1000).await.unwrap();
        let text: usize = page.lines.iter().map(|l| l.text.len()).sum();
        assert!(!page.lines.is_empty() && text as u64 <= PAGE_TEXT_CAP + LINE_TEXT_CAP);
        seen += page.lines.len() as u64;
    }
    assert_eq!(seen, 100);
}

#[tokio::test]
async fn text_is_found() {
    let (_dir, store) = store();
    let key = key(0);
    let text = "Error: one\nfine\nan ERROR and an error\n";
    store.append(&key, 0, text.as_bytes(), T).unwrap();
    let find = |needle: &'static str, fold| store.search(&key, needle, fold, 0, 10);
    assert_eq!(find("error", false).await.unwrap(), [Match { line: 2, offset: 32 }]);
    let lines: Vec<_> = find("error", true).await.unwrap().iter().map(|m| (m.line, m.offset)).collect();
    assert_eq!(lines, [(0, 0), (2, 19), (2, 32)]);
    assert!(find("e.ror", true).await.unwrap().is_empty(), "the text is no pattern");
    assert!(find("", true).await.unwrap().is_empty());
    assert_eq!(store.search(&key, "error", true, 0, 2).await.unwrap().len(), 2);
    let from = async |line| store.search(&key, "error", true, line, 10).await.unwrap().len();
    assert_eq!((from(1).await, from(2).await, from(3).await, from(u64::MAX).await), (2, 2, 0, 0));
}

#[tokio::test]
async fn what_people_see_is_found_and_nothing_else() {
    let (_dir, store) = store();
    let key = key(0);
    let text = concat!(
        "\x1b[1m\x1b[38;5;9merror[E0308]\x1b[0m\x1b[1m: mismatched types\x1b[0m\n",
        "erase me\rkept\r\n",
        "a \x1b]8;;http://link.example\x1b\\link\x1b]8;;\x1b\\ here\n",
        "10%\r50%\r100% of it\r\n",
        "the last, \x1b[32mnot ended",
    );
    store.append(&key, 0, text.as_bytes(), T).unwrap();
    let find = async |needle: &str| {
        let found = store.search(&key, needle, true, 0, 10).await.unwrap();
        found.iter().map(|m| (m.line, &text[m.offset as usize..][..1])).collect::<Vec<_>>()
    };
    assert_eq!(find("error[E0308]: mismatched").await, [(0, "e")]);
    assert_eq!(find("38;5").await, []);
    assert_eq!(find("[0m").await, []);
    assert_eq!((find("erase").await, find("kept").await), (vec![], vec![(1, "k")]));
    assert_eq!((find("a link here").await, find("link.example").await), (vec![(2, "a")], vec![]));
    assert_eq!((find("50%").await, find("100% of").await), (vec![], vec![(3, "1")]));
    assert_eq!(find("the last, not ended").await, [(4, "t")]);
    assert_eq!(find("\x1b[32m").await, [(4, "\x1b")], "who looks for a control character gets it");
    assert_eq!(find("kept\r\na").await, [(1, "k")]);
}

#[tokio::test]
async fn colours_may_be_anywhere_in_a_large_log() {
    let (_dir, store) = store();
    let key = key(0);
    // Some megabytes, with lines far longer than what is read at a time.
    let word = "n\x1b[1me\x1b[0med\x1b[38;2;1;2;3mle";
    let (mut text, mut places) = (String::new(), Vec::new());
    for i in 0..60_u64 {
        let line = text.matches('\n').count() as u64;
        places.push((line, text.len() as u64));
        text.push_str(word);
        text.push_str(&"hay \x1b[31mstack\x1b[0m ".repeat(if i == 20 { 200_000 } else { 3_000 }));
        text.push_str(if i % 3 == 0 { " " } else { "\n" });
    }
    for (i, piece) in text.as_bytes().chunks(1_000_000).enumerate() {
        store.append(&key, i as u64 * 1_000_000, piece, T).unwrap();
    }
    let found = store.search(&key, "NEEDLE", true, 0, 1_000).await.unwrap();
    assert_eq!(found.iter().map(|m| (m.line, m.offset)).collect::<Vec<_>>(), places);
    let (middle, _) = places[places.len() / 2];
    let found = store.search(&key, "NEEDLE", true, middle, 1_000).await.unwrap();
    places.retain(|(line, _)| *line >= middle);
    assert_eq!(found.iter().map(|m| (m.line, m.offset)).collect::<Vec<_>>(), places);
}

#[tokio::test]
async fn logs_are_listed_and_a_run_is_deleted() {
    let (dir, store) = store();
    let run = RunId::new();
    let steps = [LogStream::Step(2), LogStream::Step(10), LogStream::Service("my/db".into())];
    let keys = steps.map(|step| LogKey { run, job: JobNo(4), attempt: Attempt(2), step });
    for key in keys.iter().rev() {
        store.append(key, 0, b"x", T).unwrap();
    }
    let other = key(2);
    store.append(&other, 0, b"stays", T).unwrap();
    assert_eq!(store.list(run, JobNo(4), Attempt(2)).unwrap(), keys);
    assert_eq!(store.list(run, JobNo(4), Attempt(1)).unwrap(), []);
    store.delete_run(run).await.unwrap();
    store.delete_run(run).await.unwrap();
    assert_eq!(store.list(run, JobNo(4), Attempt(2)).unwrap(), []);
    assert_eq!(store.state(&keys[0]).unwrap(), None);
    assert!(matches!(store.append(&keys[0], 1, b"x", T), Err(LogError::Gap { have: 0 })));
    assert_eq!(&store.read_bytes(&other, 0..9).await.unwrap()[..], b"stays");
    assert_eq!(fs::read_dir(dir.path().join("trash")).unwrap().count(), 0);
}

#[test]
fn one_directory_serves_one_store() {
    let (dir, store) = store();
    assert!(matches!(LogStore::open(dir.path()), Err(LogError::InUse { .. })));
    drop(store);
    LogStore::open(dir.path()).unwrap();
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_of_the_chunk_is_kept() {
    let (_dir, store) = store();
    let key = key(0);
    let paths = store.paths(&key).unwrap();
    fs::create_dir_all(&paths.dir).unwrap();
    std::os::unix::fs::symlink("/dev/full", &paths.data).unwrap();
    assert!(matches!(store.append(&key, 0, b"x", T), Err(LogError::Full { .. })));
    assert_eq!(store.state(&key).unwrap().unwrap().length, 0);
    assert!(matches!(store.append(&key, 1, b"x", T), Err(LogError::Gap { have: 0 })));
}

#[tokio::test]
async fn a_restart_takes_up_the_hash_at_the_last_checkpoint_that_fits() {
    use sha2::{Digest, Sha256};
    const MIB: usize = 1024 * 1024;
    let (dir, mut store) = store();
    let key = key(0);
    let text: Vec<u8> = (0..20 * MIB as u32).map(|i| if i % 101 == 0 { b'\n' } else { b'a' }).collect();
    for (i, chunk) in text.chunks(MIB).enumerate() {
        store.append(&key, (i * MIB) as u64, chunk, T).unwrap();
    }
    let data = store.paths(&key).unwrap().data;
    // Behind both checkpoints, between them, before both; each time as a crash would leave it.
    for keep in [20 * MIB, 20 * MIB - 1, 15 * MIB + 7, 3 * MIB] {
        drop(store);
        fs::OpenOptions::new().write(true).open(&data).unwrap().set_len(keep as u64).unwrap();
        store = LogStore::open(dir.path()).unwrap();
        let state = store.state(&key).unwrap().unwrap();
        assert_eq!(state.chain_hash, hex::encode(Sha256::digest(&text[..keep])), "{keep}");
        assert_eq!(state.lines, naive_lines(&text[..keep]).len() as u64);
    }
}
