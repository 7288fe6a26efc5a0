//! Going on with a run that has ended.

use cds_api::runs::RunStart;
use cds_model::Status;
use cds_testkit::{TestServer, find_job, node_run};
use std::path::Path;

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap_or_default().lines().count()
}

#[tokio::test]
async fn only_the_jobs_that_failed_run_again() {
    let server = TestServer::start().await;
    let project = server.project("AGAIN").await;
    let pipeline = "
version: v1.0
name: pair
jobs:
- job: good
  steps:
  - script: ['echo once >> $DIR/good', 'worker export kept yes']
- job: bad
  steps:
  - script: ['echo try >> $DIR/bad', 'test -e $DIR/mended']
- job: last
  stage: after
  steps:
  - script: ['echo kept is {{.cds.build.kept}} >> $DIR/last']
";
    let workflow = "
name: pair
version: v2.0
workflow:
  pair: {pipeline: pair}
  next: {pipeline: next, depends_on: [pair], when: [success]}
";
    let next =
        "{version: v1.0, name: next, jobs: [{job: next, steps: [{script: ['echo next >> $DIR/next']}]}]}";
    project.push(&[("pair.pip.yml", pipeline), ("next.pip.yml", next), ("pair.yml", workflow)]).await;
    let dir = server.scratch();
    let payload = Some(serde_json::json!({"dir": dir.to_str().unwrap()}));
    let run = project.run("pair", RunStart { payload, ..RunStart::default() }).await;
    let run = project.ended("pair", run.brief.number).await;
    assert_eq!(run.brief.status, Status::Fail);
    assert_eq!(find_job(&run, "pair", "good").status, Status::Success);
    assert_eq!(find_job(&run, "pair", "bad").status, Status::Fail);
    assert_eq!((lines(&dir.join("good")), lines(&dir.join("bad")), lines(&dir.join("last"))), (1, 1, 0));

    std::fs::write(dir.join("mended"), "").unwrap();
    let start = RunStart {
        number: Some(run.brief.number),
        from_nodes: vec!["pair".into()],
        only_failed_jobs: true,
        ..RunStart::default()
    };
    let run = project.run("pair", start).await;
    assert_eq!(run.brief.number, 1);
    let run = project.ended("pair", 1).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}");
    assert_eq!(node_run(&run, "pair").sub_number, 1);
    assert_eq!(find_job(&run, "pair", "good").status, Status::Success);
    assert_eq!((lines(&dir.join("good")), lines(&dir.join("bad")), lines(&dir.join("next"))), (1, 2, 1));
    assert_eq!(std::fs::read_to_string(dir.join("last")).unwrap(), "kept is yes\n");
}

#[tokio::test]
async fn a_node_and_what_follows_run_again() {
    let server = TestServer::start().await;
    let project = server.project("FROM").await;
    let pipeline = "{version: v1.0, name: step, jobs: [{job: step, steps: [{script: ['echo $CDS_RUN >> $DIR/$CDS_NODE']}]}]}";
    let workflow = "
name: chain
version: v2.0
workflow:
  a: {pipeline: step}
  b: {pipeline: step, depends_on: [a]}
  c: {pipeline: step, depends_on: [b]}
  d: {pipeline: step, depends_on: [a, c]}
";
    project.push(&[("step.pip.yml", pipeline), ("chain.yml", workflow)]).await;
    let dir = server.scratch();
    let payload = Some(serde_json::json!({"dir": dir.to_str().unwrap()}));
    let first = project.succeed("chain", RunStart { payload, ..RunStart::default() }).await;
    let start =
        RunStart { number: Some(first.brief.number), from_nodes: vec!["b".into()], ..RunStart::default() };
    project.run("chain", start).await;
    let run = project.ended("chain", 1).await;
    assert_eq!(run.brief.status, Status::Success);
    assert_eq!(run.brief.sub_number, 1);
    let said = |node: &str| std::fs::read_to_string(dir.join(node)).unwrap();
    assert_eq!(said("a"), "1.0\n");
    // The join fires again: its parent did.
    for node in ["b", "c", "d"] {
        assert_eq!(said(node), "1.0\n1.1\n", "{node}");
    }
}
