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
