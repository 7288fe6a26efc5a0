//! The texts a secret appears as.

use super::MIN_SECRET;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::fmt::Write as _;

/// All texts that give `secret` away.
pub(super) fn of(secret: &str) -> Vec<String> {
    let mut out = Vec::new();
    // `echo "$KEY"` and `$(cat key)` add or drop the line break at the end.
    let trimmed = secret.trim_end_matches(['\n', '\r']);
    for whole in [secret, trimmed] {
        quoted(whole, &mut out);
        encoded(whole, &mut out);
    }
    let lines: Vec<&str> = trimmed.lines().collect();
    if lines.len() > 1 {
        // The environment holds line breaks as the two characters `\n` (spec 8.7).
        quoted(&lines.join("\\n"), &mut out);
        quoted(&lines.join("\r\n"), &mut out);
        quoted(&lines.join(" "), &mut out);
        for line in lines.iter().map(|line| line.trim()).filter(|line| !armour(line)) {
            quoted(line, &mut out);
        }
    }
    respaced(&lines.concat(), &mut out);
    out
}

/// Whether a line says only that a key begins or ends here.
fn armour(line: &str) -> bool {
    line.ends_with("-----") && (line.starts_with("-----BEGIN ") || line.starts_with("-----END "))
}

/// Raw, and as a shell, JSON or a URL writes it.
fn quoted(text: &str, out: &mut Vec<String>) {
    if text.len() < MIN_SECRET {
        return;
    }
    out.push(text.to_owned());
    out.push(text.replace('\'', "'\"'\"'"));
    out.push(text.replace('\'', "'\\''"));
    let json = serde_json::Value::from(text).to_string();
    let json = &json[1..json.len() - 1];
    out.push(json.to_owned());
    out.push(json.replace('/', "\\/"));
    let html_safe = json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
    out.push(ascii(&html_safe));
    out.push(html_safe);
    out.push(ascii(json));
    let url = url(text);
    out.push(url.replace("%20", "+"));
    // Programs differ in what they leave bare: a path keeps its slashes, a script's own encoder some marks.
    let path = url.replace("%2F", "/");
    let component = [("%21", "!"), ("%27", "'"), ("%28", "("), ("%29", ")"), ("%2A", "*")]
        .iter()
        .fold(url.clone(), |text, (escape, bare)| text.replace(escape, bare));
    out.push(lower_escapes(&path));
    out.push(path);
    out.push(component);
    out.push(lower_escapes(&url));
    out.push(url);
}

/// As base64 and hexadecimal text.
fn encoded(text: &str, out: &mut Vec<String>) {
    let bytes = text.as_bytes();
    if bytes.len() < MIN_SECRET {
        return;
    }
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        let whole = engine.encode(bytes);
        let padding = "=".repeat((4 - whole.len() % 4) % 4);
        out.push(whole.clone() + &padding);
        out.push(whole);
        // Inside a longer text: the characters that depend on the secret alone, for each alignment.
        for before in 0..3 {
            let shifted = engine.encode([&[0; 2][..before], bytes].concat());
            let (from, to) = ((before * 8).div_ceil(6), (before + bytes.len()) * 8 / 6);
            out.push(shifted[from..to].to_owned());
        }
    }
    let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    out.push(hex.to_uppercase());
    out.push(hex);
}

/// A JSON secret on one line, as some tools print it: blanks around brackets and after `:` and `,`.
fn respaced(joined: &str, out: &mut Vec<String>) {
    if joined.len() < MIN_SECRET {
        return;
    }
    let mut spaced = String::with_capacity(joined.len() * 2);
    for c in joined.chars() {
        match c {
            ':' | '{' | '[' | ',' => spaced.extend([c, ' ']),
            '}' | ']' => spaced.extend([' ', c]),
            c => spaced.push(c),
        }
    }
    let inner = spaced.strip_prefix("{ ").unwrap_or(&spaced);
    out.push(inner.strip_suffix('}').unwrap_or(inner).to_owned());
    out.push(spaced);
    out.push(joined.to_owned());
}

/// `\uXXXX` for everything beyond ASCII.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}

fn url(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte as char),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

/// `%C3` becomes `%c3`.
fn lower_escapes(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut escaped = 0;
    for c in url.chars() {
        if c == '%' {
            escaped = 3;
        }
        out.push(if escaped > 0 { c.to_ascii_lowercase() } else { c });
        escaped = i32::max(escaped - 1, 0);
    }
    out
}
