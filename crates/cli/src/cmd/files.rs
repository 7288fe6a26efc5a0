//! Files that are imported, exported, pushed and pulled.

use crate::{call::Call, error::CliError};
use cds_client::{FileFormat, ImportFile, ImportKind};
use std::{
    io::Read,
    path::{Component, Path, PathBuf},
};

/// Largest member of a tar that is written.
const MEMBER_LIMIT: u64 = 64 << 20;

/// What `--strict` does.
pub(crate) const STRICT: &str = "Unknown and repeated keys are errors";

/// Notation of a file by its extension.
pub(crate) fn format_of(path: &str) -> Result<FileFormat, CliError> {
    match Path::new(path).extension().and_then(|e| e.to_str()) {
        Some("yml" | "yaml") => Ok(FileFormat::Yaml),
        Some("json") => Ok(FileFormat::Json),
        _ => Err(CliError::failed(format!("{path}: format is not supported, name it .yml, .yaml or .json"))),
    }
}

/// Reads a file, with its name in the error.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, CliError> {
    std::fs::read(path).map_err(|e| CliError::failed(format!("cannot read {path}: {e}")))
}

/// The flag `--format` of exports.
pub(crate) fn export_format(c: &Call) -> FileFormat {
    if c.flag("format") == Some("json") { FileFormat::Json } else { FileFormat::Yaml }
}

/// Imports the file named by the argument `path` and prints what the server did.
pub(crate) async fn import(c: &Call, kind: ImportKind) -> Result<(), CliError> {
    let path = c.arg("path");
    let format = format_of(path)?;
    let file = ImportFile {
        name: path,
        format,
        content: read(path)?,
        force: c.is_set("force"),
        strict: c.is_set("strict"),
    };
    let answer = c.client()?.import(c.arg("project-key"), kind, file).await?;
    answer.messages.iter().for_each(|m| c.app.say(m));
    Ok(())
}

/// A tar of files under their base names, which must differ.
pub(crate) fn pack(paths: &[String], mut told: impl FnMut(&str)) -> Result<Vec<u8>, CliError> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut names = std::collections::HashSet::new();
    for path in paths {
        told(path);
        format_of(path)?;
        let content = read(path)?;
        let name = Path::new(path).file_name().and_then(|n| n.to_str()).unwrap_or(path);
        if !names.insert(name.to_string()) {
            return Err(CliError::failed(format!("two files are named {name}: names must differ")));
        }
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, content.as_slice())
            .map_err(|e| CliError::failed(format!("cannot pack {path}: {e}")))?;
    }
    tar.into_inner().map_err(|e| CliError::failed(format!("cannot pack the files: {e}")))
}

/// Writes the files of a tar into a folder. An existing file with another content is replaced only if `replace`
/// agrees.
///
/// # Errors
/// A member's name leads out of the folder, or a file cannot be written.
pub(crate) fn unpack(
    tar: &[u8],
    folder: &Path,
    mut replace: impl FnMut(&Path) -> Result<bool, CliError>,
    mut told: impl FnMut(&Path),
) -> Result<(), CliError> {
    let broken = |e: std::io::Error| CliError::failed(format!("the server's archive is broken: {e}"));
    for member in tar::Archive::new(tar).entries().map_err(broken)? {
        let member = member.map_err(broken)?;
        if !member.header().entry_type().is_file() {
            continue;
        }
        let name: PathBuf = member.path().map_err(broken)?.into_owned();
        if name.components().any(|c| !matches!(c, Component::Normal(_))) {
            return Err(CliError::failed(format!("the server's archive names {}: refused", name.display())));
        }
        let mut content = Vec::new();
        member.take(MEMBER_LIMIT).read_to_end(&mut content).map_err(broken)?;
        let path = folder.join(&name);
        let failed = |e: std::io::Error| CliError::failed(format!("cannot write {}: {e}", path.display()));
        if path.exists() && !replace(&path)? {
            continue;
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(failed)?;
        }
        std::fs::write(&path, content).map_err(failed)?;
        told(&path);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tar_keeps_files_and_asks_before_it_replaces() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
        std::fs::write(path("a.yml"), "one").unwrap();
        std::fs::write(path("b.pip.yml"), "two").unwrap();
        let tar = pack(&[path("a.yml"), path("b.pip.yml")], |_| ()).unwrap();
        let out = dir.path().join("out");
        let mut written = Vec::new();
        unpack(&tar, &out, |_| Ok(false), |p| written.push(p.to_path_buf())).unwrap();
        assert_eq!(written, [out.join("a.yml"), out.join("b.pip.yml")]);
        std::fs::write(out.join("a.yml"), "mine").unwrap();
        unpack(&tar, &out, |_| Ok(false), |_| ()).unwrap();
        assert_eq!(std::fs::read_to_string(out.join("a.yml")).unwrap(), "mine");
        unpack(&tar, &out, |_| Ok(true), |_| ()).unwrap();
        assert_eq!(std::fs::read_to_string(out.join("a.yml")).unwrap(), "one");
    }

    #[test]
    fn bad_names_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert!(pack(&["x.txt".into()], |_| ()).unwrap_err().to_string().contains("not supported"));
        let mut tar = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_old();
        header.set_size(1);
        header.as_mut_bytes()[..6].copy_from_slice(b"../out");
        header.set_cksum();
        tar.append(&header, &b"x"[..]).unwrap();
        let tar = tar.into_inner().unwrap();
        assert!(unpack(&tar, &dir.path().join("in"), |_| Ok(true), |_| ()).is_err());
        assert!(!dir.path().join("out").exists());
    }
}
