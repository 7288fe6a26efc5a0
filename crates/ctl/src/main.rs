//! `cdsctl`, the command line of CDS. Everything lives in `cds-cli`.

fn main() -> std::process::ExitCode {
    cds_cli::main()
}
