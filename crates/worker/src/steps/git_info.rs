//! What a clone tells about its commit, as variables of the job (spec 9.8).

use super::{Step, git::Git};
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

/// `cds.semver` from what `git describe --tags` says (spec 9.8); `None` = it is not a semantic version.
fn semver_of(describe: Option<&str>, number: &str) -> Option<String> {
    let Some(describe) = describe else { return Some(format!("0.0.1+cds.{number}")) };
    let (v, text) = match describe.strip_prefix('v') {
        Some(rest) => ("v", rest),
        None => ("", describe),
    };
    let (core, pre) = match text.split_once('-') {
        Some((core, pre)) => (core, Some(pre)),
        None => (text.split('+').next()?, None),
    };
    let mut parts: Vec<u64> = core.split('.').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    if parts.is_empty() || parts.len() > 3 {
        return None;
    }
    parts.resize(3, 0);
    let core = format!("{v}{}.{}.{}", parts[0], parts[1], parts[2]);
    let pre = pre.map(|p| p.split('+').next().unwrap_or(p)).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !pre.chars().all(plain) {
        return None;
    }
    Some(match pre.split('-').collect::<Vec<_>>().as_slice() {
        [""] => format!("{core}+cds.{number}"),
        [count, hash] if hash.starts_with('g') && count.chars().all(|c| c.is_ascii_digit()) => {
            format!("{core}-{count}+sha.{hash}.cds.{number}")
        }
        [one] if !one.contains('.') => format!("{core}-{one}+cds.{number}"),
        [one, hash] if !one.contains('.') => format!("{core}-{one}+sha.{hash}.cds.{number}"),
        // Several dotted parts, or three and more: as if the tag had none, as in the reference.
        _ => format!("{core}+cds.{number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_the_spec() {
        let check = |describe: &str, expected: &str| {
            assert_eq!(semver_of(Some(describe), "7").as_deref(), Some(expected).filter(|e| !e.is_empty()));
        };
        assert_eq!(semver_of(None, "7").as_deref(), Some("0.0.1+cds.7"));
        check("1.2.3", "1.2.3+cds.7");
        check("v1.2.3", "v1.2.3+cds.7");
        check("1.2.3-4-gabc", "1.2.3-4+sha.gabc.cds.7");
        check("1.2.3-rc", "1.2.3-rc+cds.7");
        check("1.2.3-rc.1", "1.2.3+cds.7");
        check("1.2.3-rc-4-gabc", "1.2.3+cds.7");
        check("1.2", "1.2.0+cds.7");
        check("release", "");
        check("1.2.3.4", "");
    }
}
