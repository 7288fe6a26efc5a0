//! Typed HTTP client for the API: used by the command line, the worker, the hatchery and tests.
//!
//! [`Client`] knows the address, the token and how to retry; the modules give it one method for each call.
//! Invariant: nothing here interprets what it carries.

mod error;
mod hatchery;
mod auth;
mod users;
mod groups;
mod projects;
mod entities;
mod workflows;
mod runs;
mod queue;
mod fleet;
mod events;
mod transport;
mod worker;

pub use error::{ApiFailure, ClientError};
pub use transport::{Call, Client, Download};
pub use worker::{ArtifactQuery, ArtifactUpload, JobKey};
pub use entities::{FileFormat, ImportKind};
pub use events::{EventQuery, SseEvent, SseStream};
pub use projects::Owner;
pub use runs::{RunNumber, RunQuery};
