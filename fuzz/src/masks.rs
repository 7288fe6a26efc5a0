//! Masking: however a text is cut into pieces, the outcome is the one of the whole text, and no secret is in it.

use cds_expr::mask::{MIN_SECRET, Masker};

/// Bytes 0 and 1 say how to cut; then secrets and, at last, the text.
pub fn masks(data: &[u8]) {
    let [cut_a, cut_b, rest @ ..] = data else { return };
    let mut parts: Vec<&[u8]> = rest.split(|b| *b == 0).collect();
    let text = parts.pop().unwrap_or_default();
    let secrets: Vec<String> =
        parts.iter().take(4).map(|s| String::from_utf8_lossy(s).chars().take(64).collect()).collect();
    let masker = Masker::new(secrets.clone());
    let mut whole = Vec::new();
    let mut stream = masker.stream();
    stream.push(text, &mut whole);
    stream.finish(&mut whole);
    let mut pieces = Vec::new();
    let mut stream = masker.stream();
    let sizes = [usize::from(*cut_a % 16) + 1, usize::from(*cut_b % 7) + 1];
    let (mut at, mut turn) = (0, 0);
    while at < text.len() {
        let end = (at + sizes[turn % 2]).min(text.len());
        stream.push(&text[at..end], &mut pieces);
        (at, turn) = (end, turn + 1);
    }
    stream.finish(&mut pieces);
    assert_eq!(whole, pieces, "pieces of {sizes:?} differ from the whole");
    if let Ok(text) = std::str::from_utf8(text) {
        assert_eq!(masker.mask(text).as_bytes(), whole);
    }
    for secret in secrets.iter().filter(|s| s.len() >= MIN_SECRET && !s.contains('*')) {
        // The placeholder is no part of such a secret, so an occurrence was in one piece in the text, too.
        assert!(!whole.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret:?} is in the output");
    }
}
