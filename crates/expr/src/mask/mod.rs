//! Masking of secrets in logs and reports (spec 8.9, spec/README 12).
//!
//! A secret is found raw and in the encodings programs print it in: quoted for a shell, in JSON, in a URL, in
//! base64 at any alignment, in hexadecimal. Of a secret with several lines each line counts as well.

mod forms;
mod search;
#[cfg(test)]
mod tests;

use search::Patterns;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What stands where a secret was.
pub use cds_model::secret::PLACEHOLDER;

/// The shortest text that is masked, in bytes: shorter ones would blank out ordinary words.
pub const MIN_SECRET: usize = 6;

/// Whether a secret is too short to be masked; such values should be refused as secrets with a warning.
pub fn too_short(secret: &str) -> bool {
    secret.len() < MIN_SECRET
}

/// Replaces secrets by [`PLACEHOLDER`]. Cheap to clone and to share between threads.
#[derive(Clone, Default)]
pub struct Masker {
    found: Option<Arc<Patterns>>,
}

impl std::fmt::Debug for Masker {
    /// Says how many texts are masked, never which.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Masker").field("texts", &self.texts()).finish()
    }
}

impl Masker {
    /// A masker for these secret values. Values of less than [`MIN_SECRET`] bytes are not masked.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut texts: BTreeSet<Vec<u8>> = BTreeSet::new();
        for secret in secrets {
            texts.extend(
                forms::of(&secret).into_iter().filter(|form| !too_short(form)).map(String::into_bytes),
            );
        }
        Self { found: Patterns::new(texts).map(Arc::new) }
    }

    /// How many texts are masked: each secret counts with all its encodings.
    pub fn texts(&self) -> usize {
        self.found.as_ref().map_or(0, |patterns| patterns.len())
    }

    /// The text without secrets.
    pub fn mask(&self, text: &str) -> String {
        let Some(patterns) = &self.found else { return text.to_owned() };
        let mut out = Vec::with_capacity(text.len());
        patterns.replace(text.as_bytes(), &mut out, true);
        // Whole texts are replaced by a text, so this stays UTF-8.
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// A stream that masks over the borders of chunks. Use one per log.
    pub fn stream(&self) -> MaskStream {
        MaskStream { found: self.found.clone(), held: Vec::new() }
    }
}

/// Masks a stream of bytes whose secrets may be split over chunks. Holds back only what may be the begin of a
/// secret, so ordinary output passes at once; at most one byte less than the longest text is held.
#[derive(Clone)]
pub struct MaskStream {
    found: Option<Arc<Patterns>>,
    held: Vec<u8>,
}

impl std::fmt::Debug for MaskStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MaskStream").field("held", &self.held.len()).finish()
    }
}

impl MaskStream {
    /// Takes a chunk and appends to `out` what can be shown.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        let Some(patterns) = &self.found else {
            out.extend_from_slice(chunk);
            return;
        };
        if self.held.is_empty() {
            let done = patterns.replace(chunk, out, false);
            self.held.extend_from_slice(&chunk[done..]);
        } else {
            self.held.extend_from_slice(chunk);
            let done = patterns.replace(&self.held, out, false);
            self.held.drain(..done);
        }
    }

    /// Appends to `out` what was held back. The stream can be used again afterwards.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(patterns) = &self.found {
            patterns.replace(&self.held, out, true);
        }
        self.held.clear();
    }

    /// How many bytes are held back.
    pub fn held(&self) -> usize {
        self.held.len()
    }
}
