//! Who has an attempt, for how long, and who may say that it is lost.
//!
//! A server that hears of a worker remembers when, and now and then writes into the store until when the worker's
//! leases hold: [`until`], that is a lease after it was last heard of. Before a server gives a lease up it asks the
//! store, because the worker may have been heard of by another one. A worker that reaches nobody gives its attempt up
//! by itself after [`worker_gives_up`]; what lies between that and the lease is the [`skew_bound`]: as long as the
//! clocks of two servers are less apart, no job is at work twice.

use cds_model::{Timestamp, WorkerId};
use std::time::Duration;

/// Times a lease is looked at while it lasts.
const LOOKS: u32 = 6;

/// From one look at the leases to the next.
pub fn look_every(lease: Duration) -> Duration {
    (lease / LOOKS).max(Duration::from_millis(200))
}

/// When a worker that reaches no server gives its attempt up, counted from its last report that was answered.
pub fn worker_gives_up(heartbeat: Duration) -> Duration {
    heartbeat * 3
}

/// How far the clocks of two servers may be apart.
pub fn skew_bound(lease: Duration, heartbeat: Duration) -> Duration {
    lease.saturating_sub(worker_gives_up(heartbeat))
}

/// Whether the clock jumped, or the machine slept, since the last look. What was heard before says nothing then: every
/// hold counts as heard of now. Shorter jumps are within what a lease has left when its worker is in order.
pub fn jumped(before: Timestamp, now: Timestamp, lease: Duration) -> bool {
    now.since(before) > lease / 4 || now < before
}

/// Whether a lease in the store that nobody here holds may be judged by its time: not in the first lease after a jump of
/// the clock or a start, because who has it must write it anew first.
pub fn trusts_the_store(jumped: Timestamp, now: Timestamp, lease: Duration) -> bool {
    now.since(jumped) > lease
}

/// Whether a hold must be looked into: not heard of for a lease, or told to stop and deaf for longer than `grace`.
pub fn is_late(
    seen: Timestamp,
    stopped: Option<Timestamp>,
    now: Timestamp,
    lease: Duration,
    grace: Duration,
) -> bool {
    now.since(seen) > lease || stopped.is_some_and(|at| now.since(at) > grace)
}

/// Until when a lease holds whose worker was heard of at `seen`. `None`: not heard of for too long, nothing is renewed,
/// so that it can be lost.
pub fn until(seen: Timestamp, now: Timestamp, lease: Duration) -> Option<Timestamp> {
    (now.since(seen) < lease).then(|| seen + lease)
}

/// A lease as the store has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Who has the attempt.
    pub worker: Option<WorkerId>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// Its worker must stop it.
    pub stopped: bool,
}

/// What becomes of a hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Keep,
    /// It stays, and its worker must be told to stop.
    Stop,
    /// It is over, or somebody else's: nothing of ours.
    Drop,
    /// Its worker is lost.
    Lost,
}

/// What becomes of a late hold of `worker`, given the row of its attempt.
pub fn late(row: Option<Row>, worker: WorkerId, now: Timestamp) -> Fate {
    match row {
        Some(row) if row.worker == Some(worker) => {
            // Another server hears of the worker, and renews the lease.
            if row.until.is_some_and(|until| until > now) { Fate::Keep } else { Fate::Lost }
        }
        _ => Fate::Drop,
    }
}

/// What the store has to say about a hold that is in order here: another server may have ended or stopped it.
pub fn against_store(row: Option<Row>, worker: WorkerId) -> Fate {
    match row {
        Some(row) if row.worker == Some(worker) => {
            if row.stopped {
                Fate::Stop
            } else {
                Fate::Keep
            }
        }
        _ => Fate::Drop,
    }
}

/// Whether a server takes over the hold of a worker that turns up with an attempt the server does not know of: the
/// worker came from another server, or the server's memory is younger than the lease.
pub fn taken_over(row: Option<Row>, worker: WorkerId, now: Timestamp) -> bool {
    row.is_some_and(|row| row.worker == Some(worker) && row.until.is_some_and(|until| until > now))
}

/// How far the end of a lease in the store may lag behind: where less would be won nothing is written.
pub fn lag(lease: Duration) -> Duration {
    lease / 3
}

