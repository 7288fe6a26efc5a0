//! The server: start here. `http` is the edge, `auth` decides who may, `routes` translate, `app` does what a
//! request asks, `fleet` is the queue and the workers in memory, `tasks` is what happens by itself.
//!
//! Invariant: this crate reads no environment and holds no SQL. Invariant: nothing is sent before it is
//! committed; everything in memory can be rebuilt from the store.

mod app;
pub mod auth;
pub mod config;
mod fleet;
pub mod http;
mod metrics;
mod routes;
mod start;
mod tasks;
#[cfg(test)]
mod tests;

pub use app::App;
pub use config::Config;
pub use http::router::openapi;
pub use start::{Admin, Running, StartError, start};
