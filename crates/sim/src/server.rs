//! What a server does with a message: the rules of `crates/server/src/app`, on a virtual clock.

use crate::{
    faults::{Fault, Sabotage},
    memory::{Hatch, Known, Op, Then},
    store::{Commit, Refused},
    world::{Happening, Sim, Step},
};
use cds_engine::{
    Event, Transition,
    dispatch::{Decision, QueuedJob},
    event::Start,
    upkeep::{self, Granted, Told, lease},
};
use cds_hatchery::plan::WorkerState;
use cds_model::{Attempt, JobRef, RunId, Status, Timestamp, WorkerId};
use indexmap::IndexMap;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// The settings of a server, as they are by default.
pub(crate) const LEASE: Duration = Duration::from_secs(45);
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(10);

/// A question to a server.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Register(WorkerId),
    /// A free worker asks for a job; the number names its question.
    Take(WorkerId, u32),
    Report(Report),
    /// Which instances a hatchery has, alive or not, and a number for the answer.
    Sync {
        hatchery: usize,
        life: u32,
        instances: Vec<(WorkerId, bool)>,
    },
    Identities {
        hatchery: usize,
        life: u32,
        count: u32,
    },
    /// A person starts a run, and asks again with the same key until there is an answer.
    Start(Box<(u64, Start)>),
    /// A person stops or restarts something.
    Do(RunId, Box<Event>),
}

