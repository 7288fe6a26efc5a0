//! A worker: it asks for a job, runs it and reports.

use crate::{
    fleet::Who,
    server::{Ask, HEARTBEAT, Report, Take},
    world::{Happening, Sim, Step},
};
use cds_model::{Attempt, JobRef, Status, WorkerId};

/// How long an idle worker waits for a job before it ends, ms.
const IDLE: i64 = 60_000;
/// A worker whose server is down waits for it so long, ms.
const DOWN: i64 = 3_600_000;
/// A worker that writes writes a line this often, ms.
const LINE: i64 = 700;

/// A worker process.
pub(crate) struct Worker {
    pub hatchery: usize,
    /// Counts what it has begun to do: older alarms mean nothing.
    pub(super) turn: u32,
    pub doing: Doing,
    pub(super) idle_since: i64,
    /// The server it talks to.
    pub(super) server: usize,
    /// Questions without an answer.
    pub(super) unanswered: u32,
    /// When it sent what was last answered.
    pub(super) contact: i64,
    /// Until when its attempt is its own, should it hear nothing more; `None`: as long as its server is down.
    pub(super) own_until: Option<i64>,
    /// Until when it goes on although its reports do not arrive.
    pub(super) kept_until: i64,
    /// Since when its server is known to be down.
    pub(super) down_since: Option<i64>,
    /// It stands still until then.
    pub(super) paused_until: i64,
    /// It stood still during this job: what it thinks of its lease is old.
    pub was_paused: bool,
    /// Lines written from `began` on; after that, those the server has.
    pub(super) began: i64,
    pub(super) acked: u32,
    /// The number of its next take; `None`: it does not count them.
    pub take: Option<u32>,
}

impl Worker {
    /// One of a hatchery that begins now, and talks to this server.
    pub fn new(hatchery: usize, server: usize, take: Option<u32>, now: i64) -> Self {
        Self {
            hatchery,
            turn: 0,
            doing: Doing::Registering,
            idle_since: now,
            server,
            unanswered: 0,
            contact: now,
            own_until: None,
            kept_until: 0,
            down_since: None,
            paused_until: 0,
            was_paused: false,
            began: now,
            acked: 0,
            take,
        }
    }

