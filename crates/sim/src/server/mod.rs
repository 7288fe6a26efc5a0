//! What a server does with a message: the rules of `crates/server/src/app`, on a virtual clock.

mod events;
mod hatcheries;
mod message;
mod reports;
mod runs;
mod workers;

pub(crate) use message::{Ask, Reply, Report, Take};
pub(crate) use workers::ASKED;

use crate::{
    faults::Sabotage,
    memory::{Op, Then},
    world::{Happening, Sim, Step},
};
use cds_engine::upkeep::lease;
use std::time::Duration;

/// The settings of a server, as they are by default.
pub(crate) const LEASE: Duration = Duration::from_secs(45);
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);

impl Sim {
    pub fn lease(&self) -> Duration {
        // Workers give up after three heartbeats.
        if self.broken(Sabotage::ShortLease) { Duration::from_secs(20) } else { LEASE }
    }

    pub fn terms(&self) -> lease::Terms {
        lease::Terms { silence: self.lease(), heartbeat: HEARTBEAT, shared: self.shared }
    }

    pub fn broken(&self, rule: Sabotage) -> bool {
        self.config.sabotage == Some(rule)
    }

    /// A question reaches a server. Without an answer whoever asked asks again.
    pub fn arrives(&mut self, server: usize, ask: Ask) -> Step {
        if !self.servers[server].up {
            // A refusal is at once, or not at all.
            if let Ask::Report(report) = ask {
                self.later(1, Happening::Answered(Reply::Down(report.worker)));
            }
            return Ok(());
        }
        let reply = match ask {
            Ask::Register(worker) => self.register(server, worker),
            Ask::Take(take) => self.take(server, take)?,
            Ask::Report(report) => self.report(server, report)?,
            Ask::Sync { hatchery, life, instances } => self.sync(server, hatchery, life, &instances)?,
            Ask::Identities { hatchery, life, count } => self.identities(server, hatchery, life, count),
            Ask::Start(start) => self.start_run(server, start.0, start.1)?,
            Ask::Do(run, event) => {
                self.submit(server, Op { run, event: *event, lease: None, then: Then::Nothing })?;
                None
            }
        };
        if let Some(reply) = reply {
            self.answer(server, reply);
        }
        Ok(())
    }

    pub fn answer(&mut self, server: usize, reply: Reply) {
        let epoch = self.servers[server].epoch;
        let think = self.dice.ms(0, 5);
        self.later(think, Happening::Answers { server, epoch, reply });
    }

    /// Whether a server reaches the store.
    pub fn reaches_store(&self, server: usize) -> bool {
        !self.cut.store.contains(&server)
    }
}
