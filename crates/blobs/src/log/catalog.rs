//! Which logs there are, where their files lie, and how those of a run go away.

use super::{
    LogError, LogKey, LogStream,
    entries::lock,
    pack::Pack,
    store::{LogStore, inline_or_blocking, sync_dir},
};
use cds_model::{Attempt, JobNo, RunId};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// Where the logs of a run are moved to be deleted.
pub const TRASH: &str = "trash";
/// The pack of small logs, of a run or (as earlier versions wrote it) of an attempt. It cannot clash: the files of
/// streams begin with `step-` or `service-`.
pub const SHARED: &str = "small.zlog";

/// Where a log can be.
pub struct Paths {
    /// Of the attempt.
    pub dir: PathBuf,
    pub data: PathBuf,
    pub index: PathBuf,
    pub pack: PathBuf,
    pub attempt_pack: PathBuf,
    pub run_pack: PathBuf,
}

impl LogStore {
    pub(super) fn run_dir(&self, run: RunId) -> PathBuf {
        // The end of the id is random; its beginning is a time, which would fill one directory at once.
        let name = run.to_string();
        self.inner.root.join(&name[name.len().saturating_sub(2)..]).join(name)
    }

    pub(super) fn paths(&self, key: &LogKey) -> Result<Paths, LogError> {
        let stem = key.step.file_stem()?;
        let run = self.run_dir(key.run);
        let dir = run.join(format!("{}-{}", key.job, key.attempt));
        let file = |suffix| dir.join(format!("{stem}.{suffix}"));
        Ok(Paths {
            data: file("log"),
            index: file("idx"),
            pack: file("zlog"),
            attempt_pack: dir.join(SHARED),
            run_pack: run.join(SHARED),
            dir,
        })
    }

    /// The logs of one attempt of a job, steps first, each kind in order.
    pub fn list(&self, run: RunId, job: JobNo, attempt: Attempt) -> Result<Vec<LogKey>, LogError> {
        let dir = self.run_dir(run);
        let path = dir.join(format!("{job}-{attempt}"));
        let mut streams: BTreeSet<LogStream> =
            self.inner.journal.of_attempt(run, job, attempt).into_iter().collect();
        streams.extend(with_suffix(&path, &[".log", ".zlog"])?);
        if let Some(pack) = Pack::open(&path.join(SHARED))? {
            streams.extend(pack.logs.into_iter().map(|log| log.stream));
        }
        if let Some(pack) = self.inner.packs.get(&dir.join(SHARED))? {
            let own = pack.logs.iter().filter(|l| l.of == Some((job, attempt)));
            streams.extend(own.map(|l| l.stream.clone()));
        }
        Ok(streams.into_iter().map(|step| LogKey { run, job, attempt, step }).collect())
    }

    /// The logs of a run that are plain files.
    pub(super) fn plain(&self, run: RunId) -> Result<Vec<LogKey>, LogError> {
        let dir = self.run_dir(run);
        let mut keys = Vec::new();
        for name in names(&dir)? {
            let attempt = name.split_once('-').and_then(|(j, a)| Some((j.parse().ok()?, a.parse().ok()?)));
            let Some((job, attempt)) = attempt else { continue };
            let streams = with_suffix(&dir.join(name), &[".log"])?;
            keys.extend(streams.into_iter().map(|step| LogKey { run, job, attempt, step }));
        }
        keys.sort();
        Ok(keys)
    }

    /// Removes every log of a run. Followers are told that it is gone. The run must have ended: a chunk
    /// that arrives later begins a new log.
    pub async fn delete_run(&self, run: RunId) -> Result<(), LogError> {
        let store = self.clone();
        inline_or_blocking(true, move || store.delete_run_now(run)).await
    }

    fn delete_run_now(&self, run: RunId) -> Result<(), LogError> {
        let what = "delete the logs of a run";
        // What is being packed would come back.
        let _one = lock(&self.inner.packing);
        let trash = self.inner.root.join(TRASH);
        fs::create_dir_all(&trash).map_err(LogError::io(what))?;
        let dir = self.run_dir(run);
        let target = trash.join(run.to_string());
        remove_tree(&target)?;
        self.inner.journal.delete_run(run)?;
        // One rename takes all files away at once; a crash in the middle of removing leaves no half run.
        match fs::rename(&dir, &target) {
            Ok(()) => dir.parent().map_or(Ok(()), sync_dir)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(LogError::io(what)(e)),
        }
        self.inner.packs.forget(&dir.join(SHARED));
        for (_, entry) in self.inner.entries.matching(|k| k.run == run) {
            self.inner.entries.forget(&entry, true);
        }
        lock(&self.inner.synced).retain(|synced| !synced.starts_with(&dir));
        remove_tree(&target)
    }
}

/// Names in a directory; none if there is no such directory.
fn names(dir: &Path) -> Result<Vec<String>, LogError> {
    let what = "list logs";
    let dir = match fs::read_dir(dir) {
        Ok(dir) => dir,
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(e) => return Err(LogError::io(what)(e)),
    };
    let mut names = Vec::new();
    for file in dir {
        // Other names are not ours.
        names.extend(file.map_err(LogError::io(what))?.file_name().into_string());
    }
    Ok(names)
}

/// The streams that have a file with one of these suffixes in a directory.
fn with_suffix(dir: &Path, suffixes: &[&str]) -> Result<Vec<LogStream>, LogError> {
    let stream = |name: &String| {
        let stem = suffixes.iter().find_map(|s| name.strip_suffix(s))?;
        LogStream::from_file_stem(stem)
    };
    Ok(names(dir)?.iter().filter_map(stream).collect())
}

/// Removes a directory with all that is in it, if it is there.
pub fn remove_tree(dir: &Path) -> Result<(), LogError> {
    match fs::remove_dir_all(dir) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(LogError::io("remove logs")(e)),
    }
}
