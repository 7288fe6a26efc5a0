//! Events on their way into a run: one after the other, each with what follows from it.

use crate::{
    faults::{Fault, Sabotage},
    memory::{Op, Then},
    server::Reply,
    store::{Commit, Refused},
    world::{Answer, Happening, Sim, Step},
};
use cds_engine::{
    Event, Transition,
    upkeep::{self, Granted, Told},
};
use cds_model::{Attempt, JobRef, RunId};

impl Sim {
    /// Puts an event before its run: one after the other, as one server does.
    pub fn submit(&mut self, server: usize, op: Op) -> Step {
        let run = op.run;
        let queue = self.servers[server].memory.busy.entry(run).or_default();
        queue.push_back(op);
        if queue.len() == 1 { self.begin_op(server, run) } else { Ok(()) }
    }

    fn begin_op(&mut self, server: usize, run: RunId) -> Step {
        let now = self.clock(server);
        if !self.servers[server].memory.cache.contains_key(&run) {
            if !self.reaches_store(server) {
                return self.told(server, run, Told::Failed);
            }
            match self.store.runs.get(&run) {
                None => return self.told(server, run, Told::Gone),
                Some(row) => {
                    let loaded = (row.version, row.run.clone());
                    self.servers[server].memory.cache.insert(run, loaded);
                }
            }
        }
        let memory = &self.servers[server].memory;
        let (Some((version, state)), Some(op)) =
            (memory.cache.get(&run), memory.busy.get(&run).and_then(|q| q.front()))
        else {
            return Ok(());
        };
        let version = *version;
        let told = match cds_engine::apply(state, &op.event, now) {
            Transition::Advanced { run: next, effects } => {
                let event = Some((op.event.clone(), now));
                let commit = Commit { expect: version, run: next, effects, event, lease: op.lease, now };
                self.send_commit(server, commit);
                return Ok(());
            }
            Transition::Ignored(why) => Told::Ignored(why),
            Transition::Refused(_) => Told::Refused,
        };
        // A commit would have found out that memory is behind; a "no" from memory has to be looked into.
        if !self.broken(Sabotage::Stale) {
            if !self.reaches_store(server) {
                return self.told(server, run, Told::Failed);
            }
            if self.store.runs.get(&run).is_some_and(|row| row.version != version) {
                self.servers[server].memory.cache.remove(&run);
                return self.begin_op(server, run);
            }
        }
        if let Told::Ignored(_) = told {
            self.stats.ignored += 1;
        }
        self.told(server, run, told)
    }

    pub fn send_commit(&mut self, server: usize, commit: Commit) {
        let epoch = self.servers[server].epoch;
        let wait = self.dice.ms(0, 8);
        self.later(wait, Happening::Commit { server, epoch, commit: Box::new(commit) });
    }

    /// A commit reaches the store. One of a server that has died meanwhile may do so all the same.
    pub fn commits(&mut self, server: usize, epoch: u32, commit: Commit) -> Step {
        let alive = self.servers[server].up && self.servers[server].epoch == epoch;
        if !alive && self.dice.chance(0.5) {
            return Ok(());
        }
        let run = commit.run.id;
        let result = if self.reaches_store(server) {
            let copy = (commit.run.clone(), commit.effects.clone(), commit.now);
            let what = commit.event.as_ref().map(|(e, _)| e.clone());
            let given = commit.lease;
            let result = self.store.commit(commit)?;
            self.note(|| format!("server {server} commits {run} {what:?}: {result:?}"));
            match result {
                Ok(version) => {
                    if let Some(Event::WorkerLost { job, attempt, reason }) = what {
                        self.attempt_is_given_up(JobRef { run, job }, attempt, &reason)?;
                    }
                    if let Some(given) = given {
                        self.take_is_answered(&given)?;
                    }
                    self.after_commit(&copy.0, &copy.1);
                    if self.fault(Fault::LostCommit) { Err(None) } else { Ok((version, copy)) }
                }
                Err(refused) => Err(Some(refused)),
            }
        } else {
            Err(None)
        };
        if alive {
            let wait = self.dice.ms(0, 4);
            self.later(wait, Happening::Committed { server, epoch, run, result: Box::new(result) });
        }
        Ok(())
    }

