//! Joins, sub-numbers, restarts, "only failed jobs", resync.

mod support;

use cds_engine::{
    Event, Transition,
    event::{Effect, Refusal},
    state::{AttemptRun, NodeRun},
};
use cds_model::{JobNo, NodeRunNo, Status, Timestamp};
use cds_workflow::def::Conditions;
use std::sync::Arc;
use support::*;

fn refused(t: Transition) -> Refusal {
    match t {
        Transition::Refused(r) => r,
        other => panic!("not refused: {other:?}"),
    }
}

const DIAMOND: &[&str] = &["a", "b<a", "c<a", "=j<b,c", "d<j"];

#[test]
fn a_join_waits_for_all_its_parents() {
    let mut d = Driven::new(spec(DIAMOND));
    d.end("a", OK);
    d.end("b", OK);
    assert_eq!(d.at("j"), "-");
    d.end("c", OK);
    assert_eq!((d.at("j"), d.at("d")), ("0 Success".into(), "0 Waiting".into()));
    assert_eq!(d.node("j").unwrap().parents, [NodeRunNo(1), NodeRunNo(2)]);
    d.end("d", OK);
    assert_eq!(d.status(), OK);
}

#[test]
fn a_bad_parent_blocks_a_join_unless_it_has_conditions() {
    for (bad, status) in [(FAIL, "0 Fail"), (Status::Stopped, "0 Stopped")] {
        let mut d = Driven::new(spec(DIAMOND));
        d.end("a", OK);
        d.end("b", bad);
        d.end("c", OK);
        assert_eq!((d.at("b"), d.at("j"), d.status()), (status.into(), "-".into(), bad));

        let mut s = spec(DIAMOND);
        s.workflow.nodes[3].conditions = check("cds.status", "eq", bad.as_str());
        let mut d = Driven::new(s);
        d.end("a", OK);
        d.end("b", bad);
        d.end("c", OK);
        // It takes the status of its first bad parent.
        assert_eq!(d.at("j"), status);
        assert_eq!(d.at("d"), if bad == FAIL { "0 Waiting" } else { "-" }, "stopped nodes trigger nothing");
    }
}

#[test]
fn skipped_parents_do_not_block_a_join_and_a_rejected_one_does() {
    let mut s = spec(DIAMOND);
    s.pipelines.insert("off".into(), pipeline("off", vec![stage("x", &["-j"])]));
    s.workflow.nodes[1].pipeline = "off".into();
    let mut d = Driven::new(s.clone());
    d.end("a", OK);
    d.end("c", OK);
    assert_eq!((d.at("b"), d.at("j")), ("0 Skipped".into(), "0 Success".into()));

    s.workflow.nodes[1].conditions = check("cds.status", "eq", "Fail");
    let mut d = Driven::new(s);
    d.end("a", OK);
    d.end("c", OK);
    assert_eq!((d.at("b"), d.at("j"), d.status()), ("-".into(), "-".into(), OK));
}

#[test]
fn a_join_fires_again_after_a_restart_of_a_parent() {
    let mut d = Driven::new(spec(DIAMOND));
    for (node, end) in [("a", OK), ("b", FAIL), ("c", OK)] {
        d.end(node, end);
    }
    assert_eq!((d.at("j"), d.status()), ("-".into(), FAIL));
    d.restart(&["b"]);
    assert_eq!(
        (d.at("b"), d.at("c"), d.status()),
        ("1 Waiting".into(), "0 Success".into(), Status::Building)
    );
    d.end("b", OK);
    assert_eq!((d.at("j"), d.at("d")), ("1 Success".into(), "1 Waiting".into()));
    d.end("d", OK);
    assert_eq!(d.status(), OK);
    d.restart(&["c"]);
    d.end("c", OK);
    assert_eq!((d.at("j"), d.at("d"), d.run.head.sub), ("2 Success".into(), "2 Waiting".into(), 2));
    assert_eq!(d.param("d", "cds.run"), Some("7.2"));
}

#[test]
fn a_join_waits_for_every_ancestor_that_runs_again() {
    let mut d = Driven::new(spec(DIAMOND));
    for node in ["a", "b", "c", "d"] {
        d.end(node, OK);
    }
    d.restart(&["a"]);
    d.end("a", OK);
    d.end("c", OK);
    assert_eq!(d.at("j"), "0 Success", "b runs again");
    d.end("b", OK);
    assert_eq!(d.at("j"), "1 Success");
}

