//! The edge: router, extractors, errors, streams. Nothing outside this module and `routes` knows HTTP.

pub mod error;
pub mod extract;
pub mod guard;
mod news;
pub mod openapi;
pub mod origin;
mod pages;
pub mod range;
pub mod router;
