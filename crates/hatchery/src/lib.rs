//! Keeps as many workers as the server wants.
//!
//! Start reading at [`agent`], the one loop: observe, plan, act. [`plan`] is pure and decides everything; [`server`]
//! is the three calls the loop makes; [`config`] is what an operator says.
//!
//! Invariant: the loop knows no provider, and the server only through [`server::Server`].

pub mod agent;
pub mod backoff;
pub mod config;
pub mod plan;
pub mod server;

pub use agent::{Agent, AgentError};
pub use config::HatcheryConfig;
