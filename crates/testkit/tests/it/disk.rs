//! A disk that is full, really: the data directory is a small file system in memory.

use cds_api::runs::RunStart;
use cds_model::Status;
use cds_testkit::{LONG, SHORT, Setup, TestHatchery, TestServer, eventually, find_job};
use std::{
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A file system of 24 MiB. Unmounted with this value.
struct SmallDisk {
    dir: tempfile::TempDir,
}

impl SmallDisk {
    /// `None` if this user may not mount, which is said.
    fn mount() -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("cds-disk-").tempdir().expect("a directory");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=24m,mode=0700", "cds-test"])
            .arg(dir.path())
            .output();
        match mount {
            Ok(output) if output.status.success() => Some(Self { dir }),
            other => {
                eprintln!("LEFT OUT: no file system can be mounted here ({other:?}); run as root to test it");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Fills it to the last byte.
    fn fill(&self) -> PathBuf {
        let ballast = self.path().join("ballast");
        let mut file = File::create(&ballast).expect("a file");
        let piece = [0_u8; 4096];
        while file.write_all(&piece).is_ok() {}
        ballast
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_a_state_and_passes() {
    let Some(disk) = SmallDisk::mount() else { return };
    let settings = "heartbeat_ms = 2000\nlease_ms = 8000\nmax_attempts = 1";
    let data = disk.path().join("data");
    let setup = Setup { no_hatchery: true, server: settings.into(), data: Some(data), ..Setup::default() };
    let mut server = TestServer::with(setup).await;
    let hatchery = TestHatchery::start(&server, "disk", "max_workers = 2", &[]).await;
    let project = server.project("FULL").await;
    project.push_script("before", &["echo all is well"]).await;
    let script = [
        "echo $$ > $DIR/begun",
        "for i in $(seq 1 200); do echo early $i; sleep 0.01; done",
        "while [ ! -e $DIR/full ]; do sleep 0.05; done",
        "for i in $(seq 1 20000); do echo while the disk is full $i; done",
        "while [ ! -e $DIR/freed ]; do sleep 0.05; done",
        "for i in $(seq 1 200); do echo late $i; done",
    ];
    project.push_script("during", &script).await;
    let before = project.succeed("before", RunStart::default()).await;
    let payload = Some(serde_json::json!({"dir": server.scratch().to_str().unwrap()}));
    let run = project.run("during", RunStart { payload, ..RunStart::default() }).await;
    crate::waits::pid_in(&server.scratch().join("begun")).await;

    let ballast = disk.fill();
    std::fs::write(server.scratch().join("full"), "").unwrap();
    // It says so, to monitors and to whoever wants something of it, and lives.
    let told = eventually("a health that tells of the disk", SHORT, || async {
        let error = server.admin().health().await.err()?;
        let text = format!("{error:?}");
        text.contains("disk").then_some(text)
    })
    .await;
    println!("health: {told}");
    let refused = eventually("a refusal", SHORT, || async {
        // Whatever is still free is used up by what succeeds.
        let start = RunStart {
            payload: Some(serde_json::json!({"much": "x".repeat(100_000)})),
            ..RunStart::default()
        };
        project.client.run_start("FULL", "before", &start, None).await.err()
    })
    .await;
    assert_eq!(refused.status().map(|s| s.as_u16()), Some(507), "{refused:?}");
    assert!(refused.is_code("disk_full"), "{refused:?}");
    // Reading works.
    assert_eq!(project.get("before", before.brief.number).await.brief.status, Status::Success);
    assert!(project.log(&before, "before", "job", 0).await.contains("all is well\n"));
    // Longer than a worker waits for a server that says nothing, and longer than a lease.
    tokio::time::sleep(std::time::Duration::from_secs(9)).await;
    assert!(server.is_running());
    assert!(!project.get("during", run.brief.number).await.brief.status.is_final());

    std::fs::remove_file(ballast).unwrap();
    std::fs::write(server.scratch().join("freed"), "").unwrap();
    // It recovers alone.
    eventually("good health", SHORT, || async { server.admin().health().await.ok() }).await;
    let run = project.ended("during", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}\n{}", hatchery.log());
    assert_eq!(find_job(&run, "during", "job").attempts.len(), 1, "{run:#?}");
    let log = project.log(&run, "during", "job", 0).await;
    for (what, count) in [("early", 200), ("while the disk is full", 20_000), ("late", 200)] {
        let numbers: Vec<u64> =
            log.lines().filter_map(|line| line.strip_prefix(what)?.strip_prefix(' ')?.parse().ok()).collect();
        assert!(numbers.iter().copied().eq(1..=count), "{what}: {} lines", numbers.len());
    }
    // And whatever was accepted meanwhile ends too.
    let query = cds_client::RunQuery { limit: Some(100), ..Default::default() };
    eventually("the end of every run", LONG, || async {
        let runs = project.client.runs("FULL", "before", &query).await.ok()?;
        runs.iter().all(|run| run.status.is_final()).then_some(())
    })
    .await;
    drop(hatchery);
    // What is stored is whole: it opens again.
    server.kill().await;
    server.restart().await;
    assert_eq!(project.get("during", run.brief.number).await.brief.status, Status::Success);
}