#[test]
fn a_join_does_not_fire_on_a_parent_left_out_this_time() {
    let mut s = spec(&["a", "x<a", "b<x", "c<a", "=j<b,c", "k<j", "=l<k,c"]);
    s.workflow.nodes[1].conditions = check("cds.status", "eq", "Success");
    let mut d = Driven::new(s);
    for node in ["a", "x", "b", "c", "k"] {
        d.end(node, OK);
    }
    assert_eq!(d.at("l"), "0 Success");
    d.restart(&["a"]);
    d.end("a", FAIL);
    d.end("c", OK);
    assert_eq!(
        (d.at("x"), d.at("b"), d.at("j"), d.at("l")),
        ("0 Success".into(), "0 Success".into(), "0 Success".into(), "0 Success".into())
    );
    // Started by hand, b is meant: its join follows.
    d.restart(&["b"]);
    d.end("b", OK);
    assert_eq!((d.at("b"), d.at("j")), ("2 Success".into(), "2 Success".into()));
    d.end("k", OK);
    assert_eq!(d.at("l"), "2 Success");
}

#[test]
fn nested_joins_and_forks_pass_on_at_once() {
    let mut d = Driven::new(spec(&["+f", "a<f", "b<f", "=j<a,b", "+g<j", "=k<g,f", "z<k"]));
    d.end("a", OK);
    d.end("b", OK);
    assert_eq!(
        (d.at("j"), d.at("g"), d.at("k"), d.at("z")),
        ("0 Success".into(), "0 Success".into(), "0 Success".into(), "0 Waiting".into())
    );
}

#[test]
fn a_child_of_a_manual_fork_is_manual() {
    let mut s = spec(&["+f", "a<f", "b<a"]);
    let mut d = Driven::new(s.clone());
    assert_eq!(d.param("a", "cds.manual"), Some("true"));
    d.end("a", OK);
    assert_eq!(d.param("b", "cds.manual"), Some("false"));
    s.workflow.nodes[0].conditions = check("cds.manual", "eq", "true");
    assert_eq!(Driven::new(s).param("a", "cds.manual"), Some("false"), "the fork has conditions");
}

#[test]
fn a_gate_is_what_a_person_could_open() {
    let names = |d: &Driven| d.run.gates().map(|g| g.node.0).collect::<Vec<_>>();
    let mut s = spec(&["a", "b<a", "c<a", "d<a", "e<a"]);
    let script = |text: &str| Conditions { script: text.into(), check: vec![] };
    s.workflow.nodes[1].conditions = check("cds.manual", "eq", "true");
    s.workflow.nodes[2].conditions = check("git.branch", "eq", "main");
    s.workflow.nodes[3].conditions = script("return cds_manual == \"true\" and cds_status == \"Success\"");
    s.workflow.nodes[4].conditions = script("return cds_manual == \"true\" and cds_status == \"Fail\"");
    let mut d = Driven::new(s);
    assert!(names(&d).is_empty());
    d.end("a", OK);
    assert_eq!(names(&d), [1, 3], "the others would not run by hand either");
    d.restart(&["b"]);
    assert_eq!(names(&d), [3], "it was opened");
    d.end("b", OK);
    d.restart(&["a"]);
    d.end("a", FAIL);
    assert_eq!(names(&d), [1, 4], "of the last execution");
}

#[test]
fn the_work_of_a_run_is_what_its_jobs_cover_together() {
    let mut d = Driven::new(spec(&["a", "b<a", "c<a"]));
    assert_eq!(d.run.work().as_millis(), 0, "it waits for a worker");
    for name in ["a", "b", "c"] {
        d.end(name, OK);
    }
    fn first_attempt(node: &mut Arc<NodeRun>) -> &mut AttemptRun {
        &mut Arc::make_mut(&mut Arc::make_mut(node).stages[0].jobs[0]).attempts[0]
    }
    let cover = |d: &mut Driven, spans: &[(i64, i64)]| {
        for (node, (start, done)) in d.run.nodes.iter_mut().zip(spans) {
            let attempt = first_attempt(node);
            (attempt.start, attempt.done) = (Some(Timestamp(*start)), Some(Timestamp(*done)));
        }
        d.run.work().as_millis()
    };
    // Side by side, then a pause; one within another; a clock that went back.
    assert_eq!(cover(&mut d, &[(100, 200), (150, 250), (1_000, 1_010)]), 160);
    assert_eq!(cover(&mut d, &[(100, 200), (100, 120), (150, 160)]), 100);
    assert_eq!(cover(&mut d, &[(100, 200), (300, 250), (200, 210)]), 110);
    // What goes on counts up to what last happened.
    first_attempt(&mut d.run.nodes[2]).done = None;
    d.run.head.last_execution = Timestamp(260);
    assert_eq!(d.run.work().as_millis(), 160);
}

