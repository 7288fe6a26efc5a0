//! Stops, mutexes, timers.

mod support;

use cds_engine::{
    Event, Transition,
    event::{Effect, Ignored, SlotKey, TimerKey},
};
use cds_model::{Attempt, NodeRunNo, Status, Timestamp};
use support::*;

#[test]
fn a_stop_ends_everything_at_once_and_nothing_follows() {
    let mut d = Driven::new(spec(&["+f", "a<f", "b<f", "c<a", "=j<a,b"]));
    let (job_a, attempt) = d.take("a");
    let (job_b, _) = d.open_job("b");
    let effects = d.stop(None);
    assert_eq!((d.status(), d.at("a"), d.at("b")), (Status::Stopped, "0 Stopped".into(), "0 Stopped".into()));
    for job in [job_a, job_b] {
        assert!(effects.contains(&Effect::CancelJob { job, attempt }));
    }
    assert!(!effects.contains(&Effect::DoneJob { job: job_a, attempt }), "its worker is still at it");
    assert!(effects.contains(&Effect::DoneJob { job: job_b, attempt }));
    // The worker's end frees its place and changes nothing else.
    let effects = d.apply(ended(job_a, attempt, OK, map(&[("cds.build.x", "1")])));
    assert!(effects.contains(&Effect::DoneJob { job: job_a, attempt }));
    assert_eq!((d.status(), d.at("a"), d.at("c")), (Status::Stopped, "0 Stopped".into(), "-".into()));
    let again = d.try_apply(ended(job_a, attempt, OK, map(&[])));
    assert!(matches!(again, Transition::Ignored(Ignored::Repeated)), "{again:?}");
    let again = d.try_apply(Event::Stop { by: "ada".into(), node: None });
    assert!(matches!(again, Transition::Ignored(Ignored::Repeated)), "{again:?}");
    assert!(d.infos().contains(&"The pipeline has been stopped by ada"));
}

#[test]
fn a_stopped_worker_that_says_nothing_is_given_up() {
    let mut d = Driven::new(spec(&["a"]));
    let (job, attempt) = d.take("a");
    d.stop(None);
    let key = TimerKey::StopGrace(job, attempt);
    assert!(d.effects.iter().any(|e| matches!(e, Effect::SetTimer { key: k, .. } if *k == key)));
    assert!(d.apply(Event::Timer(key.clone())).contains(&Effect::DoneJob { job, attempt }));
    assert!(matches!(d.try_apply(Event::Timer(key)), Transition::Ignored(_)));
}

#[test]
fn a_stopped_node_stops_alone_and_joins_with_conditions_decide() {
    let mut s = spec(&["+f", "a<f", "b<f", "c<a", "=j<a,b", "=k<a,b"]);
    s.workflow.nodes[5].conditions = check("cds.status", "eq", "Stopped");
    let mut d = Driven::new(s);
    d.stop(Some("a"));
    assert_eq!((d.at("a"), d.at("b"), d.at("c")), ("0 Stopped".into(), "0 Waiting".into(), "-".into()));
    assert_eq!(d.status(), Status::Building);
    d.end("b", OK);
    assert_eq!((d.at("c"), d.at("j"), d.at("k")), ("-".into(), "-".into(), "0 Stopped".into()));
    assert_eq!(d.status(), Status::Stopped);
    for (node, text) in
        [(Some("nope"), "no node"), (Some("b"), "already ended"), (Some("c"), "not been started")]
    {
        let t = d.try_apply(Event::Stop { by: "ada".into(), node: node.map(Into::into) });
        assert!(matches!(&t, Transition::Refused(r) if r.message.contains(text)), "{t:?}");
    }
}

#[test]
fn an_ended_run_cannot_be_stopped_and_a_stopped_one_can_be_restarted() {
    let mut d = Driven::new(spec(&["a"]));
    d.stop(None);
    d.restart(&[]);
    d.end("a", OK);
    assert_eq!((d.at("a"), d.status()), ("1 Success".into(), OK));
    let t = d.try_apply(Event::Stop { by: "ada".into(), node: None });
    assert!(matches!(t, Transition::Refused(_)));
}

#[test]
fn a_node_with_a_mutex_waits_for_it_and_gives_it_back() {
    let mut d = Driven::new(spec(&["!a", "b<a"]));
    let (key, node_run) = (SlotKey { workflow: None, node: "a".into() }, NodeRunNo(0));
    assert!(d.effects.contains(&Effect::RequestSlot { key: key.clone(), node_run }));
    assert!(!d.effects.iter().any(|e| matches!(e, Effect::QueueJob(_))));
    assert_eq!((d.at("a"), d.status()), ("0 Waiting".into(), Status::Building));
    assert!(d.infos().contains(&"The pipeline a is waiting while it's running on another run"));
    d.apply(Event::SlotGranted { node_run });
    assert!(matches!(d.try_apply(Event::SlotGranted { node_run }), Transition::Ignored(Ignored::Repeated)));
    let unknown = d.try_apply(Event::SlotGranted { node_run: NodeRunNo(9) });
    assert!(matches!(unknown, Transition::Ignored(Ignored::Unknown)));
    let effects = d.end("a", OK);
    assert!(effects.contains(&Effect::ReleaseSlot { key: key.clone(), node_run }));

    // Granted at once: there was no other run, and none is spoken of.
    let d = Driven::new(spec(&["!a"]));
    let t = cds_engine::apply(&d.run, &Event::SlotGranted { node_run }, d.now);
    let Transition::Advanced { run, .. } = t else { panic!("not granted") };
    assert!(!run.head.infos.iter().any(|i| i.text.contains("waiting")), "{:?}", run.head.infos);

    let mut d = Driven::new(spec(&["!a"]));
    assert!(d.stop(None).contains(&Effect::ReleaseSlot { key, node_run }), "the request is withdrawn");
    assert!(matches!(d.try_apply(Event::SlotGranted { node_run }), Transition::Ignored(Ignored::Repeated)));
}

