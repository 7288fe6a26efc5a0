//! From HTTP to `app` and back: extract, call, convert. No decisions, no SQL.

pub mod applications;
pub mod auth;
pub mod downloads;
pub mod encrypt;
pub mod environments;
pub mod events;
pub mod groups;
pub mod hatchery;
pub mod health;
pub mod imports;
pub mod job_log;
pub mod jobs;
pub mod keys;
pub mod pipelines;
pub mod projects;
pub mod queue;
pub mod runs;
pub mod search;
pub mod users;
pub mod variables;
pub mod worker;
pub mod workflows;
