//! The directories of a job (spec 9.1.3): made fresh, removed whatever was done to them.

use crate::steps::is_empty_script;
use md5::{Digest, Md5};
use rustix::fs::{Mode, OFlags};
use std::{
    ffi::OsString,
    fs, io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
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
    /// An empty script file that is there already.
    pub script: Option<PathBuf>,
    gnupg: Option<ShortHome>,
}

/// `GNUPGHOME` of a job whose `HOME` is too deep for the sockets of gpg's agent, whose paths end at 108 bytes: a short
/// name for a directory of the job's, which holds as long as this value. So nothing of it can stay when the worker is
/// killed and somebody else removes the job's directory.
#[derive(Debug)]
struct ShortHome {
    path: PathBuf,
    _dir: OwnedFd,
}

impl ShortHome {
    /// None = the real path is short enough, or the system has no such names.
    fn of(run: &Path, dir: &Path) -> Option<Self> {
        const DEEPEST: usize = 75;
        if run.as_os_str().len() <= DEEPEST {
            return None;
        }
        let open = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(dir, open, Mode::empty()).ok()?;
        let path = PathBuf::from(format!("/proc/{}/fd/{}", std::process::id(), dir.as_raw_fd()));
        path.is_dir().then_some(Self { path, _dir: dir })
    }
}

static UNIQUE: AtomicU64 = AtomicU64::new(0);

/// Names of the directories of a job.
const SUBS: [&str; 5] = ["run", "keys", "tmp", "hooks", "gpg"];

/// A job's empty directories, kept for the next job: on a journaling file system it costs more to make and
/// remove five directories than to start a shell.
#[derive(Debug)]
pub(crate) struct Spare {
    place: PathBuf,
    full: Mutex<Option<Kept>>,
}

/// What is kept besides the directories: the name of an empty script file among them.
#[derive(Debug)]
struct Kept(Option<OsString>);

impl Spare {
    /// Keeps them at `place`, which must not exist and must be on the file system of the base directory.
    pub fn new(place: PathBuf) -> Self {
        Self { place, full: Mutex::new(None) }
    }

    /// Removes what is kept.
    pub fn discard(&self) {
        if self.full().take().is_some() {
            let _ = remove_tree(&self.place);
        }
    }

    fn full(&self) -> MutexGuard<'_, Option<Kept>> {
        self.full.lock().unwrap_or_else(|e| e.into_inner())
    }

    /// Moves what is kept to `root`; the path of its script file there.
    fn take(&self, root: &Path) -> Option<Option<PathBuf>> {
        let mut full = self.full();
        // What lies there was checked when it was put there, and no job has run since.
        if full.is_none() || root.exists() || fs::rename(&self.place, root).is_err() {
            return None;
        }
        full.take().map(|Kept(script)| script.map(|name| root.join(name)))
    }

    fn put(&self, root: &Path, script: Option<&Path>) -> bool {
        let mut full = self.full();
        if full.is_some() || !untouched(root, script) || fs::rename(root, &self.place).is_err() {
            return false;
        }
        *full = Some(Kept(script.and_then(|path| path.file_name()).map(OsString::from)));
        true
    }
}

/// Whether a job's directories are as they were made, but for an empty script file.
fn untouched(root: &Path, script: Option<&Path>) -> bool {
    let private = |path: &Path| {
        path.symlink_metadata().is_ok_and(|m| {
            m.is_dir()
                && m.permissions().mode() & 0o7777 == 0o700
                && m.uid() == rustix::process::geteuid().as_raw()
        })
    };
    let count =
        |path: &Path| fs::read_dir(path).map_or(usize::MAX, |entries| entries.take(SUBS.len() + 2).count());
    private(root)
        && script.is_none_or(is_empty_script)
        && count(root) == SUBS.len() + usize::from(script.is_some())
        && SUBS.iter().map(|name| root.join(name)).all(|dir| private(&dir) && count(&dir) == 0)
}

impl JobDirs {
    /// Makes them, mode 0700.
    pub fn create(basedir: &Path, job_name: &str, spare: &Spare) -> io::Result<Self> {
        let hash = hex::encode(Md5::digest(job_name.as_bytes()));
        loop {
            let n = UNIQUE.fetch_add(1, Ordering::Relaxed);
            let root = basedir.join(format!("{hash}-{:x}-{n:x}", std::process::id()));
            let kept = spare.take(&root);
            if kept.is_none() {
                let mut builder = fs::DirBuilder::new();
                builder.mode(0o700);
                match builder.create(&root) {
                    // Left by a dead worker whose process id we have got.
                    Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
                    other => other?,
                }
                for name in SUBS {
                    builder.create(root.join(name))?;
                }
            }
            let sub = |name: &str| root.join(name);
            let gnupg = ShortHome::of(&sub("run"), &sub("gpg"));
            return Ok(Self {
                run: sub("run"),
                keys: sub("keys"),
                tmp: sub("tmp"),
                script: kept.flatten(),
                gnupg,
                root,
            });
        }
    }

    /// `GNUPGHOME` of the steps, if `HOME` won't do.
    pub fn gnupg_home(&self) -> Option<&Path> {
        self.gnupg.as_ref().map(|home| home.path.as_path())
    }

    /// Removes everything, or keeps it for the next job if nothing is in it.
    /// `script`: an empty script file, which may stay.
    pub async fn recycle(self, spare: &Spare, script: Option<PathBuf>) -> io::Result<()> {
        if spare.put(&self.root, script.as_deref()) { Ok(()) } else { self.remove().await }
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
        let spare = Spare::new(base.path().join("spare"));
        let dirs = JobDirs::create(base.path(), "build", &spare).unwrap();
        let again = JobDirs::create(base.path(), "build", &spare).unwrap();
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

    #[tokio::test]
    async fn only_untouched_directories_are_used_again() {
        let base = tempfile::tempdir().unwrap();
        let spare = Spare::new(base.path().join("spare"));
        let create = || JobDirs::create(base.path(), "build", &spare).unwrap();
        let inode = |dirs: &JobDirs| fs::metadata(&dirs.run).unwrap().ino();
        let first = create();
        let (path, number) = (first.root.clone(), inode(&first));
        first.recycle(&spare, None).await.unwrap();
        assert!(!path.exists());
        let second = create();
        assert_eq!(inode(&second), number);
        assert_ne!(second.root, path);
        fs::write(second.tmp.join(".hidden"), "x").unwrap();
        second.recycle(&spare, None).await.unwrap();
        assert!(!base.path().join("spare").exists());
        for spoil in [0, 1, 2] {
            let dirs = create();
            match spoil {
                0 => fs::set_permissions(&dirs.run, fs::Permissions::from_mode(0o755)).unwrap(),
                1 => fs::write(dirs.root.join("script"), "x").unwrap(),
                _ => {
                    fs::remove_dir(&dirs.keys).unwrap();
                    std::os::unix::fs::symlink("/", &dirs.keys).unwrap();
                }
            }
            dirs.recycle(&spare, None).await.unwrap();
            assert!(!base.path().join("spare").exists(), "{spoil}");
        }
    }
}
