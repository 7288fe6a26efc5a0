//! The values every other crate speaks in: typed ids, instants, statuses, secrets.
//!
//! Invariant: this crate performs no I/O. [`Clock`] is the only door to the time of day,
//! and only ring 2 and 3 hold a [`WallClock`].

pub mod id;
pub mod limit;
pub mod secret;
pub mod status;
pub mod time;

pub use id::*;
pub use secret::Secret;
pub use status::Status;
pub use time::{Clock, ManualClock, Timestamp, WallClock};
