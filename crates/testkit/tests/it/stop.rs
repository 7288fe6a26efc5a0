//! Stopping a run ends everything it started, whatever that does to stay.

use crate::waits::pid_in;
use cds_api::runs::{RunStart, RunStop};
use cds_model::Status;
use cds_testkit::{Marked, SHORT, Setup, TestServer, eventually};
use std::time::{Duration, Instant};

/// Longest time between the stop and the end of the last process.
const LIMIT: Duration = Duration::from_secs(10);

/// Files in which processes write their numbers.
const NAMES: [&str; 9] =
    ["plain", "child", "deaf", "daemon", "daemons-parent", "forked", "forks", "asleep", "stopped"];

const PIPELINE: &str = r#"
version: v1.0
name: stubborn
jobs:
- job: plain
  steps:
  - script: |
      sleep 1000 &
      echo $! > $DIR/child
      echo $$ > $DIR/plain
      wait
- job: deaf
  steps:
  - script: |
      trap '' TERM INT HUP
      echo $$ > $DIR/deaf
      while :; do sleep 1; done
- job: daemon
  steps:
  - script: |
      (setsid sh -c 'echo $$ > $DIR/daemon; exec sleep 1000' > /dev/null 2>&1 &)
      while [ ! -s $DIR/daemon ]; do sleep 0.05; done
      echo $$ > $DIR/daemons-parent
      sleep 1000
- job: forks
  steps:
  - script: |
      # Twice away from its parent, in a session of its own each time, deaf, and without a mark in its environment.
      (setsid sh -c '(env -i setsid sh -c "trap \"\" TERM HUP INT; echo \$\$ > $DIR/forked; while :; do sleep 1; done" &) &' > /dev/null 2>&1 &)
      while [ ! -s $DIR/forked ]; do sleep 0.05; done
      echo $$ > $DIR/forks
      sleep 1000
- job: stopped
  steps:
  - script: |
      sh -c 'trap "" TERM; echo $$ > $DIR/asleep; kill -STOP $$; sleep 1000' &
      echo $$ > $DIR/stopped
      kill -STOP $$
      sleep 1000
"#;

const WORKFLOW: &str = "{name: stubborn, version: v2.0, workflow: {stubborn: {pipeline: stubborn}}}";

#[tokio::test]
async fn every_process_of_a_stopped_run_ends() {
    let mark = format!("{}-stop", std::process::id());
    let env = vec![("STOP_MARK".to_string(), mark.clone())];
    let setup = Setup { env, hatchery: "max_workers = 5".into(), ..Setup::default() };
    let server = TestServer::with(setup).await;
    let project = server.project("STOP").await;
    project.push(&[("stubborn.pip.yml", PIPELINE), ("stubborn.yml", WORKFLOW)]).await;
    let dir = server.scratch().join("pids");
    std::fs::create_dir(&dir).unwrap();
    let payload = serde_json::json!({"dir": dir.to_str().unwrap()});
    let run = project.run("stubborn", RunStart { payload: Some(payload), ..RunStart::default() }).await;
    let mut pids = Vec::new();
    for name in NAMES {
        pids.push((name, pid_in(&dir.join(name)).await));
    }
    assert!(pids.iter().all(|(_, pid)| lives(*pid)), "{pids:?}");

    let begin = Instant::now();
    project.client.run_stop("STOP", "stubborn", run.brief.number, &RunStop::default()).await.unwrap();
    let ended = project.ended("stubborn", run.brief.number).await;
    assert_eq!(ended.brief.status, Status::Stopped);
    let left = || async { (!pids.iter().any(|(_, pid)| lives(*pid))).then_some(()) };
    eventually(&format!("the end of {pids:?}"), LIMIT.saturating_sub(begin.elapsed()), left).await;
    println!("all processes ended {:?} after the stop", begin.elapsed());
    // Nor anything that has told nobody its number.
    let none_is_left = || async {
        let left = Marked::all("STOP_MARK", &mark).into_iter().filter(|p| p.variable("CDS_JOB_ID").is_some());
        (left.count() == 0).then_some(())
    };
    eventually("the end of every process of a job", LIMIT.saturating_sub(begin.elapsed()), none_is_left)
        .await;

    // The workers survive or are replaced: the next run works.
    project.push_script("after", &["echo fine"]).await;
    project.succeed("after", RunStart::default()).await;
}

/// The worker above a script becomes `$p`.
const WORKER: &str = r#"p=$$; until tr '\0' ' ' < /proc/$p/cmdline | grep -q ' worker --api '; do p=$(awk '/^PPid/ { print $2 }' /proc/$p/status); done"#;

const MURDER: &str = r#"
(setsid env -i sh -c "(env -i sh -c 'echo \$\$ >> $DIR/hidden; exec sleep 1000' &)" > /dev/null 2>&1 &)
n=$(cat $DIR/attempts 2> /dev/null | wc -l)
echo >> $DIR/attempts
while [ "$(cat $DIR/hidden 2> /dev/null | wc -l)" -le "$n" ]; do sleep 0.05; done
kill -9 $p
sleep 1000
"#;

#[tokio::test]
async fn a_job_that_kills_its_worker_leaves_nothing() {
    let server = TestServer::with(Setup::default()).await;
    let project = server.project("MURDER").await;
    project.push_script("murder", &[WORKER, MURDER]).await;
    let dir = server.scratch().join("murder");
    std::fs::create_dir(&dir).unwrap();
    let payload = serde_json::json!({"dir": dir.to_str().unwrap()});
    let run = project.run("murder", RunStart { payload: Some(payload), ..RunStart::default() }).await;
    assert_eq!(project.ended("murder", run.brief.number).await.brief.status, Status::Fail);
    let hidden = std::fs::read_to_string(dir.join("hidden")).unwrap();
    let pids: Vec<u32> = hidden.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(pids.len(), 3, "one of each attempt");
    // Before the end was told.
    assert!(!pids.iter().any(|pid| lives(*pid)), "{pids:?}");
}

#[tokio::test]
async fn a_job_that_stops_its_worker_is_stopped_in_time() {
    let server = TestServer::with(Setup::default()).await;
    let project = server.project("SLEEP").await;
    project.push_script("sleep", &[WORKER, "kill -STOP $p", "echo $$ > $DIR/job", "sleep 1000"]).await;
    let payload = serde_json::json!({"dir": server.scratch().to_str().unwrap()});
    let run = project.run("sleep", RunStart { payload: Some(payload), ..RunStart::default() }).await;
    let pid = pid_in(&server.scratch().join("job")).await;
    let begin = Instant::now();
    project.client.run_stop("SLEEP", "sleep", run.brief.number, &RunStop::default()).await.unwrap();
    let ended = || async { (!lives(pid)).then_some(()) };
    eventually("the end of the job", LIMIT.saturating_sub(begin.elapsed()), ended).await;
}

#[tokio::test]
async fn a_job_in_the_queue_stops_at_once() {
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    let project = server.project("QUEUE").await;
    project.push_script("waits", &["echo never"]).await;
    let run = project.run("waits", RunStart::default()).await;
    eventually("the job in the queue", SHORT, || async {
        (!project.client.queue().await.unwrap().is_empty()).then_some(())
    })
    .await;
    project.client.run_stop("QUEUE", "waits", run.brief.number, &RunStop::default()).await.unwrap();
    let run = project.ended("waits", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Stopped);
    assert!(project.client.queue().await.unwrap().is_empty());
}

/// A zombie is dead: its parent merely has not looked.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z') && !rest.starts_with('X'))
}
