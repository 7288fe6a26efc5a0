//! Runs `cdsctl` as a person would.

use crate::{SHORT, bin, within};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::process::Command;

/// What a command said.
#[derive(Clone, Debug)]
pub struct Output {
    /// Exit status; -1 for a signal.
    pub status: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// `cdsctl` with a context file and a home of its own.
#[derive(Clone, Debug)]
pub struct Ctl {
    home: PathBuf,
}

impl Ctl {
    /// Keeps its file in this directory, which is made.
    pub fn new(home: &Path) -> Self {
        std::fs::create_dir_all(home).expect("a directory for cdsctl");
        Self { home: home.into() }
    }

    /// Where commands run.
    pub fn dir(&self) -> &Path {
        &self.home
    }

    /// The command, ready to be run or changed.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(bin("cdsctl"));
        command.arg("-f").arg(self.home.join("cdsrc")).args(args);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CDS_") || text == "INIT_TOKEN" {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.home).env("HOME", &self.home).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    pub async fn run(&self, args: &[&str]) -> Output {
        let what = format!("cdsctl {}", args.join(" "));
        let output = within(&what, SHORT * 4, self.command(args).output()).await.expect("cdsctl starts");
        Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The same, and it must succeed. Gives what it printed.
    pub async fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args).await;
        assert_eq!(output.status, 0, "cdsctl {}: {output:#?}", args.join(" "));
        output.stdout
    }
}
