//! Trouble: what breaks, for how long, and that it ends.

use crate::{
    faults::Fault,
    fleet::Who,
    memory::Memory,
    world::{Happening, Sim},
};
use std::collections::BTreeSet;

/// A connection that is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Store(usize),
    Talk(Who, usize),
}

/// What is cut now.
#[derive(Default)]
pub(crate) struct Cuts {
    /// Servers that don't reach the store.
    pub store: BTreeSet<usize>,
    /// Who does not reach which server.
    pub talk: BTreeSet<(Who, usize)>,
}

impl Sim {
    pub(super) fn break_something(&mut self) {
        if !self.trouble() {
            return;
        }
        let wait = self.dice.ms(500, 8000);
        self.later(wait, Happening::Break);
        // All dice are rolled, whatever is allowed: a history without some faults stays like the one with them.
        let kind = self.dice.up_to(14);
        let server = self.dice.up_to(self.servers.len());
        let hatchery = self.dice.up_to(self.hatcheries.len());
        let span = self.dice.ms(1, 15_000);
        let long = self.dice.ms(1000, self.config.longest_cut_ms);
        let bound = self.terms().skew_bound().as_millis() as i64 / 2;
        let skew = self.dice.ms(-bound, bound);
        let jump = self.dice.ms(0, 120_000);
        let fault = match kind {
            0 | 1 => Fault::KillServer,
            2..=4 => Fault::KillWorker,
            5 => Fault::KillHatchery,
            6 => Fault::Provider,
            7 => Fault::Clock,
            8 => Fault::PauseWorker,
            9 | 10 => Fault::FullDisk,
            _ => Fault::Partition,
        };
        if !self.allowed(fault) || self.config.rate <= 0.0 || !self.happens(fault) {
            return;
        }
        match fault {
            Fault::KillServer if self.servers[server].up => {
                self.later(span, Happening::ServerUp(server));
                self.server_dies(server);
            }
            Fault::KillWorker => self.kill_a_worker(),
            Fault::PauseWorker => self.pause_a_worker(),
            Fault::KillHatchery if self.hatcheries[hatchery].up => {
                self.hatcheries[hatchery].die();
                self.later(span * 4, Happening::HatcheryUp(hatchery));
                self.note(|| format!("hatchery {hatchery} is killed"));
            }
            Fault::Provider => self.hatcheries[hatchery].full = !self.hatcheries[hatchery].full,
            Fault::Clock => {
                self.ahead += jump;
                self.servers[server].skew = skew;
                self.note(|| {
                    format!("clocks jump ahead by {jump} ms; that of server {server} is off by {skew} ms")
                });
            }
            Fault::FullDisk if !self.store.full => {
                self.store.full = true;
                self.later(span, Happening::Room);
                self.note(|| format!("the disk is full for {span} ms"));
            }
            Fault::Partition => self.cut_something(kind, server, hatchery, long),
            _ => {}
        }
    }

    /// SIGKILL: nothing is left but what is stored.
    pub(super) fn server_dies(&mut self, server: usize) {
        let it = &mut self.servers[server];
        it.up = false;
        it.epoch += 1;
        it.memory = Memory::default();
        it.ends.clear();
        self.stats.servers_killed += 1;
        self.note(|| format!("server {server} is killed"));
    }

    fn cut_something(&mut self, kind: usize, server: usize, hatchery: usize, long: i64) {
        let nth = self.dice.up_to(self.workers.len());
        let who = match kind {
            11 => {
                self.cut.store.insert(server);
                self.later(long, Happening::Mend(Cut::Store(server)));
                self.note(|| format!("server {server} does not reach the store for {long} ms"));
                return;
            }
            12 => Who::Hatchery(hatchery),
            _ => match self.workers.keys().nth(nth) {
                Some(worker) => Who::Worker(*worker),
                None => return,
            },
        };
        // From one server, or from all of them.
        let servers = if self.dice.chance(0.5) { server..server + 1 } else { 0..self.servers.len() };
        for server in servers {
            self.cut.talk.insert((who, server));
            self.later(long, Happening::Mend(Cut::Talk(who, server)));
        }
        self.note(|| format!("{who:?} does not reach its server for {long} ms"));
    }

    pub(super) fn mend(&mut self, cut: Cut) {
        match cut {
            Cut::Store(server) => drop(self.cut.store.remove(&server)),
            Cut::Talk(who, server) => drop(self.cut.talk.remove(&(who, server))),
        }
    }

    /// The faults stop.
    pub(super) fn calm_down(&mut self) {
        self.note(|| "the faults stop".into());
        self.cut = Cuts::default();
        self.store.full = false;
        for server in &mut self.servers {
            server.skew = 0;
        }
        for worker in self.workers.values_mut() {
            worker.wake(self.config.trouble_ms);
        }
    }
}