#[test]
fn timers_ring_only_for_what_has_not_moved_on() {
    let mut s = spec(&["a"]);
    s.settings.queue_timeout_ms = 5_000;
    s.settings.job_timeout_ms = 10_000;
    s.settings.run_timeout_ms = 60_000;
    let mut d = Driven::new(s);
    let (job, attempt) = d.open_job("a");
    let (queue, run) = (TimerKey::Queue(job, attempt), TimerKey::Job(job, attempt));
    let at = |d: &Driven, key: &TimerKey| {
        d.effects.iter().find_map(|e| match e {
            Effect::SetTimer { key: k, at } if k == key => Some(*at),
            _ => None,
        })
    };
    assert_eq!(at(&d, &queue), Some(Timestamp(1_005_000)));
    assert_eq!(at(&d, &TimerKey::Run), Some(Timestamp(1_060_000)));
    assert!(matches!(d.try_apply(Event::Timer(run.clone())), Transition::Ignored(_)), "nobody took it");
    let mut waits = Driven { run: d.run.clone(), effects: vec![], now: d.now };
    let effects = waits.apply(Event::Timer(queue.clone()));
    assert!(effects.contains(&Effect::DoneJob { job, attempt }));
    assert_eq!(waits.status(), FAIL);

    d.take("a");
    assert_eq!(at(&d, &run), Some(Timestamp(d.now.0 + 70_000)), "a minute more than the worker's own limit");
    assert!(matches!(d.try_apply(Event::Timer(queue)), Transition::Ignored(_)));
    let old = Event::Timer(TimerKey::Job(job, Attempt(0)));
    assert!(matches!(d.try_apply(old), Transition::Ignored(Ignored::OldAttempt)));
    let effects = d.apply(Event::Timer(run));
    assert!(effects.contains(&Effect::CancelJob { job, attempt }));
    assert_eq!(d.status(), FAIL);
    assert!(
        d.node("a").unwrap().stages[0].jobs[0].attempts[0].reason.contains("longer than its limit of 10s")
    );
    assert!(matches!(d.try_apply(Event::Timer(TimerKey::Run)), Transition::Ignored(_)));

    let mut s = spec(&["a"]);
    s.settings.run_timeout_ms = 60_000;
    let mut d = Driven::new(s);
    d.apply(Event::Timer(TimerKey::Run));
    assert_eq!(d.status(), Status::Stopped);
}

#[test]
fn files_set_limits_within_those_of_the_server() {
    let timers = |server_s: u64, file_s: u64| {
        let mut s = spec(&["a"]);
        let most = server_s * 1000;
        (s.settings.queue_timeout_ms, s.settings.job_timeout_ms, s.settings.run_timeout_ms) =
            (most, most, most);
        s.workflow.timeout_s = file_s;
        let job = &mut s.pipelines.get_mut("one").unwrap().stages[0].jobs[0];
        (job.timeout_s, job.queue_timeout_s) = (file_s, file_s);
        let mut d = Driven::new(s);
        d.take("a");
        let (job, attempt) = d.open_job("a");
        let mut late = Driven { run: d.run.clone(), effects: vec![], now: d.now };
        if file_s.max(server_s) > 0 {
            late.apply(Event::Timer(TimerKey::Job(job, attempt)));
            let reason = &late.node("a").unwrap().stages[0].jobs[0].attempts[0].reason;
            assert!(reason.contains("longer than its limit of "), "{reason}");
        }
        let timers = d.effects.iter().filter_map(|e| match e {
            Effect::SetTimer { key: TimerKey::Job(..), at } => Some((at.0 - d.now.0) / 1000),
            Effect::SetTimer { at, .. } => Some((at.0 - 1_000_000) / 1000),
            _ => None,
        });
        timers.collect::<Vec<_>>()
    };
    // Of the run, in the queue, at work (a minute more than the worker's own).
    assert_eq!(timers(0, 0), Vec::<i64>::new());
    assert_eq!(timers(0, 50), [50, 50, 110]);
    assert_eq!(timers(90, 50), [50, 50, 110]);
    assert_eq!(timers(30, 50), [30, 30, 90]);
    assert_eq!(timers(30, 0), [30, 30, 90]);
}
