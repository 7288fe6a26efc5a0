//! The `cds` program: start reading at [`main`]. `args` is the command line, `settings` the configuration file and
//! its overlay from the environment, `commands` has one file for each sub-command.
//!
//! Invariant: of all crates of the server's side only this one reads the environment.

mod args;
mod commands;
mod lock;
mod log;
mod memory;
pub mod settings;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;

/// Runs `cds` with the process's arguments.
///
/// Exit status: 0, 1 when something failed, 2 for wrong usage.
pub fn main() -> ExitCode {
    // Scripts of jobs call this program as `worker`, some of them in loops: that path has no runtime, no logging and
    // no command line parser in front of it.
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    if cds_worker::invoked_as_worker(&program) {
        return cds_worker::command_main(words);
    }
    if words.next().is_some_and(|word| word == "worker-cmd") {
        return cds_worker::command_main(words);
    }
    let result = match Args::parse().command {
        Command::Server(args) => commands::server::run(args),
        Command::Hatchery(args) => commands::hatchery::run(args),
        Command::Run(args) => return commands::run::run(args),
        Command::Worker(args) => commands::worker::run(args),
        Command::Migrate(args) => commands::migrate::run(args),
        Command::Config(args) => commands::config::run(args),
        Command::Admin(args) => commands::admin::run(args),
        Command::Torture(args) => return ExitCode::from(u8::try_from(cds_sim::torture(&args)).unwrap_or(1)),
        Command::Version => {
            commands::version();
            Ok(())
        }
        // Taken care of above.
        Command::WorkerCmd { .. } => Ok(()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cds: {error:#}");
            ExitCode::FAILURE
        }
    }
}
