//! What a run does next: pure functions over values.
//!
//! [`start`] and [`apply`] decide a run; [`dispatch::dispatch`] decides who gets which job.
//! Neither knows a clock, a database or a network: `now` is an argument, and whatever needs the outside
//! (secrets' names, git facts, permissions) was put into the [`spec::RunSpec`] or the [`event::Event`] by the caller.
//! A conflict on commit is therefore trivial: load again, apply again.

pub mod dispatch;
pub mod event;
pub mod graph;
pub mod invariants;
pub mod limits;
pub mod requirements;
pub mod spec;
pub mod state;
pub mod upkeep;

mod conditions;
mod git;
mod job;
mod lookup;
mod node;
mod params;
mod restart;
mod run;
mod settle;
mod status;
mod stop;
mod tags;
mod work;

pub use event::{Effect, Event, Ignored, Refusal, Transition};
pub use lookup::{JobView, job_parameters, job_view};
pub use run::{apply, start};
pub use spec::RunSpec;
pub use state::Run;
