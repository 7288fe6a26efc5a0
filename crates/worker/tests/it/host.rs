//! A worker in a process of its own.

use crate::server::{Seen, Server};
use cds_api::worker::Assignment;
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// The example beside this test: the worker and its command.
pub fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("examples/worker_host");
    assert!(program.exists(), "build it first: cargo build -p cds-worker --example worker_host");
    program
}

pub struct Host {
    pub server: Server,
    pub base: tempfile::TempDir,
    /// The worker's base directory.
    dir: PathBuf,
    pub child: Child,
}

impl Host {
    pub async fn start() -> Self {
        Self::with(Server::start().await)
    }

    pub fn with(server: Server) -> Self {
        let url = server.url.clone();
        Self::at(server, &url)
    }

    /// A worker that reaches the server by another address.
    pub fn at(server: Server, url: &str) -> Self {
        Self::below(server, url, "w")
    }

    /// A worker with this directory below the base.
    pub fn below(server: Server, url: &str, dir: &str) -> Self {
        let base = tempfile::tempdir().unwrap();
        std::fs::create_dir(base.path().join("tmp")).unwrap();
        let dir = base.path().join(dir);
        let child = Command::new(program())
            .args(["run", url, "one-time"])
            .arg(&dir)
            .env("TMPDIR", base.path().join("tmp"))
            .env("CDS_HIDDEN", "must not be seen")
            .env("VISIBLE", "yes")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self { server, base, dir, child }
    }

    /// Runs a job to its end, and checks that nothing of it is left.
    pub async fn run(&self, job: Assignment) -> Seen {
        let marker = format!("CDS_JOB_ID={}.{}", job.job, job.attempt);
        let name = self.server.queue(job);
        let seen = self.server.end(name).await;
        self.assert_clean(&marker);
        seen
    }

    pub fn assert_clean(&self, marker: &str) {
        assert_eq!(processes(marker), Vec::<i32>::new(), "processes are left");
        let of_jobs = |name: &String| !name.starts_with("bin-");
        let left: Vec<_> = names(&self.dir).into_iter().filter(of_jobs).collect();
        assert_eq!(left, Vec::<String>::new(), "files are left");
        self.assert_tmp_clean();
        let me = self.child.id() as i32;
        let zombies: Vec<_> = children(me);
        assert_eq!(zombies, Vec::<i32>::new(), "children are left");
    }

    /// The system's directory for temporary files, which the worker shares with everybody, has nothing of it.
    pub fn assert_tmp_clean(&self) {
        let left = names(&self.base.path().join("tmp"));
        assert_eq!(left, Vec::<String>::new(), "temporary files are left");
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id() as i32).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Waits for the worker's own end and returns what it printed.
    pub fn wait(&mut self) -> (bool, String) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut text = String::new();
                std::io::Read::read_to_string(self.child.stdout.as_mut().unwrap(), &mut text).unwrap();
                return (status.success(), text.trim().to_string());
            }
            assert!(Instant::now() < end, "the worker does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is in a directory.
pub fn names(dir: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

/// Living processes that carry this entry in their environment.
pub fn processes(marker: &str) -> Vec<i32> {
    let pids =
        std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        std::fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|env| env.split(|b| *b == 0).any(|entry| entry == marker.as_bytes()))
    })
    .collect()
}

/// Children of a process, the dead ones too.
pub fn children(parent: i32) -> Vec<i32> {
    std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|p| p.parse().ok())
        .collect()
}
