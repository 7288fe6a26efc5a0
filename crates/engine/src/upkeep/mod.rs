//! What a server does around its runs, as rules over values: when a lease is lost, when a timer is done with, who keeps
//! a mutex, and what the store must hold beside a run. The server and the simulator ask the same rules.

pub mod lease;
mod reconcile;
mod terms;

pub use reconcile::{Finding, Mending, QueueRow, Rows, SlotRow, reconcile};

use crate::event::Ignored;

/// What became of an event that a server tried to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// It was committed.
    Advanced,
    /// It was late, repeated, or about nothing the run has.
    Ignored(Ignored),
    /// The run's state forbids it.
    Refused,
    /// There is no such run.
    Gone,
    /// The run is set aside, because its rows can't be read.
    Parked,
    /// The store failed. Whether the event was committed is not known.
    Failed,
}

/// Whether a timer that rang is done with. One whose event met a failing store rings again; a run that is set aside
/// gets its timers back from [`reconcile()`] when it is taken up.
pub fn timer_is_done(told: Told) -> bool {
    told != Told::Failed
}

/// Whether the worker that reported the end of its attempt may be let go. If the store failed it keeps its hold and
/// repeats the report: without the hold the repetition would be refused, and the result lost.
pub fn end_is_known(told: Told) -> bool {
    told != Told::Failed
}

/// What becomes of a mutex that was given to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The run has it.
    Keep,
    /// Nobody wants it any more: the next may have it.
    GiveBack,
    /// The run may not have heard of it: tell it again later.
    TellAgain,
}

/// What becomes of a mutex after its run was told; `holds` is whether the run says that it has it. A run that is set
/// aside is given none, so that it holds up nobody; it asks again when it is taken up.
pub fn granted(told: Told, holds: bool) -> Granted {
    match told {
        Told::Advanced => Granted::Keep,
        Told::Ignored(_) if holds => Granted::Keep,
        Told::Failed => Granted::TellAgain,
        Told::Ignored(_) | Told::Refused | Told::Gone | Told::Parked => Granted::GiveBack,
    }
}
