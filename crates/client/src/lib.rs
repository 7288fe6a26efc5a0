//! Typed HTTP client for the API: used by the command line, the worker, the hatchery and tests.
//!
//! [`Client`] knows the address, the token and how to retry; the modules give it one method for each call.
//! Invariant: nothing here interprets what it carries.

mod auth;
mod entities;
mod error;
mod events;
mod fleet;
mod groups;
mod hatchery;
mod projects;
mod queue;
mod runs;
mod sse;
mod transport;
mod users;
mod worker;
mod workflows;

pub use entities::{FileFormat, ImportFile, ImportKind};
pub use error::{ApiFailure, ClientError};
pub use events::{EventQuery, SseEvent, SseStream};
pub use projects::Owner;
pub use runs::{RunNumber, RunQuery};
pub use transport::{Call, Client, Download};
pub use worker::{ArtifactQuery, ArtifactUpload, JobKey};
