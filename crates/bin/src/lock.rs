//! One server at a time in a data directory.

use anyhow::{Context, bail};
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read, Seek, Write},
    path::Path,
};

/// A locked directory; the lock ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct DirLock {
    _file: File,
}

/// Makes the directory, readable by its owner only, and locks it.
pub(crate) fn lock(directory: &Path) -> anyhow::Result<DirLock> {
    create_private(directory)?;
    let path = directory.join("lock");
    let within = || format!("cannot lock {}", path.display());
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .with_context(within)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let holder = match holder.trim() {
                "" => "another process".into(),
                pid => format!("process {pid}"),
            };
            bail!(
                "{} is in use by {holder}; end it, or give this server a directory of its own with --data",
                directory.display()
            );
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(within),
    }
    // For the message above only; the lock is what counts.
    file.set_len(0).and_then(|()| file.rewind()).with_context(within)?;
    writeln!(file, "{}", std::process::id()).with_context(within)?;
    Ok(DirLock { _file: file })
}

fn create_private(directory: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .with_context(|| format!("cannot make the data directory {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("a/b");
        let first = lock(&data).unwrap();
        let error = lock(&data).unwrap_err().to_string();
        assert!(error.contains(&format!("in use by process {}", std::process::id())), "{error}");
        drop(first);
        lock(&data).unwrap();
    }
}
