//! Just enough OpenPGP to name a key: the key id of an armored public key (RFC 4880, 12.2).

use base64::{Engine, engine::general_purpose::STANDARD};
use sha1::{Digest, Sha1};

/// Long key id (16 upper-case hex digits) of the primary key in an armored public key block.
///
/// # Errors
/// Says what is wrong with the block.
pub fn key_id(armored: &str) -> Result<String, String> {
    let packets = dearmor(armored)?;
    let body = first_packet(&packets).ok_or("the key block is cut off")?;
    if body.first() != Some(&4) {
        return Err("only version 4 OpenPGP keys are supported".into());
    }
    let len = u16::try_from(body.len()).map_err(|_| "the key is too large")?;
    let mut hash = Sha1::new();
    hash.update([0x99]);
    hash.update(len.to_be_bytes());
    hash.update(body);
    Ok(hex::encode_upper(&hash.finalize()[12..]))
}

fn dearmor(text: &str) -> Result<Vec<u8>, String> {
    let mut lines = text.lines().map(str::trim);
    if !lines.any(|l| l == "-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        return Err(
            "this is not an armored public key: no line '-----BEGIN PGP PUBLIC KEY BLOCK-----'".into()
        );
    }
    let mut data = String::new();
    let mut in_headers = true;
    for line in lines {
        if line.starts_with("-----END") {
            return STANDARD.decode(&data).map_err(|e| format!("the key block is damaged: {e}"));
        }
        if in_headers {
            // Headers end at an empty line; a block without headers may have none.
            if line.is_empty() || !line.contains(": ") {
                in_headers = false;
            }
            if line.is_empty() || line.contains(": ") {
                continue;
            }
        }
        if !line.starts_with('=') {
            data.push_str(line);
        }
    }
    Err("the key block has no END line".into())
}

/// Body of the first packet, which must be a public key (tag 6).
fn first_packet(bytes: &[u8]) -> Option<&[u8]> {
    let (&head, rest) = bytes.split_first()?;
    let (tag, len, rest) = if head & 0x40 != 0 {
        let (&first, rest) = rest.split_first()?;
        let first = first as usize;
        match first {
            0..=191 => (head & 0x3f, first, rest),
            192..=223 => (head & 0x3f, ((first - 192) << 8) + *rest.first()? as usize + 192, rest.get(1..)?),
            255 => {
                (head & 0x3f, u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize, rest.get(4..)?)
            }
            _ => return None,
        }
    } else {
        let tag = (head & 0x3c) >> 2;
        match head & 3 {
            0 => (tag, *rest.first()? as usize, rest.get(1..)?),
            1 => (tag, u16::from_be_bytes(rest.get(..2)?.try_into().ok()?) as usize, rest.get(2..)?),
            2 => (tag, u32::from_be_bytes(rest.get(..4)?.try_into().ok()?) as usize, rest.get(4..)?),
            _ => (tag, rest.len(), rest),
        }
    };
    (tag == 6).then(|| rest.get(..len)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_gpg() {
        let key = crate::app::keys::generate("pgp", "proj-pgp-shop", "SHOP").unwrap();
        let id = key_id(&key.public).unwrap();
        assert_eq!(id.len(), 16);
        assert!(id.ends_with(&key.id));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key.asc");
        std::fs::write(&file, &key.public).unwrap();
        let out = std::process::Command::new("gpg")
            .args(["--with-colons", "--show-keys"])
            .arg(&file)
            .output()
            .unwrap();
        let text = String::from_utf8(out.stdout).unwrap();
        let listed = text.lines().find(|l| l.starts_with("pub:")).and_then(|l| l.split(':').nth(4)).unwrap();
        assert_eq!(listed, id);
    }

    #[test]
    fn damage_is_named() {
        assert!(key_id("hello").unwrap_err().contains("BEGIN PGP"));
        assert!(
            key_id("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!!\n-----END PGP PUBLIC KEY BLOCK-----\n")
                .unwrap_err()
                .contains("damaged")
        );
    }
}
