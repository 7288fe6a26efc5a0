//! `worker cache push` and `worker cache pull` (spec 11.4): tar archives, streamed both ways.

use super::{
    Current, Failure,
    archive::{pack, unpack},
    wire::{Paths, Pull},
};
use crate::{ask::Fault, job::Job};
use axum::{Json, http::StatusCode};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use std::{
    io::{self, Read, Write},
    path::PathBuf,
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
    let tag = URL_SAFE_NO_PAD.encode(&body.tag);
    Ok(job.ask(|| send(&job, &tag, directory.clone(), paths.clone())).await?)
}

/// Packs and sends a cache.
async fn send(job: &Job, tag: &str, directory: PathBuf, paths: Vec<PathBuf>) -> Result<(), Fault> {
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
    let sent = job.client.worker_cache_push(job.key, tag, stream, None).await;
    match packing.await {
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Fault::Here(format!("cannot pack the cache: {error}")))
        }
        _ => Ok(sent?),
    }
}

pub(super) async fn pull(Current(job): Current, Json(body): Json<Pull>) -> Result<(), Failure> {
    let tag = URL_SAFE_NO_PAD.encode(&body.tag);
    match job.ask(|| fetch(&job, &tag, PathBuf::from(&body.directory))).await {
        Err(Fault::Server(e)) if e.status() == Some(StatusCode::NOT_FOUND) => {
            Err(Failure(StatusCode::NOT_FOUND, "worker cache pull > No unique link found".into()))
        }
        other => Ok(other?),
    }
}

/// Fetches and unpacks a cache, over what an earlier try has left.
async fn fetch(job: &Job, tag: &str, target: PathBuf) -> Result<(), Fault> {
    let mut download = job.client.worker_cache_pull(job.key, tag).await?;
    let (sender, receiver) = mpsc::channel::<Bytes>(IN_FLIGHT);
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
