//! The configuration file (TOML), overlaid by the environment.
//!
//! `keys` is the one table of everything that can be set; `overlay` applies variables named `CDS_<SECTION>__<KEY>`;
//! `describe` makes the example and the schema out of the table and the defaults.

mod describe;
mod keys;
mod overlay;

pub use describe::{example, schema};

use cds_hatchery::HatcheryConfig;
use serde::{Deserialize, Serialize};
use std::{ffi::OsString, io, path::Path, path::PathBuf};

/// Everything that can be set. Serialised it shows secrets as a placeholder.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The server.
    pub server: cds_server::Config,
    /// A hatchery: the one inside the server, or one of its own.
    pub hatchery: HatcheryConfig,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}: {fault}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why not. Not called `source`: it is part of the sentence, and would be said once more.
        fault: io::Error,
    },
    /// The file is not what it should be; the text of TOML's error has line and column.
    #[error("configuration file {path}: {fault}`cds config example` shows every key")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        fault: Box<toml::de::Error>,
    },
    /// A variable of the environment is not what it should be.
    #[error("environment variable {name}: {fault}")]
    Variable {
        /// Which variable.
        name: String,
        /// What is wrong, and how to mend it.
        fault: String,
    },
    /// A setting cannot be.
    #[error("{0}")]
    Value(String),
}

impl Settings {
    /// Reads the file, if there is one, and applies what the environment says.
    ///
    /// # Errors
    /// The first thing that is wrong, with its place.
    pub fn load(
        path: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, SettingsError> {
        let mut table = toml::Table::new();
        if let Some(path) = path {
            let text = std::fs::read_to_string(path)
                .map_err(|fault| SettingsError::Read { path: path.into(), fault })?;
            let fault = |fault| SettingsError::File { path: path.into(), fault: Box::new(fault) };
            // Read by itself first: an error then names a line of the file.
            toml::from_str::<Settings>(&text).map_err(fault)?;
            table = toml::from_str(&text).map_err(fault)?;
        }
        overlay::apply(&mut table, environment)?;
        table.try_into().map_err(|e: toml::de::Error| SettingsError::Value(e.message().to_string()))
    }

    /// Checks what can be checked without looking at the world.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), SettingsError> {
        let bad = |key: &str, why: &str| Err(SettingsError::Value(format!("server.{key}: {why}")));
        let server = &self.server;
        if server.data.as_os_str().is_empty() {
            return bad("data", "must name a directory");
        }
        if !matches!(server.project_ssh_key.as_str(), "ed25519" | "rsa") {
            return bad("project_ssh_key", "must be ed25519 or rsa");
        }
        if !matches!(server.tainted_interpolation.as_str(), "inert" | "refuse" | "splice") {
            return bad("tainted_interpolation", "must be inert, refuse or splice");
        }
        if server.heartbeat_ms == 0 {
            return bad("heartbeat_ms", "must be at least 1");
        }
        if server.lease_ms <= server.heartbeat_ms.saturating_mul(3) {
            return bad(
                "lease_ms",
                "must be longer than three times heartbeat_ms, which is how long a worker goes on without an answer",
            );
        }
        if server.smtp.as_ref().is_some_and(|smtp| smtp.host.is_empty() || smtp.port == 0) {
            return bad("smtp", "needs host and port");
        }
        self.hatchery.check().map_err(|e| SettingsError::Value(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cds.toml");
        std::fs::write(&path, text).unwrap();
        let environment = environment.iter().map(|(k, v)| (k.into(), v.into()));
        Settings::load(Some(&path), environment).map_err(|e| e.to_string())
    }

    #[test]
    fn file_then_environment() {
        let text = "[server]\nmax_attempts = 7\nsession_days = 2\n[server.smtp]\nhost = \"a\"\nport = 25\n";
        let environment = [
            ("CDS_SERVER__MAX_ATTEMPTS", "9"),
            ("CDS_SERVER__SMTP__HOST", "mail.test"),
            ("CDS_SERVER__SIGNUP_ENABLED", "false"),
            ("CDS_HATCHERY__REGION", "eu"),
            ("CDS_LOG", "debug"),
            ("CDS_SERVERS", "not ours"),
        ];
        let settings = load(text, &environment).unwrap();
        assert_eq!((settings.server.max_attempts, settings.server.session_days), (9, 2));
        let smtp = settings.server.smtp.unwrap();
        assert_eq!((smtp.host.as_str(), smtp.port), ("mail.test", 25));
        assert!(!settings.server.signup_enabled);
        assert_eq!(settings.hatchery.region, "eu");
    }

    #[test]
    fn an_unknown_key_is_told_with_its_line() {
        let error = load("[server]\nmax_attempts = 1\nmax_atempts = 2\n", &[]).unwrap_err();
        assert!(error.contains("line 3") && error.contains("max_atempts"), "{error}");
        let error = load("[server]\nlisten = 8081\n", &[]).unwrap_err();
        assert!(error.contains("line 2"), "{error}");
    }

    #[test]
    fn a_wrong_variable_is_told_with_its_name() {
        let error = load("", &[("CDS_SERVER__SMTP__HOTS", "x")]).unwrap_err();
        assert!(
            error.contains("CDS_SERVER__SMTP__HOTS") && error.contains("CDS_SERVER__SMTP__HOST"),
            "{error}"
        );
        let error = load("", &[("CDS_SERVER__MAX_ATTEMPTS", "many")]).unwrap_err();
        assert!(error.contains("CDS_SERVER__MAX_ATTEMPTS") && error.contains("number"), "{error}");
        let error = load("", &[("CDS_SERVER__SIGNUP_ENABLED", "yes")]).unwrap_err();
        assert!(error.contains("true or false"), "{error}");
        let error = load("", &[("CDS_SERVER__LISTEN", "nowhere")]).unwrap_err();
        assert!(error.contains("CDS_SERVER__LISTEN"), "{error}");
    }

    /// Cut and wounded in every place: settings or a sentence, never a panic.
    #[test]
    fn a_damaged_file_is_told() {
        let whole = super::describe::example().replace("# ", "");
        for at in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)).step_by(7) {
            let _ = load(&whole[..at], &[]);
            for new in ["\0", "]", "=", "\"", "9", "99999999999999999999", "\n["] {
                let wounded = format!("{}{new}{}", &whole[..at], &whole[at..]);
                if let Err(error) = load(&wounded, &[]) {
                    assert!(!error.is_empty());
                }
            }
        }
        let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(load(&deep, &[]).is_err());
        let long = format!("[server]\njob_timeout_s = {}\n", i64::MAX);
        let server = load(&long, &[]).unwrap().server;
        assert_eq!(server.run_settings("", "inert").job_timeout_ms, u64::MAX);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(Settings::default().check().is_ok());
        let refused = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(refused(|s| s.server.project_ssh_key = "dsa".into()).starts_with("server.project_ssh_key"));
        assert!(refused(|s| s.server.lease_ms = 5).starts_with("server.lease_ms"));
        assert!(refused(|s| s.server.smtp = Some(Default::default())).starts_with("server.smtp"));
        assert!(refused(|s| s.hatchery.name.clear()).starts_with("hatchery.name"));
    }
}
