//! Everything that is known before there is a server.

use crate::{
    LocalError, Options, Snapshot,
    files::{self, Definitions},
    git::Repository,
};
use cds_workflow::{def::Application, parse::File};
use serde_json::{Map, Value};
use std::path::Path;

/// A workflow, the tree it runs on, and its payload.
#[derive(Debug)]
pub struct Plan {
    pub(crate) definitions: Definitions,
    pub(crate) snapshot: Snapshot,
    pub(crate) payload: Value,
    /// What to tell the user before the run.
    pub notes: Vec<String>,
}

impl Plan {
    /// Reads the files, checks them, and takes the working tree; the copy is made in `place`.
    ///
    /// # Errors
    /// What is wrong with usage or files, with its places.
    pub fn read(repository: &Repository, options: &Options, place: &Path) -> Result<Self, LocalError> {
        let top = &repository.top;
        let given = given(options)?;
        let mut definitions = files::read(top, options)?;
        let snapshot = Snapshot::take(repository, place)?;
        let mut notes = definitions.warnings.clone();
        notes.extend(snapshot.notes.iter().cloned());
        let root = definitions.workflow.nodes.first().map(|n| n.application.clone()).unwrap_or_default();
        let remotes = repository.git()?.text(&["config", "--get-regexp", r"^remote\..*\.url$"]);
        let remotes = remotes.unwrap_or_default();
        for (_, file) in &mut definitions.others {
            let File::Application(app) = file else { continue };
            let own = app.name == root || app.repo.is_empty() || same_name(&remotes, &app.repo, top);
            if own {
                point_at(app, snapshot.path());
            } else {
                notes.push(format!(
                    "application {} is of another repository, {}: taken from there",
                    app.name, app.repo
                ));
            }
        }
        // As on a server: what is given takes the place of the definition's default. What it does not say of git, the
        // working tree says.
        let node = definitions.workflow.nodes.first().filter(|_| given.is_none());
        let default = node.into_iter().flat_map(|node| &node.payload);
        let mut payload: Map<_, _> = default.map(|(k, v)| (k.to_lowercase(), v.clone())).collect();
        let given = given.unwrap_or_default();
        // A branch or tag that is given is the working tree under another name; a commit that is given is that commit.
        if !given.contains_key("git.hash") {
            for (key, refs) in [("git.branch", "refs/heads"), ("git.tag", "refs/tags")] {
                let name = given.get(key).and_then(Value::as_str).filter(|name| !name.is_empty());
                if let Some(name) = name.filter(|name| *name != snapshot.branch || key == "git.tag") {
                    snapshot.stands_for(&format!("{refs}/{name}"))?;
                    let kind = key.trim_start_matches("git.");
                    notes.push(format!("the working tree is taken for {kind} {name}"));
                }
            }
        }
        let mut set = |name: &str, value: &str| drop(payload.insert(name.into(), value.into()));
        if !given.contains_key("git.tag") {
            set("git.branch", &snapshot.branch);
        }
        set("git.hash", &snapshot.hash);
        set("git.author", &snapshot.author);
        set("git.author.email", &snapshot.email);
        set("git.message", &snapshot.message);
        if root.is_empty() {
            let path = snapshot.path().display().to_string();
            set("git.url", &path);
            set("git.http_url", &path);
        }
        payload.extend(given);
        Ok(Self { definitions, snapshot, payload: Value::Object(payload), notes })
    }

    /// Name of the workflow.
    pub fn workflow(&self) -> &str {
        &self.definitions.workflow.name
    }

    /// One line about what is run.
    pub fn title(&self) -> String {
        let hash = self.snapshot.hash.get(..7).unwrap_or(&self.snapshot.hash);
        let what = if self.snapshot.dirty { "with uncommitted changes" } else { "without changes" };
        let of = if self.snapshot.detached { "a detached HEAD" } else { &self.snapshot.branch };
        format!("{}: working tree of {of} {what}, as {hash}", self.workflow())
    }
}

/// The payload of the command line, flattened as the server would.
fn given(options: &Options) -> Result<Option<Map<String, Value>>, LocalError> {
    let Some(text) = &options.payload else { return Ok(None) };
    let bad =
        |why: String| LocalError::Usage(format!("--payload {why}, e.g. -d '{{\"git.branch\":\"main\"}}'"));
    let value: Value = serde_json::from_str(text).map_err(|e| bad(format!("is not JSON: {e}")))?;
    if !value.is_object() {
        return Err(bad("must be a JSON object".into()));
    }
    let flat = cds_expr::dump::flatten(&value, true).map_err(|e| bad(format!("cannot be used: {e}")))?;
    let given = |key: &str| flat.get(key).is_some_and(|v| !v.is_empty());
    if given("git.branch") && given("git.tag") {
        return Err(bad("gives both git.branch and git.tag: give one of them".into()));
    }
    Ok(Some(flat.into_iter().map(|(k, v)| (k, Value::from(v))).collect()))
}

/// Last part of an address or path, without `.git`.
fn name_of(repo: &str) -> String {
    let repo = repo.trim_end_matches('/');
    let last = repo.rsplit(['/', ':']).next().unwrap_or(repo);
    last.strip_suffix(".git").unwrap_or(last).to_lowercase()
}

fn same_name(remotes: &str, repo: &str, top: &Path) -> bool {
    let wanted = name_of(repo);
    let mut own = remotes.lines().filter_map(|line| line.split_once(' ')).map(|(_, url)| name_of(url));
    Path::new(repo) == top || own.any(|name| name == wanted)
}

fn point_at(app: &mut Application, path: &Path) {
    app.repo = path.display().to_string();
    // A repository counts only together with a server.
    app.vcs_server = "local".into();
    app.vcs_connection_type = "https".into();
    app.vcs_ssh_key.clear();
    app.vcs_user.clear();
    app.vcs_password.clear();
}
