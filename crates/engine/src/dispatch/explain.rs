//! Why a job waits, in one sentence (spec/README 9).

use super::{HatcheryView, Mismatch, QueuedJob, matches, mismatches, queue::allowed};
use cds_model::Timestamp;
use std::borrow::Borrow;

/// Why a job waits for a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitReason {
    /// For programs: `no_hatchery`, `hatchery_down`, `no_permission`, `no_match`, `ready`, `worker_starting`,
    /// `worker_wanted`, `worker_fails`, `no_room`, `all_busy`.
    pub code: &'static str,
    /// For people.
    pub text: String,
}

/// Says why a job waits. `position` counts from 1 among the jobs that want the same hatcheries
/// ([`super::Queue::position`]).
pub fn explain(
    job: &QueuedJob,
    position: usize,
    fleet: &[impl Borrow<HatcheryView>],
    now: Timestamp,
) -> WaitReason {
    let fleet: Vec<&HatcheryView> = fleet.iter().map(Borrow::borrow).collect();
    let up: Vec<&HatcheryView> = fleet.iter().copied().filter(|h| h.up).collect();
    let can = |h: &&HatcheryView| allowed(&job.groups, h) && matches(&job.requirements, h).is_ok();
    let able: Vec<&HatcheryView> = fleet.iter().copied().filter(can).collect();
    let fit: Vec<&HatcheryView> = able.iter().copied().filter(|h| h.up || !h.idle.is_empty()).collect();
    if fit.is_empty() {
        return nobody(job, &fleet, &up, &able);
    }
    let (troubled, sound): (Vec<&HatcheryView>, Vec<&HatcheryView>) =
        fit.iter().copied().partition(|h| h.trouble(now).is_some());
    let idle: Count = |h| h.idle.len();
    let starting: Count = |h| h.coming() as usize;
    let room: Count = |h| h.room() as usize;
    let busy: Count = |h| h.busy as usize;
    let (free, come, more) = (sum(&fit, idle), sum(&sound, starting), sum(&sound, room));
    let who = names(&fit);
    let refused = fit.iter().filter(|h| h.refused()).map(|h| {
        let why = h.trouble(now).unwrap_or_default();
        format!("hatchery {} starts no workers until somebody mends this and starts it anew: {why}", h.name)
    });
    let refused: Vec<String> = refused.collect();
    let (code, text) = if position <= free {
        ("ready", format!("a worker of {} is free and about to take it", those_with(&fit, idle)))
    } else if position <= free + come {
        ("worker_starting", format!("a worker of {} is starting", those_with(&sound, starting)))
    } else if position <= free + come + more {
        ("worker_wanted", format!("a new worker has been asked of {}", those_with(&sound, room)))
    } else if sum(&troubled, starting) + sum(&troubled, room) > 0 {
        let faults: Vec<String> = troubled
            .iter()
            .map(|h| {
                format!(
                    "hatchery {} can't start a worker and tries again: {}",
                    h.name,
                    h.trouble(now).unwrap_or_default()
                )
            })
            .collect();
        ("worker_fails", faults.join("; "))
    } else if !refused.is_empty() && free + come + more + sum(&fit, busy) == 0 {
        ("worker_fails", refused.join("; "))
    } else if fit.iter().all(|h| h.max_workers == 0) {
        let limit = if fit.len() == 1 { "its limit is" } else { "their limits are" };
        ("no_room", format!("{who} may not start workers: {limit} 0"))
    } else {
        let (at_work, others) = (sum(&fit, busy), free + come + more);
        let mut text = match (at_work, others) {
            (1, 0) => format!("the only worker of {who} is busy, position {position}"),
            (all, 0) => format!("all {all} workers of {who} are busy, position {position}"),
            (0, 1) => format!("the only worker of {who} is for the job ahead, position {position}"),
            (0, all) => format!("the {all} workers of {who} are for the jobs ahead, position {position}"),
            (busy, _) => format!(
                "of the {} workers of {who} {busy} are busy, the others are for the jobs ahead, position {position}",
                busy + others
            ),
        };
        for why in &refused {
            text.push_str(&format!("; {why}"));
        }
        ("all_busy", text)
    };
    WaitReason { code, text }
}

