//! Parsers of a line or two.

use crate::{choose, text};
use std::os::unix::ffi::OsStrExt;

#[path = "../../crates/worker/src/exec/mounts.rs"]
mod mounts;
#[path = "../../crates/server/src/http/range.rs"]
mod range;
#[allow(dead_code)]
#[path = "../../crates/worker/src/steps/semver.rs"]
mod semver;
#[path = "../../crates/worker/src/steps/shebang.rs"]
mod shebang;

/// A line of the process table (a process chooses its name), the tag of a version, the header of a range, the table of
/// mounts, the first line of a script.
pub fn small(data: &[u8]) {
    let (which, rest) = choose(data, 5);
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
        2 => {
            // As the kernel writes a name: what is read is that.
            let octal = |b: &u8| match b {
                b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{b:03o}").into_bytes(),
                b => vec![*b],
            };
            let line = [b"30 27 8:1 / /".as_slice(), &rest.iter().flat_map(octal).collect::<Vec<_>>(), b" rw - ext4 x rw"];
            let found = mounts::mounts(&line.concat());
            assert_eq!(found, [std::path::Path::new("/").join(std::ffi::OsStr::from_bytes(&[b"/", rest].concat()))]);
            mounts::mounts(rest);
        }
        3 => {
            let script = text(rest);
            let read = shebang::parse(script);
            assert!(script.ends_with(read.text) && !read.program.is_empty() && !read.program.contains('\n'));
            assert!(read.options.iter().all(|o| !o.contains('\n')), "{read:?}");
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
