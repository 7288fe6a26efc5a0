//! Noticing that something in a working tree has changed.

use crate::{
    LocalError, Options,
    git::{Git, Repository},
};
use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// What the files looked like; differs as soon as one that git tracks or would track is another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(Vec<(PathBuf, Option<Look>)>);

/// The time of the last change of a file or its place and rights, to the nanosecond, and its size.
type Look = (i64, i64, u64);

impl Fingerprint {
    /// Looks at the files, also those of the repositories within this one. Whoever reads the files afterwards has read
    /// at least what this has seen: a change in between shows in the next fingerprint.
    ///
    /// # Errors
    /// git failed.
    pub fn take(repository: &Repository, options: &Options) -> Result<Self, LocalError> {
        let mut all = Vec::new();
        look(&repository.git()?, &repository.top, &mut all)?;
        // What a run has written is no reason for another one, whatever way leads there. A folder that is not there yet
        // has nothing in it.
        if let Some(own) = options.artifacts.as_ref().and_then(|own| own.canonicalize().ok()) {
            let top = repository.top.canonicalize().unwrap_or_else(|_| repository.top.clone());
            if own == top {
                let why = "with --watch the files of --artifacts need a folder of their own: \
                           at the top of the tree each would be a change";
                return Err(LocalError::Usage(why.into()));
            }
            let within = |path: &Path| path.strip_prefix(&repository.top).map(|p| top.join(p));
            all.retain(|(path, _)| {
                !within(path).is_ok_and(|path| path.starts_with(&own) && own.starts_with(&top))
            });
        }
        Ok(Self(all))
    }
}

fn look(git: &Git, top: &Path, all: &mut Vec<(PathBuf, Option<Look>)>) -> Result<(), LocalError> {
    for path in git.paths(&["ls-files", "-z", "-co", "--exclude-standard"])? {
        let path = top.join(path);
        let meta = std::fs::symlink_metadata(&path).ok();
        // git lists a directory only if it is a repository.
        if meta.as_ref().is_some_and(std::fs::Metadata::is_dir)
            && let Some(nested) = Repository::nested(&path)?
        {
            look(&nested.git()?, &nested.top, all)?;
        } else {
            let meta = meta.filter(|m| !m.is_dir());
            all.push((path, meta.map(|m| (m.ctime(), m.ctime_nsec(), m.size()))));
        }
    }
    Ok(())
}
