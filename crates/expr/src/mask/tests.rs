//! Every encoding, every border, and a comparison with a masker that is too simple to be wrong.

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

/// At each place the longest text that stands there is replaced.
fn naive(secrets: &[String], text: &[u8]) -> Vec<u8> {
    let forms: Vec<String> =
        secrets.iter().flat_map(|secret| forms::of(secret)).filter(|form| !too_short(form)).collect();
    let (mut out, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let here = forms.iter().filter(|form| text[at..].starts_with(form.as_bytes())).map(String::len).max();
        match here {
            Some(_) => out.extend_from_slice(PLACEHOLDER.as_bytes()),
            None => out.push(text[at]),
        }
        at += here.unwrap_or(1);
    }
    out
}

/// The text in pieces that end at `cuts`, each the share of its length in 65,536.
fn in_pieces(masker: &Masker, text: &[u8], cuts: &[u16]) -> Vec<u8> {
    let mut ends: Vec<usize> = cuts.iter().map(|cut| text.len() * usize::from(*cut) / 65_536).collect();
    ends.push(text.len());
    ends.sort_unstable();
    let (mut stream, mut out, mut from) = (masker.stream(), Vec::new(), 0);
    for end in ends {
        stream.push(&text[from..end], &mut out);
        from = end;
    }
    stream.finish(&mut out);
    assert_eq!(stream.held(), 0);
    out
}

/// The slow path alone, in two pieces.
fn evenly(masker: &Masker, text: &[u8], cut: usize) -> Vec<u8> {
    let Some(patterns) = &masker.found else { return text.to_vec() };
    let mut out = Vec::new();
    let done = patterns.replace_evenly(&text[..cut], &mut out, false);
    patterns.replace_evenly(&text[done..], &mut out, true);
    out
}

#[test]
fn almost_secrets_take_the_slow_path_and_come_out_right() {
    let secrets = ["aaaaaaaab".to_owned(), "aaaaaaaaaaaaaaaac".to_owned()];
    let masker = Masker::new(secrets.clone());
    let mut text = "a".repeat(3000) + "x";
    for i in 0..200 {
        text.push_str(&"a".repeat(i % 40));
        text.push(['b', 'c', 'd'][i % 3]);
    }
    let expected = naive(&secrets, text.as_bytes());
    assert_eq!(masker.mask(&text).into_bytes(), expected);
    assert!(masker.found.as_ref().is_some_and(|patterns| patterns.is_slow()));
    for size in [1, 7, 100, 4096] {
        let (mut stream, mut out) = (masker.stream(), Vec::new());
        text.as_bytes().chunks(size).for_each(|chunk| stream.push(chunk, &mut out));
        stream.finish(&mut out);
        assert_eq!(out, expected, "{size}");
    }
    let ordinary = Masker::new(secrets);
    ordinary.mask(&"a line of a log, an apple and a banana\n".repeat(1000));
    assert!(ordinary.found.as_ref().is_some_and(|patterns| !patterns.is_slow()));
}

/// A secret: of few letters, so that parts of it stand everywhere, or of many.
fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{6,20}",
        "[a-c'/+ ]{6,40}",
        "[ -~]{6,80}",
        "[éß€x&<]{3,12}",
        "([ab\"]{0,12}\n){1,4}[ab]{6,9}",
        "[0-9a-f]{32,64}",
    ]
}

/// A part of a log: text of any kind, or a form of a secret, whole or cut at both ends.
#[derive(Clone, Debug)]
enum Part {
    Text(Vec<u8>),
    Form { secret: u16, form: u16, from: u16, to: u16 },
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        "[ab]{0,30}".prop_map(|text| Part::Text(text.into_bytes())),
        "[ -~\n]{0,60}".prop_map(|text| Part::Text(text.into_bytes())),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Part::Text),
        (any::<u16>(), any::<u16>()).prop_map(|(secret, form)| Part::Form {
            secret,
            form,
            from: 0,
            to: u16::MAX
        }),
        (any::<u16>(), any::<u16>(), any::<u16>(), any::<u16>())
            .prop_map(|(secret, form, from, to)| Part::Form { secret, form, from, to }),
    ]
}

impl Part {
    fn write(&self, secrets: &[String], out: &mut Vec<u8>) {
        match self {
            Part::Text(text) => out.extend_from_slice(text),
            Part::Form { secret, form, from, to } => {
                let Some(secret) = secrets.get(usize::from(*secret) % secrets.len().max(1)) else { return };
                let forms = forms::of(secret);
                let Some(form) = forms.get(usize::from(*form) % forms.len().max(1)) else { return };
                let form = form.as_bytes();
                let share = |of: u16| form.len() * usize::from(of) / usize::from(u16::MAX);
                out.extend_from_slice(&form[share(*from).min(share(*to))..share(*to)]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn all_ways_mask_as_the_naive_one(
        secrets in prop::collection::vec(secret(), 0..6),
        parts in prop::collection::vec(part(), 0..16),
        times in 1..6usize,
        cuts in prop::collection::vec(any::<u16>(), 0..12),
    ) {
        let mut text = Vec::new();
        for _ in 0..times {
            parts.iter().for_each(|part| part.write(&secrets, &mut text));
        }
        let masker = Masker::new(secrets.clone());
        let expected = naive(&secrets, &text);
        prop_assert_eq!(&in_pieces(&masker, &text, &[]), &expected);
        prop_assert_eq!(&in_pieces(&masker, &text, &cuts), &expected);
        let cut = cuts.first().map_or(0, |cut| text.len() * usize::from(*cut) / 65_536);
        prop_assert_eq!(&evenly(&masker, &text, cut), &expected);
        if let Ok(text) = String::from_utf8(text) {
            prop_assert_eq!(masker.mask(&text).into_bytes(), expected);
        }
    }
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
