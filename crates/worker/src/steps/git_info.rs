//! What a clone tells about its commit, as variables of the job (spec 9.8).

use super::{Step, git::Git, semver::semver_of};
use std::path::Path;

/// Which facts are wanted.
pub(super) struct Wanted {
    /// Address that was cloned; variables are set only for the application's own repository.
    pub url: String,
    /// A tag was asked for.
    pub tag: bool,
    /// The branch was not given.
    pub branch: bool,
    /// The commit was not given.
    pub commit: bool,
    /// Fetch the history for a description if the shallow one has none.
    pub forced_describe: bool,
}

/// Sets the variables. What can't be found out is left as it is.
pub(super) async fn extract(step: &Step<'_>, git: &Git<'_>, dir: &Path, wanted: &Wanted) {
    let (own, number, need_message, need_author, need_email) = {
        let vars = step.job.vars();
        let own = [vars.text("git.url"), vars.text("git.http_url")].contains(&wanted.url.as_str());
        let missing = |name: &str| vars.text(name).is_empty();
        let number = vars.text("cds.run.number").to_string();
        (own, number, missing("git.message"), missing("git.author"), missing("git.author.email"))
    };
    if !own {
        return;
    }
    let set = |name: &str, value: String| step.job.vars().set(name, value);
    let mut describe = git.output(dir, &["describe", "--tags"]).await;
    if describe.is_none() && wanted.forced_describe {
        let tags = git.output(dir, &["ls-remote", "--tags", "--refs", "origin"]).await.unwrap_or_default();
        if !tags.is_empty() {
            if git.output(dir, &["fetch", "--tags", "--unshallow"]).await.is_none() {
                // Refused for a clone that is complete.
                git.output(dir, &["fetch", "--tags"]).await;
            }
            describe = git.output(dir, &["describe", "--tags"]).await;
        }
    }
    let describe = describe.and_then(|d| d.lines().next().map(str::to_string)).filter(|d| !d.is_empty());
    match semver_of(describe.as_deref(), &number) {
        Some(version) => set("cds.semver", version),
        None => step.log.line(&format!(
            "warning: '{}' is not a semantic version; cds.semver is not set",
            describe.as_deref().unwrap_or_default()
        )),
    }
    if let Some(describe) = describe {
        set("git.describe", describe);
    }
    if !wanted.tag
        && wanted.branch
        && let Some(branch) = git.output(dir, &["rev-parse", "--abbrev-ref", "HEAD"]).await
    {
        set("git.branch", branch);
    }
    if !wanted.tag
        && wanted.commit
        && let Some(hash) = git.output(dir, &["rev-parse", "HEAD"]).await
    {
        set("git.hash.short", hash.chars().take(7).collect());
        set("git.hash", hash);
    }
    if need_message || need_author || need_email {
        let Some(text) = git.output(dir, &["log", "-1", "--pretty=format:%an%n%ae%n%s"]).await else {
            return;
        };
        let mut lines = text.lines().map(str::to_string);
        let (author, email, message) = (lines.next(), lines.next(), lines.next());
        for (name, need, value) in [
            ("git.author", need_author, author),
            ("git.author.email", need_email, email),
            ("git.message", need_message, message),
        ] {
            if let (true, Some(value)) = (need, value) {
                set(name, value);
            }
        }
    }
}
