//! How fast secrets are looked for in output that holds none, which is nearly all output.

use crate::results::{Goal, Row};
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use cds_expr::mask::Masker;
use std::{fmt::Write, hint::black_box, time::Instant};

/// Secrets of a job: a small project has a few passwords and tokens, and a key.
const SECRETS: usize = 12;
/// Bytes of output for one measurement, and measurements.
const BYTES: usize = 4_000_000;
const TIMES: usize = 50;
/// As a worker reads them.
const CHUNK: usize = 64 * 1024;

/// One row.
pub fn measure() -> anyhow::Result<Vec<Row>> {
    let mut seed = 1_u64;
    let mut random = |length: usize| {
        let mut bytes = Vec::new();
        while bytes.len() < length {
            // Knuth's generator: any spread will do.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            bytes.push((seed >> 33) as u8);
        }
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let mut secrets: Vec<String> = (0..SECRETS).map(|_| random(24)).collect();
    let key: Vec<String> = (0..25).map(|_| random(48)).collect();
    secrets.push(key.join("\n"));
    let mut text = String::new();
    for i in 0..CHUNK / 100 {
        let _ = writeln!(
            text,
            "[{i:5}] Compiling some-crate v1.{i}.0 (/home/ci/run/{:x}) with {}",
            i * 7919,
            random(12)
        );
    }
    let masker = Masker::new(secrets.clone());
    let rate = best(text.as_bytes(), |chunk, out| masker.stream().push(chunk, out));
    // The raw texts alone, in one go: what a search engine for many words needs.
    let words = secrets.iter().flat_map(|s| s.lines());
    let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words)?;
    let reference = best(text.as_bytes(), |chunk, out| {
        if automaton.find(chunk).is_none() {
            out.extend_from_slice(chunk);
        }
    });
    Ok(vec![Row::new(
        "mask.mb_per_s",
        rate,
        "MB/s",
        Some((reference, "an Aho-Corasick automaton with the raw secrets only")),
        Goal::AtLeast(1000.0),
    )])
}

/// Megabytes per second, of several measurements the best.
fn best(text: &[u8], mut act: impl FnMut(&[u8], &mut Vec<u8>)) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..TIMES {
        let (mut out, begin) = (Vec::new(), Instant::now());
        for _ in 0..BYTES / text.len() {
            out.clear();
            act(black_box(text), &mut out);
            black_box(&out);
        }
        best = best.min(begin.elapsed().as_secs_f64());
    }
    (BYTES / text.len() * text.len()) as f64 / 1e6 / best
}
