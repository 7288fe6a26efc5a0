//! People: they start, stop and restart runs.

use crate::{
    fleet::Who,
    make,
    server::Ask,
    world::{Happening, Sim},
};
use cds_engine::{Event, event::Start, state::Origin};
use cds_model::RunId;
use indexmap::IndexMap;
use uuid::Uuid;

impl Sim {
    /// Starts runs, stops and restarts them.
    pub(super) fn person(&mut self) {
        if !self.trouble() {
            return;
        }
        let runs = self.config.runs.max(1);
        let wait = self.dice.ms(1, 2 * self.config.trouble_ms / (4 * runs as i64));
        self.later(wait, Happening::Person);
        let started = self.requests.len();
        if started < runs && (started == 0 || self.dice.chance(0.5)) {
            // Runs of one workflow meet at its mutexes, so a definition is used more than once.
            let spec = match self.specs.last() {
                Some(spec) if self.dice.chance(0.5) => spec.clone(),
                _ => {
                    let spec = make::spec(&mut self.dice, started as u128);
                    self.specs.push(spec.clone());
                    spec
                }
            };
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
            let key = started as u64;
            self.expect_start(key, start);
            self.request(key);
            return;
        }
        let nth = self.dice.up_to(self.store.runs.len());
        let Some(row) = self.store.runs.values().nth(nth) else { return };
        let id = row.run.id;
        let nodes = &row.run.spec.workflow.nodes;
        let node = nodes[self.dice.up_to(nodes.len())].name.clone();
        let event = match self.dice.up_to(10) {
            0 => Event::Stop { by: "sim".into(), node: None },
            1 => Event::Stop { by: "sim".into(), node: Some(node) },
            2 | 3 => Event::Restart {
                from: if self.dice.chance(0.2) { Vec::new() } else { vec![node] },
                only_failed: self.dice.chance(0.4),
                origin: Origin { manual: true, username: "sim".into(), ..Origin::default() },
                payload: None,
                parameters: IndexMap::new(),
                spec: None,
            },
            _ => return,
        };
        self.note(|| format!("a person asks of {id}: {event:?}"));
        let server = self.dice.up_to(self.servers.len());
        self.ask(server, Ask::Do(id, Box::new(event)), Who::Person);
    }

    /// Somebody will ask for a run, with this key.
    pub fn expect_start(&mut self, key: u64, start: Start) {
        self.requests.insert(key, start);
        self.history.requests.insert(key, None);
    }

    /// What is asked for with this key.
    pub fn expected_start(&self, key: u64) -> Option<Start> {
        self.requests.get(&key).cloned()
    }

    /// Asks for a run, and again after a while.
    pub(super) fn request(&mut self, key: u64) {
        let unanswered = self.history.requests.get(&key).is_some_and(Option::is_none);
        let Some(start) = self.requests.get(&key).filter(|_| unanswered).cloned() else { return };
        let server = self.dice.up_to(self.servers.len());
        self.ask(server, Ask::Start(Box::new((key, start))), Who::Person);
        let again = self.dice.ms(500, 3000);
        self.later(again, Happening::Request(key));
    }
}
