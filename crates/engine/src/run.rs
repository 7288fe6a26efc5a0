//! A run: its start, and what an event makes of it (spec 6).

use crate::{
    event::{Event, Ignored, Start, TimerKey, Transition},
    git,
    job::End,
    limits,
    node::{Begin, ByHand},
    restart,
    spec::RunSpec,
    state::{Level, Run, RunHead},
    stop,
    work::{JobAt, Work, find_job, refuse},
};
use cds_expr::dump::format_name;
use cds_model::{Attempt, JobNo, NodeIx, Status, Timestamp};
use indexmap::IndexMap;
use std::{collections::BTreeSet, time::Duration};

/// Makes a run and starts its root (spec 6.3, 6.5).
pub fn start(start: Start, now: Timestamp) -> Transition {
    let spec = start.spec;
    let Some(root) = spec.workflow.nodes.first() else {
        return refuse(
            96,
            format!("The workflow {:?} has no node: add one under `workflow`", spec.workflow.name),
        );
    };
    if start.origin.manual
        && let Err(refusal) = restart::check_payload(start.payload.as_ref())
    {
        return Transition::Refused(refusal);
    }
    let default = default_payload(&spec);
    let payload_foreign = start.payload.as_ref().is_some_and(|p| *p != default);
    let payload_own = start.payload.as_ref().map(|p| of_definition(p, &default)).unwrap_or_default();
    let payload = start.payload.unwrap_or(default);
    let given = |key: &str| payload.get(key).is_some_and(|v| !v.is_empty());
    if git::has_repository(&spec, root) && given("git.branch") && given("git.tag") {
        return refuse(74, "invalid git variables: give either git.branch or git.tag, not both");
    }
    let raw_payload = start.raw_payload.or_else(|| {
        (start.origin.manual && !payload.is_empty()).then(|| serde_json::to_string(&payload).ok()).flatten()
    });
    let mut work = Work::fresh(
        Run {
            id: start.id,
            number: start.number,
            spec: spec.clone(),
            head: RunHead {
                status: Status::Pending,
                created: now,
                last_execution: now,
                origin: start.origin.clone(),
                payload,
                payload_foreign,
                payload_own,
                parameters: start.parameters.clone(),
                ..RunHead::default()
            },
            nodes: Vec::new(),
        },
        now,
    );
    work.info(
        Level::Info,
        0,
        format!("Workflow {} #{}.0 has been started", spec.workflow.name, start.number),
    );
    work.first_tags();
    work.timer(TimerKey::Run, limits::run(&spec), Duration::ZERO);
    let by_hand =
        ByHand { origin: start.origin.clone(), payload: None, raw_payload, parameters: start.parameters };
    work.create(Begin {
        node: NodeIx(0),
        sub: 0,
        parents: Vec::new(),
        by_hand: Some(&by_hand),
        manual: start.origin.manual,
        only_failed_of: None,
    });
    if work.run.nodes.is_empty() {
        work.info(Level::Warning, 0, "Cannot run this pipeline because launch conditions aren't ok");
        work.run.head.status = Status::NeverBuilt;
    } else {
        work.settle();
    }
    work.advance()
}

