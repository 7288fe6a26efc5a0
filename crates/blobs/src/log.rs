//! The log of a step: append-only bytes with offsets, readable while they are written.
//!
//! Bytes are kept exactly as the user sees them, so an offset into the log is an offset into its text.
//! Live and stored logs are read by the same calls. `docs/design/0003-log-format.md` tells the layout.

mod catalog;
mod compact;
mod entries;
mod error;
mod follow;
mod index;
mod journal;
mod key;
mod lines;
mod pack;
mod search;
mod small;
mod store;
mod tail;
#[cfg(test)]
mod tests;
mod tidy;
mod view;

pub use error::LogError;
pub use follow::LogEvent;
pub use key::{LogKey, LogStream};
pub use lines::{LINE_TEXT_CAP, Line, Lines, PAGE_TEXT_CAP};
pub use search::Match;
pub use store::{LogState, LogStore};
