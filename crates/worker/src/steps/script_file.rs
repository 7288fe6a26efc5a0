//! The file a script runs from. On a journaling file system a file made and removed for every job costs half as much as
//! the shell it is for, so one that has served is emptied and serves again.

use std::{
    fs::{self, File, OpenOptions},
    hash::{BuildHasher, Hasher, RandomState},
    io,
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Mutex,
};

const MODE: u32 = 0o755;
/// What an emptied file holds: one byte, because some file systems write a file out at once that was cut to nothing.
const EMPTY: &[u8] = b"#";

/// An empty script file of a job, if it has one.
#[derive(Debug, Default)]
pub(crate) struct ScriptFile(Mutex<Option<PathBuf>>);

impl ScriptFile {
    /// One that an earlier job has left, checked by [`is_empty_script`].
    pub fn new(path: Option<PathBuf>) -> Self {
        Self(Mutex::new(path))
    }

    /// The empty file, which is the caller's now.
    pub fn take(&self) -> Option<PathBuf> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).take()
    }

    /// A file in `dir` that holds `text`, mode 0755, under a name of 16 random hexadecimal digits.
    pub fn write(&self, dir: &Path, text: &str) -> io::Result<PathBuf> {
        if let Some(path) = self.take() {
            // A step may have done anything to it.
            match open(&path).and_then(|file| fill(&file, text.as_bytes())) {
                Ok(()) => return Ok(path),
                Err(_) => drop(fs::remove_file(&path)),
            }
        }
        loop {
            let mut hasher = RandomState::new().build_hasher();
            hasher.write_usize(text.len());
            let path = dir.join(format!("{:016x}", hasher.finish()));
            match OpenOptions::new().write(true).create_new(true).mode(MODE).open(&path) {
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(e),
                Ok(file) => {
                    fill(&file, text.as_bytes())?;
                    return Ok(path);
                }
            }
        }
    }

    /// A script has run: nothing of it stays.
    pub fn done(&self, path: PathBuf) {
        let mut kept = self.0.lock().unwrap_or_else(|e| e.into_inner());
        if kept.is_none() && open(&path).and_then(|file| fill(&file, EMPTY)).is_ok() {
            *kept = Some(path);
        } else {
            let _ = fs::remove_file(path);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits() | rustix::fs::OFlags::NONBLOCK.bits();
    let file = OpenOptions::new().write(true).custom_flags(flags.cast_signed()).open(path)?;
    if is_ours(&file.metadata()?) { Ok(file) } else { Err(io::Error::other("it was changed")) }
}

fn is_ours(meta: &fs::Metadata) -> bool {
    meta.is_file()
        && meta.nlink() == 1
        && meta.uid() == rustix::process::geteuid().as_raw()
        && meta.permissions().mode() & 0o7777 == MODE
}

fn fill(file: &File, text: &[u8]) -> io::Result<()> {
    file.write_all_at(text, 0)?;
    if file.metadata()?.len() == text.len() as u64 { Ok(()) } else { file.set_len(text.len() as u64) }
}

/// Whether another job may use the file.
pub(crate) fn is_empty_script(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|meta| is_ours(&meta) && meta.len() == EMPTY.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_serves_again_and_tells_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let slot = ScriptFile::default();
        let first = slot.write(dir.path(), "echo a long secret").unwrap();
        let second = slot.write(dir.path(), "echo other").unwrap();
        assert_ne!(first, second);
        slot.done(first.clone());
        assert!(is_empty_script(&first));
        assert_eq!(fs::read(&first).unwrap(), EMPTY);
        slot.done(second.clone());
        assert!(!second.exists());
        assert_eq!(slot.write(dir.path(), "true").unwrap(), first);
        assert_eq!(fs::read(&first).unwrap(), b"true");
        assert_eq!(slot.take(), None);
    }

    #[test]
    fn a_file_that_a_step_has_changed_is_not_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        for spoil in 0..4 {
            fs::write(&victim, "mine").unwrap();
            let slot = ScriptFile::default();
            let path = slot.write(dir.path(), "true").unwrap();
            slot.done(path.clone());
            match spoil {
                0 => fs::hard_link(&path, dir.path().join("link")).unwrap(),
                1 => fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap(),
                2 => {
                    fs::remove_file(&path).unwrap();
                    std::os::unix::fs::symlink(&victim, &path).unwrap();
                }
                _ => fs::remove_file(&path).unwrap(),
            }
            assert!(!is_empty_script(&path));
            let other = slot.write(dir.path(), "echo 2").unwrap();
            assert_ne!(other, path);
            assert_eq!(fs::read(&victim).unwrap(), b"mine");
            assert_eq!(fs::read(&other).unwrap(), b"echo 2");
            let _ = fs::remove_file(dir.path().join("link"));
        }
    }
}
