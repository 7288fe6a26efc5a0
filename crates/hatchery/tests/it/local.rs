//! The loop with real processes, on the real clock.

use crate::fakes::{FakeServer, Hatchery, config, until};
use cds_provider_local::{LocalConfig, LocalProvider, MARKER};
use std::{os::unix::fs::PermissionsExt, time::Duration};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_is_known_to_the_server_within_milliseconds() {
    let dir = tempfile::tempdir().unwrap();
    let exe = dir.path().join("worker.sh");
    std::fs::write(dir.path().join("draft"), "#!/bin/sh\nsetsid sleep 601 &\nsleep 602\n").unwrap();
    std::fs::set_permissions(dir.path().join("draft"), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(dir.path().join("draft"), &exe).unwrap();
    let provider = LocalProvider::open(LocalConfig {
        directory: dir.path().join("hatchery"),
        worker_exe: exe,
        max_instances: 0,
        grace: Duration::from_millis(200),
        environment: vec![("PATH".into(), "/usr/bin:/bin".into())],
        end_with_this: false,
    })
    .unwrap();
    let server = FakeServer::new(2);
    let hatchery = Hatchery::start(&config(2), provider, server.clone());
    let processes = |server: &FakeServer| -> usize {
        let workers: Vec<_> = server.look().workers.keys().copied().collect();
        workers.iter().map(|w| cds_process::marked(MARKER, &w.to_string()).len()).sum()
    };
    until("two workers of three processes", || processes(&server) == 6).await;
    let all: Vec<_> = server.look().workers.keys().copied().collect();
    let leader = cds_process::marked(MARKER, &all[0].to_string())
        .into_iter()
        .min_by_key(|s| (s.id.start, s.id.pid))
        .unwrap();
    let start = Instant::now();
    rustix::process::kill_process(leader.id.pid().unwrap(), rustix::process::Signal::KILL).unwrap();
    until("the end is known", || !server.look().ends.is_empty()).await;
    let (worker, exit, at) = server.look().ends[0].clone();
    assert_eq!((worker, exit.as_str()), (all[0], "signal 9"));
    assert!(at - start < Duration::from_millis(300), "it took {:?}", at - start);
    until("nothing is left of it", || cds_process::marked(MARKER, &worker.to_string()).is_empty()).await;
    until("it has a successor", || processes(&server) == 6).await;
    let all: Vec<_> = server.look().workers.keys().copied().collect();
    hatchery.stop().await.unwrap();
    for worker in all {
        assert!(
            cds_process::marked(MARKER, &worker.to_string()).is_empty(),
            "nothing may outlive the hatchery"
        );
    }
}