    /// It does not stand still any longer than until then.
    pub fn wake(&mut self, at: i64) {
        self.paused_until = self.paused_until.min(at);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doing {
    Registering,
    Asking,
    Running { job: JobRef, attempt: Attempt, until: i64, status: Status },
    Reporting { job: JobRef, attempt: Attempt, status: Status, lines: u32 },
}

impl Sim {
    /// SIGKILL.
    pub fn kill_a_worker(&mut self) {
        if let Some(worker) = self.some_worker() {
            self.stats.workers_killed += 1;
            self.note(|| format!("worker {worker} is killed"));
            self.die(worker);
        }
    }

    fn some_worker(&mut self) -> Option<WorkerId> {
        let nth = self.dice.up_to(self.workers.len());
        self.workers.keys().nth(nth).copied()
    }

    /// SIGSTOP, for longer than a lease lasts; SIGCONT.
    pub fn pause_a_worker(&mut self) {
        let length = self.dice.ms(5_000, 120_000);
        if let Some(id) = self.some_worker() {
            let until = self.now + length;
            if let Some(worker) = self.workers.get_mut(&id) {
                worker.paused_until = until;
                worker.was_paused = true;
            }
            self.note(|| format!("worker {id} stands still for {length} ms"));
        }
    }

    pub(super) fn die(&mut self, worker: WorkerId) {
        if let Some(dead) = self.workers.remove(&worker) {
            self.hatcheries[dead.hatchery].instances.insert(worker, false);
        }
    }

    /// A worker's next turn: say it (again), or go on.
    pub fn work(&mut self, id: WorkerId, turn: u32) -> Step {
        let now = self.now;
        let gives_up = self.worker_gives_up();
        let servers = self.servers.len();
        let Some(worker) = self.workers.get_mut(&id).filter(|w| w.turn == turn) else { return Ok(()) };
        if worker.paused_until > now {
            let wait = worker.paused_until - now;
            self.later(wait, Happening::Work(id, turn));
            return Ok(());
        }
        let written = ((now - worker.began) / LINE) as u32;
        if let Doing::Running { job, attempt, until, status } = worker.doing
            && until <= now
        {
            worker.doing = Doing::Reporting { job, attempt, status, lines: written };
        }
        let report = |job, attempt, to: u32, end| {
            Ask::Report(Report { worker: id, job, attempt, lines: (worker.acked, to), end, sent: now })
        };
        // What has ended is nobody's double: its report may take as long as a question for the next job.
        let more = if matches!(worker.doing, Doing::Reporting { .. }) { 30_000 } else { 0 };
        let (silent, gives_up) = (now - worker.contact, gives_up + more);
        let lasts = (gives_up - silent).max(worker.kept_until - now);
        let (ask, again) = match worker.doing {
            Doing::Registering | Doing::Asking if now - worker.idle_since > IDLE => {
                self.die(id);
                return Ok(());
            }
            Doing::Registering => (Ask::Register(id), 1500),
            Doing::Asking => (Ask::Take(Take { worker: id, turn, number: worker.take }), 1000),
            // Nobody answers: the attempt may be somebody else's by now. What runs is killed.
            Doing::Running { .. } | Doing::Reporting { .. } if lasts <= 0 => {
                self.note(|| format!("worker {id} gives its attempt up: no answer for {silent} ms"));
                self.turn(id, Doing::Asking);
                return Ok(());
            }
            Doing::Running { job, attempt, until, .. } => {
                let beat = HEARTBEAT.as_millis() as i64 / 2;
                // What is not answered is repeated, and at the latest the end of the lease must not be missed.
                let wait = if worker.unanswered > 0 { 2000 } else { beat };
                (report(job, attempt, written, None), (until - now).min(lasts).clamp(1, wait))
            }
            Doing::Reporting { job, attempt, status, lines } => {
                (report(job, attempt, lines, Some(status)), lasts.clamp(1, 2000))
            }
        };
        worker.unanswered += 1;
        if worker.unanswered > 3 {
            worker.unanswered = 0;
            worker.server = (worker.server + 1) % servers;
        }
        let server = worker.server;
        self.ask(server, ask, Who::Worker(id));
        self.later(again, Happening::Work(id, turn));
        Ok(())
    }

    pub(super) fn turn(&mut self, id: WorkerId, doing: Doing) {
        let now = self.now;
        if let Some(worker) = self.workers.get_mut(&id) {
            worker.turn += 1;
            worker.doing = doing;
            worker.unanswered = 0;
            if doing == Doing::Asking {
                worker.idle_since = now;
                worker.was_paused = worker.paused_until > now;
            }
            let turn = worker.turn;
            self.later(0, Happening::Work(id, turn));
        }
    }

    /// Its server is down, or can store nothing: nobody gives its attempt away, as far as it was told.
    pub(super) fn goes_on(&mut self, worker: WorkerId, since: i64) {
        let gives_up = self.worker_gives_up();
        if let Some(it) = self.workers.get_mut(&worker) {
            let most = it.own_until.unwrap_or(it.down_since.unwrap_or(since) + DOWN);
            it.kept_until = it.kept_until.max((since + gives_up).min(most));
        }
    }

    /// The server has heard what was sent with this report. Gives the lines written so far.
    pub(super) fn heard(&mut self, report: &Report, length: u32) -> u32 {
        let now = self.now;
        let Some(worker) = self.workers.get_mut(&report.worker) else { return 0 };
        worker.contact = worker.contact.max(report.sent);
        worker.acked = worker.acked.max(length);
        let acked = worker.acked;
        let written = ((now - worker.began) / LINE) as u32;
        self.lines_are_acknowledged(report.job, report.attempt, report.worker, acked);
        written.max(acked)
    }
}
