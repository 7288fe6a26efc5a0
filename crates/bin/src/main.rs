//! `cds`: server, hatchery and worker in one program. Everything lives in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    cds_bin::main()
}
