//! Checks of one transition.

use super::{Check, ensure};
use crate::{
    event::{Effect, Event},
    state::{NodeRun, Run, StepRun},
    work::find_job,
};
use cds_model::{Attempt, JobNo, NodeRunNo, Status};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// A state that is final does not change; only a restart wakes an ended run.
pub fn terminal_states_stay(old: &Run, event: &Event, new: &Run) -> Check {
    const NAME: &str = "a terminal state never changes";
    let stays = |what: &str, old: Status, new: Status| {
        ensure(NAME, !old.is_final() || old == new, || format!("{what}: {old} became {new}"))
    };
    if !matches!(event, Event::Restart { .. }) {
        stays("run", old.head.status, new.head.status)?;
    }
    ensure(NAME, new.nodes.len() >= old.nodes.len(), || "a node run is gone".into())?;
    for (o, n) in changed(old, new) {
        stays(&format!("node run {}", o.no), o.status, n.status)?;
        for (i, (os, ns)) in o.stages.iter().zip(&n.stages).enumerate() {
            stays(&format!("stage {i} of node run {}", o.no), os.status, ns.status)?;
            for (oj, nj) in os.jobs.iter().zip(&ns.jobs) {
                stays(&format!("job {}", oj.no), oj.status, nj.status)?;
                for (k, (oa, na)) in oj.attempts.iter().zip(&nj.attempts).enumerate() {
                    let what = format!("attempt {} of job {}", k + 1, oj.no);
                    stays(&what, oa.status, na.status)?;
                    let steps = oa.steps.iter().zip(&na.steps);
                    for (os, ns) in steps.filter(|(o, _): &(&StepRun, _)| o.status.is_final()) {
                        stays(&format!("a step of {what}"), os.status, ns.status)?;
                    }
                }
            }
        }
    }
    Ok(())
}

fn changed<'a>(old: &'a Run, new: &'a Run) -> impl Iterator<Item = (&'a NodeRun, &'a NodeRun)> {
    old.nodes.iter().zip(&new.nodes).filter(|(o, n)| !Arc::ptr_eq(o, n)).map(|(o, n)| (&**o, &**n))
}

/// Of a job only the last attempt is unfinished, and nobody but its worker has it.
pub fn attempts_run_one_at_a_time(old: Option<&Run>, new: &Run) -> Check {
    const NAME: &str = "an attempt runs at most once at a time";
    let mut numbers = HashSet::new();
    for node in &new.nodes {
        for job in node.stages.iter().flat_map(|s| &s.jobs) {
            ensure(NAME, numbers.insert(job.no), || format!("two jobs have the number {}", job.no))?;
            ensure(NAME, job.no.0 < new.head.next_job, || format!("job {} is not counted", job.no))?;
            if let Some((last, earlier)) = job.attempts.split_last() {
                ensure(NAME, earlier.iter().all(|a| a.status.is_final()), || {
                    format!("job {} has an unfinished attempt beside its last", job.no)
                })?;
                ensure(NAME, last.status == job.status || job.copy_of.is_some(), || {
                    format!("job {} is {} and its attempt {}", job.no, job.status, last.status)
                })?;
                ensure(NAME, last.status != Status::Building || last.worker.is_some(), || {
                    format!("job {} runs on no worker", job.no)
                })?;
            }
        }
    }
    let Some(old) = old else { return Ok(()) };
    for (o, n) in changed(old, new) {
        let jobs = |n: &NodeRun| n.stages.iter().flat_map(|s| s.jobs.clone()).collect::<Vec<_>>();
        let later: HashMap<JobNo, _> = jobs(n).into_iter().map(|j| (j.no, j)).collect();
        for job in jobs(o) {
            for (i, attempt) in job.attempts.iter().enumerate().filter(|(_, a)| a.worker.is_some()) {
                let now = later.get(&job.no).and_then(|j| j.attempts.get(i)).and_then(|a| a.worker);
                ensure(NAME, now == attempt.worker, || {
                    format!("attempt {} of job {} changed its worker", i + 1, job.no)
                })?;
            }
        }
    }
    Ok(())
}

