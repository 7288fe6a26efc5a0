//! Answers that reach workers and hatcheries.

use crate::{
    faults::Fault,
    fleet::Doing,
    server::{Reply, Take},
    world::{Happening, Sim, Step},
};
use cds_hatchery::plan::Orders;
use cds_model::{Attempt, JobRef, Status, WorkerId};

impl Sim {
    /// An answer arrives, perhaps late, perhaps twice.
    pub fn answered(&mut self, reply: Reply) -> Step {
        let to = match &reply {
            Reply::Registered(w) | Reply::Refused(w) => Some(*w),
            Reply::Job { take: Take { worker, .. }, .. }
            | Reply::OldTake { take: Take { worker, .. }, .. }
            | Reply::LeaseLost { worker, .. }
            | Reply::Down(worker) => Some(*worker),
            Reply::Heard { report, .. } | Reply::Ended { report, .. } => Some(report.worker),
            Reply::Full(report) => Some(report.worker),
            _ => None,
        };
        if let Some(id) = to {
            let now = self.now;
            let Some(worker) = self.workers.get_mut(&id) else { return Ok(()) };
            if worker.paused_until > now {
                // It reads when it goes on.
                let wait = worker.paused_until - now;
                self.later(wait, Happening::Answered(reply));
                return Ok(());
            }
            if !matches!(reply, Reply::Down(_)) {
                worker.unanswered = 0;
                worker.down_since = None;
            }
        }
        match reply {
            Reply::Registered(id) => {
                if self.doing(id) == Some(Doing::Registering) {
                    self.turn(id, Doing::Asking);
                }
            }
            Reply::Job { take, job: Some((job, attempt)), hold } => {
                let worker = take.worker;
                // A copy of an answer that came before says nothing, nor does one to a question given up.
                let asked = self.asks(take);
                let begun = self.history.begun.contains_key(&(job, attempt));
                if self.doing(worker) == Some(Doing::Asking) && asked && !begun {
                    if let Some(it) = self.workers.get_mut(&worker) {
                        // Its question is older than the lease.
                        it.take = it.take.map(|number| number + 1);
                        it.own_until = hold.map(|hold| it.idle_since + hold.as_millis() as i64);
                    }
                    return self.begin(worker, job, attempt);
                }
            }
            Reply::Job { .. } => {}
            Reply::OldTake { take, last } => {
                // As above: one to an older question may say that the present one has just been answered.
                if self.asks(take)
                    && let Some(it) = self.workers.get_mut(&take.worker)
                {
                    it.take = it.take.map(|number| number.max(last + 1));
                }
            }
            Reply::Full(report) => self.goes_on(report.worker, report.sent),
            Reply::Down(worker) => {
                let now = self.now;
                if let Some(it) = self.workers.get_mut(&worker) {
                    it.down_since.get_or_insert(now);
                }
                self.goes_on(worker, now);
            }
            Reply::Heard { report, length, stop, hold } => {
                if let Some(Doing::Running { job, attempt, .. } | Doing::Reporting { job, attempt, .. }) =
                    self.doing(report.worker)
                    && (job, attempt) == (report.job, report.attempt)
                {
                    // Stops are rare; whoever is deaf must be so at once.
                    let deaf = stop && self.fault_at(Fault::Deaf, self.config.rate * 10.0);
                    let written = self.heard(&report, length);
                    if let Some(it) = self.workers.get_mut(&report.worker) {
                        let until = hold.map(|hold| report.sent + hold.as_millis() as i64);
                        it.own_until = it.own_until.max(until).filter(|_| hold.is_some());
                    }
                    let running = matches!(self.doing(report.worker), Some(Doing::Running { .. }));
                    if stop && running && !deaf {
                        let status = Status::Stopped;
                        self.turn(report.worker, Doing::Reporting { job, attempt, status, lines: written });
                    }
                }
            }
            Reply::Ended { report, length } => {
                if let Some(Doing::Reporting { job, attempt, .. }) = self.doing(report.worker)
                    && (job, attempt) == (report.job, report.attempt)
                {
                    self.heard(&report, length);
                    self.end_is_acknowledged(&report)?;
                    self.turn(report.worker, Doing::Asking);
                }
            }
            Reply::LeaseLost { worker, job, attempt } => {
                if let Some(
                    Doing::Running { job: j, attempt: a, .. } | Doing::Reporting { job: j, attempt: a, .. },
                ) = self.doing(worker)
                    && (j, a) == (job, attempt)
                {
                    self.turn(worker, Doing::Asking);
                }
            }
            Reply::Refused(worker) => self.die(worker),
            Reply::Orders { hatchery, life, told, wanted, destroy, workers } => {
                let received = self.true_clock();
                let mine = &mut self.hatcheries[hatchery];
                if mine.life == life && mine.up {
                    mine.unanswered = 0;
                    mine.reported.extend(told.into_iter().map(|w| (w, true)));
                    mine.reported.retain(|w, _| mine.instances.contains_key(w));
                    mine.orders = Some(Orders { wanted, destroy, workers, received });
                }
            }
            Reply::Identities { hatchery, life, workers } => self.spawn(hatchery, life, &workers),
            Reply::Started(key, run) => self.start_is_acknowledged(key, run)?,
        }
        Ok(())
    }

    fn doing(&self, id: WorkerId) -> Option<Doing> {
        self.workers.get(&id).map(|w| w.doing)
    }

    /// Whether this is what its worker asks now.
    fn asks(&self, take: Take) -> bool {
        self.workers.get(&take.worker).is_some_and(|w| w.turn == take.turn && w.take == take.number)
    }

    /// An attempt begins: by no more than one worker, ever; and no other attempt of its job is at work.
    fn begin(&mut self, worker: WorkerId, job: JobRef, attempt: Attempt) -> Step {
        self.attempt_begins(worker, job, attempt)?;
        let long = self.dice.chance(0.05);
        // Some never end by themselves, and must be cut off.
        let endless = self.dice.chance(0.01);
        let length = match () {
            () if endless => 3_600_000,
            () if long => self.dice.ms(20_000, 90_000),
            () => self.dice.ms(5, 8000),
        };
        let status = if self.dice.chance(0.15) { Status::Fail } else { Status::Success };
        let (length, status) = self.length_away(job).unwrap_or((length, status));
        let until = self.now + length;
        let now = self.now;
        if let Some(it) = self.workers.get_mut(&worker) {
            it.began = now;
            it.acked = 0;
            it.contact = now;
            it.kept_until = 0;
        }
        self.turn(worker, Doing::Running { job, attempt, until, status });
        Ok(())
    }
}
