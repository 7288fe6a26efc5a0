//! Goldens of the tree and of the lines.

use super::*;
use cds_api::{
    queue::WaitReason,
    runs::{AttemptRun, Info, NodeRun, NotRun, RunBrief, StageRun, Tag},
    workflows::WorkflowNode,
};
use cds_model::{JobNo, RunId};

fn at(second: u32) -> String {
    format!("2026-01-02T03:{:02}:{:02}.000Z", second / 60, second % 60)
}

fn graph(names: &[&str]) -> Vec<WorkflowNode> {
    names
        .iter()
        .map(|name| WorkflowNode {
            name: (*name).into(),
            kind: "pipeline".into(),
            parents: Vec::new(),
            pipeline: (*name).into(),
            application: String::new(),
            environment: String::new(),
            mutex: false,
            parameters: Default::default(),
            payload: Default::default(),
            conditions: Vec::new(),
            definition: String::new(),
        })
        .collect()
}

fn job(n: u32, name: &str, status: Status, start: Option<u32>, done: Option<u32>) -> JobRun {
    let step = |step: u16, status: Status| StepRun {
        step,
        name: "script".into(),
        status,
        start: None,
        done: None,
        exit_code: (status == Status::Fail).then_some(2),
        reason: String::new(),
        optional: false,
    };
    let steps = vec![step(0, Status::Success), step(1, status)];
    let attempt = AttemptRun {
        attempt: 1,
        status,
        worker: "w1".into(),
        start: start.map(at),
        done: done.map(at),
        reason: String::new(),
        steps,
    };
    JobRun {
        id: cds_model::JobRef { run: RunId(Default::default()), job: JobNo(n) },
        name: name.into(),
        status,
        waits: None,
        queued: None,
        start: start.map(at),
        done: done.map(at),
        infos: Vec::new(),
        attempts: if start.is_some() { vec![attempt] } else { Vec::new() },
    }
}

fn stage(name: &str, status: Status, jobs: Vec<JobRun>) -> StageRun {
    StageRun { name: name.into(), status, why: Vec::new(), jobs }
}

fn node(id: u32, name: &str, status: Status, done: Option<u32>, stages: Vec<StageRun>) -> NodeRun {
    NodeRun {
        id,
        node: name.into(),
        sub_number: 0,
        status,
        start: at(0),
        done: done.map(at),
        manual: false,
        waits: None,
        stages,
        parameters: Vec::new(),
    }
}

pub(crate) fn sample() -> Run {
    let mut waiting = job(3, "push", Status::Waiting, None, None);
    waiting.waits =
        Some(WaitReason { code: "requirement".into(), text: "no hatchery offers binary: oc".into() });
    Run {
        brief: RunBrief {
            at_work: None,
            gates: 0,
            id: RunId(Default::default()).to_string(),
            number: 12,
            sub_number: 0,
            version: "12".into(),
            status: Status::Building,
            project_key: "PK".into(),
            workflow_name: "build-all".into(),
            start: at(0),
            last_execution: at(5),
            duration_ms: None,
            work_ms: None,
            triggered_by: "alice".into(),
            tags: vec![Tag { tag: "git.branch".into(), value: "main".into() }],
            parked: None,
        },
        payload: Default::default(),
        infos: vec![Info { at: at(0), level: "Warning".into(), sub_number: 0, text: "no payload".into() }],
        nodes: graph(&["build", "test", "deploy", "clean", "notify"]),
        node_runs: vec![
            node(
                0,
                "build",
                Status::Success,
                Some(12),
                vec![stage("", Status::Success, vec![job(0, "compile", Status::Success, Some(1), Some(11))])],
            ),
            node(
                1,
                "test",
                Status::Building,
                None,
                vec![
                    stage(
                        "Unit",
                        Status::Fail,
                        vec![
                            job(1, "fast", Status::Fail, Some(12), Some(14)),
                            job(2, "slow", Status::Building, Some(12), None),
                        ],
                    ),
                    stage(
                        "Publish",
                        Status::NotReached,
                        vec![job(4, "later", Status::NotReached, None, None)],
                    ),
                ],
            ),
            node(2, "deploy", Status::Waiting, None, vec![stage("", Status::Waiting, vec![waiting])]),
        ],
        not_run: vec![NotRun {
            node: "clean".into(),
            sub_number: 0,
            why: vec!["git.branch is main, not v1".into()],
            gate: false,
        }],
    }
}