/// Whether a lease that ends at `known` is to be renewed `until` then. Never shortened: who heard of the worker last may
/// be another server.
pub fn is_renewed(known: Option<Timestamp>, until: Timestamp, lease: Duration) -> bool {
    known.is_none_or(|known| known + lag(lease) < until)
}

/// Whether a lease that this server has no hold for must be looked after here: it has run out, so nobody renews it.
pub fn is_orphan(row: Row, now: Timestamp, lease: Duration) -> bool {
    row.worker.is_some() && row.until.is_none_or(|until| until + lag(lease) <= now)
}

/// Whether a lease is nobody's although its worker is heard of, and all leases of the worker are renewed: the worker is
/// at something else, and this was handed out by a commit whose answer was lost. A worker has one attempt at a time.
/// `elsewhere` is when it was last heard of at another one; one that may have given that up since is left alone.
pub fn is_ghost(row: Row, elsewhere: Option<Timestamp>, now: Timestamp, lease: Duration) -> bool {
    row.worker.is_some() && elsewhere.is_some_and(|seen| now.since(seen) < lease / 4)
}

/// A worker that was ordered must be listed by its hatchery, or say something, within this time.
pub const PENDING: Duration = Duration::from_secs(120);

/// Whether a worker that was ordered will not come any more: nobody has mentioned it for too long. The answer to the
/// order may have been lost, or its hatchery. As long as it is waited for, jobs wait for it too.
pub fn pending_is_gone(mentioned: Timestamp, now: Timestamp) -> bool {
    now.since(mentioned) > PENDING
}

/// Whether a worker that its hatchery did not list is gone. The list may be older than the worker, so one that was
/// heard of lately is left alone.
pub fn unlisted_is_gone(seen: Timestamp, now: Timestamp, heartbeat: Duration) -> bool {
    now.since(seen) > worker_gives_up(heartbeat)
}

/// How long a server remembers a worker that says nothing.
pub const REMEMBERED: Duration = Duration::from_secs(600);

/// Whether a server forgets a worker: it speaks to others, or it is gone with its hatchery. Should it turn up it is
/// taken in again.
pub fn is_forgotten(seen: Timestamp, holds: bool, now: Timestamp) -> bool {
    !holds && now.since(seen) > REMEMBERED
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(45);

    fn at(s: i64) -> Timestamp {
        Timestamp(s * 1000)
    }

    #[test]
    fn a_lease_lasts_from_the_last_word_of_the_worker() {
        // And not from when that was written: else a silent worker would keep its job for two leases.
        assert_eq!(until(at(100), at(140), LEASE), Some(at(145)));
        assert_eq!(until(at(100), at(145), LEASE), None);
    }

    #[test]
    fn the_store_decides_about_a_late_hold() {
        let row = |worker, until| Some(Row { worker, until, stopped: false });
        let (me, other) = (WorkerId::new(), WorkerId::new());
        assert_eq!(late(row(Some(me), Some(at(10))), me, at(9)), Fate::Keep);
        assert_eq!(late(row(Some(me), Some(at(10))), me, at(10)), Fate::Lost);
        assert_eq!(late(row(Some(me), None), me, at(10)), Fate::Lost);
        assert_eq!(late(row(Some(other), Some(at(10))), me, at(9)), Fate::Drop);
        assert_eq!(late(None, me, at(9)), Fate::Drop);
    }

    #[test]
    fn a_worker_gives_up_before_any_server_gives_it_up() {
        let (me, heartbeat, lease) = (WorkerId::new(), Duration::from_secs(10), LEASE);
        assert_eq!(skew_bound(lease, heartbeat), Duration::from_secs(15));
        // Heard at 0 by a server whose clock is exact; another is ahead by less than the bound.
        let until = until(at(0), at(5), lease).unwrap();
        let ahead = skew_bound(lease, heartbeat) - Duration::from_millis(1);
        let gives_up = Timestamp(0) + worker_gives_up(heartbeat);
        let row = Some(Row { worker: Some(me), until: Some(until), stopped: false });
        assert_eq!(late(row, me, gives_up + ahead), Fate::Keep);
    }
}
