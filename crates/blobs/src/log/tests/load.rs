//! Figures for the design note: `cargo test --release -p cds-blobs -- --ignored --nocapture`.

use super::*;
use std::time::Instant;

#[test]
#[ignore = "writes 1 GiB and prints figures"]
fn figures() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (_dir, store) = store();
    let line = b"2026-11-23T17:00:00Z info compiling something of some length, line number\n";
    let chunk: Vec<u8> = line.iter().copied().cycle().take(64 * 1024).collect();
    let big = key(0);
    let total = 1u64 << 30;
    let begin = Instant::now();
    let mut at = 0;
    while at < total {
        at = store.append(&big, at, &chunk, Timestamp(at as i64 / 100_000)).unwrap();
    }
    let took = begin.elapsed();
    println!("append 64 KiB chunks: {:.0} MB/s", total as f64 / 1e6 / took.as_secs_f64());

    let keys: Vec<_> = (0..64).map(key).collect();
    for threads in [1, 2] {
        let keys: Vec<_> = keys.iter().map(|k| LogKey { job: JobNo(threads), ..k.clone() }).collect();
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for part in keys.chunks(64 / threads as usize) {
                let store = &store;
                scope.spawn(move || {
                    for i in 0..2000u64 {
                        for key in part {
                            store.append(key, i * 200, &chunk_of(200), Timestamp(i as i64)).unwrap();
                        }
                    }
                });
            }
        });
        let n = 64.0 * 2000.0 / begin.elapsed().as_secs_f64();
        println!("64 keys, 200 B appends, {threads} thread(s): {n:.0}/s");
    }
    runtime.block_on(async {
        let begin = Instant::now();
        for key in &keys {
            store.seal(&LogKey { job: JobNo(1), ..key.clone() }, 400_000).await.unwrap();
        }
        println!("seal: {:.2} ms each", begin.elapsed().as_secs_f64() * 1e3 / 64.0);
        measure_reads(&store, &big, "plain").await;
        store.seal(&big, total).await.unwrap();
        let begin = Instant::now();
        assert!(store.compact(&big).await.unwrap());
        println!("compact 1 GiB: {:.1} s", begin.elapsed().as_secs_f64());
        measure_reads(&store, &big, "packed").await;
    });
}

fn chunk_of(n: usize) -> Vec<u8> {
    let mut v = vec![b'a'; n];
    v[n - 1] = b'\n';
    v
}

async fn measure_reads(store: &LogStore, key: &LogKey, form: &str) {
    let lines = store.state(key).unwrap().unwrap().lines;
    for (name, first) in [("first", 0), ("middle", lines / 2), ("last", lines - 500)] {
        let begin = Instant::now();
        let page = store.read_lines(key, first, 500).await.unwrap();
        assert_eq!(page.lines.len(), 500);
        println!("1 GiB {form}: {name} 500 lines: {:.2} ms", begin.elapsed().as_secs_f64() * 1e3);
    }
    let begin = Instant::now();
    let found = store.search(key, "no such text", true, 0, 10).await.unwrap();
    assert!(found.is_empty());
    println!("1 GiB {form}: search of all: {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
}

#[test]
#[ignore = "writes 50,000 logs and prints figures"]
fn figures_of_small_logs() {
    const LOGS: u32 = 50_000;
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (dir, store) = store();
    // 50 jobs to a run.
    let runs: Vec<RunId> = (0..LOGS / 50).map(|_| RunId::new()).collect();
    let key = |i: u32| LogKey { run: runs[i as usize / 50], job: JobNo(i % 50), ..key(0) };
    let text = chunk_of(400);
    let begin = Instant::now();
    runtime.block_on(async {
        let tasks = (0..64).map(|t| {
            let (store, text) = (store.clone(), text.clone());
            let keys: Vec<_> = (t..LOGS).step_by(64).map(key).collect();
            tokio::spawn(async move {
                for key in keys {
                    store.append(&key, 0, &text, T).unwrap();
                    store.seal(&key, 400).await.unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
    let seconds = begin.elapsed().as_secs_f64();
    println!("small logs written and sealed, 64 at a time: {:.0}/s", f64::from(LOGS) / seconds);
    while store.inner.tidying.load(std::sync::atomic::Ordering::Acquire) {
        std::thread::yield_now();
    }
    println!("then {:?}", store.inner.journal.size());
    drop(store);
    let begin = Instant::now();
    let store = LogStore::open(dir.path()).unwrap();
    println!("opened in {:.1} ms with {:?}", begin.elapsed().as_secs_f64() * 1e3, store.inner.journal.size());
    let begin = Instant::now();
    for i in 0..1000 {
        assert_eq!(runtime.block_on(store.read_bytes(&key(i * 37), 0..400)).unwrap().len(), 400);
    }
    println!("read one that is not in memory: {:.1} us", begin.elapsed().as_secs_f64() * 1e6 / 1e3);
    let begin = Instant::now();
    let mut packed = 0;
    for run in &runs[runs.len() - 100..] {
        packed += runtime.block_on(store.compact_run(*run)).unwrap();
    }
    println!(
        "packed {packed} logs: {:.0} us each",
        begin.elapsed().as_secs_f64() * 1e6 / packed.max(1) as f64
    );
}
