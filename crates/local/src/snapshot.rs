//! The working tree as a commit that jobs can clone.

use crate::LocalError;
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::SystemTime,
};

/// A bare repository with the working tree as its newest commit. It borrows the objects of the user's repository,
/// and is removed with this value.
#[derive(Debug)]
pub struct Snapshot {
    dir: tempfile::TempDir,
    /// Branch of the working tree; a name of ours if there is none.
    pub branch: String,
    /// HEAD is at a commit, not at a branch.
    pub detached: bool,
    /// The commit: HEAD's if nothing is changed.
    pub hash: String,
    /// Its author's name.
    pub author: String,
    /// Its author's address.
    pub email: String,
    /// Its message.
    pub message: String,
    /// Whether the tree differs from HEAD.
    pub dirty: bool,
}

fn fault(what: &str, why: impl std::fmt::Display) -> LocalError {
    LocalError::Usage(format!("{what}: {why}"))
}

/// Runs git in a directory and gives its output without the last line end.
pub(crate) fn git(
    dir: &Path,
    env: &[(&str, &Path)],
    args: &[&str],
    input: &str,
) -> Result<String, LocalError> {
    let what = format!("git {}", args.join(" "));
    let mut command = Command::new("git");
    command.current_dir(dir).args(args).envs(env.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| fault(&what, e))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A git that does not read its input says why in its status.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|e| fault(&what, e))?;
    if !output.status.success() {
        return Err(fault(&what, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_string())
}

/// The top of the working tree that a directory is in.
///
/// # Errors
/// It is in none.
pub fn toplevel(directory: &Path) -> Result<PathBuf, LocalError> {
    Ok(git(directory, &[], &["rev-parse", "--show-toplevel"], "")?.into())
}

/// Changes whenever a file that git tracks or would track changes.
///
/// # Errors
/// git failed.
pub fn fingerprint(top: &Path) -> Result<Vec<(String, Option<SystemTime>)>, LocalError> {
    let files = git(top, &[], &["ls-files", "-z", "-co", "--exclude-standard"], "")?;
    let time = |name: &str| std::fs::symlink_metadata(top.join(name)).and_then(|m| m.modified()).ok();
    Ok(files.split('\0').filter(|n| !n.is_empty()).map(|n| (n.to_string(), time(n))).collect())
}

impl Snapshot {
    /// Takes tracked changes and new files that are not ignored.
    ///
    /// # Errors
    /// git failed, or there is no room.
    pub fn take(top: &Path) -> Result<Self, LocalError> {
        let dir = tempfile::Builder::new().prefix("cds-run-tree-").tempdir();
        let dir = dir.map_err(|e| fault("cannot make a temporary directory", e))?;
        let bare = dir.path();
        git(bare, &[], &["init", "-q", "--bare", "."], "")?;
        let absolute = |what: &str| {
            git(top, &[], &["rev-parse", "--path-format=absolute", "--git-path", what], "").map(PathBuf::from)
        };
        let theirs = absolute("objects")?;
        let write = |name: &str, text: String| {
            std::fs::write(bare.join(name), text).map_err(|e| fault("cannot write the snapshot", e))
        };
        write("objects/info/alternates", format!("{}\n", theirs.display()))?;
        if let Ok(shallow) = std::fs::read_to_string(absolute("shallow")?) {
            write("shallow", shallow)?;
        }
        // A copy of the index spares git from reading files that have not changed.
        let index = bare.join("cds-index");
        let _ = std::fs::copy(absolute("index")?, &index);
        let objects = bare.join("objects");
        let env: [(&str, &Path); 3] = [
            ("GIT_INDEX_FILE", &index),
            ("GIT_OBJECT_DIRECTORY", &objects),
            ("GIT_ALTERNATE_OBJECT_DIRECTORIES", &theirs),
        ];
        git(top, &env, &["add", "-A"], "")?;
        let tree = git(top, &env, &["write-tree"], "")?;
        let _ = std::fs::remove_file(&index);

        let head = git(top, &[], &["rev-parse", "-q", "--verify", "HEAD"], "").ok();
        let branch = git(top, &[], &["symbolic-ref", "--short", "-q", "HEAD"], "");
        let branch = branch.unwrap_or_else(|_| "HEAD".into());
        let same = head.is_some() && git(top, &[], &["rev-parse", "HEAD^{tree}"], "")? == tree;
        let hash = match &head {
            Some(head) if same => head.clone(),
            _ => {
                let message = match &head {
                    Some(head) => format!("Working tree on {branch} at {}", head.get(..7).unwrap_or(head)),
                    None => "Working tree".to_string(),
                };
                let mut args = vec!["commit-tree", "--no-gpg-sign", &tree, "-m", &message];
                if let Some(head) = &head {
                    args.extend(["-p", head]);
                }
                // Who has told git no name can run workflows too.
                let named = git(top, &[], &["var", "GIT_AUTHOR_IDENT"], "").is_ok();
                let nobody = ["-c", "user.name=cds", "-c", "user.email=cds@localhost"];
                let args = if named { args } else { nobody.into_iter().chain(args).collect() };
                git(top, &env, &args, "")?
            }
        };
        let refs = git(
            top,
            &[],
            &["for-each-ref", "--format=update %(refname) %(objectname)", "refs/heads", "refs/tags"],
            "",
        )?;
        git(bare, &[], &["update-ref", "--stdin"], format!("{refs}\n").replace("\n\n", "\n").trim_start())?;
        let detached = branch == "HEAD";
        // A clone needs a branch to check out.
        let name = if detached { "cds-run" } else { &branch };
        let full = format!("refs/heads/{name}");
        git(bare, &[], &["update-ref", &full, &hash], "")?;
        git(bare, &[], &["symbolic-ref", "HEAD", &full], "")?;
        let shown = git(bare, &[], &["log", "-1", "--format=%an%n%ae%n%B", &hash], "")?;
        let mut lines = shown.splitn(3, '\n').map(|s| s.trim_end().to_string());
        let mut line = || lines.next().unwrap_or_default();
        let (author, email, message) = (line(), line(), line());
        let branch = name.to_string();
        Ok(Self { branch, detached, hash, author, email, message, dirty: !same, dir })
    }

    /// Where it can be cloned from.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}
