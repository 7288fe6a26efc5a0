//! Workers and servers that die, by SIGKILL.

use crate::waits::pid_in;
use cds_api::runs::RunStart;
use cds_client::RunQuery;
use cds_model::Status;
use cds_testkit::{LONG, Project, SHORT, TestServer, eventually, find_job};
use rustix::process::{Pid, Signal, kill_process};
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream};

#[tokio::test]
async fn a_lost_worker_costs_an_attempt_and_no_log() {
    let server = TestServer::start().await;
    let project = server.project("LOSS").await;
    let script = [
        "if [ -e $DIR/tried ]; then echo this is the second; exit 0; fi",
        "echo this is the first",
        "touch $DIR/tried",
        "echo $PPID > $DIR/worker",
        "sleep 1000",
    ];
    project.push_script("loses", &script).await;
    let payload = Some(serde_json::json!({"dir": server.scratch().to_str().unwrap()}));
    let run = project.run("loses", RunStart { payload, ..RunStart::default() }).await;
    let worker = pid_in(&server.scratch().join("worker")).await;
    // What has reached the server must stay there.
    stored(&project, "loses", run.brief.number, "this is the first\n").await;
    kill_process(Pid::from_raw(worker as i32).unwrap(), Signal::KILL).unwrap();

    let run = project.ended("loses", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    let job = find_job(&run, "loses", "job");
    assert_eq!(job.attempts.len(), 2, "{job:#?}");
    assert_ne!(job.attempts[0].worker, job.attempts[1].worker);
    assert!(job.attempts[0].reason.contains("worker"), "{:?}", job.attempts[0]);
    assert!(project.attempt_log(job, 1, 0).await.contains("this is the first\n"));
    let second = project.attempt_log(job, 2, 0).await;
    assert!(second.contains("this is the second\n") && !second.contains("first"), "{second}");
}

#[tokio::test]
async fn a_killed_server_loses_nothing_that_a_worker_has() {
    const LINES: usize = 400;
    let mut server = TestServer::start().await;
    let project = server.project("CRASH").await;
    let count = format!("for i in $(seq 1 {LINES}); do echo line $i; sleep 0.01; done");
    let pipeline = format!(
        "version: v1.0\nname: count\njobs:\n- job: count\n  steps:\n  - script: ['{count}']\n  - script: ['echo done']\n"
    );
    let after = "{version: v1.0, name: after, jobs: [{job: after, steps: [{script: [echo after]}]}]}";
    let workflow = "
name: count
version: v2.0
workflow:
  count: {pipeline: count}
  after: {pipeline: after, depends_on: [count], when: [success]}
";
    project.push(&[("count.pip.yml", &pipeline), ("after.pip.yml", after), ("count.yml", workflow)]).await;
    let run = project.run("count", RunStart::default()).await;
    for line in ["line 20\n", "line 120\n"] {
        stored(&project, "count", run.brief.number, line).await;
        server.kill().await;
        server.restart().await;
    }
    let run = project.ended("count", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    let job = find_job(&run, "count", "count");
    assert_eq!(job.attempts.len(), 1, "the worker lived through it: {job:#?}");
    let log = project.attempt_log(job, 1, 0).await;
    let numbers: Vec<usize> =
        log.lines().filter_map(|l| l.strip_prefix("line ")).map(|n| n.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=LINES).collect::<Vec<_>>());
    assert!(project.log(&run, "after", "after", 0).await.contains("after\n"));
}

/// Waits until the first step's log holds a text.
async fn stored(project: &Project, workflow: &str, number: i64, text: &str) {
    eventually(&format!("{text:?} in the log"), SHORT, || async {
        let run = project.client.run(&project.key, workflow, number.into()).await.ok()?;
        let job = run.node_runs.first()?.stages.first()?.jobs.first()?.id;
        let log = project.client.log(job, 1, 0).await.ok()?.bytes(1 << 20).await.ok()?;
        String::from_utf8_lossy(&log).contains(text).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_caller_that_hangs_up_leaves_no_run_behind() {
    let server = TestServer::start().await;
    let project = server.project("HANGUP").await;
    project.push_script("quick", &["true"]).await;
    let token = project.client.token().unwrap().expose().clone();
    let request = format!(
        "POST /v1/projects/HANGUP/workflows/quick/runs HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    // From before the server has begun to after it has answered.
    for i in 0..60 {
        let mut stream = TcpStream::connect(server.url().trim_start_matches("http://")).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_micros(i * 100)).await;
        drop(stream);
    }
    let runs = eventually("the end of every run", LONG, || async {
        let query = RunQuery { limit: Some(100), ..RunQuery::default() };
        let runs = project.client.runs("HANGUP", "quick", &query).await.ok()?;
        runs.iter().all(|run| run.status.is_final()).then_some(runs)
    })
    .await;
    assert!(!runs.is_empty(), "no call got through, so nothing was tried");
    assert!(runs.iter().all(|run| run.status == Status::Success));
}
