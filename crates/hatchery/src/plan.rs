//! Decides what a hatchery does next. Pure: knows no clock, no provider, no server.
//!
//! The problem: `n` instances exist, of which some are busy, some idle or starting, some dead. The server wants `w`
//! idle or starting; the operator wants at least `min_idle` and at most `max_workers` altogether.
//!
//! Wanted properties (each a property test): never more alive than allowed; with steady wishes it comes to rest;
//! what it has spawned it does not destroy for being too many (an idle worker ends by itself after a while), so it
//! cannot flap; what is wanted and allowed comes to be; a worker is forgotten only after the server knows its end.

use crate::backoff::Backoff;
use cds_model::{Timestamp, WorkerId};
use cds_provider::{Instance, InstanceId};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// What the operator allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Alive at a time.
    pub max_workers: u32,
    /// Kept ready, beside the busy ones.
    pub min_idle: u32,
    /// Started at a time.
    pub spawn_concurrency: u32,
    /// From being seen first to being registered.
    pub start_timeout: Duration,
}

/// What the server says about a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// Ordered, not registered.
    Pending,
    /// Registered, without a job.
    Idle,
    /// Has a job.
    Busy,
    /// Given up by the server: whatever it says is refused.
    Gone,
}

impl WorkerState {
    /// From the wire's word; an unknown word is taken for busy, as that leads to nothing being done to the worker.
    pub fn from_status(text: &str) -> Self {
        match text {
            "Pending" => WorkerState::Pending,
            "Waiting" => WorkerState::Idle,
            "Disabled" => WorkerState::Gone,
            _ => WorkerState::Busy,
        }
    }
}

/// The server's latest wishes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Orders {
    /// Workers that should be starting or idle.
    pub wanted: u32,
    /// Workers that must go.
    pub destroy: BTreeSet<WorkerId>,
    /// What the server knows of the workers.
    pub workers: BTreeMap<WorkerId, WorkerState>,
    /// When these wishes came. Timeouts are reckoned up to here, so that a server that cannot be reached, and so
    /// cannot say that a worker has registered, costs no worker its life.
    pub received: Timestamp,
}

/// An instance, and what the loop knows of it beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// As the provider lists it.
    pub instance: Instance,
    /// When this hatchery first saw it.
    pub first_seen: Timestamp,
    /// The server has acknowledged its end.
    pub reported: bool,
    /// Its destruction is under way.
    pub going: bool,
}

/// Everything a plan depends on.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What exists.
    pub instances: &'a [Seen],
    /// Spawns under way whose instance is not among `instances`.
    pub spawning: u32,
    /// Wishes; `None` before the first answer.
    pub orders: Option<&'a Orders>,
    /// What the operator allows.
    pub limits: &'a Limits,
    /// What failures mean for spawns.
    pub backoff: &'a Backoff,
    /// Now.
    pub now: Timestamp,
}

/// Why an instance is destroyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// The server says so: its job was stopped and it is deaf, or it was lost.
    Ordered,
    /// The server has given it up.
    GivenUp,
    /// It did not register in time.
    NeverRegistered,
}

impl std::fmt::Display for Why {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Why::Ordered => "destroyed as the server ordered",
            Why::GivenUp => "destroyed: the server had given it up",
            Why::NeverRegistered => "destroyed: it did not register in time",
        })
    }
}

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Order this many identities, and start an instance for each.
    Spawn(u32),
    /// End an instance.
    Destroy(InstanceId, Why),
    /// Acknowledge the end of an instance to the provider; the server knows it already.
    Forget(InstanceId),
}

/// What to do now. Doing it and planning again with what then exists comes to rest.
pub fn plan(view: View<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let (mut alive, mut supply) = (view.spawning, view.spawning);
    for seen in view.instances {
        let id = &seen.instance.id;
        if !seen.instance.is_alive() {
            if seen.reported && !seen.going {
                actions.push(Action::Forget(id.clone()));
            }
            continue;
        }
        // Until it is really gone it takes room, but it serves nobody.
        alive += 1;
        if seen.going {
            continue;
        }
        let Some(orders) = view.orders else { continue };
        match verdict(seen, orders, view.limits) {
            Verdict::Destroy(why) => actions.push(Action::Destroy(id.clone(), why)),
            Verdict::Serves => supply += 1,
            Verdict::Busy => {}
        }
    }
    if let Some(orders) = view.orders {
        let spawn = spawns(view, orders, alive, supply);
        if spawn > 0 {
            actions.push(Action::Spawn(spawn));
        }
    }
    actions
}

enum Verdict {
    Destroy(Why),
    /// Idle, or will be.
    Serves,
    Busy,
}

fn verdict(seen: &Seen, orders: &Orders, limits: &Limits) -> Verdict {
    let worker = seen.instance.worker;
    if orders.destroy.contains(&worker) {
        return Verdict::Destroy(Why::Ordered);
    }
    match orders.workers.get(&worker) {
        Some(WorkerState::Gone) => Verdict::Destroy(Why::GivenUp),
        Some(WorkerState::Busy) => Verdict::Busy,
        Some(WorkerState::Idle) => Verdict::Serves,
        // Unknown to the server: spawned after it spoke, or forgotten by it.
        Some(WorkerState::Pending) | None => {
            if orders.received.since(seen.first_seen) >= limits.start_timeout {
                Verdict::Destroy(Why::NeverRegistered)
            } else {
                Verdict::Serves
            }
        }
    }
}

fn spawns(view: View<'_>, orders: &Orders, alive: u32, supply: u32) -> u32 {
    if view.backoff.is_denied() || view.backoff.held_until(view.now).is_some() {
        return 0;
    }
    let missing = orders.wanted.max(view.limits.min_idle).saturating_sub(supply);
    let room = view.backoff.ceiling(view.limits.max_workers, view.now).saturating_sub(alive);
    let hands = view.limits.spawn_concurrency.saturating_sub(view.spawning);
    missing.min(room).min(hands)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