#[test]
fn restarts_that_make_no_sense_are_refused() {
    let mut s = spec(&["a", "b<a", "c<b"]);
    s.workflow.nodes[1].conditions = check("cds.manual", "eq", "true");
    let mut d = Driven::new(s);
    assert_eq!(refused(d.try_apply(restart(&["a"], false))).id, None, "it is in progress");
    assert_eq!(refused(d.try_apply(restart(&["b"], true))).id, Some(403));
    d.end("a", OK);
    let r = refused(d.try_apply(restart(&["c"], false)));
    assert_eq!(r.id, Some(107));
    assert!(r.message.starts_with("Cannot run a node if their parents have never been launched"), "{r}");
    assert_eq!(refused(d.try_apply(restart(&["nope"], false))).id, Some(74));
    let mut event = restart(&["a"], false);
    let Event::Restart { payload, .. } = &mut event else { unreachable!() };
    *payload = Some(map(&[("cds.project", "x")]));
    assert_eq!(refused(d.try_apply(event)).id, Some(176));
    // A node with `cds.manual` as condition is started by hand, in the same sub-number.
    d.restart(&["b"]);
    assert_eq!((d.at("b"), d.run.head.not_run.len()), ("0 Waiting".into(), 0));
    d.end("b", OK);
    assert_eq!(d.at("c"), "0 Waiting");
}

#[test]
fn a_restart_by_hand_still_looks_at_conditions() {
    let mut s = spec(&["a"]);
    s.workflow.nodes[0].conditions = check("go", "ne", "no");
    let mut d = Driven::new(s);
    d.end("a", OK);
    let mut event = restart(&[], false);
    let Event::Restart { payload, .. } = &mut event else { unreachable!() };
    *payload = Some(map(&[("go", "no")]));
    d.apply(event);
    assert_eq!((d.at("a"), d.status(), d.run.head.sub), ("0 Success".into(), OK, 1));
    assert!(d.infos().contains(&"Node a was not run: its conditions are false"));
}

#[test]
fn only_failed_jobs_are_run_again() {
    let mut s = spec(&["a", "b<a"]);
    let stages = vec![stage("x", &["j"]), stage("y", &["k", "l", "-m"]), stage("z", &["n"])];
    s.pipelines.insert("one".into(), pipeline("one", stages));
    let mut d = Driven::new(s);
    d.end_with("a", OK, &[("cds.build.x", "1")]);
    d.end("a", OK);
    d.end("a", FAIL);
    assert_eq!(d.at("a"), "0 Fail");
    d.stop(None);
    let effects = d.apply(restart(&["a"], true));
    let queued = effects.iter().filter_map(|e| match e {
        Effect::QueueJob(q) => Some(q.name.as_str()),
        _ => None,
    });
    assert_eq!(queued.collect::<Vec<_>>(), ["l"]);
    let node = d.node("a").unwrap();
    let shown: Vec<_> =
        node.stages.iter().flat_map(|s| &s.jobs).map(|j| (j.status, j.copy_of.map(|c| c.0))).collect();
    assert_eq!(shown, [(OK, Some(0)), (OK, Some(1)), (Status::Waiting, None), (Status::Disabled, Some(3))]);
    assert_eq!(d.param("a", "cds.build.x"), Some("1"));
    d.end("a", OK);
    d.end("a", FAIL);
    // A copy of a copy names the job that has the logs.
    d.apply(restart(&["a"], true));
    let node = d.node("a").unwrap();
    assert_eq!((node.sub, node.stages[0].jobs[0].copy_of), (2, Some(JobNo(0))));
    assert_eq!(node.stages[1].status, OK);
    d.end("a", OK);
    assert_eq!((d.at("a"), d.at("b")), ("2 Success".into(), "2 Waiting".into()));
}

