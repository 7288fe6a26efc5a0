//! Keys that people bring along. OpenPGP's private keys are left to `gpg`, which is not called here.

use crate::{app, choose, text};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Labels of blocks.
const LABELS: [&str; 3] = ["RSA PRIVATE KEY", "OPENSSH PRIVATE KEY", "PGP PUBLIC KEY BLOCK"];

/// The first byte says whether the rest is a text, or bytes that are put into a block of some kind.
pub fn keys(data: &[u8]) {
    let (which, rest) = choose(data, 8);
    match LABELS.get(which) {
        None => look(text(rest)),
        Some(label) => {
            // The container's first words are long to guess.
            let magic: &[u8] = if which == 1 { b"openssh-key-v1\0" } else { b"" };
            let body = STANDARD.encode([magic, rest].concat());
            look(&format!("-----BEGIN {label}-----\n\n{body}\n-----END {label}-----\n"));
        }
    }
    if let Some(key) = app::pkcs8_inner(rest) {
        assert!(key.len() < rest.len());
    }
}

fn look(text: &str) {
    match app::gpg::key_id(text) {
        Ok(id) => assert!(id.len() == 16 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{id:?}"),
        Err(why) => assert!(!why.is_empty()),
    }
    for kind in ["ssh", "pgp", text] {
        match app::private_keys::complete(kind, "k", text) {
            Err(why) => assert!(!why.is_empty()),
            Ok(key) => {
                // One line of `authorized_keys`: algorithm, key, comment.
                let words: Vec<&str> = key.public.split(' ').collect();
                assert_eq!(words.len(), 3, "{:?}", key.public);
                let blob = STANDARD.decode(words[1]).expect("base64");
                let n = words[0].len();
                assert_eq!(blob.get(..4), Some(&(n as u32).to_be_bytes()[..]));
                assert_eq!(blob.get(4..4 + n), Some(words[0].as_bytes()));
                assert!(words[0].bytes().all(|b| b.is_ascii_graphic()), "{:?}", key.public);
            }
        }
    }
}
