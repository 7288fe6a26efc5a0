//! `cds`: server, hatchery and worker in one program. Everything lives in the library beside it.

use std::process::ExitCode;

/// Gives memory back to the system where glibc's arenas keep it: a server that has worked holds a third less.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cds_bin::main()
}
