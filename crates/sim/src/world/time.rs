//! Time goes by: one happening after the other, until everything is over.

use crate::{
    Config, Failure, Stats,
    fleet::Who,
    server::Reply,
    world::{Happening, Sim, Step},
};
use cds_model::Status;
use std::cmp::Reverse;

impl Sim {
    pub fn run(mut self) -> Result<Stats, Box<Failure>> {
        for server in 0..self.servers.len() {
            self.later(0, Happening::Housekeeping(server));
            self.later(0, Happening::Look(server));
            self.later(5000, Happening::Reload(server));
            self.later(30_000, Happening::Reconcile(server));
        }
        for hatchery in 0..self.hatcheries.len() {
            self.later(0, Happening::Hatch(hatchery));
        }
        match self.config.away {
            Some(away) => self.plan_away(away),
            None => self.later(1, Happening::Person),
        }
        self.later(1000, Happening::Break);
        let end = self.config.trouble_ms + self.config.calm_ms;
        let mut calm = false;
        while let Some(Reverse((at, key))) = self.heap.pop() {
            let Some(happening) = self.happenings.remove(&key) else { continue };
            self.now = at;
            self.stats.steps += 1;
            if !calm && !self.trouble() {
                calm = true;
                self.calm_down();
            }
            if let Err(what) = self.happen(happening) {
                return Err(self.failure(what));
            }
            if self.stats.steps.is_multiple_of(64) {
                if let Err(what) = self.look_around() {
                    return Err(self.failure(what));
                }
                if calm && self.all_is_over() {
                    return match self.settle_accounts() {
                        Ok(()) => Ok(self.statistics()),
                        Err(what) => Err(self.failure(what)),
                    };
                }
            }
            if at > end || self.stats.steps > self.config.max_steps {
                let left = self.what_is_left();
                return Err(self.failure(format!("does not end after the faults have stopped: {left}")));
            }
        }
        Err(self.failure("nothing happens any more".into()))
    }

    fn happen(&mut self, happening: Happening) -> Step {
        match happening {
            Happening::Arrives { server, ask, who } => {
                if self.connected(who, server) {
                    self.arrives(server, ask)
                } else {
                    Ok(())
                }
            }
            Happening::Answers { server, epoch, reply } => {
                // A server killed between commit and delivery has committed and says nothing.
                let who = whom(&reply);
                if self.servers[server].up
                    && self.servers[server].epoch == epoch
                    && self.connected(who, server)
                {
                    self.send(Happening::Answered(reply));
                }
                Ok(())
            }
            Happening::Answered(reply) => self.answered(reply),
            Happening::Commit { server, epoch, commit } => self.commits(server, epoch, *commit),
            Happening::Committed { server, epoch, run, result } => {
                if self.servers[server].up && self.servers[server].epoch == epoch {
                    self.committed(server, run, *result)
                } else {
                    Ok(())
                }
            }
            Happening::Housekeeping(server) => self.housekeeping(server),
            Happening::Look(server) => self.look(server),
            Happening::Reload(server) => self.reload(server),
            Happening::Reconcile(server) => self.reconcile(server),
            Happening::ServerDown(server) => {
                self.server_dies(server);
                Ok(())
            }
            Happening::ServerUp(server) => {
                self.servers[server].up = true;
                self.restore(server);
                self.note(|| format!("server {server} is back"));
                Ok(())
            }
            Happening::Hatch(hatchery) => self.hatch(hatchery),
            Happening::HatcheryUp(hatchery) => {
                self.hatcheries[hatchery].up = true;
                Ok(())
            }
            Happening::Born { hatchery, worker } => {
                self.born(hatchery, worker);
                Ok(())
            }
            Happening::Work(worker, turn) => self.work(worker, turn),
            Happening::Person => {
                self.person();
                Ok(())
            }
            Happening::Request(key) => {
                self.request(key);
                Ok(())
            }
            Happening::Deliver { key, tries } => {
                self.deliver(key, tries);
                Ok(())
            }
            Happening::Break => {
                self.break_something();
                Ok(())
            }
            Happening::Mend(cut) => {
                self.mend(cut);
                Ok(())
            }
            Happening::Room => {
                self.store.full = false;
                Ok(())
            }
        }
    }

    fn statistics(&self) -> Stats {
        Stats {
            commits: self.store.commits,
            conflicts: self.store.conflicts,
            runs: self.store.runs.len() as u64,
            attempts: self.history.begun.len() as u64,
            results: self.history.results,
            succeeded: self.store.runs.values().filter(|r| r.run.head.status == Status::Success).count()
                as u64,
            given_up: self.history.given_up.len() as u64,
            ..self.stats
        }
    }

    fn failure(&self, what: String) -> Box<Failure> {
        let trace = self.trace.iter().flatten().cloned().collect();
        let config = Config { trace: false, ..self.config.clone() };
        Box::new(Failure { seed: self.seed, step: self.stats.steps, at: self.now, what, config, trace })
    }
}

fn whom(reply: &Reply) -> Who {
    match reply {
        Reply::Registered(w) | Reply::Refused(w) | Reply::Down(w) => Who::Worker(*w),
        Reply::Job { take, .. } | Reply::OldTake { take, .. } => Who::Worker(take.worker),
        Reply::LeaseLost { worker, .. } => Who::Worker(*worker),
        Reply::Heard { report, .. } | Reply::Ended { report, .. } | Reply::Full(report) => {
            Who::Worker(report.worker)
        }
        Reply::Orders { hatchery, .. } | Reply::Identities { hatchery, .. } => Who::Hatchery(*hatchery),
        Reply::Started(..) => Who::Person,
    }
}
