//! What a transition costs. Not a check: `cargo test -p cds-engine --test speed -- --ignored --nocapture`.

mod support;

use cds_engine::{
    Event, Run, Transition, apply,
    dispatch::{HatcheryView, Queue, QueuedJob, dispatch},
    start,
};
use cds_model::{Attempt, HatcheryId, JobNo, JobRef, RunId, Timestamp, WorkerId};
use cds_workflow::def::Requirement;
use std::{hint::black_box, time::Instant};
use support::*;

fn advance(run: &Run, event: &Event) -> Run {
    match apply(run, event, Timestamp(5)) {
        Transition::Advanced { run, .. } => run,
        other => panic!("{other:?}"),
    }
}

fn taken(job: JobNo) -> Event {
    Event::JobTaken { job, attempt: Attempt(1), worker: WorkerId::new(), worker_name: "w".into() }
}

fn micros(name: &str, times: u32, mut act: impl FnMut()) {
    act();
    let begin = Instant::now();
    (0..times).for_each(|_| act());
    println!("{name}: {:.1} µs", begin.elapsed().as_secs_f64() * 1e6 / f64::from(times));
}

/// 1,000 nodes: a fork, 330 chains of two with a join of all, and children.
fn wide() -> Run {
    let mut names = vec!["+root".to_string()];
    for i in 0..333 {
        names.push(format!("a{i}<root"));
        names.push(format!("b{i}<a{i}"));
        names.push(format!("c{i}<b{i}"));
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut s = spec(&names);
    for i in 0..30 {
        s.project_variables
            .insert(format!("v{i}"), cds_workflow::def::Value { kind: "string".into(), value: "x".into() });
    }
    let Transition::Advanced { run, .. } = start(request(s), Timestamp(0)) else { panic!("not started") };
    run
}

#[test]
#[ignore = "a measurement"]
fn transitions_and_dispatch() {
    let mut run = wide();
    // All first nodes end, then all second ones: 1,000 node runs.
    while run.nodes.len() < 999 {
        let open =
            run.nodes.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs).find(|j| !j.status.is_final());
        let job = open.unwrap().no;
        run = advance(&run, &taken(job));
        run = advance(&run, &ended(job, Attempt(1), OK, map(&[])));
    }
    println!("{} nodes, {} node runs", run.spec.workflow.nodes.len(), run.nodes.len());
    let open: Vec<JobNo> = run
        .nodes
        .iter()
        .filter(|n| !n.status.is_final())
        .flat_map(|n| &n.stages)
        .flat_map(|s| &s.jobs)
        .map(|j| j.no)
        .collect();
    let first = open[0];
    let (take, end) = (taken(first), ended(first, Attempt(1), OK, map(&[])));
    let building = advance(&run, &take);
    micros("job taken", 2000, || drop(black_box(apply(&run, &take, Timestamp(9)))));
    micros("job ended, node ends and triggers one", 2000, || {
        drop(black_box(apply(&building, &end, Timestamp(9))));
    });
    let step = Event::StepNews {
        job: first,
        attempt: Attempt(1),
        steps: vec![(0, cds_engine::state::StepRun { status: OK, ..Default::default() })],
    };
    micros("step news", 2000, || drop(black_box(apply(&building, &step, Timestamp(9)))));
    micros("late news", 2000, || drop(black_box(apply(&building, &take, Timestamp(9)))));

    // What parents pass on grows with the depth of the graph (spec 8.3): the price of one node further down.
    let names: Vec<String> =
        (0..=50).map(|i| if i == 0 { "n0".into() } else { format!("n{i}<n{}", i - 1) }).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut d = Driven::new(spec(&names));
    for name in &names[..50] {
        if d.node(name.split('<').next().unwrap()).is_some_and(|n| n.no.0 == 49) {
            break;
        }
        d.end(name.split('<').next().unwrap(), OK);
    }
    let (job, attempt) = d.take("n49");
    let end = ended(job, attempt, OK, map(&[]));
    println!("50 nodes deep: {} parameters", d.node("n49").unwrap().params.len());
    micros("job ended, node ends and triggers one, 50 nodes deep", 500, || {
        drop(black_box(apply(&d.run, &end, Timestamp(9))));
    });

    let mut queue = Queue::new();
    for n in 0..10_000u32 {
        queue.push(QueuedJob {
            job: JobRef { run: RunId(Default::default()), job: JobNo(n) },
            attempt: Attempt(1),
            priority: (n % 3) as i32,
            queued: Timestamp(i64::from(n)),
            requirements: vec![Requirement {
                name: format!("tool{}", n % 50),
                kind: "binary".into(),
                value: format!("tool{}", n % 50),
            }],
            groups: vec![],
        });
    }
    let fleet = |idle: usize, tools: u32| -> Vec<HatcheryView> {
        (0..4)
            .map(|i| HatcheryView {
                id: HatcheryId::new(),
                name: format!("h{i}"),
                binaries: (0..tools).map(|t| format!("tool{t}")).collect(),
                max_workers: 16,
                busy: 16 - idle as u32,
                idle: (0..idle).map(|_| WorkerId::new()).collect(),
                ..Default::default()
            })
            .collect()
    };
    let now = Timestamp(1_000_000);
    for (name, fleet) in [
        ("dispatch, 64 busy workers", fleet(0, 50)),
        ("dispatch, 64 idle, nothing fits", fleet(16, 0)),
        ("dispatch, 64 idle workers", fleet(16, 50)),
        ("dispatch, 4 idle workers", fleet(1, 50)),
    ] {
        micros(name, 500, || drop(black_box(dispatch(&queue, &fleet, now))));
    }
    let one = &fleet(1, 50)[0];
    micros("lease_for", 2000, || {
        black_box(queue.lease_for(one));
    });
    micros("position of the last", 200, || {
        let last = JobRef { run: RunId(Default::default()), job: JobNo(9_999) };
        black_box(queue.position(last, std::slice::from_ref(one)));
    });
}
