//! The worker: runs one job after another for a server.
//!
//! ```text
//! worker   register, take, run, report, take the next …
//! job      one job: directories, variables, the loop over its steps, the clean-up
//! machine  pure: which step is next, what the others become, how the job ends (spec 9.2)
//! steps    what each built-in action does (spec 9.5 to 9.12)
//! exec     processes: start, read, kill with everything they started
//! logs     masked output in memory until it is acknowledged
//! ask      what jobs and the server do together besides: files, caches, tags; waits for a server that is away
//! report   sends logs and news, keeps the lease, learns of cancellation
//! local_api, command   both ends of the `worker` command of scripts (spec 10)
//! ```
//!
//! Invariants: the worker knows the server only through [`cds_client`]; after a job no process and no file of it
//! below the worker's directory is left, nor, where namespaces may be made, anything in the kernel; everything that
//! is logged passes the mask.

mod ask;
mod command;
mod dirs;
mod env;
mod exec;
mod glob;
mod job;
mod junit;
mod local_api;
mod logs;
pub mod machine;
mod parent;
mod report;
mod requirements;
mod steps;
mod takes;
mod vars;
mod worker;

pub use command::{command_main, invoked_as_worker};
pub use worker::{Exit, WorkerConfig, WorkerError, run};