/// A job is queued only in the first unfinished stage of a node run whose parents have ended, whose earlier stages
/// let it, and which has its mutex.
pub fn jobs_are_queued_when_allowed(old: Option<&Run>, new: &Run, effects: &[Effect]) -> Check {
    const NAME: &str = "a job is queued only when its needs allow";
    let mut queued = HashSet::new();
    for effect in effects {
        let Effect::QueueJob(q) = effect else { continue };
        let fail = |what: &str| ensure(NAME, false, || format!("job {}: {what}", q.job));
        if !queued.insert(q.job) {
            return fail("queued twice in one transition");
        }
        let Some(at) = find_job(new, q.job) else { return fail("not in the run") };
        let node = &new.nodes[at.node.0 as usize];
        let job = &node.stages[at.stage].jobs[at.job];
        if job.attempt() != q.attempt || job.status != Status::Waiting {
            return fail("not its waiting attempt");
        }
        let known = old.and_then(|o| find_job(o, q.job).map(|at| (o, at)));
        let before = known.map_or(Attempt(0), |(o, at)| {
            o.nodes[at.node.0 as usize].stages[at.stage].jobs[at.job].attempt()
        });
        if q.attempt.0 != before.0 + 1 {
            return fail("an attempt was left out or repeated");
        }
        let earlier = &node.stages[..at.stage];
        let lets = |s: Status| matches!(s, Status::Success | Status::Skipped | Status::Disabled);
        if !earlier.iter().all(|s| lets(s.status)) {
            return fail("an earlier stage has not ended well");
        }
        let definition = new.spec.node(node.node);
        if definition.is_some_and(|d| d.mutex) && !node.holds_slot {
            return fail("its node has no mutex");
        }
        let stage = new.spec.pipeline_of(node.node).and_then(|p| p.stages.get(at.stage));
        if stage.is_some_and(|s| !s.enabled || s.jobs.get(job.def as usize).is_some_and(|j| !j.enabled)) {
            return fail("it is switched off");
        }
        let parent_ended = |p: &NodeRunNo| new.nodes.get(p.0 as usize).is_some_and(|p| p.status.is_final());
        let restarted = node.manual || new.head.sub > 0;
        if !restarted && !node.parents.iter().all(parent_ended) {
            return fail("a parent has not ended");
        }
    }
    Ok(())
}

/// After a stop of the run, or its end, nothing is queued and no mutex is asked for.
pub fn nothing_after_the_end(event: &Event, new: &Run, effects: &[Effect]) -> Check {
    let over = matches!(event, Event::Stop { node: None, .. }) || new.head.status.is_final();
    let asks = |e: &Effect| matches!(e, Effect::QueueJob(_) | Effect::RequestSlot { .. });
    // A mutex may be asked for and the node end in one transition: then it is given back in the same list.
    let bad = effects.iter().find(|e| over && asks(e));
    ensure("nothing new is queued after a stop", bad.is_none(), || format!("{bad:?}"))
}

/// An unfinished run of a node with a mutex waits for it or holds it; it asks once, and gives back once.
pub fn slots_are_asked_for_and_given_back(old: Option<&Run>, new: &Run, effects: &[Effect]) -> Check {
    const NAME: &str = "every granted slot is released";
    let count = |no: NodeRunNo, released: bool| {
        let is = |e: &&Effect| match e {
            Effect::RequestSlot { node_run, .. } => !released && *node_run == no,
            Effect::ReleaseSlot { node_run, .. } => released && *node_run == no,
            _ => false,
        };
        effects.iter().filter(is).count()
    };
    for (i, node) in new.nodes.iter().enumerate() {
        let before = old.and_then(|o| o.nodes.get(i));
        if before.is_some_and(|b| Arc::ptr_eq(b, node)) {
            continue;
        }
        let mutex = new.spec.node(node.node).is_some_and(|d| d.mutex);
        let has = node.waits_slot || node.holds_slot;
        ensure(NAME, has == (mutex && !node.status.is_final()) || (!mutex && before.is_some()), || {
            format!("node run {} ({}) has={has} mutex={mutex}", node.no, node.status)
        })?;
        ensure(NAME, !(node.waits_slot && node.holds_slot), || format!("node run {} does both", node.no))?;
        let had = before.is_some_and(|b| b.waits_slot || b.holds_slot);
        let (asked, released) = (count(node.no, false), count(node.no, true));
        let asks = usize::from(mutex && before.is_none());
        ensure(NAME, asked == asks, || format!("node run {} asked {asked} times", node.no))?;
        let gives = usize::from((had || asks > 0) && !has);
        ensure(NAME, released == gives, || format!("node run {} gave back {released} times", node.no))?;
    }
    Ok(())
}

