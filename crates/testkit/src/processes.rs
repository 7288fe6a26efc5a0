//! Processes of this machine that carry a mark in their environment.

use rustix::process::{Pid, Signal, kill_process};
use std::{fs, path::PathBuf};

/// A process whose environment holds the variable that was asked for. Processes inherit it, whatever they do to
/// get away from their parents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Process id.
    pub pid: i32,
    /// Words of its command line.
    pub words: Vec<String>,
    /// Its environment.
    pub environment: Vec<String>,
}

impl Marked {
    /// Every living process with `NAME=value` in its environment. One that is dead and not yet waited for has no
    /// environment any more.
    pub fn all(name: &str, value: &str) -> Vec<Self> {
        let wanted = format!("{name}={value}");
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
        pids.filter_map(|pid| {
            let environment = strings(pid, "environ");
            environment.contains(&wanted).then(|| Self { pid, words: strings(pid, "cmdline"), environment })
        })
        .collect()
    }

    /// Whether it is one of our programs called with this command, e.g. `worker`.
    pub fn is(&self, command: &str) -> bool {
        self.words.first().is_some_and(|program| PathBuf::from(program).ends_with("cds"))
            && self.words.get(1).is_some_and(|word| word == command)
    }

    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='))
    }

    /// Ends it without notice. It may have ended by itself meanwhile.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends it a signal. It may have ended by itself meanwhile.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            let _ = kill_process(pid, signal);
        }
    }
}

fn strings(pid: i32, file: &str) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let words = bytes.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    words.map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}
