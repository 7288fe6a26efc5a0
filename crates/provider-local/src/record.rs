//! What survives a restart of the hatchery: one small file for each worker.

use cds_model::WorkerId;
use cds_process::ProcId;
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// A worker that was ordered and not yet forgotten. Written before its process is started, so that no process can
/// exist without one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Whose.
    pub worker: WorkerId,
    /// The worker's name.
    pub name: String,
    /// Its process; `None` until it is known.
    #[serde(default)]
    pub process: Option<ProcId>,
    /// The run of the machine in which that process number means something.
    #[serde(default)]
    pub boot: String,
}

/// The directories of a local provider.
#[derive(Clone, Debug)]
pub(crate) struct Places(pub PathBuf);

impl Places {
    /// Makes them.
    pub fn create(&self) -> io::Result<()> {
        for dir in ["workers", "state", "logs"] {
            fs::create_dir_all(self.0.join(dir))?;
        }
        Ok(())
    }
    /// Where a worker works; removed after its end.
    pub fn base(&self, worker: WorkerId) -> PathBuf {
        self.0.join("workers").join(worker.to_string())
    }
    /// What a worker prints about itself.
    pub fn log(&self, worker: WorkerId) -> PathBuf {
        self.0.join("logs").join(format!("{worker}.log"))
    }
    fn file(&self, worker: WorkerId) -> PathBuf {
        self.0.join("state").join(format!("{worker}.json"))
    }
    /// Writes a record as a whole or not at all.
    pub fn save(&self, record: &Record) -> io::Result<()> {
        let file = self.file(record.worker);
        let draft = file.with_extension("new");
        fs::write(&draft, serde_json::to_vec(record).map_err(io::Error::other)?)?;
        fs::rename(draft, file)
    }
    /// Forgets a worker and everything on disk of it.
    pub fn forget(&self, worker: WorkerId) -> io::Result<()> {
        remove_tree(&self.base(worker))?;
        absent_is_fine(fs::remove_file(self.log(worker)))?;
        absent_is_fine(fs::remove_file(self.file(worker)))
    }
    /// Every record. A file that cannot be read is left out with a warning: it must not keep the others from
    /// being found.
    pub fn load(&self) -> io::Result<Vec<Record>> {
        let mut records = Vec::new();
        for entry in fs::read_dir(self.0.join("state"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "json") {
                let read = fs::read(&path).and_then(|b| serde_json::from_slice(&b).map_err(io::Error::other));
                match read {
                    Ok(record) => records.push(record),
                    Err(error) => tracing::warn!(path = %path.display(), %error, "unreadable worker record"),
                }
            }
        }
        Ok(records)
    }
}

/// Names this run of the machine.
pub(crate) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_string()
}

/// Removes a directory with everything in it, also directories that were made unreadable. Nothing if it is not there.
///
/// # Errors
/// Something in it cannot be removed.
pub fn remove_tree(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open_up(dir);
            absent_is_fine(fs::remove_dir_all(dir))
        }
        other => absent_is_fine(other),
    }
}

/// Jobs leave read-only directories behind (module caches of some languages do so on purpose).
fn open_up(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(dir, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            open_up(&entry.path());
        }
    }
}

fn absent_is_fine(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_and_bad_files_do_no_harm() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places(dir.path().into());
        places.create().unwrap();
        let process = Some(ProcId { pid: 7, start: 9 });
        let record = Record { worker: WorkerId::new(), name: "w".into(), process, boot: boot_id() };
        places.save(&record).unwrap();
        fs::write(dir.path().join("state/broken.json"), "{").unwrap();
        assert_eq!(places.load().unwrap(), std::slice::from_ref(&record));
        places.forget(record.worker).unwrap();
        places.forget(record.worker).unwrap();
        assert_eq!(places.load().unwrap(), []);
    }

    #[test]
    fn closed_directories_are_removed() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let closed = dir.path().join("a/b");
        fs::create_dir_all(&closed).unwrap();
        fs::write(closed.join("file"), "x").unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
        remove_tree(&dir.path().join("a")).unwrap();
        assert!(!dir.path().join("a").exists());
    }
}
