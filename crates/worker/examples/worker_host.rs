//! A worker in a process of its own, and the `worker` command behind it; the integration tests start it.
//!
//! `worker_host run API TOKEN BASEDIR` runs a worker; anything else is the command.

use cds_model::Secret;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().collect();
    let program = std::env::args_os().next().unwrap_or_default();
    match args.as_slice() {
        [_, run, api, token, basedir] if run == "run" && !cds_worker::invoked_as_worker(&program) => {
            let config = cds_worker::WorkerConfig::new(api, Secret::new(token.clone()), "w-test", basedir);
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            match runtime.block_on(cds_worker::run(config)) {
                Ok(exit) => {
                    println!("{exit:?}");
                    ExitCode::SUCCESS
                }
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
            }
        }
        _ => cds_worker::command_main(std::env::args_os().skip(1)),
    }
}
