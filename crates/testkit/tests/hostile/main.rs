//! Bad input against the real programs: nothing breaks, nothing leaks, nothing is run.

mod bodies;
mod injection;
mod log;
mod routes;
mod support;
mod tokens;
