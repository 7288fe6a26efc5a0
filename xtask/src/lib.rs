//! Files that are made out of the code and committed: the API's description, the reference of `cdsctl`, the example
//! of the configuration. A test says when one of them is stale.

mod cdsctl;

use std::{io, path::PathBuf};

/// A generated file.
pub struct Generated {
    /// Path below the repository's root.
    pub path: &'static str,
    /// What it should hold.
    pub text: String,
}

/// Every generated file as it should be.
///
/// # Errors
/// If the API's description cannot be written as JSON.
pub fn generated() -> Result<Vec<Generated>, serde_json::Error> {
    let mut openapi = serde_json::to_string_pretty(&cds_server::openapi())?;
    openapi.push('\n');
    Ok(vec![
        Generated { path: "openapi.json", text: openapi },
        Generated { path: "docs/cdsctl.md", text: cdsctl::reference(cds_cli::command()) },
        Generated { path: "docs/config.example.toml", text: cds_bin::settings::example() },
    ])
}

/// Path of a generated file on this machine.
pub fn place(file: &Generated) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(file.path)
}

/// Writes what has changed, and says which files these are.
///
/// # Errors
/// If a file cannot be made or written.
pub fn write() -> io::Result<Vec<&'static str>> {
    let mut written = Vec::new();
    for file in generated()? {
        let place = place(&file);
        if std::fs::read_to_string(&place).is_ok_and(|old| old == file.text) {
            continue;
        }
        std::fs::write(&place, &file.text)?;
        written.push(file.path);
    }
    Ok(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_files_are_not_stale() {
        for file in generated().unwrap() {
            let committed = std::fs::read_to_string(place(&file)).unwrap_or_default();
            let line =
                committed.lines().zip(file.text.lines()).take_while(|(old, new)| old == new).count() + 1;
            assert!(
                committed == file.text,
                "{} is stale from line {line} on: run `make generate`",
                file.path
            );
        }
    }
}
