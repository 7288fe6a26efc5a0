//! A provider in a directory of its own, with a script as its worker.

use cds_model::{Secret, WorkerId};
use cds_provider::{InstanceId, InstanceState, Provider, SpawnOrder};
use cds_provider_local::{LocalConfig, LocalProvider, MARKER};
use std::{
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Lives until it is ended.
pub const PATIENT: &str = "exec sleep 600";

pub struct Kit {
    pub provider: LocalProvider,
    pub dir: TempDir,
}

pub fn config(dir: &TempDir, script: &str) -> LocalConfig {
    let exe = dir.path().join("worker.sh");
    // Written elsewhere and renamed: a program that is open for writing cannot be started.
    let draft = dir.path().join("worker.sh.new");
    std::fs::write(&draft, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(draft, &exe).unwrap();
    LocalConfig {
        directory: dir.path().join("hatchery"),
        worker_exe: exe,
        max_instances: 0,
        grace: Duration::from_millis(300),
        environment: vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("CDS_TOKEN".into(), "of-the-hatchery".into()),
        ],
        end_with_this: false,
    }
}

impl Kit {
    pub fn new(script: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { provider: LocalProvider::open(config(&dir, script)).unwrap(), dir }
    }
    pub fn base(&self, worker: WorkerId) -> PathBuf {
        self.dir.path().join("hatchery/workers").join(worker.to_string())
    }
    pub async fn state(&self, worker: WorkerId) -> Option<InstanceState> {
        self.provider.list().await.unwrap().into_iter().find(|i| i.worker == worker).map(|i| i.state)
    }
    /// Waits for news until the worker has ended; answers how.
    pub async fn end(&self, worker: WorkerId) -> (String, bool) {
        loop {
            if let Some(InstanceState::Ended { exit, clean }) = self.state(worker).await {
                return (exit, clean);
            }
            tokio::time::timeout(Duration::from_secs(20), self.provider.changed())
                .await
                .expect("news of the end");
        }
    }
}

pub fn order() -> SpawnOrder {
    SpawnOrder {
        worker: WorkerId::new(),
        name: "local-1".into(),
        token: Secret::new("once".into()),
        api_url: "http://127.0.0.1:1".into(),
        labels: Default::default(),
        resources: Default::default(),
    }
}

/// Process ids that carry the worker's marker.
pub fn left(worker: WorkerId) -> Vec<i32> {
    cds_process::marked(MARKER, &worker.to_string()).iter().map(|s| s.id.pid).collect()
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// SIGKILL to a worker's first process.
pub fn kill(id: &InstanceId) {
    let worker: WorkerId = id.0.parse().unwrap();
    let oldest =
        cds_process::marked(MARKER, &worker.to_string()).into_iter().min_by_key(|s| (s.id.start, s.id.pid));
    let pid = oldest.and_then(|s| s.id.pid()).expect("a process of the worker");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