/// A number of workers of a hatchery.
type Count = fn(&HatcheryView) -> usize;

fn sum(among: &[&HatcheryView], of: Count) -> usize {
    among.iter().map(|h| of(h)).sum()
}

/// Names of those that have any.
fn those_with(among: &[&HatcheryView], any: Count) -> String {
    names(&among.iter().copied().filter(|h| any(h) > 0).collect::<Vec<_>>())
}

/// Why a hatchery cannot run a job, one sentence each; empty = it can, once it is up and has a worker.
pub fn obstacles(job: &QueuedJob, hatchery: &HatcheryView) -> Vec<String> {
    let forbidden = (!allowed(&job.groups, hatchery)).then(|| {
        format!(
            "it works for the groups {}, the job is of {}",
            hatchery.groups.join(", "),
            job.groups.join(", ")
        )
    });
    let lacks = mismatches(&job.requirements, hatchery);
    forbidden.into_iter().chain(lacks.iter().map(ToString::to_string)).collect()
}

fn nobody(
    job: &QueuedJob,
    fleet: &[&HatcheryView],
    up: &[&HatcheryView],
    fit_but_down: &[&HatcheryView],
) -> WaitReason {
    if fleet.is_empty() {
        return WaitReason { code: "no_hatchery", text: "no hatchery is registered".into() };
    }
    if !fit_but_down.is_empty() {
        let are = if fit_but_down.len() == 1 { "is" } else { "are" };
        let text = format!("{} could run it, but {are} not up", names(fit_but_down));
        return WaitReason { code: "hatchery_down", text };
    }
    if up.is_empty() {
        return WaitReason {
            code: "no_hatchery",
            text: format!("no hatchery is up (known: {})", names(fleet)),
        };
    }
    let permitted: Vec<&HatcheryView> = up.iter().copied().filter(|h| allowed(&job.groups, h)).collect();
    if permitted.is_empty() {
        let text = format!("no hatchery works for the groups of this job ({})", job.groups.join(", "));
        return WaitReason { code: "no_permission", text };
    }
    let lacks: Vec<(Vec<Mismatch>, &HatcheryView)> =
        permitted.iter().map(|h| (mismatches(&job.requirements, h), *h)).collect();
    // What no hatchery at all offers is the sentence; without such a thing, what the nearest one lacks.
    let nowhere = lacks[0]
        .0
        .iter()
        .filter(|m| lacks.iter().all(|(other, _)| other.iter().any(|o| o.wanted == m.wanted)));
    let nowhere: Vec<String> = nowhere.map(|m| format!("`{}`", m.wanted)).collect();
    let nearest = lacks.iter().min_by_key(|(m, _)| m.len()).map(|(m, h)| match m.as_slice() {
        // Its name has been said.
        [one] if nowhere.len() == 1 => format!("nearest: hatchery {}, {}", h.name, one.offered),
        all => {
            let lacks: Vec<String> = all.iter().map(ToString::to_string).collect();
            format!("nearest: hatchery {}, {}", h.name, lacks.join("; "))
        }
    });
    let nearest = nearest.unwrap_or_default();
    let what = match nowhere.len() {
        0 => "everything this job asks for".to_string(),
        _ => nowhere.join(", "),
    };
    WaitReason { code: "no_match", text: format!("no hatchery offers {what} ({nearest})") }
}

fn names(hatcheries: &[&HatcheryView]) -> String {
    let mut names: Vec<&str> = hatcheries.iter().map(|h| h.name.as_str()).collect();
    // Every server says it alike.
    names.sort_unstable();
    match names.as_slice() {
        [one] => format!("hatchery {one}"),
        many => format!("hatcheries {}", many.join(", ")),
    }
}
