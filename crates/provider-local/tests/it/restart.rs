//! A hatchery that comes back finds its workers again.

use crate::kit::{Kit, PATIENT, config, kill, left, order, until};
use cds_model::WorkerId;
use cds_provider::{InstanceId, InstanceState, Provider};
use cds_provider_local::LocalProvider;
use std::time::Duration;

/// Runs in a runtime of its own, which is then torn down: the nearest thing to a hatchery that was killed.
fn before_the_crash(config: cds_provider_local::LocalConfig, orders: Vec<cds_provider::SpawnOrder>) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let provider = LocalProvider::open(config).unwrap();
        for order in orders {
            provider.spawn(&order).await.unwrap();
        }
    });
    runtime.shutdown_background();
}

fn again(dir: &tempfile::TempDir) -> LocalProvider {
    // The lock goes with the last task of the old runtime, which ends in the background.
    for _ in 0..400 {
        match LocalProvider::open(config(dir, PATIENT)) {
            Ok(provider) => return provider,
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    panic!("the directory stays locked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_are_found_again_and_their_ends_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (lives, dies, id) = (order(), order(), |w: WorkerId| InstanceId(w.to_string()));
    let (first, orders) = (config(&dir, PATIENT), vec![lives.clone(), dies.clone()]);
    tokio::task::spawn_blocking(move || before_the_crash(first, orders)).await.unwrap();
    kill(&id(dies.worker));
    until("it is dead", || left(dies.worker).is_empty()).await;

    let kit = Kit { provider: again(&dir), dir };
    assert_eq!(kit.state(lives.worker).await, Some(InstanceState::Alive));
    let (exit, clean) = kit.end(dies.worker).await;
    assert!(exit.contains("while the hatchery was away") && !clean, "{exit}");
    // Asked for again, it is the same one.
    kit.provider.spawn(&lives).await.unwrap();
    assert_eq!(left(lives.worker).len(), 1);
    kill(&id(lives.worker));
    assert!(!kit.end(lives.worker).await.1);
    for worker in [lives.worker, dies.worker] {
        kit.provider.destroy(&id(worker)).await.unwrap();
    }
    assert_eq!(kit.provider.list().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_was_not_written_down_is_found_by_its_marker() {
    let dir = tempfile::tempdir().unwrap();
    let order = order();
    let (first, orders) = (config(&dir, PATIENT), vec![order.clone()]);
    tokio::task::spawn_blocking(move || before_the_crash(first, orders)).await.unwrap();
    let file = dir.path().join(format!("hatchery/state/{}.json", order.worker));
    let mut record: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let pid = record["process"]["pid"].as_i64().unwrap();
    record["process"] = serde_json::Value::Null;
    std::fs::write(&file, record.to_string()).unwrap();

    let kit = Kit { provider: again(&dir), dir };
    assert_eq!(kit.state(order.worker).await, Some(InstanceState::Alive));
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(record["process"]["pid"].as_i64(), Some(pid));
    kit.provider.destroy(&InstanceId(order.worker.to_string())).await.unwrap();
    assert_eq!(left(order.worker), Vec::<i32>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_that_was_used_again_is_another_process() {
    let dir = tempfile::tempdir().unwrap();
    let worker = WorkerId::new();
    drop(LocalProvider::open(config(&dir, PATIENT)).unwrap());
    // A stranger has the pid now: neither adopted nor killed.
    let mut stranger = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let now = cds_process::ProcId::of(stranger.id() as i32).unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let record = serde_json::json!({
        "worker": worker, "name": "x", "boot": boot.trim(), "process": { "pid": now.pid, "start": now.start - 1 },
    });
    std::fs::write(dir.path().join(format!("hatchery/state/{worker}.json")), record.to_string()).unwrap();
    let kit = Kit { provider: again(&dir), dir };
    assert!(!kit.end(worker).await.1);
    kit.provider.destroy(&InstanceId(worker.to_string())).await.unwrap();
    assert!(now.lives());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_directory_has_one_hatchery() {
    let kit = Kit::new(PATIENT);
    let error = LocalProvider::open(config(&kit.dir, PATIENT)).err().expect("the second must be refused");
    assert!(error.to_string().contains("another hatchery"), "{error}");
}