/// Every attempt that ends is told as done, or cancelled while its worker's end is awaited and told as done later.
pub fn every_end_is_told(old: &Run, new: &Run, effects: &[Effect]) -> Check {
    const NAME: &str = "the queue hears of every end";
    for (o, n) in changed(old, new) {
        let after = n.stages.iter().flat_map(|s| &s.jobs).map(|j| (j.no, j)).collect::<HashMap<_, _>>();
        for job in o.stages.iter().flat_map(|s| &s.jobs) {
            let Some(now) = after.get(&job.no) else { continue };
            let attempt = job.attempt();
            let was_open = !job.status.is_final() || job.stopping;
            let is_open = now.attempt() == attempt && (!now.status.is_final() || now.stopping);
            let done = Effect::DoneJob { job: job.no, attempt };
            let told = effects.iter().filter(|e| **e == done).count();
            ensure(NAME, told == usize::from(was_open && !is_open), || {
                format!("attempt {attempt} of job {} was told as done {told} times", job.no)
            })?;
            if now.stopping && !job.stopping {
                let cancel = Effect::CancelJob { job: job.no, attempt };
                ensure(NAME, effects.contains(&cancel), || format!("job {} was not cancelled", job.no))?;
            }
        }
    }
    Ok(())
}

/// Statuses of stages, node runs and the run follow from what they consist of, and a node has one run per
/// sub-number.
pub fn statuses_follow(new: &Run) -> Check {
    const NAME: &str = "statuses follow from their parts";
    let mut subs = HashSet::new();
    for node in &new.nodes {
        ensure(NAME, subs.insert((node.node, node.sub)), || {
            format!("node {} ran twice as sub-number {}", node.node, node.sub)
        })?;
        ensure(NAME, node.sub <= new.head.sub, || format!("sub-number {} is not counted", node.sub))?;
        ensure(NAME, node.status.is_final() == node.done.is_some(), || {
            format!("node run {} is {} with end {:?}", node.no, node.status, node.done)
        })?;
        for (i, stage) in node.stages.iter().enumerate() {
            let open = stage.jobs.iter().any(|j| !j.status.is_final());
            let fine = match stage.status {
                Status::NotReached => stage.jobs.is_empty(),
                Status::Waiting | Status::Building => open,
                _ => !open,
            };
            ensure(NAME, fine, || format!("stage {i} of node run {} is {}", node.no, stage.status))?;
        }
        if node.status.is_final() {
            let open = |s: &Status| matches!(s, Status::Waiting | Status::Building);
            let bad = node.stages.iter().map(|s| s.status).find(|s| open(s));
            ensure(NAME, bad.is_none(), || format!("node run {} ended with a {bad:?} stage", node.no))?;
            if node.status == Status::Success {
                let fails = node.stages.iter().any(|s| matches!(s.status, Status::Fail | Status::Stopped));
                ensure(NAME, !fails, || format!("node run {} ended well with a bad stage", node.no))?;
            }
        }
    }
    let expected = crate::status::run(new);
    let status = new.head.status;
    ensure(NAME, status == expected || status == Status::Stopped, || {
        format!("the run is {status}, its nodes say {expected}")
    })
}