    /// The store's answer reaches a server, which then acts.
    pub fn committed(&mut self, server: usize, run: RunId, result: Answer) -> Step {
        let wake = !self.broken(Sabotage::Wake) || !self.dice.chance(0.2);
        let memory = &mut self.servers[server].memory;
        match result {
            Ok((version, (state, effects, now))) => {
                memory.cache.insert(run, (version, state.clone()));
                if wake {
                    memory.carry_out(&state, &effects, now);
                }
                self.told(server, run, Told::Advanced)
            }
            Err(Some(Refused::Conflict)) => {
                // Another server was quicker: take its state and apply again.
                memory.cache.remove(&run);
                self.begin_op(server, run)
            }
            Err(Some(Refused::OldTake)) => self.told(server, run, Told::Refused),
            Err(Some(Refused::Full) | None) => {
                memory.cache.remove(&run);
                self.told(server, run, Told::Failed)
            }
        }
    }

    /// What follows once it is known what became of an event, and the next event of the run.
    fn told(&mut self, server: usize, run: RunId, told: Told) -> Step {
        let memory = &mut self.servers[server].memory;
        let Some(op) = memory.busy.get_mut(&run).and_then(|q| q.pop_front()) else { return Ok(()) };
        match op.then {
            Then::Nothing => {}
            Then::Timer(key, at) => {
                memory.ringing.remove(&(run, key.clone()));
                let done = upkeep::timer_is_done(told) || self.broken(Sabotage::Timer);
                if done
                    && (self.reaches_store(server) && !self.store.full || self.broken(Sabotage::Timer))
                    && self.store.timers.get(&(run, key.clone())) == Some(&at)
                {
                    self.store.timers.remove(&(run, key));
                }
            }
            Then::Slot(node_run) => {
                let holds = memory.cache.get(&run).is_some_and(|(_, state)| {
                    state.nodes.get(node_run.0 as usize).is_some_and(|n| n.holds_slot)
                });
                let fate = match upkeep::granted(told, holds) {
                    Granted::TellAgain if self.broken(Sabotage::Mutex) => Granted::GiveBack,
                    fate => fate,
                };
                if fate == Granted::GiveBack && self.reaches_store(server) {
                    self.store.release(run, node_run);
                }
            }
            Then::Taken { take, job, attempt, until } => {
                let worker = take.worker;
                let now = self.clock(server);
                let hold = self.terms().hold(Some(until), now);
                let memory = &mut self.servers[server].memory;
                let taken = told == Told::Advanced;
                if taken {
                    memory.hold(job, attempt, worker, now, false);
                    if let Some(held) = memory.held.get_mut(&job) {
                        held.until = Some(until);
                        held.take = take.number;
                    }
                } else {
                    memory.free(worker);
                }
                // Whoever counts its takes is told when it asks again.
                if told == Told::Failed && take.number.is_none() {
                    memory.doubtful.insert((job, attempt), (worker, until));
                }
                self.answer(server, Reply::Job { take, job: taken.then_some((job, attempt)), hold });
            }
            Then::Ended { worker, job, attempt } => self.end_is_told(server, worker, job, attempt, told)?,
            Then::Lost { job, attempt } => self.seal(server, job, attempt),
        }
        let memory = &mut self.servers[server].memory;
        match memory.busy.get(&run).map(|q| q.is_empty()) {
            Some(true) => {
                memory.busy.remove(&run);
                Ok(())
            }
            Some(false) => self.begin_op(server, run),
            None => Ok(()),
        }
    }

    pub fn seal(&mut self, server: usize, job: JobRef, attempt: Attempt) {
        if self.reaches_store(server) {
            self.store.seal(job, attempt);
        }
    }
}
