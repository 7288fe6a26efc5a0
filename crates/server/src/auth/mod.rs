//! Who calls, and what they may do.

pub mod identity;
pub mod limit;
pub mod password;
pub mod policy;
pub mod tokens;

pub use identity::{Caller, Identity, Scope};
