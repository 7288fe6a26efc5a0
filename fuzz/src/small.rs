//! Parsers of a line or two.

use crate::{choose, text};

#[path = "../../crates/server/src/http/range.rs"]
mod range;
#[allow(dead_code)]
#[path = "../../crates/worker/src/steps/semver.rs"]
mod semver;

/// A line of the process table (a process chooses its name), the tag of a version, the header of a range.
pub fn small(data: &[u8]) {
    let (which, rest) = choose(data, 3);
    match which {
        0 => {
            let tail = b") S 3 5 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 4242 0 0";
            let found = cds_process::parse(7, &[b"7 (", rest, tail].concat()).expect("whatever its name");
            assert!(found.parent == 3 && found.group == 5 && !found.zombie && found.id.start == 4242);
            cds_process::parse(7, rest);
        }
        1 => {
            for number in ["", "7"] {
                if let Some(version) = semver::semver_of(Some(text(rest)), number) {
                    // It gets into scripts and names of files.
                    let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
                    assert!(version.chars().all(plain), "{version:?}");
                }
            }
        }
        _ => {
            let text = text(rest);
            for length in [0, 1, 10, u64::MAX] {
                if let Some(found) = range::of(text, length) {
                    assert!(found.start < found.end && found.end <= length, "{found:?} of {length}");
                }
                range::of(&format!("bytes={text}"), length);
            }
        }
    }
}
