//! What workers say of their attempts.

use crate::{
    faults::Sabotage,
    memory::{Op, Then},
    server::{Reply, Report},
    world::{Sim, Step},
};
use cds_engine::{
    Event,
    upkeep::{self, Told, lease},
};
use cds_model::{Attempt, JobRef, Status, WorkerId};
use indexmap::IndexMap;

impl Sim {
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
            held.heard = true;
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

    pub(super) fn report(&mut self, server: usize, report: Report) -> Result<Option<Reply>, String> {
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

    pub(super) fn end_is_told(
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
}
