//! Real processes: shell scripts in the part of the worker.

mod conformance;
mod kit;
mod leftovers;
mod restart;
