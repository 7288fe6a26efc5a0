//! The loop against a server and providers of the tests' own, and against real processes.

mod fakes;
mod faults;
mod local;
mod ordinary;
