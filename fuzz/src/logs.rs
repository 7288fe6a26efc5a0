//! Logs on a disk that lies: files are changed in any place, then opened and read by every call there is.

use cds_blobs::{LogKey, LogStore, LogStream};
use cds_model::{Attempt, JobNo, RunId, Timestamp};
use std::{
    fs,
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

static COUNT: AtomicU64 = AtomicU64::new(0);

struct World {
    runtime: tokio::runtime::Runtime,
    dir: tempfile::TempDir,
    /// Each shape of a log: its files, named relative to the store.
    shapes: Vec<Vec<(PathBuf, Vec<u8>)>>,
    run: RunId,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let dir = crate::scratch();
    let mut world = World { runtime, dir, shapes: Vec::new(), run: RunId::new() };
    // As they grow; complete; packed, the small one with those of its run, the large one alone; complete in part.
    for shape in 0..4 {
        let root = world.dir.path().join("made");
        let store = LogStore::open(&root).expect("a store");
        // The first stays in the journal, the second gets files of its own.
        for step in 0..2 {
            let text: String =
                (0..100 + 3000 * step).map(|i| format!("line {i} of step {step} é\n")).collect();
            let key = world.key(step as u16);
            let mut at = 0;
            for (i, piece) in text.as_bytes().chunks(3000).enumerate() {
                at = store
                    .append(&key, at, piece, Timestamp(1_700_000_000_000 + 150 * i as i64))
                    .expect("a chunk");
            }
            if matches!((shape, step), (1 | 2, _) | (3, 1)) {
                world.runtime.block_on(store.seal(&key, at)).expect("a seal");
            }
        }
        let packed = match shape {
            2 | 3 => world.runtime.block_on(store.compact_run(world.run)).expect("a pack"),
            _ => 0,
        };
        assert_eq!(packed, [0, 0, 2, 1][shape]);
        drop(store);
        let mut files = Vec::new();
        let mut stack = vec![root.clone()];
        while let Some(path) = stack.pop() {
            if path.is_dir() {
                stack.extend(fs::read_dir(&path).expect("a directory").flatten().map(|e| e.path()));
            } else {
                let name = path.strip_prefix(&root).expect("below").to_path_buf();
                files.push((name, fs::read(&path).expect("a file")));
            }
        }
        files.sort();
        world.shapes.push(files);
        fs::remove_dir_all(root).expect("gone");
    }
    world
});

impl World {
    fn key(&self, step: u16) -> LogKey {
        LogKey { run: self.run, job: JobNo(0), attempt: Attempt(1), step: LogStream::Step(step) }
    }
}

/// The first byte picks a shape; then changes of five bytes: file and kind, place (2), what (2).
pub fn logs(data: &[u8]) {
    let world = &*WORLD;
    let (shape, rest) = crate::choose(data, world.shapes.len());
    let mut files = world.shapes[shape].clone();
    let count = files.len();
    for change in rest.chunks_exact(5).take(32) {
        let (_, bytes) = &mut files[usize::from(change[0] >> 3) % count];
        let length = bytes.len().max(1);
        // Both ends of a file hold what describes it.
        let place = usize::from(u16::from_le_bytes([change[1], change[2]]));
        let place = if change[0] & 4 == 0 { place % length } else { length - 1 - place % length };
        match change[0] & 3 {
            0 => bytes.truncate(place),
            1 => bytes.extend(std::iter::repeat_n(change[3], usize::from(change[4]))),
            _ => {
                for (at, new) in (place..).zip(&change[3..]) {
                    if let Some(old) = bytes.get_mut(at) {
                        *old = *new;
                    }
                }
            }
        }
    }
    // A name of its own: what the store before it leaves to its threads must not be waited for.
    let root = world.dir.path().join(format!("bad-{}", COUNT.fetch_add(1, Ordering::Relaxed)));
    for (name, bytes) in &files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, bytes).expect("a file");
    }
    if let Ok(store) = LogStore::open(&root) {
        world.runtime.block_on(look(world, &store));
    }
    let _ = fs::remove_dir_all(&root);
}

async fn look(world: &World, store: &LogStore) {
    let _ = store.list(world.run, JobNo(0), Attempt(1));
    for step in 0..2 {
        let key = world.key(step);
        let length = match store.state(&key) {
            Ok(Some(state)) => state.length,
            _ => 0,
        };
        for range in [0..100, length / 2..length + 10, length.saturating_sub(5)..u64::MAX, 90..3] {
            if let Ok(bytes) = store.read_bytes(&key, range.clone()).await {
                assert!(bytes.len() as u64 <= range.end.saturating_sub(range.start));
            }
        }
        for first in [0, 1, 77, 100_000, u64::MAX] {
            if let Ok(lines) = store.read_lines(&key, first, 50).await {
                assert!(lines.lines.len() <= 50);
            }
        }
        let _ = store.search(&key, "LINE 3", true, 0, 10).await;
        let _ = store.append(&key, length, b"more\n", Timestamp(0));
        let _ = store.seal(&key, length + 5).await;
        if length % 2 == 0 {
            let _ = store.compact(&key).await;
        }
        let _ = store.compact_run(world.run).await;
        let _ = store.read_bytes(&key, 0..1 << 20).await;
    }
    let before = store.list(world.run, JobNo(0), Attempt(1)).map(|l| l.len());
    if store.delete_run(world.run).await.is_ok() && before.is_ok() {
        let after = store.list(world.run, JobNo(0), Attempt(1)).map(|l| l.len());
        assert_eq!(after.ok(), Some(0), "of {before:?} logs some are left");
    }
}