/// News of an attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Report {
    pub worker: WorkerId,
    pub job: JobRef,
    pub attempt: Attempt,
    /// Lines from the last one acknowledged to the last one written.
    pub lines: (u32, u32),
    pub end: Option<Status>,
    /// When the worker sent it.
    pub sent: i64,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Registered(WorkerId),
    /// `None`: no job now.
    Job {
        worker: WorkerId,
        turn: u32,
        job: Option<(JobRef, Attempt)>,
        /// See [`lease::Terms::hold`].
        hold: Option<Duration>,
    },
    /// How many lines are stored, and whether the worker should stop.
    Heard {
        report: Report,
        length: u32,
        stop: bool,
        hold: Option<Duration>,
    },
    /// The end has been noted.
    Ended {
        report: Report,
        length: u32,
    },
    /// Nothing can be stored.
    Full(Report),
    /// Nobody listens at the server's address.
    Down(WorkerId),
    /// Somebody else has the attempt.
    LeaseLost {
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
    },
    /// The server has given the worker up.
    Refused(WorkerId),
    Orders {
        hatchery: usize,
        life: u32,
        told: Vec<WorkerId>,
        wanted: u32,
        destroy: BTreeSet<WorkerId>,
        workers: BTreeMap<WorkerId, WorkerState>,
    },
    Identities {
        hatchery: usize,
        life: u32,
        workers: Vec<WorkerId>,
    },
    Started(u64, RunId),
}

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
            Ask::Take(worker, turn) => self.take(server, worker, turn)?,
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

    // ---- events -------------------------------------------------------------------------------------------------

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
                let lease =
                    op.lease.map(|(job, attempt, worker, until)| ((run, job, attempt), worker, until));
                let event = Some((op.event.clone(), now));
                let commit = Commit { expect: version, run: next, effects, event, lease, now };
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
            let result = self.store.commit(commit)?;
            self.note(|| format!("server {server} commits {run} {what:?}: {result:?}"));
            match result {
                Ok(version) => {
                    if let Some(Event::WorkerLost { job, attempt, .. }) = what {
                        self.attempt_is_given_up(JobRef { run, job }, attempt);
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
    pub fn committed(&mut self, server: usize, run: RunId, result: crate::world::Answer) -> Step {
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
            Then::Taken { worker, turn, job, attempt, until } => {
                let now = self.clock(server);
                let hold = self.terms().hold(Some(until), now);
                let memory = &mut self.servers[server].memory;
                let taken = told == Told::Advanced;
                if taken {
                    memory.hold(job, attempt, worker, now, false);
                    if let Some(held) = memory.held.get_mut(&job) {
                        held.until = Some(until);
                    }
                } else {
                    memory.free(worker);
                }
                if told == Told::Failed {
                    memory.doubtful.insert((job, attempt), (worker, until));
                }
                self.answer(server, Reply::Job { worker, turn, job: taken.then_some((job, attempt)), hold });
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

    // ---- workers ------------------------------------------------------------------------------------------------

    /// The hatchery of a worker whose token is good. `None`: it is refused.
    fn token(&mut self, server: usize, worker: WorkerId) -> Result<Option<usize>, ()> {
        // A server knows tokens of workers it has seen by heart.
        if !self.reaches_store(server) && !self.servers[server].memory.workers.contains_key(&worker) {
            return Err(());
        }
        Ok(self.store.workers.get(&worker).map(|row| row.hatchery))
    }

    fn register(&mut self, server: usize, worker: WorkerId) -> Option<Reply> {
        if !self.reaches_store(server) || self.store.full {
            return None;
        }
        let now = self.clock(server);
        let Some(row) = self.store.workers.get_mut(&worker) else { return Some(Reply::Refused(worker)) };
        row.registered = true;
        let hatchery = row.hatchery;
        self.servers[server].memory.touch(worker, hatchery, now);
        Some(Reply::Registered(worker))
    }

    fn take(&mut self, server: usize, worker: WorkerId, turn: u32) -> Result<Option<Reply>, String> {
        let now = self.clock(server);
        let hatchery = match self.token(server, worker) {
            Err(()) => return Ok(None),
            Ok(None) => return Ok(Some(Reply::Refused(worker))),
            Ok(Some(hatchery)) => hatchery,
        };
        let none = Ok(Some(Reply::Job { worker, turn, job: None, hold: None }));
        let memory = &mut self.servers[server].memory;
        memory.touch(worker, hatchery, now);
        if memory.workers.get(&worker).is_some_and(|w| w.job.is_some())
            && !memory.held.values().any(|h| h.worker == worker)
        {
            // Its lease is being committed: this is a copy of its question.
            return none;
        }
        // Whoever asks has nothing: what it had is over, or its lease will run out.
        memory.free(worker);
        if memory.queue.is_empty() {
            return none;
        }
        let views = self.views(server, now);
        let memory = &mut self.servers[server].memory;
        let decision = memory.decide(&views, now);
        let Some(found) = decision.leases.iter().find(|l| l.worker == worker) else { return none };
        let (job, attempt) = (found.job, found.attempt);
        self.in_order(server, &decision, job)?;
        let memory = &mut self.servers[server].memory;
        memory.queue.remove(job, attempt);
        if let Some(known) = memory.workers.get_mut(&worker) {
            known.job = Some((job, attempt));
        }
        let event = Event::JobTaken { job: job.job, attempt, worker, worker_name: String::new() };
        let until = now + self.terms().lasts();
        let lease = Some((job.job, attempt, worker, until));
        let then = Then::Taken { worker, turn, job, attempt, until };
        self.submit(server, Op { run: job.run, event, lease, then })?;
        Ok(None)
    }

    /// Of jobs with the same needs those that are older are handed out before, or in the same decision.
    fn in_order(&self, server: usize, decision: &Decision, job: JobRef) -> Step {
        let queue = &self.servers[server].memory.queue;
        let Some(it) = queue.get(job) else { return Err(format!("{job} is handed out and not queued")) };
        let mut older = queue.iter().take_while(|q| q.job != job);
        let like = |q: &&QueuedJob| q.requirements == it.requirements && q.groups == it.groups;
        match older.find(|q| like(q) && !decision.leases.iter().any(|l| l.job == q.job)) {
            Some(first) => Err(format!("{job} is handed out before {}, which is older", first.job)),
            None => Ok(()),
        }
    }

    /// Whether a worker holds an attempt here, and this server may say so; a hold may be taken over from another one.
    /// The error: that can't be known now.
    fn fence(&mut self, server: usize, report: &Report) -> Result<bool, ()> {
        let now = self.clock(server);
        let terms = self.terms();
        let writes = self.reaches_store(server) && !self.store.full;
        let vouches_anyway = self.broken(Sabotage::Vouch);
        let memory = &mut self.servers[server].memory;
        let known = memory
            .held
            .get_mut(&report.job)
            .filter(|h| h.attempt == report.attempt && h.worker == report.worker);
        if let Some(held) = known {
            held.seen = now;
            if vouches_anyway || terms.vouches(held.until, now) {
                return Ok(true);
            }
        }
        if self.cut.store.contains(&server) {
            return Err(());
        }
        let key = (report.job.run, report.job.job, report.attempt);
        let found = self.store.queue.get_mut(&key).filter(|r| {
            // What is held here is only written anew.
            memory.held.contains_key(&report.job) && r.worker == Some(report.worker)
                || lease::taken_over(Some(r.lease()), report.worker, now)
        });
        let Some(row) = found else {
            memory.release(report.job, report.attempt);
            return Ok(false);
        };
        if terms.shared {
            if !writes {
                return Err(());
            }
            row.until = row.until.max(Some(now + terms.lasts()));
        }
        let (until, stopped) = (row.until, row.stopped);
        match memory.held.get_mut(&report.job).filter(|h| h.attempt == report.attempt) {
            Some(held) => held.until = until,
            None => {
                memory.hold(report.job, report.attempt, report.worker, now, stopped);
                if let Some(held) = memory.held.get_mut(&report.job) {
                    held.until = until;
                }
            }
        }
        Ok(true)
    }

    fn report(&mut self, server: usize, report: Report) -> Result<Option<Reply>, String> {
        let now = self.clock(server);
        let hatchery = match self.token(server, report.worker) {
            Err(()) => return Ok(None),
            Ok(None) => return Ok(Some(Reply::Refused(report.worker))),
            Ok(Some(hatchery)) => hatchery,
        };
        self.servers[server].memory.touch(report.worker, hatchery, now);
        self.note(|| {
            let Report { worker, job, attempt, end, sent, .. } = report;
            format!(
                "server {server} hears worker {worker} of attempt {attempt} of {job}, sent at {sent}: {end:?}"
            )
        });
        let (worker, job, attempt) = (report.worker, report.job, report.attempt);
        let lost = Reply::LeaseLost { worker, job, attempt };
        match self.fence(server, &report) {
            Err(()) => return Ok(None),
            Ok(true) => {}
            // The end was reported before, and its answer was lost: say yes again.
            Ok(false) if report.end.is_some() && !self.reaches_store(server) => return Ok(None),
            Ok(false) if report.end.is_some() => {
                let ended = self
                    .attempt_status(job, attempt)
                    .is_none_or(|(status, by)| status.is_final() && by == Some(worker));
                // Its lines were stored then, or not at all: nothing is said of them.
                return Ok(Some(if ended { Reply::Ended { report, length: 0 } } else { lost }));
            }
            Ok(false) => return Ok(Some(lost)),
        }
        let (from, to) = report.lines;
        let full = self.store.full;
        let length = match self.store.append(job, attempt, worker, from, to) {
            Ok(length) => length,
            // The worker begins where the log ends.
            Err(length) => return Ok(Some(self.heard_of(server, report, length, false))),
        };
        if !full && length == to && from < to {
            self.may_write(job, attempt)?;
        }
        if !full && to > length {
            // The log has been completed: somebody has given the attempt up.
            return Ok(Some(lost));
        }
        if full && to > length {
            if self.broken(Sabotage::Ack) {
                return Ok(Some(self.heard_of(server, report, to, false)));
            }
            return Ok(Some(Reply::Full(report)));
        }
        let Some(status) = report.end else {
            let stop = self.servers[server].memory.held.get(&job).is_some_and(|h| h.stopped.is_some());
            return Ok(Some(self.heard_of(server, report, length, stop)));
        };
        let event = Event::JobEnded {
            job: job.job,
            attempt,
            status,
            reason: String::new(),
            infrastructure: false,
            variables: IndexMap::from([("cds.build.sim".to_string(), worker.to_string())]),
            steps: Vec::new(),
        };
        self.servers[server].ends.insert((job, attempt), report);
        self.submit(
            server,
            Op { run: job.run, event, lease: None, then: Then::Ended { worker, job, attempt } },
        )?;
        Ok(None)
    }

    fn heard_of(&self, server: usize, report: Report, length: u32, stop: bool) -> Reply {
        let until = self.servers[server].memory.held.get(&report.job).and_then(|h| h.until);
        let hold = self.terms().hold(until, self.clock(server));
        Reply::Heard { report, length, stop, hold }
    }

    fn end_is_told(
        &mut self,
        server: usize,
        worker: WorkerId,
        job: JobRef,
        attempt: Attempt,
        told: Told,
    ) -> Step {
        let report = self.servers[server].ends.remove(&(job, attempt));
        if !upkeep::end_is_known(told) {
            return Ok(());
        }
        let memory = &mut self.servers[server].memory;
        memory.release(job, attempt);
        memory.free(worker);
        self.seal(server, job, attempt);
        let Some(report) = report else { return Ok(()) };
        let reply = match told {
            Told::Ignored(cds_engine::Ignored::OldAttempt) => Reply::LeaseLost { worker, job, attempt },
            _ => Reply::Ended { report, length: report.lines.1 },
        };
        self.answer(server, reply);
        Ok(())
    }

    /// Where an attempt stands in the store, and who has or had it.
    pub fn attempt_status(&self, job: JobRef, attempt: Attempt) -> Option<(Status, Option<WorkerId>)> {
        let run = &self.store.runs.get(&job.run)?.run;
        let mut all = run.nodes.iter().flat_map(|n| &n.stages).flat_map(|s| &s.jobs);
        let found = all.rfind(|j| j.no == job.job && j.copy_of.is_none())?;
        let attempt = found.attempts.get((attempt.0 as usize).checked_sub(1)?)?;
        Some((attempt.status, attempt.worker))
    }

    // ---- hatcheries ---------------------------------------------------------------------------------------------

    pub fn views(&self, server: usize, now: Timestamp) -> Vec<cds_engine::dispatch::HatcheryView> {
        let regions: Vec<&str> = self.hatcheries.iter().map(|h| h.region).collect();
        self.servers[server].memory.views(&regions, self.config.workers, now)
    }

    fn identities(&mut self, server: usize, hatchery: usize, life: u32, count: u32) -> Option<Reply> {
        if !self.reaches_store(server) || self.store.full {
            return None;
        }
        let now = self.clock(server);
        let workers: Vec<WorkerId> = (0..count).map(|_| WorkerId(self.fresh())).collect();
        for worker in &workers {
            self.store.workers.insert(*worker, crate::store::WorkerRow { hatchery, registered: false });
            let known = Known { hatchery, pending: true, seen: now, job: None };
            self.servers[server].memory.workers.insert(*worker, known);
        }
        Some(Reply::Identities { hatchery, life, workers })
    }

    fn sync(
        &mut self,
        server: usize,
        hatchery: usize,
        life: u32,
        instances: &[(WorkerId, bool)],
    ) -> Result<Option<Reply>, String> {
        let now = self.clock(server);
        if !self.reaches_store(server) {
            return Ok(None);
        }
        let (lasts, jump_counts) = (self.lease(), !self.broken(Sabotage::Jump));
        let memory = &mut self.servers[server].memory;
        if jump_counts {
            memory.look_at_clock(now, lasts);
        }
        let known =
            memory.hatcheries.entry(hatchery).or_insert(Hatch { seen: now, destroy: BTreeSet::new() });
        known.seen = now;
        let mut told = Vec::new();
        let mut listed = BTreeSet::new();
        for (worker, alive) in instances {
            listed.insert(*worker);
            if !alive {
                told.push(*worker);
                self.worker_gone(server, *worker)?;
                continue;
            }
            let memory = &mut self.servers[server].memory;
            match memory.workers.get_mut(worker) {
                // It exists, and may take its time.
                Some(known) if known.pending => known.seen = now,
                Some(_) => {}
                // Another server, or an earlier life of this one, has let it in.
                None => {
                    if let Some(row) = self.store.workers.get(worker) {
                        let known = Known { hatchery, pending: !row.registered, seen: now, job: None };
                        memory.workers.insert(*worker, known);
                    }
                }
            }
        }
        let unlisted: Vec<WorkerId> = self.servers[server]
            .memory
            .workers
            .iter()
            .filter(|(w, k)| k.hatchery == hatchery && !k.pending && !listed.contains(w))
            .filter(|(_, k)| lease::unlisted_is_gone(k.seen, now, HEARTBEAT))
            .map(|(w, _)| *w)
            .collect();
        for worker in unlisted {
            self.worker_gone(server, worker)?;
        }
        let views = self.views(server, now);
        let memory = &self.servers[server].memory;
        let decision = memory.decide(&views, now);
        let id = cds_model::HatcheryId(uuid::Uuid::from_u128(hatchery as u128));
        let view = views.iter().find(|v| v.id == id);
        // New ones are wanted only when those that start or idle do not suffice, so they count in full.
        let wanted = decision
            .wanted
            .get(&id)
            .map_or(0, |new| new + view.map_or(0, |v| v.starting + v.idle.len() as u32));
        let state = |k: &Known| match k.job {
            Some(_) => WorkerState::Busy,
            None if k.pending => WorkerState::Pending,
            None => WorkerState::Idle,
        };
        let mut workers: BTreeMap<WorkerId, WorkerState> = memory
            .workers
            .iter()
            .filter(|(_, k)| k.hatchery == hatchery)
            .map(|(w, k)| (*w, state(k)))
            .collect();
        // One whose token has ended is refused whatever it says.
        for (worker, alive) in instances {
            if *alive && !self.store.workers.contains_key(worker) {
                workers.insert(*worker, WorkerState::Gone);
            }
        }
        let destroy = self.servers[server].memory.hatcheries[&hatchery].destroy.clone();
        Ok(Some(Reply::Orders { hatchery, life, told, wanted, destroy, workers }))
    }

    /// A worker is gone: what it had gets a new attempt, and its token ends.
    pub fn worker_gone(&mut self, server: usize, worker: WorkerId) -> Step {
        let memory = &mut self.servers[server].memory;
        let mut lost: Vec<(JobRef, Attempt)> =
            memory.held.iter().filter(|(_, h)| h.worker == worker).map(|(j, h)| (*j, h.attempt)).collect();
        if let Some(known) = memory.workers.remove(&worker) {
            lost.extend(known.job.filter(|o| !lost.contains(o)));
            if let Some(hatchery) = memory.hatcheries.get_mut(&known.hatchery) {
                hatchery.destroy.remove(&worker);
            }
        }
        if self.reaches_store(server) && !self.store.full {
            // Rows tell what servers have forgotten, or never knew.
            let rows = self.store.queue.iter().filter(|(_, r)| r.worker == Some(worker) && !r.stopped);
            for ((run, job, attempt), _) in rows {
                let id = (JobRef { run: *run, job: *job }, *attempt);
                if !lost.contains(&id) {
                    lost.push(id);
                }
            }
            self.store.workers.remove(&worker);
        }
        for (job, attempt) in lost {
            self.worker_lost(server, job, attempt, "its instance has ended")?;
        }
        Ok(())
    }

    /// An attempt is lost with its worker.
    pub fn worker_lost(&mut self, server: usize, job: JobRef, attempt: Attempt, why: &str) -> Step {
        self.servers[server].memory.release(job, attempt);
        let event = Event::WorkerLost { job: job.job, attempt, reason: why.into() };
        self.submit(server, Op { run: job.run, event, lease: None, then: Then::Lost { job, attempt } })
    }

    // ---- people -------------------------------------------------------------------------------------------------

    fn start_run(&mut self, server: usize, key: u64, mut start: Start) -> Result<Option<Reply>, String> {
        if !self.reaches_store(server) {
            return Ok(None);
        }
        let now = self.clock(server);
        // The number is given in the same transaction.
        let of_it = |r: &&crate::store::RunRow| r.run.spec.workflow_id == start.spec.workflow_id;
        start.number = self.store.runs.values().filter(of_it).map(|r| r.run.number).max().unwrap_or(0) + 1;
        start.id = RunId(self.fresh());
        let Transition::Advanced { run, effects } = cds_engine::start(start.clone(), now) else {
            return Err("a start was refused".into());
        };
        cds_engine::invariants::check_start(&run, &effects).map_err(|v| v.to_string())?;
        let (known, id) = (self.store.keys.get(&key).copied(), run.id);
        match self.store.start(key, start, run.clone(), &effects, now) {
            Err(_) => Ok(None),
            Ok(made) => {
                self.note(|| format!("server {server}: request {key} makes or made run {made}"));
                if made == id && known != Some(id) {
                    self.after_commit(&run, &effects);
                    if self.fault(Fault::LostCommit) {
                        return Ok(None);
                    }
                    self.servers[server].memory.carry_out(&run, &effects, now);
                }
                Ok(Some(Reply::Started(key, made)))
            }
        }
    }
}
