//! Who has an attempt, for how long, and who may say that it is lost. How long things last: [`Terms`].
//!
//! A server that hears of a worker remembers when, and now and then writes into the store until when the worker's
//! leases hold. Where several servers share a store it may say yes to a worker only while enough of what it has written
//! itself is left ([`Terms::vouches`]): any other server gives the attempt away when that time is over, and a server
//! that does not reach the store cannot know whether this has happened. Before a server gives a lease up it asks the
//! store, because another one may have written since. A worker that reaches nobody gives its attempt up by itself.

pub use super::terms::{LOST_GRACE, Terms};
use cds_model::{Timestamp, WorkerId};
use std::time::Duration;

/// Times a lease is looked at while it lasts.
const LOOKS: u32 = 6;

/// From one look at the leases to the next.
pub fn look_every(lease: Duration) -> Duration {
    (lease / LOOKS).max(Duration::from_millis(200))
}

/// A jump of the clock that is longer than this is noticed.
pub(super) fn unnoticed_jump(lease: Duration) -> Duration {
    lease / 4
}

/// Whether the clock jumped, or the machine slept, since the last look. What was heard before says nothing then: every
/// hold counts as heard of now. Shorter jumps are within what a lease has left when its worker is in order.
pub fn jumped(before: Timestamp, now: Timestamp, lease: Duration) -> bool {
    now.since(before) > unnoticed_jump(lease) || now < before
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

/// What becomes of a late hold of `worker`, given the row of its attempt. Not heard of here is not enough: whoever has
/// written until when the lease holds, in this life or another, may vouch for the worker as long as that lasts.
pub fn late(row: Option<Row>, worker: WorkerId, now: Timestamp) -> Fate {
    match row {
        Some(row) if row.worker == Some(worker) => {
            if row.until.is_some_and(|until| until > now) {
                Fate::Keep
            } else {
                Fate::Lost
            }
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
pub fn is_orphan(row: Row, now: Timestamp) -> bool {
    row.worker.is_some() && row.until.is_none_or(|until| until <= now)
}

/// Whether a lease was made by a commit of this server (for `worker`, `until` then) of which it was told that it failed.
/// The worker was never told of it. It may have got the same attempt from another server, which then ends at another time.
pub fn is_ghost(row: Row, worker: WorkerId, until: Timestamp) -> bool {
    row.worker == Some(worker) && row.until == Some(until) && !row.stopped
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
    now.since(seen) > super::terms::worker_gives_up(heartbeat)
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

    fn at(s: i64) -> Timestamp {
        Timestamp(s * 1000)
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
}
