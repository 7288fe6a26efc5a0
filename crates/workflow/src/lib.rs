//! From files to definitions and back: the v1 as-code formats of CDS.
//!
//! [`parse`] reads files into [`def`], [`export`] writes them canonically, [`lint`] checks a set of files together,
//! [`validate`] checks a definition at save. Invariant: this crate performs no I/O and never panics on bad input.

pub mod builtin;
pub mod def;
pub mod diag;
pub mod error_ids;
pub mod export;
pub mod hooks;
pub mod lint;
pub mod parse;
pub mod service;
pub mod validate;
pub mod yaml;

mod names;
mod read;

pub use diag::{Diagnostic, Severity, has_errors};
