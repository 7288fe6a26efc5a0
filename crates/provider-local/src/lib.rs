//! Runs workers as processes of this machine.
//!
//! Start reading at [`LocalProvider`]; [`record`] is what survives a restart, `cds_process` is what the kernel knows,
//! [`sweep`] ends what a worker leaves behind, [`host`] says what this machine can do.
//!
//! Each worker leads a process group of its own and carries [`MARKER`] in its environment, which everything it
//! starts inherits. A worker's end is noticed through its process, never by looking again; then whatever is left
//! in its group or carries its marker is killed, and its directory removed. What has no marker is, as an orphan, a child
//! of this process, see [`become_subreaper`]. A worker that was stopped by a signal is continued.

pub mod host;
mod provider;
mod reap;
mod record;
mod sweep;
mod watch;

pub use provider::{LocalConfig, LocalProvider};
pub use reap::become_subreaper;
pub use record::remove_tree;
pub use sweep::{clear, kill_orphans};

/// Environment variable that marks a worker and everything it starts; its value is the worker's id.
pub const MARKER: &str = "CDS_WORKER_ID";

/// Environment variable a worker finds its token in.
pub const TOKEN: &str = "CDS_WORKER_TOKEN";
