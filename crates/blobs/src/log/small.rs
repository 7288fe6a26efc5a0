//! A log in memory: the form in which a log of the journal is used. The journal has every byte of it too.

use super::{
    LogError,
    entries::lock,
    index::{Point, Shape},
    view::{Body, Points, View},
};
use sha2::{Digest, Sha256};
use std::{
    mem::size_of,
    sync::{Arc, Mutex},
};

/// What a log costs besides its bytes and points.
const OWN: usize = size_of::<Small>() + size_of::<Text>();

/// Bytes and points, shared with those who read. They only grow.
#[derive(Default)]
pub struct Text(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    points: Vec<Point>,
}

impl Text {
    /// Fills `into` from `offset` on; the caller knows that the bytes are there.
    pub fn read(&self, offset: u64, into: &mut [u8]) {
        let from = usize::try_from(offset).unwrap_or(usize::MAX);
        if let Some(part) = lock(&self.0).bytes.get(from..).and_then(|rest| rest.get(..into.len())) {
            into.copy_from_slice(part);
        }
    }

    /// Point `i`.
    pub fn point(&self, i: u64) -> Option<Point> {
        lock(&self.0).points.get(usize::try_from(i).ok()?).copied()
    }
}

/// A log of the journal.
pub struct Small {
    text: Arc<Text>,
    shape: Shape,
    hash: Sha256,
    /// SHA-256 of a complete log.
    seal: Option<[u8; 32]>,
    /// The seal is on disk.
    durable: bool,
    chunks: usize,
    weight: usize,
}

impl Small {
    /// A log without a byte.
    pub fn new() -> Self {
        Self {
            text: Arc::default(),
            shape: Shape::empty(),
            hash: Sha256::new(),
            seal: None,
            durable: false,
            chunks: 0,
            weight: OWN,
        }
    }

    /// Bytes in the log.
    pub fn length(&self) -> u64 {
        self.shape.length
    }

    /// Chunks it was made of. None: the journal has no such log yet.
    pub fn chunks(&self) -> usize {
        self.chunks
    }

    /// What is counted of it.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// A hash that has taken all bytes.
    pub fn hash(&self) -> Sha256 {
        self.hash.clone()
    }

    /// SHA-256 of all bytes.
    pub fn sha256(&self) -> [u8; 32] {
        self.seal.unwrap_or_else(|| self.hash.clone().finalize().into())
    }

    /// Nothing may be added any more.
    pub fn sealed(&self) -> bool {
        self.seal.is_some()
    }

    /// Complete, and that is on disk.
    pub fn durable(&self) -> bool {
        self.durable
    }

    /// Marks it complete.
    pub fn seal(&mut self, sha256: [u8; 32], durable: bool) {
        self.seal = Some(sha256);
        self.durable |= durable;
    }

    /// Memory that it takes.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// What is new in a chunk that starts at `offset`; see [`super::LogStore::append`].
    pub fn new_part<'a>(&self, offset: u64, bytes: &'a [u8]) -> Result<&'a [u8], LogError> {
        let length = self.shape.length;
        if self.seal.is_some() {
            return Err(LogError::Sealed { length });
        }
        let have = length.checked_sub(offset).ok_or(LogError::Gap { have: length })?;
        let known = usize::try_from(have).unwrap_or(usize::MAX).min(bytes.len());
        let text = lock(&self.text.0);
        let stored = text.bytes.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        match stored.iter().zip(&bytes[..known]).position(|(a, b)| a != b) {
            Some(d) => Err(LogError::Conflict { offset: offset + d as u64 }),
            None => Ok(&bytes[known..]),
        }
    }

    /// Adds bytes that the journal has taken.
    pub fn push(&mut self, new: &[u8], at_ms: i64) {
        let (shape, points) = self.shape.grown(new, at_ms);
        let mut text = lock(&self.text.0);
        text.bytes.extend_from_slice(new);
        text.points.extend(points);
        self.weight = OWN + text.bytes.capacity() + text.points.capacity() * size_of::<Point>();
        drop(text);
        self.hash.update(new);
        self.shape = shape;
        self.chunks += 1;
    }

    /// Shows all bytes and points to `look`.
    pub fn with_text<T>(&self, look: impl FnOnce(&[u8], &[Point]) -> T) -> T {
        let text = lock(&self.text.0);
        look(&text.bytes, &text.points)
    }

    /// What readers see from now on, whatever is appended meanwhile.
    pub fn view(&self) -> View {
        let shape = &self.shape;
        View::new(
            Body::Memory(Arc::clone(&self.text)),
            Points::in_memory(Arc::clone(&self.text), shape.points),
            shape.length,
            shape.newlines,
            shape.lines(),
            self.durable,
        )
    }
}