#[test]
fn the_tree_of_a_run_in_progress() {
    let view = View { colour: false, now_ms: epoch_ms(&at(75)).unwrap() };
    assert_eq!(
        tree(&sample(), view),
        "\
build-all #12  Building  1m 15s  by alice  main
├─ ✔ build  12s
│  └─ ✔ compile  10s
├─ ● test  Building  1m 15s
│  ├─ ✘ Unit  Fail
│  │  ├─ ✘ fast  Fail  2s  step 2 script: exit status 2
│  │  └─ ● slow  Building  1m 03s  step 2/2 script
│  └─ · Publish
├─ ◌ deploy  Waiting  1m 15s
│  └─ ◌ push  Waiting  waits: no hatchery offers binary: oc
├─ ⊘ clean  not run: git.branch is main, not v1
└─ · notify
warning: no payload
"
    );
}

#[test]
fn colours_change_nothing_else() {
    let now_ms = epoch_ms(&at(75)).unwrap();
    let coloured = tree(&sample(), View { colour: true, now_ms });
    assert!(coloured.contains("\x1b[31m✘\x1b[0m"));
    let bare: String = coloured.lines().map(|l| screen::harmless(l) + "\n").collect();
    assert_eq!(bare, tree(&sample(), View { colour: false, now_ms }));
}

#[test]
fn an_ended_run_has_no_unreached_nodes_and_shows_the_newest_execution() {
    let mut run = sample();
    run.brief.status = Status::Fail;
    run.brief.sub_number = 1;
    run.brief.duration_ms = Some(3_900_000);
    run.infos.clear();
    run.not_run.clear();
    let mut again = node(3, "build", Status::Stopped, Some(30), Vec::new());
    again.sub_number = 1;
    run.node_runs = vec![run.node_runs.remove(0), again];
    let text = tree(&run, View { colour: false, now_ms: 0 });
    assert_eq!(text, "build-all #12.1  Fail  1h 05m  by alice  main\n└─ ■ build .1  Stopped\n");
}

#[test]
fn lines_say_each_change_once() {
    let mut progress = Progress::new();
    let now_ms = epoch_ms(&at(75)).unwrap();
    let mut run = sample();
    assert_eq!(
        progress.update(&run, now_ms),
        [
            "warning: no payload",
            "build / compile  Success  10s",
            "build  Success  12s",
            "test / Unit / fast  Fail  2s  step 2 script: exit status 2",
            "test / Unit / slow  Building on w1",
            "deploy / push  Waiting: no hatchery offers binary: oc",
            "clean  not run: git.branch is main, not v1",
        ]
    );
    assert!(progress.update(&run, now_ms + 1000).is_empty(), "time alone is no news");
    let slow = &mut run.node_runs[1].stages[0].jobs[1];
    slow.status = Status::Success;
    slow.done = Some(at(80));
    assert_eq!(progress.update(&run, now_ms), ["test / Unit / slow  Success  1m 08s"]);
}

#[test]
fn a_reason_to_wait_is_said_once_for_each_kind() {
    let why = |text: &str| Some(WaitReason { code: "all_busy".into(), text: text.into() });
    let mut run = sample();
    let mut progress = Progress::new();
    let mut say = |waits: Option<WaitReason>| {
        let slow = &mut run.node_runs[1].stages[0].jobs[1];
        (slow.status, slow.waits) = (Status::Waiting, waits);
        let lines = progress.update(&run, 0);
        lines.into_iter().filter(|line| line.starts_with("test / Unit / slow")).collect::<Vec<_>>()
    };
    assert_eq!(
        say(why("position 2, waiting for 1 s")),
        ["test / Unit / slow  Waiting: position 2, waiting for 1 s"]
    );
    assert!(say(why("position 1, waiting for 2 s")).is_empty());
    assert_eq!(say(None), ["test / Unit / slow  Waiting"]);
}

#[test]
fn durations() {
    assert_eq!(
        [40, 950, 59_999, 60_000, 7_500_000].map(duration),
        ["0.0s", "0.9s", "59s", "1m 00s", "2h 05m"]
    );
}
