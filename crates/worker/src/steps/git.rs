//! Running git: authentication, environment, refusals (spec 9.7, 9.8).

use super::Step;
use crate::{
    exec::{self, Spec},
    job::Job,
};
use indexmap::IndexMap;
use std::{
    ffi::OsString,
    fs::OpenOptions,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Output that is looked at is kept up to this size.
const CAPTURE: usize = 1 << 20;

/// How a repository is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remote {
    /// Address, without credentials.
    pub url: String,
    /// Name of the CDS key for ssh; empty = none.
    pub key: String,
    /// For https.
    pub user: String,
    /// For https.
    pub password: String,
}

impl Remote {
    /// The repository of the job's application, by its VCS strategy (spec 9.7.1).
    pub fn of_application(job: &Job) -> Result<Self, String> {
        let vars = job.vars();
        match vars.text("git.connection.type").to_ascii_lowercase().as_str() {
            "ssh" => {
                let key = vars.text("git.ssh.key");
                if key.is_empty() {
                    return Err(
                        "git.ssh.key is not set: choose an ssh key in the application's VCS strategy".into(),
                    );
                }
                let url = vars.text("git.url");
                if url.is_empty() {
                    return Err("SSH Url (git.url) not found. Nothing to perform".into());
                }
                Ok(Self { url: url.into(), key: key.into(), ..Self::default() })
            }
            "https" => {
                let url = vars.text("git.http_url");
                if url.is_empty() {
                    return Err("Git HTTP Url (git.http_url) not found. Nothing to perform".into());
                }
                let (user, password) =
                    (vars.text("git.http.user").into(), vars.text("git.http.password").into());
                Ok(Self { url: url.into(), key: String::new(), user, password })
            }
            _ => Err("git connection type is not set. nothing to perform".into()),
        }
    }

    /// Whether the address may be used at all.
    pub fn check(&self) -> Result<(), String> {
        let url = self.url.trim();
        let lower = url.to_ascii_lowercase();
        // A password must not go over the wire in the clear; on this very host there is no wire.
        let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|prefix| {
            lower.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        let refused = ["http://", "ftp://", "ftps://"].iter().any(|prefix| lower.starts_with(prefix));
        // `transport::address` starts a program of the address's choice.
        if (refused && !local) || lower.contains("::") && !lower.contains("://") || url.starts_with('-') {
            return Err(format!("Git protocol not supported: '{url}'; use https or ssh"));
        }
        Ok(())
    }

    fn is_http(&self) -> bool {
        self.url.starts_with("https://") || self.url.starts_with("http://")
    }
}

/// Git on its way to one remote: its environment, and the files this needs.
pub(super) struct Git<'a> {
    step: &'a Step<'a>,
    env: IndexMap<OsString, OsString>,
    remote: Remote,
}

impl<'a> Git<'a> {
    /// Prepares keys and helpers.
    pub fn new(step: &'a Step<'a>, remote: Remote) -> Result<Self, String> {
        remote.check()?;
        let mut env = step.job.environment().vars;
        let mut set = |name: &str, value: &str| {
            env.insert(name.into(), value.into());
        };
        // Nobody is there to answer.
        set("GIT_TERMINAL_PROMPT", "0");
        set("GCM_INTERACTIVE", "never");
        set("SSH_ASKPASS", "/bin/false");
        set("LC_ALL", "C");
        let write = |name: &str, mode: u32, text: &str| {
            write_file(&step.job.keys.join(name), mode, text)
                .map_err(|e| format!("cannot write a file for git: {e}"))
        };
        let quoted = |path: &Path| format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"));
        let mut ssh = "exec ssh -F /dev/null -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
                       -o LogLevel=ERROR -o BatchMode=yes -o IdentitiesOnly=yes"
            .to_string();
        if !remote.key.is_empty() {
            let key = private_key(step.job, &remote.key)
                .ok_or_else(|| format!("ssh key '{}' not found among the keys of this job", remote.key))?;
            let path = write(&format!("{}.git", safe(&remote.key)), 0o600, &with_newline(&key))?;
            ssh.push_str(&format!(" -i {}", quoted(&path)));
        }
        let wrapper = write("git-ssh.sh", 0o700, &format!("#!/bin/sh\n{ssh} \"$@\"\n"))?;
        set("GIT_SSH", &wrapper.to_string_lossy());
        if remote.is_http() && !(remote.user.is_empty() && remote.password.is_empty()) {
            // By way of the environment: arguments can be read by everybody on the host.
            let ask = "#!/bin/sh\ncase \"$1\" in\nUsername*) printf '%s\\n' \"$CDS_ASKPASS_USER\" ;;\n\
                       *) printf '%s\\n' \"$CDS_ASKPASS_PASSWORD\" ;;\nesac\n";
            let helper = write("git-askpass.sh", 0o700, ask)?;
            set("GIT_ASKPASS", &helper.to_string_lossy());
            set("CDS_ASKPASS_USER", &remote.user);
            set("CDS_ASKPASS_PASSWORD", &remote.password);
            set("GIT_CONFIG_COUNT", "1");
            set("GIT_CONFIG_KEY_0", "credential.helper");
            set("GIT_CONFIG_VALUE_0", "");
        } else {
            set("GIT_ASKPASS", "/bin/false");
        }
        Ok(Self { step, env, remote })
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.remote.url
    }

