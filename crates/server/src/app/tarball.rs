//! The files in an archive that somebody pushes.

use cds_workflow::parse::Format;
use std::io::Read as _;

/// Files of one push.
const MOST_FILES: usize = 1_000;
/// Bytes of one file.
pub const LARGEST_FILE: u64 = 4 << 20;

/// Why an archive is refused, for people.
#[derive(Debug)]
pub enum Bad {
    /// It is not what it should be.
    Form(String),
    /// A file in it is too large.
    Size(String),
}

/// Names, without directories, and texts of the files in a tar.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn unpack(tar: &[u8]) -> Result<Vec<(String, String)>, Bad> {
    let form = |why: String| Err(Bad::Form(why));
    let broken = |e: std::io::Error| Bad::Form(format!("the body is not a tar archive: {e}"));
    let mut files: Vec<(String, String)> = Vec::new();
    for member in tar::Archive::new(tar).entries().map_err(broken)? {
        let member = member.map_err(broken)?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let path = member.path().map_err(broken)?.to_string_lossy().into_owned();
        let name = path.rsplit('/').next().unwrap_or_default().to_string();
        if name.rsplit_once('.').and_then(|(_, e)| Format::from_word(e)).is_none() {
            return form(format!("{name} is no definition: name it .yml, .yaml or .json"));
        }
        if files.len() >= MOST_FILES {
            return form(format!("more than {MOST_FILES} files: push fewer at once"));
        }
        if files.iter().any(|(n, _)| *n == name) {
            return form(format!("two files are named {name}: names must differ"));
        }
        if member.size() > LARGEST_FILE {
            return Err(Bad::Size(format!("{name} has more than {LARGEST_FILE} bytes")));
        }
        let mut bytes = Vec::new();
        member.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(broken)?;
        let Ok(text) = String::from_utf8(bytes) else {
            return form(format!("{name} is not UTF-8 text: save it as such"));
        };
        files.push((name, text));
    }
    Ok(files)
}
