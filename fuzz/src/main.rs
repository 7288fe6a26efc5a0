//! Fuzz targets: every parser of what comes from outside, fed with whatever libFuzzer thinks of.
//!
//! One program holds them all, so that there is one thing to link; `FUZZ_TARGET` says which one runs.
//! `scripts/fuzz` builds and drives it. A target must not panic, hang, overflow the stack or eat memory; most also
//! compare with a second way to the same answer.
#![no_main]

mod addresses;
mod app;
mod bodies;
mod contexts;
mod expressions;
mod files;
mod keys;
mod logs;
mod masks;
mod patterns;
mod settings;
mod small;
mod streams;
mod worker;

// The settings name the crates that their parts live in. Those would bring a database along, so that their files stand
// here instead.
extern crate self as cds_hatchery;
extern crate self as cds_server;
#[allow(dead_code)]
#[path = "../../crates/server/src/config.rs"]
pub mod config;
#[allow(dead_code)]
#[path = "../../crates/hatchery/src/config.rs"]
mod hatchery;
pub use config::Config;
pub use hatchery::HatcheryConfig;
/// What the hatchery makes of its settings.
mod plan {
    #[allow(dead_code)]
    pub struct Limits {
        pub max_workers: u32,
        pub min_idle: u32,
        pub spawn_concurrency: u32,
        pub start_timeout: std::time::Duration,
    }
}

/// What the file of `cdsctl` says of faults.
mod error {
    #[derive(Debug)]
    pub struct CliError(String);

    impl CliError {
        pub fn failed(text: impl Into<String>) -> Self {
            Self(text.into())
        }
        pub fn doing(self, what: &str) -> Self {
            Self(format!("{what}: {}", self.0))
        }
    }

    impl std::fmt::Display for CliError {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(&self.0)
        }
    }
}

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// A name, and what is done with one input.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 22] = [
    ("definitions", files::definitions),
    ("yaml", files::yaml),
    ("interpolate", expressions::interpolate),
    ("lua", expressions::lua),
    ("conditions", expressions::conditions),
    ("payload", expressions::payload),
    ("services", files::services),
    ("masks", masks::masks),
    ("globs", patterns::globs),
    ("junit", worker::junit),
    ("archives", worker::archives),
    ("commands", worker::commands),
    ("bodies", bodies::bodies),
    ("ids", bodies::ids),
    ("logs", logs::logs),
    ("events", streams::events),
    ("settings", settings::settings),
    ("keys", keys::keys),
    ("pushes", worker::pushes),
    ("small", small::small),
    ("addresses", addresses::addresses),
    ("contexts", contexts::contexts),
];

static CHOSEN: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let wanted = std::env::var("FUZZ_TARGET").unwrap_or_default();
    match TARGETS.iter().find(|(name, _)| *name == wanted) {
        Some((_, target)) => *target,
        None => {
            eprintln!("FUZZ_TARGET must be one of {:?}", TARGETS.map(|(name, _)| name));
            std::process::exit(2);
        }
    }
});

fuzz_target!(|data: &[u8]| CHOSEN(data));

/// Takes the first byte as a choice among `n`, and gives the rest.
fn choose(data: &[u8], n: usize) -> (usize, &[u8]) {
    match data.split_first() {
        Some((first, rest)) => (usize::from(*first) % n, rest),
        None => (0, data),
    }
}

/// The input as text, cut where it is none.
fn text(data: &[u8]) -> &str {
    match std::str::from_utf8(data) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&data[..e.valid_up_to()]).unwrap_or_default(),
    }
}

/// Parts of the input, separated by zero bytes.
fn parts(data: &[u8]) -> Vec<&str> {
    data.split(|b| *b == 0).map(text).collect()
}

/// A directory of its own. `scripts/fuzz` removes it.
fn scratch() -> tempfile::TempDir {
    let parent = std::env::var_os("FUZZ_SCRATCH").map_or_else(std::env::temp_dir, Into::into);
    tempfile::tempdir_in(parent).expect("a directory")
}
