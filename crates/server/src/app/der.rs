//! The little of DER and of ssh's own notation that keys need.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A string as ssh writes it: its length, then its bytes (RFC 4251, 5).
pub fn ssh_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// One DER element: its tag, its content, what follows it.
fn der(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (first as usize, rest)
    } else {
        let count = (first & 0x7f) as usize;
        let (digits, rest) = rest.split_at_checked(count)?;
        (digits.iter().fold(0usize, |n, b| (n << 8) | *b as usize), rest)
    };
    let (content, after) = rest.split_at_checked(len)?;
    Some((tag, content, after))
}

/// The PKCS#1 key inside a PKCS#8 document (RFC 5208): version, algorithm, OCTET STRING.
pub fn pkcs8_inner(doc: &[u8]) -> Option<&[u8]> {
    let (_, body, _) = der(doc)?;
    let (_, _, rest) = der(body)?;
    let (_, _, rest) = der(rest)?;
    let (tag, key, _) = der(rest)?;
    (tag == 4).then_some(key)
}

/// Modulus and public exponent of a PKCS#1 private key, as DER integers (a leading zero is kept, as ssh wants it).
fn rsa_numbers(pkcs1: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_, body, _) = der(pkcs1)?;
    let (_, _, rest) = der(body)?;
    let (_, n, rest) = der(rest)?;
    let (_, e, _) = der(rest)?;
    Some((n, e))
}

/// `ssh-rsa AAAA…` of a PKCS#1 private key.
pub fn rsa_public(pkcs1: &[u8]) -> Option<String> {
    let (n, e) = rsa_numbers(pkcs1)?;
    let mut blob = Vec::new();
    ssh_string(&mut blob, b"ssh-rsa");
    ssh_string(&mut blob, e);
    ssh_string(&mut blob, n);
    Some(format!("ssh-rsa {}", STANDARD.encode(&blob)))
}
