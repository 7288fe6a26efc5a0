//! Helpers that quote and encode, and those on paths.

use crate::interpolate::Data;
use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};

/// The text in double quotes, with the escapes of Go.
pub(super) fn go_quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if c < ' ' || c == '\x7f' => out.push_str(&format!("\\x{:02x}", c as u32)),
            c if c == ' ' || c.is_ascii_graphic() || printable(c) => out.push(c),
            c if (c as u32) < 0x10000 => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push_str(&format!("\\U{:08x}", c as u32)),
        }
    }
    out.push('"');
    out
}

fn printable(c: char) -> bool {
    !c.is_control() && !c.is_whitespace() && c.escape_debug().count() == 1
}

/// JSON, with `<`, `>` and `&` escaped as Go does.
pub(super) fn json(data: &Data) -> String {
    let value = match data {
        Data::Nil => serde_json::Value::Null,
        Data::Text(text) => text.as_str().into(),
        Data::Int(int) => (*int).into(),
        Data::Float(float) => (*float).into(),
        Data::Bool(bool) => (*bool).into(),
    };
    let mut text = value.to_string();
    for (raw, escaped) in [
        ("&", "\\u0026"),
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u{2028}", "\\u2028"),
        ("\u{2029}", "\\u2029"),
    ] {
        if text.contains(raw) {
            text = text.replace(raw, escaped);
        }
    }
    text
}

/// Standard base64 with padding.
pub(super) fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The decoded text, or the message of the error; bytes that are no UTF-8 become U+FFFD.
pub(super) fn unbase64(text: &str) -> String {
    let packed: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    match STANDARD.decode(&packed) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let at = match error {
                DecodeError::InvalidByte(at, _) => at,
                DecodeError::InvalidLastSymbol { offset, .. } => offset,
                _ => packed.trim_end_matches('=').len(),
            };
            format!("illegal base64 data at input byte {at}")
        }
    }
}

/// Query escaping: blanks become `+`.
pub(super) fn query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// All but the last element of a path, cleaned: `/a/b/c` gives `/a/b`.
pub(super) fn directory(path: &str) -> String {
    let end = path.rfind('/').map_or(0, |at| at + 1);
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path[..end].split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    match (rooted, parts.is_empty()) {
        (true, _) => format!("/{}", parts.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => parts.join("/"),
    }
}

/// The last element of a path.
pub(super) fn base_name(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match (path.is_empty(), trimmed.is_empty()) {
        (true, _) => ".".to_owned(),
        (false, true) => "/".to_owned(),
        (false, false) => trimmed.rsplit('/').next().unwrap_or(trimmed).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting() {
        assert_eq!(go_quote("a\"b\\c\n\x01é\u{200b}"), r#""a\"b\\c\n\x01é\u200b""#);
        assert_eq!(json(&Data::Text("<a & \"b\">".into())), r#""\u003ca \u0026 \"b\"\u003e""#);
        assert_eq!(json(&Data::Nil), "null");
    }

    #[test]
    fn encodings() {
        assert_eq!(unbase64("aGVs\nbG8="), "hello");
        assert_eq!(unbase64("a!b="), "illegal base64 data at input byte 1");
        assert_eq!(query("Trollhättan a&b"), "Trollh%C3%A4ttan+a%26b");
    }

    #[test]
    fn paths() {
        for (path, dir, base) in [
            ("/a/b/c", "/a/b", "c"),
            ("a", ".", "a"),
            ("", ".", "."),
            ("/", "/", "/"),
            ("a/../b/c/", "b/c", "c"),
            ("../x", "..", "x"),
            ("/../x", "/", "x"),
        ] {
            assert_eq!((directory(path).as_str(), base_name(path).as_str()), (dir, base), "{path}");
        }
    }
}
