//! A working tree as a tree of git: tracked changes, new files that are not ignored, and the files of the repositories
//! within it.
//!
//! A submodule is taken as it lies there, changed or not, as a part of the tree. Its address is not asked: nobody may be
//! there to answer, and what was changed would be missing. The same goes for a clone that is no submodule.

use crate::{
    LocalError,
    git::{Git, Repository},
};
use std::{
    ffi::{OsStr, OsString},
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
};

/// Nothing of the user's may be started or written by adding files.
const QUIET: [&str; 4] = ["-c", "core.hooksPath=/dev/null", "-c", "core.splitIndex=false"];

/// Where what is read is written to.
#[derive(Debug)]
pub(crate) struct Store {
    /// Objects that no repository has yet.
    pub objects: PathBuf,
    /// Objects of the repositories that were read.
    pub borrowed: Vec<PathBuf>,
    /// For copies of indexes.
    pub scratch: PathBuf,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A working tree that was read.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Name of the object.
    pub id: String,
    /// It differs from the last commit.
    pub changed: bool,
    /// It is made of several repositories, so that no commit has this tree.
    pub joined: bool,
}

impl Store {
    /// Git in a repository with this index, which writes here and finds here what was read.
    fn git(&self, repository: &Repository, index: &Path) -> Result<Git, LocalError> {
        let git = repository.git()?.with("GIT_INDEX_FILE", index);
        let git = git.with("GIT_OBJECT_DIRECTORY", &self.objects);
        Ok(git.with("GIT_ALTERNATE_OBJECT_DIRECTORIES", search_path(&self.borrowed)))
    }
}

/// Reads a working tree into the store. `place` is where it lies in the outermost one.
pub(crate) fn read(repository: &Repository, place: &Path, store: &mut Store) -> Result<Tree, LocalError> {
    store.borrowed.push(repository.objects.clone());
    // A copy of the index spares git from reading files that have not changed.
    let index = store.scratch.join(format!("index-{}", store.borrowed.len()));
    let _ = std::fs::copy(&repository.index, &index);
    let git = store.git(repository, &index)?;
    let run = |words: &[&str], input: &[u8]| git.bytes(&[&QUIET[..], words].concat(), input);
    run(&["add", "-u"], b"")?;
    let new = git.paths(&["ls-files", "-z", "-o", "--exclude-standard"])?;
    // Of directories only those are listed that are repositories.
    let (clones, files): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|path| path.as_os_str().as_bytes().ends_with(b"/"));
    run(&["update-index", "--add", "--remove", "--replace", "-z", "--stdin"], &list(&files))?;
    let mut id = git.text(&["write-tree"])?;
    let head = git.text(&["rev-parse", "-q", "--verify", "HEAD^{tree}"]).ok();
    let mut changed = head.as_ref() != Some(&id) || !clones.is_empty();

    let submodules = links(&git.bytes(&["ls-files", "-s", "-z"], b"")?);
    let joined = !submodules.is_empty() || !clones.is_empty();
    if joined {
        run(&["update-index", "--force-remove", "-z", "--stdin"], &list(&submodules))?;
        for path in submodules.iter().chain(&clones) {
            let place = place.join(path);
            match Repository::nested(&repository.top.join(path))? {
                Some(nested) => {
                    let part = read(&nested, &place, store)?;
                    changed |= part.changed;
                    put(&store.git(repository, &index)?, path, &part.id)?;
                }
                None => store.notes.push(format!(
                    "submodule {0} is not checked out, so the run has no files of it; \
                     `git submodule update --init {0}` brings them",
                    place.display()
                )),
            }
        }
        store.notes.extend(clones.iter().map(|path| {
            let path = place.join(path);
            format!("{} is a repository of its own: its files are part of the run", path.display())
        }));
        id = store.git(repository, &index)?.text(&["write-tree"])?;
    }
    let _ = std::fs::remove_file(&index);
    Ok(Tree { id, changed, joined })
}

/// Makes a tree a directory of the index.
fn put(git: &Git, path: &Path, tree: &str) -> Result<(), LocalError> {
    let mut prefix = OsString::from("--prefix=");
    prefix.push(path.as_os_str());
    if !path.as_os_str().as_bytes().ends_with(b"/") {
        prefix.push("/");
    }
    git.bytes(&["read-tree".into(), prefix, OsString::from(tree)], b"").map(drop)
}

/// Paths of the submodules in a listing of an index: `160000 <commit> <stage>\t<path>`.
fn links(listing: &[u8]) -> Vec<PathBuf> {
    let entries = listing.split(|b| *b == 0).filter(|entry| entry.starts_with(b"160000 "));
    let paths = entries.filter_map(|entry| entry.splitn(2, |b| *b == b'\t').nth(1));
    paths.map(|path| OsStr::from_bytes(path).into()).collect()
}

/// Paths as git reads them with `-z`.
fn list(paths: &[PathBuf]) -> Vec<u8> {
    paths.iter().flat_map(|path| path.as_os_str().as_bytes().iter().copied().chain([0])).collect()
}

/// Directories as one variable; what would be taken for the mark between two of them is quoted, as git wants it.
fn search_path(directories: &[PathBuf]) -> OsString {
    let quoted = |path: &PathBuf| {
        let bytes = path.as_os_str().as_bytes();
        if !bytes.iter().any(|b| matches!(b, b':' | b'"' | b'\\')) {
            return bytes.to_vec();
        }
        let escaped = bytes.iter().flat_map(|b| match b {
            b'"' | b'\\' => vec![b'\\', *b],
            b => vec![*b],
        });
        [b'"'].into_iter().chain(escaped).chain([b'"']).collect()
    };
    OsString::from_vec(directories.iter().map(quoted).collect::<Vec<_>>().join(&b':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_submodules_are_links() {
        let listing = b"100644 aaaa 0\ta file\x00160000 bbbb 0\tlib\twith tab\x00120000 cccc 0\t160000 \x00";
        assert_eq!(links(listing), [PathBuf::from("lib\twith tab")]);
    }

    #[test]
    fn directories_with_marks_in_their_names_are_quoted() {
        let directories = ["/plain dir", r#"/a:b"c\d"#].map(PathBuf::from);
        assert_eq!(search_path(&directories), OsString::from(r#"/plain dir:"/a:b\"c\\d""#));
    }
}
