//! Masking of secrets in logs and reports (spec 8.9, spec/README 12).
//!
//! A secret is found raw and in the encodings programs print it in: quoted for a shell, in JSON, in a URL, in
//! base64 at any alignment, in hexadecimal. Of a secret with several lines each line counts as well.

mod forms;

use aho_corasick::{AhoCorasick, Input, MatchKind};
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

struct Patterns {
    search: AhoCorasick,
    /// All patterns in byte order.
    sorted: Vec<Vec<u8>>,
    /// Length of the longest pattern.
    longest: usize,
    /// Which bytes a pattern begins with.
    first: [bool; 256],
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
        let sorted: Vec<Vec<u8>> = texts.into_iter().collect();
        let longest = sorted.iter().map(Vec::len).max().unwrap_or(0);
        let search = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&sorted);
        // Building fails only beyond 2^31 states, that is with gigabytes of secrets.
        let (Ok(search), true) = (search, longest > 0) else { return Self::default() };
        let mut first = [false; 256];
        for text in &sorted {
            first[usize::from(text[0])] = true;
        }
        Self { found: Some(Arc::new(Patterns { search, sorted, longest, first })) }
    }

    /// How many texts are masked: each secret counts with all its encodings.
    pub fn texts(&self) -> usize {
        self.found.as_ref().map_or(0, |patterns| patterns.sorted.len())
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

impl Patterns {
    /// Writes the masked bytes and returns how many of `bytes` are done; the rest may be the begin of a secret.
    /// With `last`, everything is done.
    fn replace(&self, bytes: &[u8], out: &mut Vec<u8>, last: bool) -> usize {
        let open_from = |at: usize| if last { bytes.len() } else { self.open(bytes, at) };
        let (mut at, mut open) = (0, open_from(0));
        while let Some(found) = self.search.find(Input::new(bytes).range(at..)) {
            // A secret that begins at or after `open` may turn out longer with the next chunk.
            if found.start() >= open && !last {
                break;
            }
            out.extend_from_slice(&bytes[at..found.start()]);
            out.extend_from_slice(PLACEHOLDER.as_bytes());
            at = found.end();
            if open < at {
                open = open_from(at);
            }
        }
        out.extend_from_slice(&bytes[at..open]);
        open
    }

    /// The first place at or after `at` from which all bytes are the begin of a longer pattern.
    fn open(&self, bytes: &[u8], at: usize) -> usize {
        let from = at.max((bytes.len() + 1).saturating_sub(self.longest));
        (from..bytes.len())
            .find(|start| {
                let tail = &bytes[*start..];
                self.first[usize::from(tail[0])] && {
                    // The patterns that `tail` begins follow it directly in byte order.
                    let next = self.sorted.partition_point(|text| text.as_slice() <= tail);
                    self.sorted.get(next).is_some_and(|text| text.starts_with(tail))
                }
            })
            .unwrap_or(bytes.len())
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

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    const SECRET: &str = "p4ss'w\"ord\\ <é>/1";

    fn masker(secrets: &[&str]) -> Masker {
        Masker::new(secrets.iter().map(|secret| (*secret).to_owned()))
    }

    #[track_caller]
    fn hidden(text: &str) {
        assert_eq!(masker(&[SECRET]).mask(&format!("a {text} b")), format!("a {PLACEHOLDER} b"));
    }

    #[test]
    fn every_form_is_masked() {
        hidden(SECRET);
        hidden(&SECRET.replace('\'', "'\"'\"'"));
        hidden(&SECRET.replace('\'', "'\\''"));
        hidden(r#"p4ss'w\"ord\\ <é>/1"#);
        hidden(r#"p4ss'w\"ord\\ \u003cé\u003e/1"#);
        hidden(r#"p4ss'w\"ord\\ <\u00e9>/1"#);
        hidden("p4ss%27w%22ord%5C+%3C%C3%A9%3E%2F1");
        hidden("p4ss%27w%22ord%5C%20%3C%C3%A9%3E%2F1");
        hidden("p4ss%27w%22ord%5c%20%3c%c3%a9%3e%2f1");
        hidden(&STANDARD.encode(SECRET));
        hidden(&URL_SAFE.encode(SECRET));
        hidden(&hex(SECRET));
        hidden(&hex(SECRET).to_uppercase());
    }

    fn hex(text: &str) -> String {
        text.bytes().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn base64_at_any_alignment() {
        let masker = masker(&["correct horse battery"]);
        for user in ["a:", "ab:", "abc:", "abcd:"] {
            for tail in ["", "\n", "!!", "???"] {
                let encoded = STANDARD.encode(format!("{user}correct horse battery{tail}"));
                let masked = masker.mask(&encoded);
                assert!(masked.contains(PLACEHOLDER), "{user}{tail}: {masked}");
                // What stays decodes to none of the words of the secret.
                assert!(masked.len() < encoded.len() - 10, "{masked}");
            }
        }
    }

    #[test]
    fn lines_of_a_key() {
        let key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\nab\nq83vEjRWeJA=\n-----END KEY-----\n";
        let masker = masker(&[key]);
        assert_eq!(masker.mask(key), PLACEHOLDER);
        assert_eq!(
            masker.mask("x MIIEpAIBAAKCAQEA\n-----BEGIN KEY-----\nab"),
            format!("x {PLACEHOLDER}\n-----BEGIN KEY-----\nab")
        );
        assert_eq!(masker.mask(&key.trim_end().replace('\n', "\r\n")), PLACEHOLDER);
        assert_eq!(masker.mask(&key.trim_end().replace('\n', "\\n")), PLACEHOLDER);
    }

    #[test]
    fn longest_first_and_short_ones_never() {
        let masker = masker(&["secret", "secret-longer", "short"]);
        assert_eq!(masker.mask("secret secret-longer secret-long short"), {
            format!("{PLACEHOLDER} {PLACEHOLDER} {PLACEHOLDER}-long short")
        });
        assert!(too_short("short") && !too_short("secret"));
        assert_eq!(Masker::new([]).mask("x"), "x");
        assert!(!format!("{masker:?}").contains("secret-"));
    }

    #[test]
    fn ordinary_output_is_not_held_back() {
        let mut stream = masker(&["sesame-open", &"key".repeat(1000)]).stream();
        let mut out = Vec::new();
        stream.push(b"compiling\n", &mut out);
        assert_eq!((out.as_slice(), stream.held()), (&b"compiling\n"[..], 0));
        stream.push(b"open ses", &mut out);
        assert_eq!(stream.held(), 3);
        stream.push(b"ame-open", &mut out);
        // A whole secret that no longer one begins with is replaced at once.
        assert_eq!((stream.held(), String::from_utf8_lossy(&out).ends_with(PLACEHOLDER)), (0, true));
        stream.push(b"\nses", &mut out);
        stream.finish(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), format!("compiling\nopen {PLACEHOLDER}\nses"));
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            secrets in prop::collection::vec("[ab']{6,12}(\n[ab]{6,8})?", 0..4),
            text in prop::collection::vec(prop_oneof!["[ab'\n]{0,20}".boxed(), Just("ababab".to_owned()).boxed()], 0..8),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let masker = Masker::new(secrets.clone());
            let mut text = text.concat();
            for secret in &secrets {
                text.push_str(secret);
                text.push('c');
            }
            let expected = masker.mask(&text);
            for secret in &secrets {
                prop_assert!(!expected.contains(secret.as_str()));
            }
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            cuts.sort_unstable();
            let (mut stream, mut out, mut from) = (masker.stream(), Vec::new(), 0);
            for cut in cuts.into_iter().chain([bytes.len()]) {
                stream.push(&bytes[from..cut], &mut out);
                from = cut;
            }
            stream.finish(&mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
