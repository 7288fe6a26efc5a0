//! Files of runs on this machine's disk.

use crate::error::CliError;
use cds_api::worker::Artifact;
use cds_client::Download;
use sha2::{Digest, Sha256};
use std::{
    fs::File,
    io::{BufWriter, Read, Write},
    path::{Path, PathBuf},
};

/// Where a file of a run belongs in a folder. Its name comes from a job: it must stay in there.
fn target(folder: &Path, a: &Artifact) -> Result<PathBuf, CliError> {
    let base = Path::new(&a.name).file_name();
    Ok(folder.join(base.ok_or_else(|| CliError::failed(format!("bad file name {}", a.name)))?))
}

fn failed(target: &Path) -> impl Fn(std::io::Error) -> CliError {
    move |e| CliError::failed(format!("cannot write {}: {e}", target.display()))
}

/// Whether the folder holds this very file.
///
/// # Errors
/// The name is none, or what has it cannot be read.
pub fn is_there(folder: &Path, a: &Artifact) -> Result<bool, CliError> {
    let target = target(folder, a)?;
    Ok(target.exists() && digest(&target).map_err(failed(&target))? == a.sha256)
}

/// Writes a file of a run into a folder, whole and checked or not at all, with the rights it had.
///
/// # Errors
/// The server goes away, what comes is not what it should be, or there is no room.
pub async fn save(mut body: Download, folder: &Path, a: &Artifact) -> Result<(), CliError> {
    let target = target(folder, a)?;
    let failed = failed(&target);
    // Not longer than a name may be, as that of the file itself may be that long.
    let part = folder.join(format!(".{}.part", a.id));
    let result: Result<(), CliError> = async {
        let mut hash = Sha256::new();
        let mut file = BufWriter::new(File::create(&part).map_err(&failed)?);
        while let Some(piece) = body.chunk().await? {
            hash.update(&piece);
            file.write_all(&piece).map_err(&failed)?;
        }
        file.flush().map_err(&failed)?;
        let got = hex(&hash.finalize());
        if got != a.sha256 {
            let (name, wanted) = (&a.name, &a.sha256);
            return Err(CliError::failed(format!("{name}: invalid checksum, got {got}, expected {wanted}")));
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = if a.perm & 0o777 == 0 { 0o644 } else { a.perm & 0o777 };
            std::fs::set_permissions(&part, std::fs::Permissions::from_mode(mode)).map_err(&failed)?;
        }
        std::fs::rename(&part, &target).map_err(&failed)
    }
    .await;
    if result.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    result
}

fn digest(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hash.finalize())),
            n => hash.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
