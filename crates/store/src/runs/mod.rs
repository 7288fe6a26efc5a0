//! Runs: the hot path of commits, loading, lists, sealing.

pub mod commit;
pub mod convert;
pub mod list;
pub mod load;
pub mod seal;
pub mod spec;

pub use commit::{CommitError, Committed, NewRun, NodeRow, QueueLease, QueueRow, RunCommit, SlotRow};
pub use convert::Context;
pub use list::{
    Brief, Filter, all_tags, by_number, count, count_recent, find, latest, latest_in, list, recent,
    tag_values, tags_of,
};
pub use load::{LoadError, Loaded, live, load, load_in, park, parked, unpark, version};
pub use seal::{delete, seal, stop_parked, unsealed};
pub use spec::put_spec;
