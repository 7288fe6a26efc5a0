//! The process that writes is killed without warning: what it acknowledged is there.

use super::*;
use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

const DIR: &str = "CDS_TEST_KILLED_LOG_DIR";

fn fixed_key() -> LogKey {
    let run = "018f0000-0000-7000-8000-00000000beef".parse().unwrap();
    LogKey { run, job: JobNo(1), attempt: Attempt(1), step: LogStream::Step(0) }
}

/// Byte `i` of the endless text.
fn byte(i: u64) -> u8 {
    if i % 61 == 60 { b'\n' } else { b'a' + (i * i % 23) as u8 }
}

/// The victim: started by the test below in a process of its own.
#[test]
#[ignore = "runs until it is killed"]
fn victim() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let store = LogStore::open(dir).unwrap();
    let key = fixed_key();
    let mut at = store.state(&key).unwrap().map_or(0, |s| s.length);
    for round in 0u64.. {
        let size = 1 + round * 7919 % 30_000;
        let chunk: Vec<u8> = (at..at + size).map(byte).collect();
        at = store.append(&key, at, &chunk, Timestamp(round as i64 * 30)).unwrap();
        let mut out = std::io::stderr().lock();
        writeln!(out, "ack {at}").unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let dir = tempfile::TempDir::new().unwrap();
    let key = fixed_key();
    let mut before = 0;
    for round in 0..5 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "log::tests::killed::victim", "--nocapture"])
            .env(DIR, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acks = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut acknowledged = 0;
        while acknowledged < before + 200_000 + round * 50_000 {
            let line = acks.next().expect("the victim runs until it is killed").unwrap();
            acknowledged = line.strip_prefix("ack ").expect(&line).parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        for line in acks {
            // A last line may be cut short.
            let n = line.unwrap().strip_prefix("ack ").and_then(|n| n.parse().ok()).unwrap_or(0);
            acknowledged = acknowledged.max(n);
        }
        let store = LogStore::open(dir.path()).unwrap();
        let state = store.state(&key).unwrap().unwrap();
        assert!(state.length >= acknowledged, "{} < {acknowledged}", state.length);
        let bytes = store.read_bytes(&key, 0..u64::MAX).await.unwrap();
        assert!(bytes.iter().zip(0..).all(|(b, i)| *b == byte(i)));
        assert_eq!(state.lines, naive_lines(&bytes).len() as u64);
        let lines = store.read_lines(&key, state.lines - 3, 9).await.unwrap();
        assert_eq!(lines.lines.last().unwrap().text, naive_lines(&bytes).last().unwrap().2);
        before = state.length;
    }
}

/// Log `n` of the small ones, and its text.
fn small(n: u64) -> (LogKey, Vec<u8>) {
    let key = LogKey { job: JobNo(n as u32), ..fixed_key() };
    (key, (n..n + 1 + n * 7919 % 3000).map(byte).collect())
}

/// Writes small logs, each in two chunks, and completes it; says so after each step.
#[test]
#[ignore = "runs until it is killed"]
fn victim_of_small_logs() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    // Segments end often, and logs are packed all the time.
    let limits = Limits { segment: 20_000, segments: 4, ..Limits::default() };
    let store = LogStore::with_limits(dir, limits).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let say = |what: &str, n: u64| writeln!(std::io::stderr().lock(), "ack {what} {n}").unwrap();
    let first = std::env::var("CDS_TEST_FIRST").unwrap().parse().unwrap();
    for n in first.. {
        let (key, text) = small(n);
        let half = text.len() / 2;
        store.append(&key, 0, &text[..half], T).unwrap();
        say("half", n);
        store.append(&key, half as u64, &text[half..], T).unwrap();
        say("whole", n);
        runtime.block_on(store.seal(&key, text.len() as u64)).unwrap();
        say("sealed", n);
    }
}

#[tokio::test]
async fn small_logs_survive_a_kill() {
    let dir = tempfile::TempDir::new().unwrap();
    let mut first = 0;
    for round in 1..5u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "log::tests::killed::victim_of_small_logs", "--nocapture"])
            .env(DIR, dir.path())
            .env("CDS_TEST_FIRST", first.to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = ("half".to_string(), first);
        for (i, line) in BufReader::new(child.stderr.take().unwrap()).lines().enumerate() {
            let line = line.unwrap();
            let words: Vec<_> = line.split(' ').collect();
            // A last line may be cut short.
            if let ["ack", what @ ("half" | "whole" | "sealed"), n] = words[..] {
                said = (what.to_string(), n.parse().unwrap());
            }
            if i as u64 == 100 + round * 31 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        let (what, last) = said;
        assert!(last > first, "it was killed in the middle, not at the beginning");
        let store = LogStore::open(dir.path()).unwrap();
        for n in 0..last {
            let (key, text) = small(n);
            let state = store.state(&key).unwrap().unwrap();
            assert_eq!((state.length, state.sealed), (text.len() as u64, true), "log {n}");
            assert_eq!(store.read_bytes(&key, 0..u64::MAX).await.unwrap(), text);
        }
        let (key, text) = small(last);
        let state = store.state(&key).unwrap().unwrap();
        let least = if what == "half" { text.len() / 2 } else { text.len() };
        assert!(
            state.length >= least as u64 && (state.sealed || what != "sealed"),
            "{what} {last}: {state:?}"
        );
        let bytes = store.read_bytes(&key, 0..u64::MAX).await.unwrap();
        assert_eq!(bytes, text[..bytes.len()]);
        // What is missing can be sent, and the next process begins behind it.
        if !state.sealed {
            store.append(&key, state.length, &text[bytes.len()..], T).unwrap();
            store.seal(&key, text.len() as u64).await.unwrap();
        }
        // One more may be complete without anybody having been told.
        first = last + 1;
        while store.state(&small(first).0).unwrap().is_some_and(|s| s.sealed) {
            first += 1;
        }
    }
}
