//! Whatever is done to a store, in whatever order, it says what a simple model says.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// One thing done to log `log` of the few there are.
#[derive(Clone, Debug)]
enum Op {
    /// A chunk of `size` bytes that starts `back` bytes before the end (negative: behind it).
    Append {
        log: usize,
        back: i64,
        size: usize,
        dt: i64,
    },
    Seal {
        log: usize,
    },
    Spill {
        log: usize,
    },
    Compact {
        run: usize,
    },
    Delete {
        run: usize,
    },
    Tidy,
    Reopen,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let log = 0..LOGS;
    let size = prop_oneof![6 => 0usize..300, 1 => 0usize..9_000, 1 => 60_000usize..70_000];
    let append = (log.clone(), -2i64..40, size, 0i64..300).prop_map(|(log, back, size, dt)| Op::Append {
        log,
        back: (back - 20).max(-1),
        size,
        dt,
    });
    let op = prop_oneof![
        20 => append,
        4 => log.clone().prop_map(|log| Op::Seal { log }),
        1 => log.prop_map(|log| Op::Spill { log }),
        1 => (0..RUNS).prop_map(|run| Op::Compact { run }),
        1 => (0..RUNS).prop_map(|run| Op::Delete { run }),
        1 => Just(Op::Tidy),
        2 => Just(Op::Reopen),
    ];
    prop::collection::vec(op, 1..80)
}

const RUNS: usize = 2;
const LOGS: usize = 8;
/// So small that every way of the store is taken.
const LIMITS: Limits = Limits { open: 4, memory: 40_000, segment: 3_000, segments: 3, logs: 5 };

fn keys() -> Vec<LogKey> {
    let runs = [RunId::new(), RunId::new()];
    let key = |i: usize| LogKey {
        run: runs[i % RUNS],
        job: JobNo(i as u32 / 4),
        attempt: Attempt(1),
        step: match i / 2 % 2 {
            0 => LogStream::Step(i as u16),
            _ => LogStream::Service("my db".into()),
        },
    };
    (0..LOGS).map(key).collect()
}

#[derive(Default)]
struct Model {
    text: Vec<u8>,
    sealed: bool,
}

fn byte(i: u64) -> u8 {
    if i % 37 == 36 { b'\n' } else { b'a' + (i * i % 19) as u8 }
}

fn reopen(dir: &TempDir, store: &mut Option<LogStore>) {
    // A thread that tidies may still hold it; opening waits for that.
    *store = None;
    *store = Some(LogStore::with_limits(dir.path(), LIMITS).unwrap());
}

async fn assert_is(store: &LogStore, key: &LogKey, model: Option<&Model>) {
    use sha2::Digest;
    let state = store.state(key).unwrap();
    let Some(model) = model else { return assert_eq!(state, None, "{key}") };
    let lines = naive_lines(&model.text);
    let want = LogState {
        length: model.text.len() as u64,
        lines: lines.len() as u64,
        sealed: model.sealed,
        chain_hash: hex::encode(sha2::Sha256::digest(&model.text)),
    };
    assert_eq!(state, Some(want), "{key}");
    assert!(store.read_bytes(key, 0..u64::MAX).await.unwrap() == model.text, "{key}");
    let page = store.read_lines(key, lines.len() as u64 / 2, 3).await.unwrap();
    let got = page.lines.iter().map(|l| (l.number, l.offset, l.text.clone()));
    assert!(got.eq(lines.into_iter().skip(page.first_line as usize).take(3)), "{key}");
}

/// Times and texts of all lines, which no rearrangement may change.
async fn all_lines(store: &LogStore, keys: &[LogKey], models: &BTreeMap<usize, Model>) -> Vec<Lines> {
    let mut all = Vec::new();
    for i in models.keys() {
        all.push(store.read_lines(&keys[*i], 0, usize::MAX).await.unwrap());
    }
    all
}

async fn run(ops: Vec<Op>) {
    let dir = TempDir::new().unwrap();
    let mut held = None;
    reopen(&dir, &mut held);
    let keys = keys();
    let mut models: BTreeMap<usize, Model> = BTreeMap::new();
    let mut now = 0;
    for op in ops {
        let Some(store) = &held else { unreachable!() };
        let before = match op {
            Op::Append { .. } | Op::Seal { .. } | Op::Delete { .. } => None,
            _ => Some(all_lines(store, &keys, &models).await),
        };
        match op {
            Op::Append { log, back, size, dt } => {
                now += dt;
                let have = models.get(&log).map_or(0, |m| m.text.len() as u64);
                let at = have.saturating_add_signed(-back);
                let chunk: Vec<u8> = (at..at + size as u64).map(byte).collect();
                let sealed = models.get(&log).is_some_and(|m| m.sealed);
                match store.append(&keys[log], at, &chunk, Timestamp(now)) {
                    Ok(length) => {
                        assert!(at <= have && !sealed);
                        let text = &mut models.entry(log).or_default().text;
                        let known = (have - at).min(chunk.len() as u64) as usize;
                        text.extend(&chunk[known..]);
                        assert_eq!(length, text.len() as u64);
                    }
                    Err(LogError::Sealed { length }) => assert!(sealed && length == have),
                    Err(LogError::Gap { have: said }) => assert!(!sealed && at > have && said == have),
                    Err(e) => panic!("{e:?}"),
                }
            }
            Op::Seal { log } => {
                let have = models.get(&log).map_or(0, |m| m.text.len() as u64);
                let wrong = store.seal(&keys[log], have + 1).await;
                assert!(matches!(wrong, Err(LogError::LengthMismatch { have: h, .. }) if h == have));
                store.seal(&keys[log], have).await.unwrap();
                models.entry(log).or_default().sealed = true;
            }
            Op::Spill { log } => store.spill(&keys[log]).unwrap(),
            Op::Compact { run } => _ = store.compact_run(keys[run].run).await.unwrap(),
            Op::Delete { run } => {
                store.delete_run(keys[run].run).await.unwrap();
                models.retain(|i, _| keys[*i].run != keys[run].run);
            }
            Op::Tidy => store.tidy().unwrap(),
            Op::Reopen => reopen(&dir, &mut held),
        }
        let Some(store) = &held else { unreachable!() };
        if let Some(before) = before {
            assert_eq!(all_lines(store, &keys, &models).await, before);
        }
        for (i, key) in keys.iter().enumerate() {
            assert_is(store, key, models.get(&i)).await;
            let listed = store.list(key.run, key.job, key.attempt).unwrap();
            assert_eq!(listed.contains(key), models.contains_key(&i), "{key}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn a_store_is_its_model(ops in ops()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run(ops));
    }
}
