//! GitTag (spec 9.9): the next version of the application, tagged and pushed.

use super::{
    Step,
    git::{Git, Remote, plain_argument, private_key, safe, with_newline, write_file},
};
use crate::exec::{self, Spec};
use semver::{BuildMetadata, Prerelease, Version};
use std::os::unix::fs::PermissionsExt;

/// The version after `current` (spec 9.9).
fn next_version(current: &str, level: &str, prerelease: &str, metadata: &str) -> Result<Version, String> {
    if current.is_empty() {
        return Err("cds.semver is empty: check the application out before it is tagged".into());
    }
    let mut version = Version::parse(current.trim_start_matches('v'))
        .map_err(|e| format!("cds.semver '{current}' is not a semantic version: {e}"))?;
    version.pre = Prerelease::EMPTY;
    version.build = BuildMetadata::EMPTY;
    match level {
        "major" => (version.major, version.minor, version.patch) = (version.major.saturating_add(1), 0, 0),
        "minor" => (version.minor, version.patch) = (version.minor.saturating_add(1), 0),
        "patch" => version.patch = version.patch.saturating_add(1),
        _ => return Err("tag level is mandatory. It must be: 'major' or 'minor' or 'patch'".into()),
    }
    let plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let bad = |what: &str, text: &str| {
        format!("{what} '{text}' is not valid: only letters, digits, '-' and '.' may be in it")
    };
    if !prerelease.is_empty() {
        let pre = plain(prerelease).then(|| Prerelease::new(prerelease).ok()).flatten();
        version.pre = pre.ok_or_else(|| bad("tagPrerelease", prerelease))?;
    }
    if !metadata.is_empty() {
        let build = plain(metadata).then(|| BuildMetadata::new(metadata).ok()).flatten();
        version.build = build.ok_or_else(|| bad("tagMetadata", metadata))?;
    }
    Ok(version)
}

pub(super) async fn run(step: &Step<'_>) -> Result<(), String> {
    let remote = Remote::of_application(step.job)?;
    let (semver, user, pgp) = {
        let vars = step.job.vars();
        let user = [vars.text("cds.triggered_by.username"), vars.text("git.author")];
        let user = user.into_iter().find(|u| !u.is_empty()).unwrap_or_default().to_string();
        (vars.text("cds.semver").to_string(), user, vars.text("git.pgp.key").to_string())
    };
    let p = |name: &str| step.parameter(name).trim().to_string();
    let version = next_version(&semver, &p("tagLevel"), &p("tagPrerelease"), &p("tagMetadata"))?;
    if user.is_empty() {
        return Err("No user find to perform tag".into());
    }
    let tag = format!("{}{version}", p("prefix"));
    plain_argument("tag", &tag)?;
    plain_argument("user", &user)?;
    let path = p("path");
    let dir = step.job.path(if path.is_empty() { "." } else { &path });
    let mut git = Git::new(step, remote)?;
    // Keys are imported for this job alone.
    let gnupg = step.job.gnupg_home.as_ref().unwrap_or(&step.job.keys).join("tag");
    git.set("GNUPGHOME", &gnupg.to_string_lossy());
    let key_id = if pgp.is_empty() { None } else { Some(import_key(step, &pgp, &gnupg).await?) };
    git.run(&dir, &["config", "user.name", &user], "git config").await?;
    git.run(&dir, &["config", "user.email", "cds@localhost"], "git config").await?;
    let text = p("tagMessage");
    // The double quotes are part of the message, as in the reference.
    let message = if text.is_empty() { tag.clone() } else { format!("\"{text}\"") };
    let mut args = vec!["tag", "-a", tag.as_str(), "-m", message.as_str()];
    if let Some(id) = &key_id {
        args.extend(["-u", id.as_str()]);
    }
    git.run(&dir, &args, "git tag").await?;
    let reference = format!("refs/tags/{tag}");
    git.run(&dir, &["push", "--", git.url(), &reference], "git push").await?;
    step.job.vars().set("cds.release.version", tag);
    Ok(())
}

/// Imports the private key `name` and returns its id.
async fn import_key(step: &Step<'_>, name: &str, home: &std::path::Path) -> Result<String, String> {
    let key = private_key(step.job, name)
        .ok_or_else(|| format!("pgp key '{name}' not found among the keys of this job"))?;
    let id = step.job.vars().text(&format!("cds.key.{name}.id")).to_string();
    if id.is_empty() {
        return Err(format!("pgp key '{name}' has no id"));
    }
    plain_argument("key id", &id)?;
    let io = |e: std::io::Error| format!("cannot write the pgp key: {e}");
    std::fs::create_dir_all(home).map_err(io)?;
    std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o700)).map_err(io)?;
    let file = write_file(&step.job.keys.join(format!("{}.pgp", safe(name))), 0o600, &with_newline(&key))
        .map_err(io)?;
    let mut env = step.job.environment().vars;
    env.insert("GNUPGHOME".into(), home.into());
    let args = ["--batch".into(), "--import".into(), file.clone().into()];
    let spec = Spec { program: "gpg".as_ref(), args: &args, dir: &step.job.workspace, env: &env };
    let status =
        exec::run(&spec, step.log, &step.control()).await.map_err(|e| format!("cannot start gpg: {e}"))?;
    let _ = std::fs::remove_file(file);
    if status.success() {
        Ok(id)
    } else {
        Err(format!("cannot import pgp key '{name}': {}", exec::describe(status)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        let check = |current: &str, level: &str, pre: &str, meta: &str, expected: &str| {
            assert_eq!(next_version(current, level, pre, meta).unwrap().to_string(), expected);
        };
        check("1.2.3-4+sha.gabc.cds.7", "patch", "", "", "1.2.4");
        check("v1.2.3", "minor", "rc.1", "", "1.3.0-rc.1");
        check("1.2.3", "major", "", "build-5", "2.0.0+build-5");
        assert!(next_version("", "major", "", "").is_err());
        assert!(next_version("1.2.3", "huge", "", "").is_err());
        assert!(next_version("1.2.3", "patch", "a b", "").is_err());
        assert!(next_version("1.2.3", "patch", "a..b", "").is_err());
    }
}