#[test]
fn a_resync_takes_today_s_definitions_and_keeps_the_graph() {
    let mut d = Driven::new(spec(&["a", "b<a"]));
    let mut today = spec(&["a", "new<a"]);
    today.pipelines.insert("one".into(), pipeline("one", vec![stage("x", &["j", "k"])]));
    let mut event = restart(&[], false);
    let Event::Restart { spec: s, .. } = &mut event else { unreachable!() };
    *s = Some(Arc::new(today));
    assert_eq!(refused(d.try_apply(event.clone())).id, None, "in progress");
    d.end("a", OK);
    d.end("b", OK);
    d.apply(event);
    assert_eq!(d.node("a").unwrap().stages[0].jobs.len(), 2);
    let names: Vec<_> = d.run.spec.workflow.nodes.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn a_payload_typed_in_for_a_restart_wins_over_the_parents() {
    let mut d = Driven::start(cds_engine::event::Start {
        payload: Some(map(&[("who", "first"), ("git.branch", "main")])),
        parameters: map(&[("level", "3")]),
        ..request(spec(&["a", "b<a"]))
    });
    d.end("a", OK);
    assert_eq!(d.param("b", "who"), Some("first"));
    d.end("b", OK);
    let mut event = restart(&["b"], false);
    let Event::Restart { payload, parameters, .. } = &mut event else { unreachable!() };
    *payload = Some(map(&[("who", "second")]));
    *parameters = map(&[("p", "1")]);
    d.apply(event);
    assert_eq!((d.param("b", "who"), d.param("b", "git.branch")), (Some("second"), Some("main")));
    assert_eq!(d.param("b", "cds.pip.p"), Some("1"));
    assert!(d.node("b").unwrap().params["who"].tainted);
    assert_eq!(d.param("b", "payload"), Some(r#"{"who":"second"}"#));
    assert_eq!((d.param("b", "cds.run"), d.param("b", "cds.manual")), (Some("7.1"), Some("true")));
    d.end("b", OK);
    // The root again, with what the run was started with: the other payload was meant for one node.
    assert_eq!(d.run.head.payload["who"], "first");
    d.restart(&[]);
    assert_eq!((d.param("a", "who"), d.param("a", "cds.pip.p")), (Some("first"), Some("1")));
    assert_eq!(d.param("a", "cds.pip.level"), Some("3"), "what it was started with is not lost");
}

#[test]
fn nodes_started_together_share_a_sub_number() {
    let mut d = Driven::new(spec(&["+f", "a<f", "b<f", "=j<a,b"]));
    d.end("a", FAIL);
    d.end("b", FAIL);
    d.restart(&["b", "a", "b"]);
    assert_eq!(
        (d.at("a"), d.at("b"), d.at("f")),
        ("1 Waiting".into(), "1 Waiting".into(), "0 Success".into())
    );
    d.end("a", OK);
    d.end("b", OK);
    assert_eq!((d.at("j"), d.status()), ("1 Success".into(), OK));
}

proptest::proptest! {
    /// Definitions are checked before they get here; if one slips through, a run is odd but nothing panics.
    #[test]
    fn nonsense_graphs_do_no_harm(
        nodes in proptest::collection::vec(
            ("[abc]", 0..5usize, proptest::collection::vec("[abcd]", 0..4)), 1..6),
    ) {
        let mut s = spec(&[]);
        for (name, kind, parents) in nodes {
            let kind = ["", "+", "=", "!", ">"][kind];
            s.workflow.nodes.push(node(&format!("{kind}{name}<{}", parents.join(","))));
        }
        let Transition::Advanced { mut run, .. } = cds_engine::start(request(s), cds_model::Timestamp(0)) else {
            panic!("not started")
        };
        for _ in 0..40 {
            let mut events: Vec<Event> = Vec::new();
            for n in &run.nodes {
                events.push(Event::SlotGranted { node_run: n.no });
                for job in n.stages.iter().flat_map(|s| &s.jobs).filter(|j| !j.status.is_final()) {
                    events.push(ended(job.no, job.attempt(), OK, map(&[])));
                }
            }
            events.push(restart(&["a"], false));
            for event in events {
                if let Transition::Advanced { run: next, .. } =
                    cds_engine::apply(&run, &event, cds_model::Timestamp(1))
                {
                    run = next;
                }
            }
        }
        let fine = cds_engine::invariants::statuses_follow(&run);
        proptest::prop_assert!(fine.is_ok(), "{fine:?}");
    }
}
