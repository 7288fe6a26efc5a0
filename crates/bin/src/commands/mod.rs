//! One file for each sub-command.

pub(crate) mod admin;
pub(crate) mod config;
pub(crate) mod hatchery;
pub(crate) mod migrate;
pub(crate) mod run;
pub(crate) mod server;
pub(crate) mod worker;

use crate::{
    args::{FileArgs, StateArgs},
    settings::{Settings, SettingsError},
};
use std::path::PathBuf;

/// Of this program.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Prints the version.
pub(crate) fn version() {
    println!("cds {VERSION} {}/{}", std::env::consts::OS, std::env::consts::ARCH);
}

/// File, then environment.
fn load(args: &FileArgs) -> Result<Settings, SettingsError> {
    let path = args.config.clone().or_else(|| std::env::var_os("CDS_CONFIG").map(PathBuf::from));
    Settings::load(path.as_deref().filter(|p| !p.as_os_str().is_empty()), std::env::vars_os())
}

/// File, then environment, then the command line.
fn load_state(args: &StateArgs) -> Result<Settings, SettingsError> {
    let mut settings = load(&args.file)?;
    if let Some(data) = &args.data {
        settings.server.data = data.clone();
    }
    if let Some(database) = &args.database {
        settings.server.database = database.clone();
    }
    Ok(settings)
}
