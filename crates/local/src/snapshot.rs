//! The working tree as a commit that jobs can clone.

use crate::{
    LocalError,
    git::{Git, Repository, fault},
    tree::{self, Store, Tree},
};
use std::{os::unix::ffi::OsStrExt, path::Path};

/// A bare repository with the working tree as its newest commit. It borrows the objects of the user's repositories,
/// and is removed with this value.
#[derive(Debug)]
pub struct Snapshot {
    dir: tempfile::TempDir,
    /// Branch of the working tree; a name of ours if there is none.
    pub branch: String,
    /// HEAD is at a commit, not at a branch.
    pub detached: bool,
    /// The commit: HEAD's if it has this very tree.
    pub hash: String,
    /// Its author's name.
    pub author: String,
    /// Its author's address.
    pub email: String,
    /// Its message.
    pub message: String,
    /// Whether the tree differs from HEAD.
    pub dirty: bool,
    /// What the user should know about it.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// Takes tracked changes and new files that are not ignored. The bare repository is made in `place`.
    ///
    /// # Errors
    /// git failed, or there is no room.
    pub fn take(repository: &Repository, place: &Path) -> Result<Self, LocalError> {
        let dir = tempfile::Builder::new().prefix("tree-").tempdir_in(place);
        let dir = dir.map_err(|e| fault("cannot make a temporary directory", e))?;
        let bare = dir.path();
        let theirs = repository.git()?;
        let format = format!("--object-format={}", theirs.text(&["rev-parse", "--show-object-format"])?);
        Git::at(bare)?.text(&["init", "-q", "--bare", "--template=", &format, "."])?;
        let ours = Git::at(bare)?.with("GIT_DIR", bare);
        let mut store = Store {
            objects: bare.join("objects"),
            borrowed: Vec::new(),
            scratch: bare.into(),
            notes: Vec::new(),
        };
        let tree = tree::read(repository, Path::new(""), &mut store)?;
        let lines: Vec<&[u8]> = store.borrowed.iter().map(|path| path.as_os_str().as_bytes()).collect();
        let written =
            std::fs::write(bare.join("objects/info/alternates"), [&lines.join(&b'\n')[..], b"\n"].concat());
        let shallow = std::fs::read(&repository.shallow).ok();
        let written =
            written.and_then(|()| shallow.map_or(Ok(()), |text| std::fs::write(bare.join("shallow"), text)));
        written.map_err(|e| fault("cannot write the snapshot", e))?;

        let head = theirs.text(&["rev-parse", "-q", "--verify", "HEAD"]).ok();
        // Not git's own short name, which is another one where a tag is called as the branch.
        let branch = theirs.text(&["symbolic-ref", "-q", "HEAD"]).unwrap_or_else(|_| "HEAD".into());
        let branch = branch.strip_prefix("refs/heads/").map_or(branch.clone(), String::from);
        let hash = match head {
            Some(head) if !tree.changed && !tree.joined => head,
            head => commit(&theirs, &ours, &tree, head.as_deref(), &branch)?,
        };
        let refs = ["for-each-ref", "--format=update %(refname) %(objectname)", "refs/heads", "refs/tags"];
        let mut refs = theirs.text(&refs)?;
        if !refs.is_empty() {
            refs.push('\n');
        }
        ours.fed(&["update-ref", "--stdin"], &refs)?;
        let detached = branch == "HEAD";
        // A clone needs a branch to check out.
        let branch = if detached { "cds-run".to_string() } else { branch };
        let full = format!("refs/heads/{branch}");
        ours.text(&["update-ref", &full, &hash])?;
        ours.text(&["symbolic-ref", "HEAD", &full])?;
        let shown = ours.text(&["log", "-1", "--no-show-signature", "--format=%an%n%ae%n%B", &hash])?;
        let mut lines = shown.splitn(3, '\n').map(|s| s.trim_end().to_string());
        let mut line = || lines.next().unwrap_or_default();
        let (author, email, message) = (line(), line(), line());
        Ok(Self {
            branch,
            detached,
            hash,
            author,
            email,
            message,
            dirty: tree.changed,
            notes: store.notes,
            dir,
        })
    }

    /// Lets a branch or tag, given by its full name, be the working tree.
    ///
    /// # Errors
    /// It is no name for one.
    pub fn stands_for(&self, full: &str) -> Result<(), LocalError> {
        let ours = Git::at(self.dir.path())?.with("GIT_DIR", self.dir.path());
        let valid = ours.text(&["check-ref-format", full]);
        valid.map_err(|_| {
            LocalError::Usage(format!("--payload names {full}, which git does not take as a name"))
        })?;
        ours.text(&["update-ref", full, &self.hash]).map(drop)
    }

    /// Where it can be cloned from.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}

/// A commit of the tree on top of HEAD. Of a tree that is HEAD's but for the repositories in it, it says what HEAD's
/// says; otherwise what it is.
fn commit(
    theirs: &Git,
    ours: &Git,
    tree: &Tree,
    head: Option<&str>,
    branch: &str,
) -> Result<String, LocalError> {
    let (mut message, mut git) = ("Working tree".to_string(), ours.clone());
    if let Some(head) = head {
        message.push_str(&format!(" on {branch} at {}", head.get(..7).unwrap_or(head)));
        if !tree.changed {
            let format = "--format=%an%n%ae%n%ad%n%B";
            let shown = theirs.text(&["log", "-1", "--no-show-signature", "--date=raw", format, head])?;
            let mut lines = shown.splitn(4, '\n');
            for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"] {
                git = git.with(name, lines.next().unwrap_or_default());
            }
            message = lines.next().unwrap_or_default().to_string();
        }
    }
    // Who has told git no name can run workflows too; the user's own settings are not those of our repository.
    let ident = theirs.text(&["var", "GIT_COMMITTER_IDENT"]).unwrap_or_default();
    let ident = ident.rsplit_once("> ").and_then(|(who, _)| who.split_once(" <"));
    let (name, email) = ident.unwrap_or(("cds", "cds@localhost"));
    let (name, email) = (format!("user.name={name}"), format!("user.email={email}"));
    let mut words = vec!["-c", &name, "-c", &email, "commit-tree", "--no-gpg-sign", &tree.id];
    if let Some(head) = head {
        words.extend(["-p", head]);
    }
    git.fed(&words, &message)
}
