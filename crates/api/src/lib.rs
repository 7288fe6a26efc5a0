//! What goes over the wire, and nothing else: request and response types of the REST API (`/v1`), shared by
//! the server, the typed client, the worker, the hatchery and the command line. No behaviour lives here.
//!
//! Conventions: instants are RFC 3339 text in UTC with milliseconds; durations are integers with the unit in
//! the name (`_ms`); a job is named `<run id>.<ordinal>`; absent optional fields are left out.

pub mod common;
pub mod entities;
pub mod fleet;
pub mod groups;
pub mod projects;
pub mod queue;
pub mod runs;
pub mod users;
pub mod worker;
pub mod workflows;

pub use common::*;
