//! The configuration file and the environment over it.

use crate::parts;
use std::{fs, path::PathBuf, sync::LazyLock};

#[allow(dead_code, unused_imports)]
#[path = "../../crates/bin/src/settings/mod.rs"]
mod real;

static FILE: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let dir = crate::scratch();
    let file = dir.path().join("cds.toml");
    (dir, file)
});

/// A file; then names and values of variables, the names without `CDS_`.
pub fn settings(data: &[u8]) {
    let parts = parts(data);
    let file = &FILE.1;
    fs::write(file, parts[0]).expect("a file");
    let environment: Vec<_> =
        parts[1..].chunks_exact(2).take(8).map(|p| (format!("CDS_{}", p[0]).into(), p[1].into())).collect();
    match real::Settings::load(Some(file), environment) {
        Err(error) => assert!(!error.to_string().is_empty()),
        Ok(settings) => {
            let _ = settings.check().map_err(|e| e.to_string());
            let server = &settings.server;
            let _ = (server.database_url(), server.lease(), server.run_settings("", "inert"));
            settings.hatchery.limits(2);
            // Secrets are hidden, all else is read back as it was.
            let text = toml::to_string(&settings).expect("settings can be written");
            let again: real::Settings = toml::from_str(&text).expect("what was written can be read");
            assert_eq!(toml::to_string(&again).ok(), Some(text));
        }
    }
}
