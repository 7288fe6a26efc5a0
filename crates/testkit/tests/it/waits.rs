//! What waits says why.

use cds_api::runs::{Run, RunStart};
use cds_model::Status;
use cds_testkit::{Project, SHORT, Setup, TestHatchery, TestServer, eventually, find_job, node_run};
use std::path::Path;

/// The number in a file, once it is there.
pub async fn pid_in(path: &Path) -> u32 {
    eventually(&format!("{}", path.display()), SHORT, || async {
        // Without its line end it may be half written.
        std::fs::read_to_string(path).ok().filter(|t| t.ends_with('\n'))?.trim().parse().ok()
    })
    .await
}

#[tokio::test]
async fn a_job_that_nobody_can_run_says_what_is_missing() {
    let server = TestServer::start().await;
    let project = server.project("WAITS").await;
    let pipeline = "
version: v1.0
name: picky
jobs:
- job: picky
  requirements:
  - binary: no-such-program
  steps:
  - script: ['echo never']
";
    let workflow = "{name: picky, version: v2.0, workflow: {picky: {pipeline: picky}}}";
    project.push(&[("picky.pip.yml", pipeline), ("picky.yml", workflow)]).await;
    let run = project.run("picky", RunStart::default()).await;
    let ctl = server.ctl().await;
    let told = eventually("the reason in cdsctl queue", SHORT, || async {
        let text = ctl.ok(&["queue", "--format", "json"]).await;
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        let why = rows[0]["why"].as_str()?.to_string();
        why.contains("no-such-program").then_some(why)
    })
    .await;
    println!("{told}");
    let run = project.get("picky", run.brief.number).await;
    let job = find_job(&run, "picky", "picky");
    assert_eq!(job.status, Status::Waiting);
    let reason = job.waits.as_ref().expect("a reason on the job");
    assert_eq!(reason.code, "no_match");
    assert!(reason.text.contains("no-such-program"), "{reason:?}");
}

/// What the only job of a run waits for, once it says so.
async fn waits_for(project: &Project, number: i64, words: &str) -> String {
    let said =
        |run: &Run| find_job(run, "plain", "job").waits.as_ref().is_some_and(|w| w.text.contains(words));
    let run = project.when_within(SHORT, "plain", number, words, said).await;
    find_job(&run, "plain", "job").waits.clone().expect("a reason").code
}

#[tokio::test]
async fn a_hatchery_that_fails_or_ends_is_named_and_holds_up_nobody() {
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    let project = server.project("FAILS").await;
    project.push_script("plain", &["true"]).await;
    let mut bad =
        TestHatchery::start(&server, "bad", "max_workers = 2\nworker_exe = \"/bin/false\"", &[]).await;
    let first = project.run("plain", RunStart::default()).await.brief.number;
    assert_eq!(waits_for(&project, first, "workers end right after their start").await, "worker_fails");
    let good = TestHatchery::start(&server, "good", "max_workers = 1", &[]).await;
    let run = project.ended("plain", first).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");

    // One that is told to end says so; one that is killed is missed at once.
    drop(good);
    bad.kill();
    let second = project.run("plain", RunStart::default()).await.brief.number;
    assert_eq!(waits_for(&project, second, "not up").await, "hatchery_down");
}

#[tokio::test]
async fn a_node_waits_for_its_mutex_and_names_the_holder() {
    let server = TestServer::start().await;
    let project = server.project("MUTEX").await;
    let pipeline = "
version: v1.0
name: alone
jobs:
- job: alone
  steps:
  - script:
    - echo $$ > $DIR/begun-$CDS_RUN_NUMBER
    - while [ ! -e $DIR/go ]; do sleep 0.05; done
";
    let workflow = "{name: alone, version: v2.0, workflow: {alone: {pipeline: alone, one_at_a_time: true}}}";
    project.push(&[("alone.pip.yml", pipeline), ("alone.yml", workflow)]).await;
    let dir = server.scratch().to_str().unwrap();
    let start = || RunStart { payload: Some(serde_json::json!({"dir": dir})), ..RunStart::default() };
    project.run("alone", start()).await;
    let begun = |run: &Run| {
        let mut jobs = node_run(run, "alone").stages.iter().flat_map(|s| &s.jobs);
        jobs.any(|job| job.status == Status::Building)
    };
    project.when_within(SHORT, "alone", 1, "the job's begin", begun).await;
    pid_in(&server.scratch().join("begun-1")).await;
    project.run("alone", start()).await;
    let waiting = project.when("alone", 2, "the reason", |run| node_run(run, "alone").waits.is_some()).await;
    let reason = node_run(&waiting, "alone").waits.clone().unwrap();
    assert_eq!(reason.code, "mutex");
    assert!(reason.text.contains('1'), "{reason:?}");
    assert!(!server.scratch().join("begun-2").exists());

    std::fs::write(server.scratch().join("go"), "").unwrap();
    let (first, second) = (project.ended("alone", 1).await, project.ended("alone", 2).await);
    assert_eq!((first.brief.status, second.brief.status), (Status::Success, Status::Success));
    let done = node_run(&first, "alone").done.clone().unwrap();
    let begun = find_job(&second, "alone", "alone").start.clone().unwrap();
    assert!(done <= begun, "{done} {begun}");
}