/// The root's default payload, as a payload that was given: names in lower case, values as text.
pub(crate) fn default_payload(spec: &RunSpec) -> IndexMap<String, String> {
    let Some(root) = spec.workflow.nodes.first() else { return IndexMap::new() };
    root.payload
        .iter()
        .map(|(name, value)| {
            let text = match value {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            (format_name(name, true), text)
        })
        .collect()
}

/// Keys of a payload with the values of the definition's default.
pub(crate) fn of_definition(
    payload: &IndexMap<String, String>,
    default: &IndexMap<String, String>,
) -> BTreeSet<String> {
    payload.iter().filter(|(k, v)| default.get(*k) == Some(v)).map(|(k, _)| k.clone()).collect()
}

/// What an event makes of a run.
pub fn apply(run: &Run, event: &Event, now: Timestamp) -> Transition {
    match event {
        Event::JobTaken { job, attempt, worker, worker_name } => {
            on_job(run, *job, *attempt, now, |work, at| work.taken(at, *worker, worker_name))
        }
        Event::StepNews { job, attempt, steps } => on_job(run, *job, *attempt, now, |work, at| {
            let status = work.job(at).status;
            if status == Status::Waiting {
                return Err(Ignored::Unknown);
            }
            let open = status == Status::Building && work.merge_steps(at, steps);
            if open { Ok(()) } else { Err(Ignored::Repeated) }
        }),
        Event::JobEnded { job, attempt, status, reason, infrastructure, variables, steps } => {
            let end = End { status: *status, reason, infrastructure: *infrastructure, variables, steps };
            on_job(run, *job, *attempt, now, |work, at| work.ended_by_worker(at, &end))
        }
        Event::WorkerLost { job, attempt, reason } => {
            let none = IndexMap::new();
            let end =
                End { status: Status::Fail, reason, infrastructure: true, variables: &none, steps: &[] };
            on_job(run, *job, *attempt, now, |work, at| work.ended_by_worker(at, &end))
        }
        Event::SlotGranted { node_run } => match run.nodes.get(node_run.0 as usize) {
            None => Transition::Ignored(Ignored::Unknown),
            Some(node) if node.waits_slot => {
                let mut work = Work::on(run, now);
                work.slot_granted(*node_run);
                work.settle();
                work.advance()
            }
            Some(_) => Transition::Ignored(Ignored::Repeated),
        },
        Event::Stop { by, node } => stop::stop(run, by, node.as_deref(), now),
        Event::Restart { from, only_failed, origin, payload, parameters, spec } => restart::restart(
            run,
            &restart::Request {
                from,
                only_failed: *only_failed,
                origin,
                payload: payload.as_ref(),
                parameters,
                spec: spec.as_ref(),
            },
            now,
        ),
        Event::TagsAdded { job, attempt, tags } => on_job(run, *job, *attempt, now, |work, at| {
            if work.job(at).status != Status::Building {
                return Err(Ignored::Repeated);
            }
            let mut changed = false;
            for (name, value) in tags {
                changed |= work.add_tag(name, value);
            }
            if changed { Ok(()) } else { Err(Ignored::Repeated) }
        }),
        Event::VersionSet { job, attempt, version } => set_version(run, *job, *attempt, version, now),
        Event::Timer(key) => timer(run, key, now),
    }
}

/// Runs `act` on the attempt that counts, then lets the run go on.
fn on_job(
    run: &Run,
    job: JobNo,
    attempt: Attempt,
    now: Timestamp,
    act: impl FnOnce(&mut Work<'_>, JobAt) -> Result<(), Ignored>,
) -> Transition {
    let Some(at) = find_job(run, job) else { return Transition::Ignored(Ignored::Unknown) };
    let mut work = Work::on(run, now);
    let done = work.current(at, attempt).and_then(|()| act(&mut work, at));
    match done {
        Ok(()) => {
            // A stop has decided the run's status for good; late ends of its jobs only free their workers.
            if !work.ended.is_empty() || !work.moved.is_empty() {
                work.settle();
            }
            work.advance()
        }
        Err(ignored) => Transition::Ignored(ignored),
    }
}

fn set_version(run: &Run, job: JobNo, attempt: Attempt, version: &str, now: Timestamp) -> Transition {
    if !is_version(version) {
        let text = format!("value {version:?} is not semver compatible: write it like 1.2.3 or 1.2.3-rc.1");
        return refuse(74, text);
    }
    match run.head.version.as_deref() {
        Some(old) if old == version => return Transition::Ignored(Ignored::Repeated),
        Some(old) if !run.head.version_by.is_some_and(|(by, of)| is_lost(run, by, of)) => {
            return refuse(403, format!("cannot change existing workflow run version value: it is {old}"));
        }
        _ => {}
    }
    on_job(run, job, attempt, now, |work, at| {
        if work.job(at).status != Status::Building {
            return Err(Ignored::Repeated);
        }
        work.run.head.version = Some(version.to_string());
        work.run.head.version_by = Some((job, attempt));
        let sub = work.node(at.node).sub;
        work.info(Level::Info, sub, format!("The version of this run is {version}"));
        Ok(())
    })
}

/// Whether an attempt is not the one that counts of its job: what it has set binds nobody.
fn is_lost(run: &Run, job: JobNo, attempt: Attempt) -> bool {
    find_job(run, job)
        .is_some_and(|at| run.nodes[at.node.0 as usize].stages[at.stage].jobs[at.job].attempt() != attempt)
}

/// A tolerant semantic version: `1`, `v1.2`, `1.2.3-rc.1+build.5`.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, build) = text.split_once('+').map_or((text, None), |(t, b)| (t, Some(b)));
    let (numbers, pre) = text.split_once('-').map_or((text, None), |(t, p)| (t, Some(p)));
    let numbers: Vec<&str> = numbers.split('.').collect();
    let word = |w: &str| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    numbers.len() <= 3
        && numbers.iter().all(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit()))
        && [pre, build].into_iter().flatten().all(|part| part.split('.').all(word))
}

fn timer(run: &Run, key: &TimerKey, now: Timestamp) -> Transition {
    let (job, attempt) = match key {
        TimerKey::Run => return stop::run_timeout(run, now),
        TimerKey::Queue(job, attempt) | TimerKey::StopGrace(job, attempt) | TimerKey::Job(job, attempt) => {
            (*job, *attempt)
        }
    };
    on_job(run, job, attempt, now, |work, at| {
        let (status, stopping) = (work.job(at).status, work.job(at).stopping);
        match key {
            TimerKey::Queue(..) if status == Status::Waiting => work.queue_timeout(at),
            TimerKey::Job(..) if status == Status::Building => work.job_timeout(at),
            TimerKey::StopGrace(..) if stopping => work.release_worker(at),
            _ => return Err(Ignored::Repeated),
        }
        Ok(())
    })
}
