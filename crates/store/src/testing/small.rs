//! A PostgreSQL whose disk can be filled, really: a part of it is on a small file system in memory.

use super::{HOW, How, NONE_VARIABLE, Postgres, URL_VARIABLE, find_bin, start};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// What is on the small disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Small {
    /// Everything but the log of changes: what wants more room is refused.
    Tables,
    /// The log of changes (`pg_wal`): the server ends when it can't write that.
    Log,
}

impl Small {
    /// Makes the directories of a server below `dir`, one of them on a file system of its own: which.
    pub(super) fn mount(self, dir: &Path) -> Result<PathBuf, String> {
        for name in ["data", "wal"] {
            fs::create_dir(dir.join(name)).map_err(|e| e.to_string())?;
        }
        let (name, options) = match self {
            Small::Tables => ("data", "size=96m,mode=0700"),
            Small::Log => ("wal", "size=16m,mode=0700"),
        };
        let at = dir.join(name);
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", options, "cds-test"]).arg(&at).output();
        match mount {
            Ok(output) if output.status.success() => Ok(at),
            other => {
                let _ = fs::remove_dir_all(dir);
                Err(format!("{CANNOT}: {other:?}"))
            }
        }
    }

    /// Of the server: what it writes by itself must not decide when the disk is full.
    pub(super) fn options(self) -> &'static str {
        match self {
            Small::Tables => " -c checkpoint_timeout=1h -c min_wal_size=32MB -c max_wal_size=512MB",
            Small::Log => " -c checkpoint_timeout=1h -c min_wal_size=2MB -c max_wal_size=4MB",
        }
    }
}

const CANNOT: &str = "no file system can be mounted here";

/// A small disk with a part of a PostgreSQL on it, which owns it.
pub struct SmallDisk {
    ballast: PathBuf,
}

impl SmallDisk {
    /// Fills it to the last byte.
    ///
    /// # Panics
    /// If there can be no file.
    pub fn fill(&self) {
        let mut file = File::create(&self.ballast).expect("a file");
        let piece = [0_u8; 4096];
        while file.write_all(&piece).is_ok() {}
    }

    /// Makes room again.
    ///
    /// # Panics
    /// If it was not filled.
    pub fn free(&self) {
        fs::remove_file(&self.ballast).expect("the ballast");
    }
}

impl Postgres {
    /// A server of ours with a part of it on a small disk. `None`, with a word, if this user may not mount, or if the
    /// environment wants no PostgreSQL or names one that is not ours.
    ///
    /// # Panics
    /// If it does not start for another reason.
    pub fn on_a_small_disk(small: Small) -> Option<(Self, SmallDisk)> {
        if std::env::var(NONE_VARIABLE).is_ok_and(|v| v == "1") {
            eprintln!("{NONE_VARIABLE}=1: a PostgreSQL whose disk is full is left out");
            return None;
        }
        let Some(bin) = find_bin() else {
            assert!(std::env::var(URL_VARIABLE).is_ok(), "no PostgreSQL found: {HOW}");
            eprintln!(
                "LEFT OUT: only the server in {URL_VARIABLE} is there, and its disk is not to be filled"
            );
            return None;
        };
        let mut last = String::new();
        for _ in 0..5 {
            match start(&bin, How::Small(small)) {
                Ok(server) => {
                    let mounted = server.ours.as_ref().and_then(|ours| ours.mounted.clone());
                    let ballast = mounted.unwrap_or_default().join("ballast");
                    return Some((server, SmallDisk { ballast }));
                }
                Err(e) if e.starts_with(CANNOT) => {
                    eprintln!("LEFT OUT: {e}; run as root to see a PostgreSQL whose disk is full");
                    return None;
                }
                Err(e) => last = e,
            }
        }
        panic!("PostgreSQL does not start on a small disk: {last}");
    }
}
