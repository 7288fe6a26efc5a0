//! Statuses, triggers, stages, jobs and attempts.

mod support;

use cds_engine::{
    Event, Transition,
    event::{Effect, Ignored},
    state::StepRun,
};
use cds_model::{Attempt, JobNo, Status, WorkerId};
use cds_workflow::def::Conditions;
use support::*;

#[test]
fn a_child_without_conditions_runs_after_a_failed_parent() {
    let mut d = Driven::new(spec(&["a", "b<a"]));
    assert_eq!((d.at("a"), d.at("b")), ("0 Waiting".into(), "-".into()));
    d.take("a");
    assert_eq!(d.at("a"), "0 Building");
    let (job, attempt) = d.open_job("a");
    d.apply(ended(job, attempt, FAIL, map(&[])));
    assert_eq!((d.at("a"), d.at("b")), ("0 Fail".into(), "0 Waiting".into()));
    assert_eq!(d.param("b", "cds.status"), Some("Fail"));
    d.end("b", OK);
    assert_eq!(d.status(), FAIL);
}

#[test]
fn the_root_s_false_conditions_make_the_run_never_built() {
    let mut s = spec(&["a", "b<a"]);
    s.workflow.nodes[0].conditions = check("git.branch", "eq", "main");
    let d = Driven::new(s);
    assert_eq!(d.status(), Status::NeverBuilt);
    assert_eq!(d.run.head.not_run[0].why, [r#"git.branch ("") eq "main": false"#]);
}

#[test]
fn a_node_whose_conditions_are_false_is_not_made_and_poisons_nothing() {
    let mut s = spec(&["a", "b<a", "c<b", "d<a"]);
    s.workflow.nodes[1].conditions = check("cds.status", "eq", "Success");
    s.workflow.nodes[3].conditions = Conditions { script: "return 1".into(), check: vec![] };
    let mut d = Driven::new(s);
    d.end("a", FAIL);
    assert_eq!((d.at("b"), d.at("c"), d.at("d")), ("-".into(), "-".into(), "-".into()));
    assert_eq!(d.run.head.not_run.len(), 2);
    assert!(d.infos().iter().any(|i| i.contains("node d") && i.contains("boolean")), "{:?}", d.infos());
    // Unlike the reference: an error in a condition does not fail what comes later.
    d.restart(&["a"]);
    d.end("a", OK);
    assert_eq!((d.at("b"), d.at("d")), ("1 Waiting".into(), "-".into()));
}

#[test]
fn stages_run_in_order_and_a_failure_ends_the_node() {
    let mut s = spec(&["a"]);
    s.pipelines.insert(
        "one".into(),
        pipeline(
            "one",
            vec![
                stage("x", &["j", "k"]),
                stage("empty", &[]),
                stage("off", &["-j", "-k"]),
                stage("y", &["j"]),
                stage("z", &["j"]),
            ],
        ),
    );
    s.pipelines.get_mut("one").unwrap().stages[2].enabled = false;
    let mut d = Driven::new(s);
    let stages =
        |d: &Driven| d.node("a").unwrap().stages.iter().map(|s| s.status.as_str()).collect::<Vec<_>>();
    assert_eq!(stages(&d), ["Waiting", "", "", "", ""]);
    d.end("a", OK);
    assert_eq!(stages(&d), ["Waiting", "", "", "", ""].map(|s| if s == "Waiting" { "Building" } else { s }));
    d.end("a", OK);
    assert_eq!(stages(&d), ["Success", "Success", "Skipped", "Waiting", ""]);
    assert_eq!(d.at("a"), "0 Building");
    d.end("a", FAIL);
    assert_eq!(stages(&d), ["Success", "Success", "Skipped", "Fail", ""]);
    assert_eq!((d.at("a"), d.status()), ("0 Fail".into(), FAIL));
}

#[test]
fn a_stage_with_false_conditions_is_skipped_and_the_next_one_runs() {
    let mut s = spec(&["a"]);
    let mut skipped = stage("x", &["j", "-k"]);
    skipped.conditions = check("cds.pip.deploy", "eq", "yes");
    s.pipelines.insert("one".into(), pipeline("one", vec![skipped, stage("y", &["j"])]));
    let mut d = Driven::new(s);
    let stage = &d.node("a").unwrap().stages[0];
    assert_eq!(stage.status, Status::Skipped);
    assert_eq!(stage.why, [r#"cds.pip.deploy ("") eq "yes": false"#]);
    assert_eq!(stage.jobs.iter().map(|j| j.status).collect::<Vec<_>>(), [Status::Skipped, Status::Disabled]);
    d.end("a", OK);
    assert_eq!(d.at("a"), "0 Success");
}

#[test]
fn a_stopped_job_without_a_failed_one_stops_the_stage() {
    let mut s = spec(&["a"]);
    s.pipelines.insert("one".into(), pipeline("one", vec![stage("x", &["j", "k", "l"])]));
    for (ends, expected) in [
        ([Status::Stopped, OK, OK], Status::Stopped),
        ([OK, FAIL, Status::Stopped], FAIL),
        ([OK, Status::Disabled, OK], OK),
        ([Status::Disabled; 3], OK),
    ] {
        let mut d = Driven::new(s.clone());
        for end in ends {
            d.end("a", end);
        }
        assert_eq!(d.node("a").unwrap().status, expected, "{ends:?}");
    }
}

#[test]
fn nodes_of_nothing_but_skipped_and_disabled_parts() {
    let mut s = spec(&["a", "b<a"]);
    s.pipelines.insert("one".into(), pipeline("one", vec![stage("x", &["-j"])]));
    let d = Driven::new(s);
    assert_eq!((d.at("a"), d.at("b")), ("0 Skipped".into(), "0 Skipped".into()));
    assert_eq!(d.status(), Status::Skipped);
    let mut s = spec(&["a"]);
    s.pipelines.insert("one".into(), pipeline("one", vec![]));
    assert_eq!(Driven::new(s).status(), OK);
}

#[test]
fn what_cannot_run_fails_and_says_so() {
    let mut s = spec(&["a", ">hook<a"]);
    s.pipelines.clear();
    let d = Driven::new(s);
    assert_eq!((d.at("a"), d.at("hook"), d.status()), ("0 Fail".into(), "0 Fail".into(), FAIL));
    assert!(d.infos().iter().any(|i| i.contains(r#"Node a: there is no pipeline named "one""#)));
    assert!(d.infos().contains(&"Node hook: outgoing hooks are not available in this version"));
}

#[test]
fn a_lost_worker_gives_the_job_new_attempts_then_fails_it() {
    let mut d = Driven::new(spec(&["a", "b<a"]));
    for n in 1..=3 {
        let (job, attempt) = d.take("a");
        assert_eq!(attempt, Attempt(n));
        let lost = Event::WorkerLost { job, attempt, reason: "killed by signal 9".into() };
        let effects = d.apply(lost.clone());
        assert!(effects.contains(&Effect::DoneJob { job, attempt }));
        let queued =
            effects.iter().filter(|e| matches!(e, Effect::QueueJob(q) if q.attempt == Attempt(n + 1)));
        assert_eq!(queued.count(), usize::from(n < 3));
        let again = d.try_apply(lost);
        let expected = if n < 3 { Ignored::OldAttempt } else { Ignored::Repeated };
        assert!(matches!(again, Transition::Ignored(i) if i == expected), "{again:?}");
    }
    assert_eq!((d.at("a"), d.at("b")), ("0 Fail".into(), "0 Waiting".into()));
    let job = &d.node("a").unwrap().stages[0].jobs[0];
    assert_eq!(job.attempts.len(), 3);
    assert!(job.attempts[2].reason.contains("killed by signal 9"));
}

#[test]
fn late_and_unknown_news_is_ignored() {
    let mut d = Driven::new(spec(&["a"]));
    let (job, attempt) = d.open_job("a");
    let worker = WorkerId::new();
    let taken = |worker| Event::JobTaken { job, attempt, worker, worker_name: "w".into() };
    let ignored = |t: Transition| match t {
        Transition::Ignored(i) => i,
        other => panic!("{other:?}"),
    };
    let step =
        |status| Event::StepNews { job, attempt, steps: vec![(1, StepRun { status, ..Default::default() })] };
    assert_eq!(ignored(d.try_apply(step(Status::Building))), Ignored::Unknown);
    d.apply(taken(worker));
    assert_eq!(ignored(d.try_apply(taken(worker))), Ignored::Repeated);
    assert_eq!(ignored(d.try_apply(taken(WorkerId::new()))), Ignored::OldAttempt);
    d.apply(step(Status::Building));
    d.apply(step(OK));
    assert_eq!(ignored(d.try_apply(step(Status::Building))), Ignored::Repeated, "a step does not go back");
    let far = Event::StepNews {
        job,
        attempt,
        steps: vec![(u16::MAX, StepRun { status: OK, ..Default::default() })],
    };
    assert_eq!(ignored(d.try_apply(far)), Ignored::Repeated, "there are two steps");
    assert_eq!(ignored(d.try_apply(ended(JobNo(99), attempt, OK, map(&[])))), Ignored::Unknown);
    assert_eq!(ignored(d.try_apply(ended(job, Attempt(9), OK, map(&[])))), Ignored::Unknown);
    d.apply(ended(job, attempt, OK, map(&[])));
    assert_eq!(ignored(d.try_apply(ended(job, attempt, FAIL, map(&[])))), Ignored::Repeated);
    assert_eq!(ignored(d.try_apply(taken(worker))), Ignored::OldAttempt);
    assert_eq!(d.status(), OK);
}

#[test]
fn a_worker_that_reports_nonsense_fails_the_job() {
    let mut d = Driven::new(spec(&["a"]));
    d.end("a", Status::Building);
    assert_eq!(d.status(), FAIL);
}
