//! `worker cache push` and `worker cache pull` (spec 11.4): tar archives, streamed both ways.

use super::{
    Current, Failure,
    wire::{Paths, Pull},
};
use axum::{Json, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use std::{
    fs,
    io::{self, Read, Write},
    path::{Component, Path, PathBuf},
};
use tokio::sync::mpsc;

/// Pieces on their way between the archive's thread and the network.
const IN_FLIGHT: usize = 8;
/// Size of a piece.
const PIECE: usize = 256 << 10;

pub(super) async fn push(Current(job): Current, Json(body): Json<Paths>) -> Result<(), Failure> {
    let directory = PathBuf::from(&body.directory);
    let paths: Vec<PathBuf> = body.paths.iter().map(|p| directory.join(p)).collect();
    for path in &paths {
        path.symlink_metadata().map_err(|e| format!("cannot read '{}': {e}", path.display()))?;
    }
    let (sender, mut receiver) = mpsc::channel::<Result<Bytes, io::Error>>(IN_FLIGHT);
    let packing = tokio::task::spawn_blocking(move || {
        let mut out = Sender { sender, buffer: Vec::with_capacity(PIECE) };
        let result = pack(&directory, &paths, &mut out).and_then(|()| out.flush());
        if let Err(error) = &result {
            // The upload must break off: half an archive must not become the cache.
            let copy = io::Error::new(error.kind(), error.to_string());
            let _ = out.sender.blocking_send(Err(copy));
        }
        result
    });
    let stream = futures::stream::poll_fn(move |cx| receiver.poll_recv(cx));
    let tag = URL_SAFE_NO_PAD.encode(&body.tag);
    let sent = job.client.worker_cache_push(job.key, &tag, stream, None).await;
    match packing.await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot pack the cache: {error}").into())
        }
        _ => Ok(sent?),
    }
}

pub(super) async fn pull(Current(job): Current, Json(body): Json<Pull>) -> Result<(), Failure> {
    let tag = URL_SAFE_NO_PAD.encode(&body.tag);
    let mut download = match job.client.worker_cache_pull(job.key, &tag).await {
        Err(e) if e.status() == Some(StatusCode::NOT_FOUND) => {
            return Err(Failure(StatusCode::NOT_FOUND, "worker cache pull > No unique link found".into()));
        }
        other => other?,
    };
    let (sender, receiver) = mpsc::channel::<Bytes>(IN_FLIGHT);
    let target = PathBuf::from(&body.directory);
    let unpacking =
        tokio::task::spawn_blocking(move || unpack(Receiver { receiver, piece: Bytes::new() }, &target));
    let mut broken = None;
    loop {
        match download.chunk().await {
            Ok(Some(piece)) => {
                if sender.send(piece).await.is_err() {
                    break;
                }
            }
            Ok(None) => break,
            Err(error) => {
                broken = Some(error);
                break;
            }
        }
    }
    drop(sender);
    let unpacked = unpacking.await.map_err(|e| e.to_string())?;
    if let Some(error) = broken {
        return Err(error.into());
    }
    Ok(unpacked.map_err(|e| format!("cannot unpack the cache: {e}"))?)
}

/// Writes pieces into a channel.
struct Sender {
    sender: mpsc::Sender<Result<Bytes, io::Error>>,
    buffer: Vec<u8>,
}

impl Write for Sender {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE));
        self.sender.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Reads pieces from a channel.
struct Receiver {
    receiver: mpsc::Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Receiver {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let n = out.len().min(self.piece.len());
        out[..n].copy_from_slice(&self.piece.split_to(n));
        Ok(n)
    }
}

/// Name of a path in the archive: relative to `directory`, or the absolute path without its slash.
fn member(directory: &Path, path: &Path) -> PathBuf {
    let clean: PathBuf = normal(path);
    let relative = clean.strip_prefix(normal(directory)).unwrap_or(&clean);
    relative.strip_prefix("/").unwrap_or(relative).to_path_buf()
}

/// Without `.` and `..`, by the text alone.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            other => out.push(other),
        }
    }
    out
}

