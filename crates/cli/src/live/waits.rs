//! What of a run waits, and why.

use super::latest;
use cds_api::{queue::WaitReason, runs::Run};
use cds_model::Status;
use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

/// Something that waits.
pub(crate) struct Wait<'a> {
    pub node: &'a str,
    /// None = the node itself, before it has jobs.
    pub job: Option<&'a str>,
    pub why: &'a WaitReason,
}

impl Wait<'_> {
    /// The node, or `node/job`.
    pub fn who(&self) -> String {
        self.job.map_or_else(|| self.node.to_string(), |job| format!("{}/{job}", self.node))
    }
}

/// All that waits now, in order.
pub(crate) fn waits(run: &Run) -> Vec<Wait<'_>> {
    let mut found = Vec::new();
    for node in latest(run).filter(|node| !node.status.is_final()) {
        found.extend(node.waits.as_ref().map(|why| Wait { node: &node.node, job: None, why }));
        for job in node.stages.iter().flat_map(|stage| &stage.jobs) {
            let waiting = matches!(job.status, Status::Waiting | Status::Pending);
            let why = job.waits.as_ref().filter(|_| waiting);
            found.extend(why.map(|why| Wait { node: &node.node, job: Some(&job.name), why }));
        }
    }
    found
}

/// Which reasons have held for so long that somebody who looks on should hear of them. Each is told once, as numbers in
/// it change all the time.
#[derive(Debug, Default)]
pub(crate) struct Patience(HashMap<String, (String, Instant, bool)>);

impl Patience {
    /// Sentences to say at `now`, of what has waited for at least `limit` for a reason of the same kind.
    pub fn lost(&mut self, waits: &[Wait<'_>], limit: Duration, now: Instant) -> Vec<String> {
        self.0.retain(|who, _| waits.iter().any(|wait| wait.who() == *who));
        let mut sentences = Vec::new();
        for wait in waits {
            let entry = self.0.entry(wait.who()).or_insert_with(|| (wait.why.code.clone(), now, false));
            if entry.0 != wait.why.code {
                *entry = (wait.why.code.clone(), now, false);
            }
            if !entry.2 && now.duration_since(entry.1) >= limit {
                entry.2 = true;
                sentences.push(format!("{} waits: {}", wait.who(), wait.why.text));
            }
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_long_is_told_once_for_each_kind_of_reason() {
        let why = |code: &str, text: &str| WaitReason { code: code.into(), text: text.into() };
        let (starting, busy, later) =
            (why("worker_starting", "s"), why("all_busy", "1 s"), why("all_busy", "9 s"));
        let begin = Instant::now();
        let mut patience = Patience::default();
        let mut at = |second: u64, why: Option<&WaitReason>| {
            let waits: Vec<_> = why.map(|why| Wait { node: "n", job: Some("j"), why }).into_iter().collect();
            patience.lost(&waits, Duration::from_secs(2), begin + Duration::from_secs(second))
        };
        assert!(at(0, Some(&starting)).is_empty() && at(1, Some(&starting)).is_empty());
        assert!(at(2, Some(&busy)).is_empty(), "another reason has its own time");
        assert_eq!(at(4, Some(&busy)), ["n/j waits: 1 s"]);
        assert!(at(9, Some(&later)).is_empty());
        assert!(at(10, None).is_empty() && at(11, Some(&busy)).is_empty());
        assert_eq!(at(13, Some(&busy)), ["n/j waits: 1 s"]);
    }
}
