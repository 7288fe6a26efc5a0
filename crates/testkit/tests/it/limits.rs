//! Limits of time: a step, a job, the queue, the run, each from the files and each with its own words.

use cds_api::runs::RunStart;
use cds_model::Status;
use cds_testkit::{SHORT, Setup, TestServer, eventually, find_job};

/// A node for each limit of jobs.
const LIMITS: [(&str, &str); 4] = [
    (
        "step.pip.yml",
        "
version: v1.0
name: step
jobs:
- job: job
  steps:
  - script: ['(trap \"\" TERM; setsid sleep 1000) & trap \"\" TERM; echo $$ > $DIR/step; sleep 1000; sleep 1000']
    timeout: 1s
    optional: true
  - script: ['echo goes on']
",
    ),
    (
        "job.pip.yml",
        "
version: v1.0
name: job
jobs:
- job: job
  timeout: 1s
  steps:
  - script: ['echo $$ > $DIR/job; sleep 1000']
  - script: ['echo never']
    always_executed: true
",
    ),
    (
        "queue.pip.yml",
        "
version: v1.0
name: queue
jobs:
- job: job
  queue_timeout: 1s
  requirements: [{binary: no-such-program}]
  steps: [{script: ['true']}]
",
    ),
    (
        "limits.yml",
        "{name: limits, version: v2.0, workflow: {root: {pipeline: step}, job: {pipeline: job, depends_on: [root]}, \
         queue: {pipeline: queue, depends_on: [root]}}}",
    ),
];

/// A limit of the run.
const SLOW: [(&str, &str); 2] = [
    (
        "slow.pip.yml",
        "{version: v1.0, name: slow, jobs: [{job: job, steps: [{script: ['echo $$ > $DIR/slow; sleep 1000']}]}]}",
    ),
    ("slow.yml", "{name: slow, version: v2.0, timeout: 2s, workflow: {slow: {pipeline: slow}}}"),
];

#[tokio::test]
async fn each_limit_ends_what_it_is_for() {
    let server = TestServer::with(Setup { server: "kill_grace_ms = 500".into(), ..Setup::default() }).await;
    let project = server.project("LIMITS").await;
    project.push(&LIMITS).await;
    project.push(&SLOW).await;
    let dir = Some(serde_json::json!({"dir": server.scratch().to_str().unwrap()}));
    let start = || RunStart { payload: dir.clone(), ..RunStart::default() };
    let (limits, slow) = (project.run("limits", start()).await, project.run("slow", start()).await);

    let run = project.ended("limits", limits.brief.number).await;
    assert_eq!(run.brief.status, Status::Fail, "{run:#?}");
    let steps = |node: &str| {
        let steps = &find_job(&run, node, "job").attempts[0].steps;
        steps.iter().map(|s| (s.status, s.reason.clone())).collect::<Vec<_>>()
    };
    let own = steps("root");
    assert_eq!(own[0], (Status::Fail, "the step ran longer than its limit of 1s".into()));
    assert_eq!(own[1].0, Status::Success, "a step that may fail lets the job go on");
    let job = find_job(&run, "job", "job");
    assert_eq!(job.attempts[0].reason, "the job ran longer than its limit of 1s", "{job:#?}");
    assert_eq!(steps("job")[1].0, Status::NeverBuilt);
    let queued = find_job(&run, "queue", "job");
    assert_eq!(queued.attempts[0].reason, "no worker took the job within its limit of 1s", "{queued:#?}");

    let run = project.ended("slow", slow.brief.number).await;
    assert_eq!(run.brief.status, Status::Stopped);
    let told =
        run.infos.iter().any(|i| i.text == "The run was stopped: it lasted longer than its limit of 2s");
    assert!(told, "{:#?}", run.infos);
    for name in ["step", "job", "slow"] {
        let pid = super::waits::pid_in(&server.scratch().join(name)).await;
        eventually("its processes are gone", SHORT, || async {
            (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
        })
        .await;
    }
}
