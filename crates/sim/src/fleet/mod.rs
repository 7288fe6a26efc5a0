//! Hatcheries with their providers, and workers.

mod answers;
mod hatchery;
mod worker;

pub(crate) use hatchery::Hatchery;
pub(crate) use worker::{Doing, Worker};

use cds_model::WorkerId;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Worker(WorkerId),
    Hatchery(usize),
    Person,
}
