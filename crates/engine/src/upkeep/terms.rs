//! How long leases last, and what of them a server may rely on.
//!
//! The times of one lease, from the last word of its worker (the defaults in brackets, `lease_ms` = 45 s):
//!
//! - The worker gives its attempt up after [`Terms::worker_gives_up`] without an answer (30 s), and [`LOST_GRACE`] later
//!   nothing of it runs any more (32 s).
//! - A server with a store of its own gives it up after [`Terms::silence`] (45 s). It is the only one who could, so it
//!   may vouch for its workers out of memory while the store fails.
//! - On a shared store it writes that the lease holds for [`Terms::lasts`] (135 s). Of that the last
//!   [`Terms::reserve`] (26 s: clocks of servers that are 13 s apart, a jump of 11 s that nobody notices, the 2 s in
//!   which a worker ends what it runs) belongs to nobody. So it may say yes until 56 s before the end: then the worker has ended when another server gives the
//!   attempt away. What remains, at least 45 s, is how long the store may be away before a server stops to vouch.

use super::lease::unnoticed_jump;
use cds_model::Timestamp;
use std::time::Duration;

/// A worker that has lost its attempt ends what it runs within this time.
pub const LOST_GRACE: Duration = Duration::from_secs(2);

/// When a worker that reaches no server gives its attempt up, counted from its last report that was answered.
pub fn worker_gives_up(heartbeat: Duration) -> Duration {
    heartbeat * 3
}

/// The times of leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// A worker that is not heard of for so long has lost its job (`lease_ms`).
    pub silence: Duration,
    /// A worker with a job reports at least this often.
    pub heartbeat: Duration,
    /// Other servers may be on the same store, and give away what they take for lost.
    pub shared: bool,
}

impl Terms {
    /// How long a lease holds in the store, from the last word of its worker.
    pub fn lasts(&self) -> Duration {
        if self.shared { self.silence * 3 } else { self.silence }
    }

    /// Until when a lease holds whose worker was heard of at `seen`. `None`: not heard of for too long, nothing is
    /// renewed, so that it can be lost.
    pub fn until(&self, seen: Timestamp, now: Timestamp) -> Option<Timestamp> {
        (now.since(seen) < self.silence).then(|| seen + self.lasts())
    }

    /// Whether a server renews what it found leased when it started, before it has heard of the worker. On a store of its
    /// own: the worker may be alive and gets a whole lease to say so. On a shared one it does not: whoever hears of the
    /// worker renews it, and a lost job would stay with its dead worker as long as one server after the other is started.
    pub fn renews_unheard(&self) -> bool {
        !self.shared
    }

    /// When the worker of a lease that nobody here holds was heard of, as the store has it.
    pub fn heard(&self, until: Timestamp) -> Timestamp {
        Timestamp(until.ms() - self.lasts().as_millis() as i64)
    }

    /// When a worker that reaches no server gives its attempt up, counted from its last report that was answered.
    pub fn worker_gives_up(&self) -> Duration {
        worker_gives_up(self.heartbeat)
    }

    /// When nothing of a worker's job runs any more, counted the same way.
    pub fn worker_has_ended(&self) -> Duration {
        self.worker_gives_up() + LOST_GRACE
    }

    /// How far the clocks of two servers may be apart.
    pub fn skew_bound(&self) -> Duration {
        self.silence.saturating_sub(self.worker_has_ended())
    }

    /// The end of a lease in the store that nobody may use: clocks may be apart, and jump a little.
    pub fn reserve(&self) -> Duration {
        self.skew_bound() + unnoticed_jump(self.silence) + LOST_GRACE
    }

    /// How long a worker whose report is answered now may go on, from when it sent that, should it hear nothing more.
    /// `mine` is until when this server has written that the lease holds. `None`: as long as the server is known to be
    /// down, because nobody else gives the attempt away.
    pub fn hold(&self, mine: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
        let left = |until: Timestamp| until.since(now).saturating_sub(self.reserve());
        self.shared.then(|| mine.map_or(Duration::ZERO, left))
    }

    /// Whether a server may say yes to a worker's report: whatever happens next, the worker has given up before anybody
    /// else may give the attempt away.
    pub fn vouches(&self, mine: Option<Timestamp>, now: Timestamp) -> bool {
        self.hold(mine, now).is_none_or(|hold| hold >= self.worker_gives_up())
    }

    /// How long the store may be away, at least, until a server stops to vouch for a worker that is in order. The
    /// worker goes on for [`Terms::worker_gives_up`] after that. `None`: for ever.
    pub fn outage(&self) -> Option<Duration> {
        let behind =
            super::lease::look_every(self.silence) + super::lease::lag(self.silence) + self.heartbeat;
        let used = behind + self.reserve() + self.worker_gives_up();
        self.shared.then(|| self.lasts().saturating_sub(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upkeep::lease::{Fate, Row, late};
    use cds_model::WorkerId;

    fn terms(shared: bool) -> Terms {
        Terms { silence: Duration::from_secs(45), heartbeat: Duration::from_secs(10), shared }
    }

    fn at(s: i64) -> Timestamp {
        Timestamp(s * 1000)
    }

    #[test]
    fn a_lease_lasts_from_the_last_word_of_the_worker() {
        // And not from when that was written: else a silent worker would keep its job for two leases.
        assert_eq!(terms(false).until(at(100), at(140)), Some(at(145)));
        assert_eq!(terms(true).until(at(100), at(140)), Some(at(235)));
        for shared in [false, true] {
            assert_eq!(terms(shared).until(at(100), at(145)), None);
        }
    }

    #[test]
    fn starts_of_servers_renew_no_lease() {
        assert!(terms(false).renews_unheard() && !terms(true).renews_unheard());
        assert_eq!(terms(true).heard(terms(true).until(at(100), at(120)).unwrap()), at(100));
    }

    #[test]
    fn the_figures_of_the_document() {
        // docs/design/0004 says them; change it with them.
        let it = terms(true);
        assert_eq!(it.worker_gives_up(), Duration::from_secs(30));
        assert_eq!(it.worker_has_ended(), Duration::from_secs(32));
        assert_eq!(it.skew_bound(), Duration::from_secs(13));
        assert_eq!(it.lasts(), Duration::from_secs(135));
        assert!(it.outage().unwrap() >= Duration::from_secs(45), "{:?}", it.outage());
        assert_eq!(terms(false).outage(), None);
    }

    #[test]
    fn a_server_of_its_own_vouches_out_of_memory() {
        assert!(terms(false).vouches(None, at(1_000_000)));
        assert_eq!(terms(false).hold(None, at(0)), None);
        assert!(!terms(true).vouches(None, at(0)), "nothing was written");
    }

    #[test]
    fn a_worker_has_ended_before_any_server_gives_it_up() {
        let it = terms(true);
        let written = it.until(at(0), at(5)).unwrap();
        // The last moment in which the server that wrote it says yes.
        let last = (0..135_000).rev().map(Timestamp).find(|now| it.vouches(Some(written), *now)).unwrap();
        let ended = last + it.worker_has_ended();
        // Another server is ahead by the bound, and has missed a jump.
        let ahead = it.skew_bound() + Duration::from_millis(11_249);
        let row = Some(Row { worker: Some(WorkerId::new()), until: Some(written), stopped: false });
        let worker = row.and_then(|r| r.worker).unwrap();
        assert_eq!(late(row, worker, ended + ahead), Fate::Keep);
        // And what the worker was told is no longer than that.
        let told = last + it.hold(Some(written), last).unwrap() + LOST_GRACE;
        assert_eq!(late(row, worker, told + ahead), Fate::Keep);
    }
}