/// Packs files and directories; links stay links, with relative targets.
fn pack(directory: &Path, paths: &[PathBuf], out: &mut impl Write) -> io::Result<()> {
    let mut archive = tar::Builder::new(out);
    archive.follow_symlinks(false);
    let mut stack: Vec<PathBuf> = paths.iter().rev().cloned().collect();
    while let Some(path) = stack.pop() {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("'{}': {e}", path.display()));
        let meta = path.symlink_metadata().map_err(named)?;
        let name = member(directory, &path);
        if meta.is_symlink() {
            let target = fs::read_link(&path).map_err(named)?;
            let target = if target.is_absolute() { relative(&path, &target) } else { target };
            let mut header = tar::Header::new_gnu();
            header.set_metadata(&meta);
            header.set_size(0);
            archive.append_link(&mut header, &name, target).map_err(named)?;
        } else if meta.is_dir() {
            if name.as_os_str().is_empty() {
                // The directory itself: only what is in it.
            } else {
                archive.append_dir(&name, &path).map_err(named)?;
            }
            let mut entries: Vec<PathBuf> = fs::read_dir(&path)
                .map_err(named)?
                .map(|e| e.map(|e| e.path()))
                .collect::<io::Result<_>>()?;
            entries.sort();
            stack.extend(entries.into_iter().rev());
        } else if meta.is_file() {
            archive.append_path_with_name(&path, &name).map_err(named)?;
        }
        // Sockets, pipes and devices mean nothing elsewhere.
    }
    archive.finish()
}

/// An absolute target as seen from the directory of the link.
fn relative(link: &Path, target: &Path) -> PathBuf {
    let (from, to) = (normal(link.parent().unwrap_or(link)), normal(target));
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().count() - common;
    let mut out: PathBuf = std::iter::repeat_n("..", up).collect();
    out.extend(to.components().skip(common));
    if out.as_os_str().is_empty() { ".".into() } else { out }
}

/// Unpacks an archive; nothing may leave the target directory.
fn unpack(reader: impl Read, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    let mut archive = tar::Archive::new(reader);
    archive.set_preserve_permissions(true);
    archive.set_overwrite(true);
    // Modes of directories come last: one that may not be written to must be filled first.
    let mut directories = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let bad = path.is_absolute() || path.components().any(|c| c == Component::ParentDir);
        if bad {
            return Err(io::Error::other(format!("member '{}' would leave the directory", path.display())));
        }
        if entry.header().entry_type().is_dir() {
            directories.push((target.join(&path), entry.header().mode()?));
            fs::create_dir_all(target.join(&path))?;
        } else if !entry.unpack_in(target)? {
            return Err(io::Error::other(format!("member '{}' would leave the directory", path.display())));
        }
    }
    for (path, mode) in directories.into_iter().rev() {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o777))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn there_and_back() {
        let from = tempfile::tempdir().unwrap();
        let dir = from.path();
        fs::create_dir_all(dir.join("a/b")).unwrap();
        fs::write(dir.join("a/b/f"), "text").unwrap();
        symlink(dir.join("a/b/f"), dir.join("a/link")).unwrap();
        symlink("nowhere", dir.join("dangling")).unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("o"), "out").unwrap();
        let mut archive = Vec::new();
        pack(dir, &[dir.join("a"), dir.join("dangling"), outside.path().join("o")], &mut archive).unwrap();
        let to = tempfile::tempdir().unwrap();
        unpack(archive.as_slice(), to.path()).unwrap();
        let to = to.path();
        assert_eq!(fs::read_to_string(to.join("a/b/f")).unwrap(), "text");
        assert_eq!(fs::read_link(to.join("a/link")).unwrap(), Path::new("b/f"));
        assert_eq!(fs::read_link(to.join("dangling")).unwrap(), Path::new("nowhere"));
        let absolute = outside.path().strip_prefix("/").unwrap().join("o");
        assert_eq!(fs::read_to_string(to.join(absolute)).unwrap(), "out");
        assert!(pack(dir, &[dir.join("missing")], &mut Vec::new()).is_err());
    }

    #[test]
    fn nothing_leaves_the_directory() {
        let evil = |name: &str| {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(1);
            header.set_mode(0o644);
            header.set_cksum();
            let mut archive = tar::Builder::new(Vec::new());
            archive.append(&header, &b"x"[..]).unwrap();
            archive.into_inner().unwrap()
        };
        let to = tempfile::tempdir().unwrap();
        let inner = to.path().join("in");
        for name in ["../evil", "/tmp/evil-of-the-cds-worker", "a/../../evil"] {
            assert!(unpack(evil(name).as_slice(), &inner).is_err(), "{name}");
        }
        // Through a link that an earlier member made.
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        archive.append_link(&mut header, "l", "..").unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(1);
        header.set_mode(0o644);
        archive.append_data(&mut header, "l/evil", &b"x"[..]).unwrap();
        assert!(unpack(archive.into_inner().unwrap().as_slice(), &inner).is_err());
        assert!(!to.path().join("evil").exists());
    }
}
