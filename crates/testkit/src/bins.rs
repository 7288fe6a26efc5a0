//! Where the programs are.

use std::path::PathBuf;

/// Path of one of our programs: in the directory `CDS_BIN_DIR`, or beside the test program's own directory, where
/// cargo puts them.
///
/// # Panics
/// If it is not there, with what to do.
pub fn bin(name: &str) -> PathBuf {
    let directory = match std::env::var_os("CDS_BIN_DIR") {
        Some(directory) => PathBuf::from(directory),
        None => {
            let own = std::env::current_exe().expect("the test program's own path");
            // target/debug/deps/it-0123 or target/debug/smtp-catcher
            let near = own.ancestors().skip(1).find(|d| !d.ends_with("deps") && !d.ends_with("examples"));
            near.expect("a target directory").to_path_buf()
        }
    };
    let path = directory.join(name);
    assert!(
        path.is_file(),
        "{} is not built: run `make test`, or `cargo build --bins` and the test again",
        path.display()
    );
    path
}
