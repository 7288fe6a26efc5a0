//! The directories of a job (spec 9.1.3): made fresh, removed whatever was done to them.

use md5::{Digest, Md5};
use std::{
    fs, io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

/// Directories of one job below the worker's base directory.
#[derive(Debug)]
pub(crate) struct JobDirs {
    /// `<basedir>/<md5 of the job's name>-<unique>`.
    pub root: PathBuf,
    /// Working directory and `HOME` of the steps.
    pub run: PathBuf,
    /// Installed keys.
    pub keys: PathBuf,
    /// `TMPDIR` of the steps.
    pub tmp: PathBuf,
}

static UNIQUE: AtomicU64 = AtomicU64::new(0);

impl JobDirs {
    /// Makes them, mode 0700.
    pub fn create(basedir: &Path, job_name: &str) -> io::Result<Self> {
        let hash = hex::encode(Md5::digest(job_name.as_bytes()));
        loop {
            let n = UNIQUE.fetch_add(1, Ordering::Relaxed);
            let root = basedir.join(format!("{hash}-{:x}-{n:x}", std::process::id()));
            let mut builder = fs::DirBuilder::new();
            builder.mode(0o700);
            match builder.create(&root) {
                // Left by a dead worker whose process id we have got.
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other?,
            }
            let sub = |name: &str| -> io::Result<PathBuf> {
                let path = root.join(name);
                builder.create(&path)?;
                Ok(path)
            };
            let (run, keys, tmp, _) = (sub("run")?, sub("keys")?, sub("tmp")?, sub("hooks")?);
            return Ok(Self { run, keys, tmp, root });
        }
    }

    /// Removes everything. Small trees are removed at once, others on a thread of their own, so that the
    /// lease is kept meanwhile.
    pub async fn remove(self) -> io::Result<()> {
        let small = [&self.run, &self.keys, &self.tmp].iter().all(|dir| {
            fs::read_dir(dir).is_ok_and(|entries| {
                let mut entries =
                    entries.take(16).map(|e| e.is_ok_and(|e| e.file_type().is_ok_and(|t| t.is_file())));
                entries.by_ref().take(15).all(|plain| plain) && entries.next().is_none()
            })
        });
        if small {
            return remove_tree(&self.root);
        }
        let root = self.root;
        match tokio::task::spawn_blocking(move || remove_tree(&root)).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::other("the removal of the job's directory broke off")),
        }
    }
}

/// Removes a tree even if directories in it were made unreadable. Never follows symbolic links.
pub(crate) fn remove_tree(root: &Path) -> io::Result<()> {
    match fs::remove_dir_all(root) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(_) => {
            open_up(root);
            match fs::remove_dir_all(root) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        }
        Ok(()) => Ok(()),
    }
}

fn open_up(root: &Path) {
    let mut stack = vec![root.to_path_buf()];
    while let Some(dir) = stack.pop() {
        let _ = fs::set_permissions(&dir, fs::Permissions::from_mode(0o700));
        let Ok(entries) = fs::read_dir(&dir) else { continue };
        stack.extend(
            entries
                .filter_map(Result::ok)
                .filter(|e| e.file_type().is_ok_and(|t| t.is_dir()))
                .map(|e| e.path()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_stays_whatever_the_permissions() {
        let base = tempfile::tempdir().unwrap();
        let dirs = JobDirs::create(base.path(), "build").unwrap();
        let again = JobDirs::create(base.path(), "build").unwrap();
        assert_ne!(dirs.root, again.root);
        assert!(
            dirs.root.file_name().unwrap().to_str().unwrap().starts_with(&hex::encode(Md5::digest(b"build")))
        );
        assert_eq!(fs::metadata(&dirs.run).unwrap().permissions().mode() & 0o777, 0o700);
        let deep = dirs.run.join("a/b");
        fs::create_dir_all(&deep).unwrap();
        fs::write(deep.join("f"), "x").unwrap();
        fs::write(base.path().join("outside"), "x").unwrap();
        std::os::unix::fs::symlink(base.path(), dirs.run.join("link")).unwrap();
        fs::set_permissions(&deep, fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(dirs.run.join("a"), fs::Permissions::from_mode(0o500)).unwrap();
        dirs.remove().await.unwrap();
        again.remove().await.unwrap();
        let left: Vec<_> = fs::read_dir(base.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["outside"]);
    }
}
