//! Chores of the repository. `cargo run -p xtask -- generate` writes the generated files anew.

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["generate"] => match xtask::write() {
            Ok(written) => {
                for path in written {
                    println!("{path}");
                }
                ExitCode::SUCCESS
            }
            Err(error) => {
                eprintln!("xtask: {error}");
                ExitCode::FAILURE
            }
        },
        _ => {
            eprintln!("usage: cargo run -p xtask -- generate");
            ExitCode::from(2)
        }
    }
}
