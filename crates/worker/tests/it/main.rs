//! The worker as a process against a server that speaks its protocol.
#![allow(clippy::result_large_err)]

mod command;
mod git;
mod host;
mod kill;
mod leftovers;
mod logs;
mod scripts;
mod server;
