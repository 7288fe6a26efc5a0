//! The directory of one `cds run`: server, workers and the copy of the working tree. Whatever ends the program, nothing
//! of it stays: if it cannot remove the directory itself, the next one does.

use crate::lock::{DirLock, lock};
use anyhow::Context;
use cds_process::ProcId;
use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Duration,
};

/// How its name begins; then come process id and start of its owner, so that it is known whether it lives.
const PREFIX: &str = "cds-run-of-";

/// How long jobs of a killed program may take to end: they are asked to, and killed after 5 s (`kill_grace_ms`).
const GRACE: Duration = Duration::from_secs(10);

/// The directory, ours for as long as this value lives.
#[derive(Debug)]
pub(super) struct Home {
    path: PathBuf,
    _lock: DirLock,
}

impl Home {
    /// Makes one, and removes those of the dead.
    pub fn make() -> anyhow::Result<Self> {
        Self::make_in(&std::env::temp_dir())
    }

    fn make_in(place: &Path) -> anyhow::Result<Self> {
        sweep(place);
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let start = ProcId::of(pid).map_or(0, |me| me.start);
        let made = tempfile::Builder::new().prefix(&format!("{PREFIX}{pid}-{start}-")).tempdir_in(place);
        let made = made.with_context(|| format!("cannot make a directory in {}", place.display()))?;
        let lock = lock(made.path())?;
        Ok(Self { path: made.keep(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, also what jobs have closed.
    pub fn remove(self) {
        if let Err(error) = cds_provider_local::remove_tree(&self.path) {
            super::tell(format!(
                "cannot remove {}: {error}; the next cds run tries it again",
                self.path.display()
            ));
        }
    }
}

/// Removes the directories of programs that were killed, and ends what they have left at work.
fn sweep(place: &Path) {
    let me = rustix::process::geteuid().as_raw();
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(owner) else { continue };
        let ours = entry.path().symlink_metadata().is_ok_and(|m| m.is_dir() && m.uid() == me);
        // The lock says it across containers too, which do not see each other's processes.
        if !ours || owner.lives() {
            continue;
        }
        let Ok(_lock) = lock(&entry.path()) else { continue };
        let cleared = cds_provider_local::clear(&entry.path().join("workers"), GRACE, || {
            super::tell("A cds run that was killed has left jobs at work: waiting for their end");
        });
        if let Err(error) = cleared.and_then(|()| cds_provider_local::remove_tree(&entry.path())) {
            tracing::warn!(path = %entry.path().display(), %error, "cannot remove what a killed cds run has left");
        }
    }
}

/// Whose directory it is by its name.
fn owner(name: &str) -> Option<ProcId> {
    let mut parts = name.strip_prefix(PREFIX)?.split('-');
    Some(ProcId { pid: parts.next()?.parse().ok()?, start: parts.next()?.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_dead_have_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        let make = |name: &str| {
            let path = place.path().join(name);
            fs::create_dir_all(path.join("workers/state")).unwrap();
            fs::create_dir_all(path.join("tree-1/objects")).unwrap();
            path
        };
        let left = make(&format!("{PREFIX}{dead}-1-abc"));
        let other = make("cds-run-of-somebody");
        let used = make(&format!("{PREFIX}{dead}-1-used"));
        // Its owner is not seen from here, but holds the lock.
        let _lock = lock(&used).unwrap();
        let mine = Home::make_in(place.path()).unwrap();
        let again = Home::make_in(place.path()).unwrap();
        assert!(!left.exists() && other.exists() && used.exists());
        assert!(mine.path().exists() && again.path().exists());
        mine.remove();
        again.remove();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
    }
}
