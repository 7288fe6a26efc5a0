//! Expressions: interpolation `{{ }}`, conditions (plain and Lua), payload flattening, tainted values, masking.
//!
//! Everything here is a pure function of its arguments (but for the random helpers and the clock that Lua's `os`
//! library reads): no files, no network, no threads.

pub mod condition;
pub mod dump;
mod go_regex;
mod helpers;
pub mod interpolate;
pub mod lua;
pub mod mask;
pub mod tainted;
