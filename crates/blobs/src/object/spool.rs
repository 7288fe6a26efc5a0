//! Files that are being written and are not yet objects.

use super::ObjectError;
use std::{
    fs::{self, File, OpenOptions},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A directory for files in the making. Each of them is locked by its process as long as it is written,
/// so what a crash left behind is told from what another server is writing now.
#[derive(Clone, Debug)]
pub struct Spool {
    dir: Arc<PathBuf>,
}

/// A file in a spool. It is removed when dropped, unless a store took it.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    file: File,
}

impl Spool {
    /// Opens the spool at `dir`, made if it does not exist, and sweeps it.
    pub fn open(dir: impl Into<PathBuf>) -> Result<Self, ObjectError> {
        let spool = Self { dir: Arc::new(dir.into()) };
        fs::create_dir_all(&*spool.dir).map_err(ObjectError::io("create the spool directory"))?;
        let swept = spool.sweep()?;
        if swept > 0 {
            tracing::info!(dir = %spool.dir.display(), swept, "removed unfinished uploads of a former process");
        }
        Ok(spool)
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Removes what crashed processes left. Returns how many files that were.
    pub fn sweep(&self) -> Result<usize, ObjectError> {
        let what = "sweep the spool directory";
        let mut swept = 0;
        for entry in fs::read_dir(&*self.dir).map_err(ObjectError::io(what))? {
            let path = entry.map_err(ObjectError::io(what))?.path();
            // A file may end its life between our looks at it; that is its writer's business.
            let Ok(file) = File::open(&path) else { continue };
            if file.try_lock().is_ok() && fs::remove_file(&path).is_ok() {
                swept += 1;
            }
        }
        Ok(swept)
    }

    /// Begins a file.
    pub fn create(&self) -> Result<Staged, ObjectError> {
        let what = "create a spool file";
        loop {
            let name = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = self.dir.join(name);
            let file = match OpenOptions::new().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => file,
                // A former process with our id.
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(e) => return Err(ObjectError::io(what)(e)),
            };
            // Another server's sweep may come between creating and locking, and take the file.
            let locked = file.try_lock().is_ok();
            if locked && file.metadata().map_err(ObjectError::io(what))?.nlink() > 0 {
                return Ok(Staged { path, file });
            }
        }
    }
}

impl Staged {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file, to write to.
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Gone already if a store renamed it.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn sweeping_spares_what_is_being_written() {
        let dir = tempfile::TempDir::new().unwrap();
        let spool = Spool::open(dir.path()).unwrap();
        let staged = spool.create().unwrap();
        staged.file().write_all(b"half").unwrap();
        fs::write(dir.path().join("1-1"), b"left by a crash").unwrap();
        // As another process would.
        let other = Spool::open(dir.path()).unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert_eq!(fs::read(staged.path()).unwrap(), b"half");
        drop(staged);
        assert_eq!(other.sweep().unwrap(), 0);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
