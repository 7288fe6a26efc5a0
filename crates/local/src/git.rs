//! Running git, and where a repository has its things.
//!
//! A hook of git, `git rebase --exec` and the like say in the environment which repository, index and objects they are
//! about. Every git that is started here would follow them, also one that writes into a repository of ours: so they
//! are taken away, and each git is told its repository.

use crate::LocalError;
use std::{
    ffi::{OsStr, OsString},
    io::Write,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

/// What git itself does not count among the variables of a repository, and what would yet change what is done here.
const FURTHER: [&str; 6] = [
    "GIT_NAMESPACE",
    "GIT_QUARANTINE_PATH",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

pub(crate) fn fault(what: &str, why: impl std::fmt::Display) -> LocalError {
    LocalError::Usage(format!("{what}: {why}"))
}

/// Names of the variables that tie a git to one repository, as this machine's git lists them.
///
/// # Errors
/// There is no git.
pub fn repository_variables() -> Result<&'static [String], LocalError> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    if NAMES.get().is_none() {
        let listed = Git::inheriting(Path::new("/")).text(&["rev-parse", "--local-env-vars"])?;
        let names = listed.lines().chain(FURTHER).map(String::from).collect();
        let _ = NAMES.set(names);
    }
    Ok(NAMES.get().map(Vec::as_slice).unwrap_or_default())
}

/// How git is started: in a directory, with an environment.
#[derive(Clone, Debug)]
pub(crate) struct Git {
    directory: PathBuf,
    removed: Vec<String>,
    set: Vec<(&'static str, OsString)>,
}

impl Git {
    /// With the whole environment of this process: for finding the user's repository only.
    fn inheriting(directory: &Path) -> Self {
        Self { directory: directory.into(), removed: Vec::new(), set: Vec::new() }
    }

    /// In the repository that the directory is in, whatever the environment says.
    pub fn at(directory: &Path) -> Result<Self, LocalError> {
        let removed = repository_variables()?.to_vec();
        // Reading must not write either: some commands would refresh the index.
        let set = vec![("GIT_OPTIONAL_LOCKS", "0".into())];
        Ok(Self { directory: directory.into(), removed, set })
    }

    /// With a variable more.
    pub fn with(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.set.push((name, value.into()));
        self
    }

    /// Output as it is.
    pub fn bytes<A: AsRef<OsStr>>(&self, args: &[A], input: &[u8]) -> Result<Vec<u8>, LocalError> {
        let words: Vec<_> = args.iter().map(|a| a.as_ref().to_string_lossy()).collect();
        let what = format!("git {}", words.join(" "));
        let mut command = Command::new("git");
        command.current_dir(&self.directory).args(args);
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.set.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let _mine = cds_process::orphans::starting();
        let mut child = command.spawn().map_err(|e| fault(&what, e))?;
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            // Beside reading: git may print before it has read everything.
            scope.spawn(move || {
                // A git that does not read its input says why in its status.
                let _ = stdin.map(|mut stdin| stdin.write_all(input));
            });
            child.wait_with_output()
        });
        let output = output.map_err(|e| fault(&what, e))?;
        if !output.status.success() {
            return Err(fault(&what, String::from_utf8_lossy(&output.stderr).trim()));
        }
        Ok(output.stdout)
    }

    /// Output as text, without the last line end.
    pub fn text<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<String, LocalError> {
        self.fed(args, "")
    }

    /// The same, with an input.
    pub fn fed<A: AsRef<OsStr>>(&self, args: &[A], input: &str) -> Result<String, LocalError> {
        let output = self.bytes(args, input.as_bytes())?;
        Ok(String::from_utf8_lossy(&output).trim_end_matches('\n').to_string())
    }

    /// Paths that end with a zero byte each.
    pub fn paths(&self, args: &[&str]) -> Result<Vec<PathBuf>, LocalError> {
        let output = self.bytes(args, b"")?;
        Ok(output.split(|b| *b == 0).filter(|p| !p.is_empty()).map(|p| OsStr::from_bytes(p).into()).collect())
    }
}

/// A repository of the user with its working tree. Only read.
#[derive(Clone, Debug)]
pub struct Repository {
    /// Top of the working tree.
    pub top: PathBuf,
    data: PathBuf,
    /// Where its objects are.
    pub(crate) objects: PathBuf,
    /// Its index; may be missing.
    pub(crate) index: PathBuf,
    /// Where its history ends, if it is not whole; may be missing.
    pub(crate) shallow: PathBuf,
}

impl Repository {
    /// The repository whose working tree a directory is in.
    ///
    /// # Errors
    /// It is in none.
    pub fn find(directory: &Path) -> Result<Self, LocalError> {
        // A repository that does not lie around its working tree can only be known from the environment. Otherwise
        // the directory says it better: with GIT_DIR alone git would take every directory for a top.
        let told = std::env::var_os("GIT_WORK_TREE").is_some_and(|v| !v.is_empty());
        let around = if told { None } else { Self::of(&Git::at(directory)?).ok() };
        around.map_or_else(|| Self::of(&Git::inheriting(directory)), Ok).map_err(|error| {
            let place = directory.display();
            LocalError::Usage(format!(
                "cds run needs the working tree of a git repository, and {place} is in none ({error})"
            ))
        })
    }

    /// The repository whose top is this directory, if there is one: a submodule or a clone within another.
    pub fn nested(top: &Path) -> Result<Option<Self>, LocalError> {
        // Without it git would find the repository around.
        if std::fs::symlink_metadata(top.join(".git")).is_err() {
            return Ok(None);
        }
        Self::of(&Git::at(top)?).map(Some)
    }

    fn of(git: &Git) -> Result<Self, LocalError> {
        let list = "rev-parse --path-format=absolute --show-toplevel --absolute-git-dir \
                    --git-path objects --git-path index --git-path shallow";
        let output = git.bytes(&list.split_ascii_whitespace().collect::<Vec<_>>(), b"")?;
        let lines: Vec<&[u8]> =
            output.strip_suffix(b"\n").unwrap_or(&output).split(|b| *b == b'\n').collect();
        let [top, data, objects, index, shallow] = lines[..] else {
            // git itself can't clone from what borrows objects of such a place.
            let why = "its path has a line end in it, which cds run cannot deal with: move it elsewhere";
            return Err(fault("the repository", why));
        };
        let path = |line: &[u8]| PathBuf::from(OsString::from_vec(line.to_vec()));
        Ok(Self {
            top: path(top),
            data: path(data),
            objects: path(objects),
            index: path(index),
            shallow: path(shallow),
        })
    }

    /// Git in this repository.
    pub(crate) fn git(&self) -> Result<Git, LocalError> {
        let mut git = Git::at(&self.top)?.with("GIT_DIR", &self.data).with("GIT_WORK_TREE", &self.top);
        // What the user configures by the environment holds for the user's repository, and is no repository.
        git.removed.retain(|name| name != "GIT_CONFIG_PARAMETERS" && name != "GIT_CONFIG_COUNT");
        Ok(git)
    }
}
