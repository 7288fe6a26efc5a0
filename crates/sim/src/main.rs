//! The simulator: `cds-sim --seeds 100000`.

fn main() {
    std::process::exit(cds_sim::main_with(std::env::args_os()));
}
