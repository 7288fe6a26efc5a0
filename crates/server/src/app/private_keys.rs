//! From a private key that a file brings along to the whole key pair (spec 3.11).

use super::{
    der::rsa_public,
    keys::{self, Generated},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// The key pair of a private part: an `RSA PRIVATE KEY` or `OPENSSH PRIVATE KEY` block without pass phrase, or armored
/// OpenPGP. Runs `gpg` for the latter: call it where blocking is allowed.
///
/// # Errors
/// Says what is wrong with it.
pub fn complete(kind: &str, name: &str, private: &str) -> Result<Generated, String> {
    match kind {
        "ssh" => {
            let public = ssh_public(private)?;
            Ok(Generated {
                kind: "ssh",
                public: format!("{public} {name}@cds"),
                private: private.to_string(),
                id: String::new(),
            })
        }
        "pgp" => keys::import_pgp(private),
        other => Err(format!("Unknown key type '{other}': use ssh or pgp")),
    }
}

/// `ssh-rsa AAAA…` or `ssh-ed25519 AAAA…`.
fn ssh_public(pem: &str) -> Result<String, String> {
    let unknown = "the private key must be PEM: 'BEGIN RSA PRIVATE KEY' or 'BEGIN OPENSSH PRIVATE KEY', without pass phrase";
    if let Some(body) = block(pem, "RSA PRIVATE KEY") {
        let der = STANDARD.decode(body).map_err(|_| unknown.to_string())?;
        return rsa_public(&der).ok_or_else(|| unknown.to_string());
    }
    if let Some(body) = block(pem, "OPENSSH PRIVATE KEY") {
        let bytes = STANDARD.decode(body).map_err(|_| unknown.to_string())?;
        return openssh_public(&bytes).ok_or_else(|| unknown.to_string());
    }
    Err(unknown.into())
}

/// Base64 text between the lines of a PEM block.
fn block(pem: &str, label: &str) -> Option<String> {
    let begin = format!("-----BEGIN {label}-----");
    let (_, rest) = pem.split_once(&begin)?;
    let (body, _) = rest.split_once(&format!("-----END {label}-----"))?;
    Some(body.split_whitespace().collect())
}

/// The public key in an unencrypted OpenSSH container (PROTOCOL.key): cipher, kdf, options, count, public, private.
fn openssh_public(bytes: &[u8]) -> Option<String> {
    let rest = bytes.strip_prefix(b"openssh-key-v1\0")?;
    let (cipher, rest) = string(rest)?;
    if cipher != b"none" {
        return None;
    }
    let (_, rest) = string(rest)?;
    let (_, rest) = string(rest)?;
    let (count, rest) = rest.split_at_checked(4)?;
    if count != [0, 0, 0, 1] {
        return None;
    }
    let (public, _) = string(rest)?;
    let (algorithm, _) = string(public)?;
    // It becomes a word of a line that is shown, and put into files of keys.
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-.@".contains(b);
    let algorithm = std::str::from_utf8(algorithm).ok()?;
    if algorithm.is_empty() || !algorithm.bytes().all(|b| plain(&b)) {
        return None;
    }
    Some(format!("{algorithm} {}", STANDARD.encode(public)))
}

fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    rest.split_at_checked(u32::from_be_bytes(length.try_into().ok()?) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_part_is_found_again() {
        for kind in ["ssh", "ssh-rsa", "pgp"] {
            let made = keys::generate(kind, "app-key", "P").unwrap();
            let again = complete(made.kind, "app-key", &made.private).unwrap();
            assert_eq!(again.id, made.id);
            assert_eq!(again.private, made.private);
            if made.kind == "ssh" {
                assert_eq!(again.public, made.public);
            }
        }
    }

    /// Good keys, cut and with every byte changed: whatever is said of them, nothing breaks.
    #[test]
    fn damaged_keys_do_no_harm() {
        for kind in ["ssh", "ssh-rsa"] {
            let made = keys::generate(kind, "k", "P").unwrap();
            let (begin, body, end) = {
                let lines: Vec<&str> = made.private.lines().collect();
                (lines[0], lines[1..lines.len() - 1].concat(), lines[lines.len() - 1])
            };
            let bytes = STANDARD.decode(body).unwrap();
            let mut tried = 0;
            // What is looked at stands in front.
            for at in 0..bytes.len().min(320) {
                let mut wounded = vec![bytes[..at].to_vec(), [&bytes[..at], &bytes[at + 1..]].concat()];
                for new in [0, 0x7f, 0x80, 0x84, 0xff] {
                    let mut changed = bytes.clone();
                    changed[at] = new;
                    wounded.push(changed);
                }
                for bytes in wounded {
                    let text = format!("{begin}\n{}\n{end}\n", STANDARD.encode(bytes));
                    let _ = complete("ssh", "k", &text);
                    tried += 1;
                }
            }
            assert!(tried > 1000, "{tried}");
        }
    }

    #[test]
    fn the_name_of_an_algorithm_is_a_word() {
        let made = keys::generate("ssh", "k", "P").unwrap();
        let bytes = STANDARD.decode(block(&made.private, "OPENSSH PRIVATE KEY").unwrap()).unwrap();
        let at = bytes.windows(11).position(|w| w == b"ssh-ed25519").unwrap();
        for (new, good) in [("ssh-ed25519", true), ("ssh\ned25519", false), ("ssh ed25519", false)] {
            let mut bytes = bytes.clone();
            bytes[at..at + 11].copy_from_slice(new.as_bytes());
            let text = format!(
                "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
                STANDARD.encode(bytes)
            );
            assert_eq!(complete("ssh", "k", &text).is_ok(), good, "{new:?}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "hello", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"] {
            assert!(complete("ssh", "k", text).err().unwrap().contains("PEM"), "{text}");
        }
        assert!(complete("pgp", "k", "hello").is_err());
        assert!(complete("dsa", "k", "hello").is_err());
    }
}
