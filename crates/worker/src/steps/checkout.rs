//! CheckoutApplication and GitClone (spec 9.7, 9.8).

use super::{
    Step,
    git::{Git, Remote, plain_argument},
    git_info::{self, Wanted},
};
use std::path::PathBuf;

/// What to clone, and how.
struct Clone {
    remote: Remote,
    /// Below the workspace unless absolute; empty = git's default.
    directory: String,
    branch: String,
    commit: String,
    tag: String,
    /// `None` = the whole history.
    depth: Option<u32>,
    submodules: bool,
    /// Fetch the history for a description if the shallow one has none.
    forced_describe: bool,
}

/// Still a template, because the variable is unknown.
fn unresolved(text: &str) -> bool {
    text.contains("{{") && text.contains("}}")
}

pub(super) async fn checkout_application(step: &Step<'_>) -> Result<(), String> {
    let remote = Remote::of_application(step.job)?;
    let (branch, commit, tag) = {
        let vars = step.job.vars();
        let mut branch = vars.text("git.branch").to_string();
        let tag = Some(vars.text("git.tag")).filter(|t| !unresolved(t)).unwrap_or_default().to_string();
        if (branch.is_empty() || unresolved(&branch)) && tag.is_empty() {
            branch = vars.text("git.default_branch").to_string();
        }
        let commit = Some(vars.text("git.hash")).filter(|t| !unresolved(t)).unwrap_or_default().to_string();
        (branch, commit, tag)
    };
    let directory = step.parameter("directory").to_string();
    clone(
        step,
        Clone {
            remote,
            directory,
            branch,
            commit,
            tag,
            depth: Some(50),
            submodules: true,
            forced_describe: true,
        },
    )
    .await
}

pub(super) async fn git_clone(step: &Step<'_>) -> Result<(), String> {
    let p = |name: &str| step.parameter(name).trim().to_string();
    let depth = match p("depth").as_str() {
        "" => Some(50),
        "false" => None,
        text => Some(text.parse::<u32>().map_err(|_| {
            format!("invalid depth value '{text}'. It must be empty (50 commits), false (all) or a number of commits")
        })?),
    };
    let (url, user, password, key) = (p("url"), p("user"), p("password"), p("privateKey"));
    let remote = if url.is_empty() && user.is_empty() && password.is_empty() && key.is_empty() {
        Remote::of_application(step.job)?
    } else {
        let http = url.starts_with("https://") || url.starts_with("http://");
        let local = url.starts_with('/') || url.starts_with("file://");
        if !key.is_empty() && super::git::private_key(step.job, &key).is_none() {
            return Err(format!("unknown key \"{key}\""));
        }
        if key.is_empty() && !http && !local {
            return Err("SSH Key not found. Unable to perform git clone".into());
        }
        Remote { url, key, user, password }
    };
    let mut branch = p("branch");
    let tag = p("tag");
    if (branch.is_empty() || unresolved(&branch)) && tag.is_empty() {
        branch = step.job.vars().text("git.default_branch").to_string();
    }
    let commit = Some(p("commit")).filter(|t| !unresolved(t)).unwrap_or_default();
    let submodules = p("submodules") != "false";
    let directory = p("directory");
    clone(step, Clone { remote, directory, branch, commit, tag, depth, submodules, forced_describe: false })
        .await
}

async fn clone(step: &Step<'_>, c: Clone) -> Result<(), String> {
    let git = Git::new(step, c.remote.clone())?;
    let branch = if unresolved(&c.branch) { "" } else { c.branch.as_str() };
    let tag = if unresolved(&c.tag) { "" } else { c.tag.as_str() };
    plain_argument("branch", branch)?;
    plain_argument("tag", tag)?;
    plain_argument("commit", &c.commit)?;
    let depth = c.depth.map(|d| d.to_string());
    let mut args = vec!["clone"];
    // Git copies a directory whole whatever the depth, says so in a warning, and takes from the depth only this.
    match &depth {
        Some(_) if c.remote.url.starts_with('/') => args.push("--single-branch"),
        Some(depth) => args.extend(["--depth", depth]),
        None => {}
    }
    match (tag, branch) {
        ("", "") if !args.contains(&"--single-branch") => args.push("--single-branch"),
        ("", "") => {}
        ("", branch) => args.extend(["--branch", branch]),
        (tag, _) => args.extend(["--branch", tag]),
    }
    if c.submodules {
        args.push("--recursive");
    }
    args.extend(["--", c.remote.url.as_str()]);
    let target = target(step, &c);
    let text = target.to_string_lossy();
    if !c.directory.is_empty() {
        args.push(&text);
    }
    let workspace = &step.job.workspace;
    git.run(workspace, &args, "git clone").await?;
    git.keep_credentials(&target);
    // The reference looks at the raw tag: one that could not be resolved keeps the branch's head (spec 9.8).
    if !c.commit.is_empty() && c.tag.is_empty() {
        let known =
            git.output(&target, &["cat-file", "-e", &format!("{}^{{commit}}", c.commit)]).await.is_some();
        if !known {
            // Also with a branch: the commit may lie behind its shallow end, or on another one by now.
            git.run(&target, &["fetch", "origin", &c.commit], "git fetch").await?;
        }
        git.run(&target, &["reset", "--hard", &c.commit], "git reset").await?;
    }
    let wanted = Wanted {
        url: c.remote.url.clone(),
        tag: !c.tag.is_empty(),
        branch: branch.is_empty(),
        commit: c.commit.is_empty(),
        forced_describe: c.forced_describe,
    };
    git_info::extract(step, &git, &target, &wanted).await;
    if c.forced_describe {
        let listed = git.output(workspace, &["ls-remote", "--tags", "--refs", "--", git.url()]).await;
        listed.ok_or_else(|| format!("unable to list the tags of '{}'", git.url()))?;
    }
    Ok(())
}

/// Where the clone will be.
fn target(step: &Step<'_>, c: &Clone) -> PathBuf {
    if !c.directory.is_empty() {
        return step.job.path(&c.directory);
    }
    let last = c.remote.url.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or("repository");
    step.job.path(last.strip_suffix(".git").unwrap_or(last))
}
