//! The table of mounts. Jobs choose the names in it.

use std::{ffi::OsString, os::unix::ffi::OsStringExt, path::PathBuf};

/// Where something is mounted, in the order in which that was done: the fifth field of each line, in which blanks and
/// the like are written as octal numbers.
pub fn mounts(info: &[u8]) -> Vec<PathBuf> {
    let place = |line: &[u8]| {
        let field = line.split(|b| *b == b' ').nth(4)?;
        let (mut path, mut at) = (Vec::with_capacity(field.len()), 0);
        while let Some(&byte) = field.get(at) {
            let digits = field.get(at + 1..at + 4).filter(|_| byte == b'\\');
            let code = digits.and_then(|d| u8::from_str_radix(std::str::from_utf8(d).ok()?, 8).ok());
            path.push(code.unwrap_or(byte));
            at += if code.is_some() { 4 } else { 1 };
        }
        Some(PathBuf::from(OsString::from_vec(path)))
    };
    info.split(|b| *b == b'\n').filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn places_of_mounts() {
        let info = b"22 27 0:21 / /proc rw,relatime - proc proc rw\n\
                     30 27 8:1 /x /a\\040b\\134c\\ rw shared:1 - ext4 /dev/sda rw\n\nnonsense\n";
        assert_eq!(mounts(info), [Path::new("/proc"), Path::new("/a b\\c\\")]);
        let own = mounts(&std::fs::read("/proc/thread-self/mountinfo").unwrap());
        assert!(own.iter().any(|p| p == Path::new("/")), "{own:?}");
    }
}
