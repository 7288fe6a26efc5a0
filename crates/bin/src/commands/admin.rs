//! `cds admin`.

use crate::args::{AdminArgs, AdminCommand, StateArgs};
use anyhow::{Context, bail};
use cds_model::Secret;
use std::{io::Write, path::Path};

/// File in the data directory that holds the init token while there is no administrator.
const INIT_TOKEN: &str = "init-token";

pub(crate) fn run(args: AdminArgs) -> anyhow::Result<()> {
    match args.command {
        AdminCommand::InitToken(state) => init_token(&state),
    }
}

fn init_token(args: &StateArgs) -> anyhow::Result<()> {
    let data = super::load_state(args)?.server.data;
    let path = data.join(INIT_TOKEN);
    match std::fs::read_to_string(&path) {
        Ok(token) => println!("{}", token.trim()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => bail!(
            "there is no init token in {}: either there is an administrator already, or no server was started on \
             this directory yet",
            data.display()
        ),
        Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
    Ok(())
}

/// Keeps the init token for `cds admin init-token`; `None` = there is an administrator.
pub(crate) fn keep_init_token(data: &Path, token: Option<&Secret<String>>) -> anyhow::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = data.join(INIT_TOKEN);
    match std::fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(e).with_context(|| format!("cannot remove {}", path.display()));
        }
        _ => {}
    }
    let Some(token) = token else { return Ok(()) };
    std::fs::OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| writeln!(file, "{}", token.expose()))
        .with_context(|| format!("cannot write {}", path.display()))
}
