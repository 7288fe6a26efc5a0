//! What must hold whatever happens: named checks for property tests, the simulator and a server's debug mode.
//!
//! [`check_start`] and [`check_step`] look at one transition, [`World`] at the effects of many,
//! [`folds_to`] at a stored history, [`quiescent`] at whether a run can still end.

mod graph;
mod step;
mod world;

pub use graph::{nothing_is_forgotten, parents_led_here};
pub use step::{
    attempts_run_one_at_a_time, every_end_is_told, jobs_are_queued_when_allowed, nothing_after_the_end,
    slots_are_asked_for_and_given_back, statuses_follow, terminal_states_stay,
};
pub use world::{Slot, World};

use crate::{
    event::{Effect, Event, Start, Transition},
    state::Run,
};
use cds_model::{Status, Timestamp};
use std::fmt;

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.what)
    }
}

impl std::error::Error for Violation {}

/// The outcome of a check.
pub type Check = Result<(), Violation>;

pub(crate) fn ensure(invariant: &'static str, holds: bool, what: impl FnOnce() -> String) -> Check {
    if holds { Ok(()) } else { Err(Violation { invariant, what: what() }) }
}

/// Checks the first transition of a run.
pub fn check_start(new: &Run, effects: &[Effect]) -> Check {
    attempts_run_one_at_a_time(None, new)?;
    jobs_are_queued_when_allowed(None, new, effects)?;
    slots_are_asked_for_and_given_back(None, new, effects)?;
    statuses_follow(new)?;
    nothing_is_forgotten(new)?;
    parents_led_here(None, new)?;
    quiescent(new)
}

/// Checks a later transition.
pub fn check_step(old: &Run, event: &Event, new: &Run, effects: &[Effect]) -> Check {
    terminal_states_stay(old, event, new)?;
    attempts_run_one_at_a_time(Some(old), new)?;
    jobs_are_queued_when_allowed(Some(old), new, effects)?;
    nothing_after_the_end(event, new, effects)?;
    slots_are_asked_for_and_given_back(Some(old), new, effects)?;
    every_end_is_told(old, new, effects)?;
    statuses_follow(new)?;
    nothing_is_forgotten(new)?;
    parents_led_here(Some(old), new)?;
    quiescent(new)
}

/// Liveness: whatever is unfinished waits for something that will come: a worker for a queued job, the end of a
/// running one, or a mutex.
pub fn quiescent(run: &Run) -> Check {
    const NAME: &str = "an unfinished run always waits for something";
    let mut open = 0;
    for node in run.nodes.iter().filter(|n| !n.status.is_final()) {
        open += 1;
        let jobs = node.stages.iter().flat_map(|s| &s.jobs);
        let at_work = jobs.filter(|j| matches!(j.status, Status::Waiting | Status::Building)).count();
        ensure(NAME, node.waits_slot || at_work > 0, || format!("node run {} waits for nothing", node.no))?;
    }
    ensure(NAME, run.head.status.is_final() == (open == 0), || {
        format!("the run is {} with {open} unfinished node runs", run.head.status)
    })
}

/// Folding the events of a run over its start gives the state that was stored.
pub fn folds_to(start: Start, at: Timestamp, events: &[(Event, Timestamp)], stored: &Run) -> Check {
    const NAME: &str = "folding the events gives the stored state";
    let Transition::Advanced { mut run, .. } = crate::start(start, at) else {
        return ensure(NAME, false, || "the start was refused".into());
    };
    for (event, now) in events {
        if let Transition::Advanced { run: next, .. } = crate::apply(&run, event, *now) {
            run = next;
        }
    }
    ensure(NAME, run == *stored, || format!("folded {run:?}\nstored {stored:?}"))
}
