//! All servers are away at once, for long, while jobs run and wait and deliveries come in. Each delivery comes one to
//! five times, and whoever delivers tries again until there is an answer, ever more seldom.

use crate::{
    fleet::Who,
    make,
    server::Ask,
    world::{Happening, Sim},
};
use cds_engine::{event::Start, state::Origin};
use cds_model::{JobRef, RunId, Status};
use indexmap::IndexMap;
use uuid::Uuid;

/// How many, how long. Times are from the beginning, ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Away {
    /// Jobs that are there before, each of a run of its own: they run or wait while nobody is there.
    pub jobs: usize,
    /// Deliveries that come in before, while and after nobody is there; each is to make a run.
    pub hooks: usize,
    /// When all servers die.
    pub from_ms: i64,
    /// How long they are away.
    pub for_ms: i64,
}

/// Deliveries come in for so long after the servers' return, ms.
const AFTER: i64 = 60_000;
/// From one try of a delivery to the next: doubled from this to that, ms.
const AGAIN: (i64, i64) = (1000, 60_000);
/// Workflows that are delivered to.
const WORKFLOWS: usize = 10;
/// The workflow of the jobs that are there before.
const LONG: u128 = WORKFLOWS as u128;

impl Sim {
    /// Plans the deliveries, and when the servers die and come back.
    pub(super) fn plan_away(&mut self, away: Away) {
        let specs: Vec<_> = (0..=LONG).map(make::one_job).collect();
        let end = away.from_ms + away.for_ms + AFTER;
        for n in 0..away.jobs + away.hooks {
            let long = n < away.jobs;
            let spec = specs[if long { WORKFLOWS } else { n % WORKFLOWS }].clone();
            let origin = Origin { manual: true, username: "sim".into(), ..Origin::default() };
            let start = Start {
                id: RunId(Uuid::nil()),
                number: 0,
                spec,
                origin,
                payload: None,
                raw_payload: None,
                parameters: IndexMap::new(),
            };
            let key = n as u64;
            self.expect_start(key, start);
            let times = if long { 1 } else { 1 + self.dice.up_to(5) };
            for _ in 0..times {
                let at = self.dice.ms(0, if long { away.from_ms / 2 } else { end });
                self.later(at, Happening::Deliver { key, tries: 0 });
            }
        }
        for server in 0..self.servers.len() {
            self.later(away.from_ms, Happening::ServerDown(server));
            // One after the other, as they are started by hand.
            let more = self.dice.ms(0, 20_000);
            self.later(away.from_ms + away.for_ms + more, Happening::ServerUp(server));
        }
    }

    /// Delivers, and again if there is no answer.
    pub(super) fn deliver(&mut self, key: u64, tries: u32) {
        let answered = self.history.requests.get(&key).is_some_and(Option::is_some);
        // One that comes anew does not know what became of the others.
        if answered && tries > 0 {
            return;
        }
        let Some(start) = self.expected_start(key) else { return };
        let server = self.dice.up_to(self.servers.len());
        self.ask(server, Ask::Start(Box::new((key, start))), Who::Person);
        let wait = (AGAIN.0 << tries.min(16)).min(AGAIN.1);
        let again = wait + self.dice.ms(0, wait);
        self.later(again, Happening::Deliver { key, tries: tries + 1 });
    }

    /// How long a job runs and how it ends, where nothing but the servers' absence could make it fail.
    pub(super) fn length_away(&mut self, job: JobRef) -> Option<(i64, Status)> {
        let away = self.config.away?;
        let spec = &self.store.runs.get(&job.run)?.run.spec;
        let long = spec.workflow_id == make::one_job(LONG).workflow_id;
        let most = if long { away.for_ms * 3 / 2 } else { 8000 };
        Some((self.dice.ms(5, most), Status::Success))
    }
}
