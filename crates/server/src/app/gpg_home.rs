//! Directories in which `gpg` works for a moment. They hold a private key and the socket of an agent, so one that a
//! killed server has left is removed by the next server, and its agent ended.

use cds_process::ProcId;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// How their names begin; then come process id and start of the server, so that it is known whether it lives.
const PREFIX: &str = "cds-gpg-of-";

/// Path of a home that is not there yet. Short, because the path of the agent's socket must be.
pub fn fresh() -> PathBuf {
    let pid = std::process::id();
    let start = i32::try_from(pid).ok().and_then(ProcId::of).map_or(0, |me| me.start);
    let name = format!("{PREFIX}{pid}-{start}-{}", uuid::Uuid::now_v7().simple());
    std::env::temp_dir().join(name)
}

/// Ends the agent of a home and removes it.
pub fn remove(home: &Path) {
    let _mine = cds_process::orphans::starting();
    let _ = Command::new("gpgconf")
        .arg("--homedir")
        .arg(home)
        .args(["--kill", "gpg-agent"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // The agent removes its sockets while it ends, which can be in the way.
    for _ in 0..20 {
        match fs::remove_dir_all(home) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound || home.exists() => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            _ => return,
        }
    }
    tracing::warn!(home = %home.display(), "a directory with a private key could not be removed");
}

/// Removes the homes of servers that are no more. Blocks.
pub fn sweep() {
    let Ok(entries) = fs::read_dir(std::env::temp_dir()) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(owner) = name.to_str().and_then(|name| name.strip_prefix(PREFIX)) else { continue };
        let mut parts = owner.split('-');
        let (Some(Ok(pid)), Some(Ok(start))) = (parts.next().map(str::parse), parts.next().map(str::parse))
        else {
            continue;
        };
        if ProcId::of(pid) != Some(ProcId { pid, start }) {
            tracing::info!(home = %entry.path().display(), "removing what a killed server has left of gpg");
            remove(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_of_the_dead_go_and_those_of_the_living_stay() {
        let mine = fresh();
        fs::create_dir(&mine).unwrap();
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let dead = std::env::temp_dir().join(format!("{PREFIX}{pid}-1-{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir_all(dead.join("private-keys-v1.d")).unwrap();
        sweep();
        assert!(mine.exists() && !dead.exists());
        remove(&mine);
        assert!(!mine.exists());
    }
}