    /// Adds to the environment.
    pub fn set(&mut self, name: &str, value: &str) {
        self.env.insert(name.into(), value.into());
    }

    /// Runs git in `dir` with its output in the log. The error is the reference's.
    pub async fn run(&self, dir: &Path, args: &[&str], what: &str) -> Result<(), String> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let spec = Spec { program: "git".as_ref(), args: &args, dir, env: &self.env };
        let status = exec::run(&spec, self.step.log, &self.step.control())
            .await
            .map_err(|e| format!("unable to {what}: cannot start git: {e}"))?;
        match status.code() {
            Some(0) => Ok(()),
            Some(code) => Err(format!("unable to {what}: Command fail: {code}")),
            None => Err(format!("unable to {what}: {}", exec::describe(status))),
        }
    }

    /// Runs git in `dir` and returns what it prints, or nothing if it fails.
    pub async fn output(&self, dir: &Path, args: &[&str]) -> Option<String> {
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let spec = Spec { program: "git".as_ref(), args: &args, dir, env: &self.env };
        let (status, bytes) = exec::capture(&spec, &self.step.control(), CAPTURE).await.ok()?;
        status.success().then(|| String::from_utf8_lossy(&bytes).trim_end().to_string())
    }

    /// Lets later scripts use the clone as the reference's does, which keeps the credentials in its address:
    /// here the repository's own configuration rewrites the address.
    pub fn keep_credentials(&self, clone: &Path) {
        let Remote { url, user, password, .. } = &self.remote;
        if !self.remote.is_http() || (user.is_empty() && password.is_empty()) {
            return;
        }
        let Some((scheme, rest)) = url.split_once("://") else { return };
        let host = rest.split('/').next().unwrap_or(rest);
        let bare = host.rsplit('@').next().unwrap_or(host);
        let escape = cds_client::Client::segment;
        let text = format!(
            "[url \"{scheme}://{}:{}@{bare}/\"]\n\tinsteadOf = {scheme}://{host}/\n",
            escape(user),
            escape(password)
        );
        let file = clone.join(".git/config");
        let written =
            OpenOptions::new().append(true).open(&file).and_then(|mut f| f.write_all(text.as_bytes()));
        if let Err(error) = written {
            self.step.log.line(&format!("warning: the clone does not know its credentials: {error}"));
        }
    }
}

/// Whether a text from outside can stand as an argument of git without being taken for an option.
pub(super) fn plain_argument<'t>(what: &str, text: &'t str) -> Result<&'t str, String> {
    if text.starts_with('-') || text.contains(['\0', '\n']) {
        return Err(format!("{what} '{text}' is not valid: it may not begin with '-' or hold line breaks"));
    }
    Ok(text)
}

/// The private part of a key of the job, `name` as in `proj-ssh-x`.
pub(crate) fn private_key(job: &Job, name: &str) -> Option<String> {
    let vars = job.vars();
    let full = format!("cds.key.{name}.priv");
    vars.secrets().iter().find(|s| s.name == full).map(|s| s.value.clone())
}

/// A key's name as a file name.
pub(crate) fn safe(name: &str) -> String {
    let good = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    name.trim_start_matches('.').chars().map(good).collect()
}

/// A private key must end with a newline, or ssh refuses it.
pub(crate) fn with_newline(key: &str) -> String {
    if key.ends_with('\n') { key.to_string() } else { format!("{key}\n") }
}

/// Writes a file of the given mode, replacing what was there.
pub(crate) fn write_file(path: &Path, mode: u32, text: &str) -> io::Result<PathBuf> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(text.as_bytes())?;
    Ok(path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |url: &str| Remote { url: url.into(), ..Remote::default() }.check().is_ok();
        for url in [
            "https://h/x",
            "ssh://git@h/x",
            "git@h:x/y.git",
            "file:///x",
            "/x/y",
            "http://127.0.0.1:8/x",
            "http://localhost/x",
        ] {
            assert!(check(url), "{url}");
        }
        for url in [
            "http://h/x",
            "HTTP://h/x",
            "ftp://h",
            "http://127.0.0.1.evil/x",
            "ext::sh -c x",
            "--upload-pack=x",
        ] {
            assert!(!check(url), "{url}");
        }
        assert_eq!(safe("../a b"), "_a_b");
        assert!(plain_argument("branch", "-x").is_err());
    }
}
