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
    let found = store.search(key, "no such text", true, 10).await.unwrap();
    assert!(found.is_empty());
    println!("1 GiB {form}: search of all: {:.0} ms", begin.elapsed().as_secs_f64() * 1e3);
}
