//! Which type a bare scalar has, by the rules of YAML 1.1 as the reference's library applies them (spec 1.2).

use regex::Regex;
use std::sync::LazyLock;

/// Type and value of a bare scalar.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// Empty, `~`, `null`.
    Null,
    /// `yes`, `on`, `true`, `n`, …
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number beyond `i64`.
    Uint(u64),
    /// Any other number; may be infinite or not a number.
    Float(f64),
    /// A date or a date with time; its text stays what it is.
    Timestamp,
    /// The merge key `<<`.
    Merge,
    /// Anything else.
    Str,
}

/// True for the words that mean nothing.
pub fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Boolean words in their three usual spellings.
pub fn to_bool(text: &str) -> Option<bool> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Some(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

/// A whole number for a typed field; integral floats count.
pub fn to_int(text: &str) -> Option<i64> {
    match resolve(text) {
        Resolved::Int(n) => Some(n),
        Resolved::Float(f) if f.fract() == 0.0 && f.abs() < 9e15 => Some(f as i64),
        _ => None,
    }
}

/// Resolves a bare scalar.
pub fn resolve(text: &str) -> Resolved {
    if is_null(text) {
        return Resolved::Null;
    }
    if let Some(b) = to_bool(text) {
        return Resolved::Bool(b);
    }
    match text {
        "<<" => return Resolved::Merge,
        ".nan" | ".NaN" | ".NAN" => return Resolved::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Resolved::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Resolved::Float(f64::NEG_INFINITY),
        _ => {}
    }
    match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' | b'.' => number(text),
        _ => Resolved::Str,
    }
}

fn number(text: &str) -> Resolved {
    if is_timestamp(text) {
        return Resolved::Timestamp;
    }
    let plain = text.replace('_', "");
    if let Some(found) = integer(&plain) {
        return found;
    }
    static FLOAT: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").ok());
    if FLOAT.as_ref().is_some_and(|r| r.is_match(&plain))
        && let Ok(f) = plain.parse::<f64>()
        && f.is_finite()
    {
        return Resolved::Float(f);
    }
    Resolved::Str
}

/// Whole numbers with an optional sign: decimal, `0x`, `0o` or leading `0`, `0b`.
fn integer(text: &str) -> Option<Resolved> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, digits) = if let Some(rest) = lower.strip_prefix("0x") {
        (16, rest)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (8, rest)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (2, rest)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[1..])
    } else {
        (10, lower.as_str())
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let value = u128::from_str_radix(digits, radix).ok()?;
    if negative {
        i64::try_from(-i128::try_from(value).ok()?).ok().map(Resolved::Int)
    } else if let Ok(n) = i64::try_from(value) {
        Some(Resolved::Int(n))
    } else {
        u64::try_from(value).ok().map(Resolved::Uint)
    }
}

/// `2026-11-23`, or a date with a time and perhaps a zone.
fn is_timestamp(text: &str) -> bool {
    static STAMP: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{1,2}:[0-9]{1,2}(\.[0-9]*)?[ \t]*(Z|[-+][0-9]{1,2}(:[0-9]{2})?)?)?$",
        )
        .ok()
    });
    STAMP.as_ref().is_some_and(|r| r.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_words_and_numbers() {
        for (text, want) in [
            ("", Resolved::Null),
            ("~", Resolved::Null),
            ("yes", Resolved::Bool(true)),
            ("Off", Resolved::Bool(false)),
            ("yEs", Resolved::Str),
            ("010", Resolved::Int(8)),
            ("0o17", Resolved::Int(15)),
            ("0x1F", Resolved::Int(31)),
            ("0b101", Resolved::Int(5)),
            ("-0b1", Resolved::Int(-1)),
            ("1_000", Resolved::Int(1000)),
            ("08", Resolved::Float(8.0)),
            ("+12", Resolved::Int(12)),
            ("18446744073709551615", Resolved::Uint(u64::MAX)),
            ("1.50", Resolved::Float(1.5)),
            ("1e3", Resolved::Float(1000.0)),
            (".5", Resolved::Float(0.5)),
            ("-", Resolved::Str),
            ("1.2.3", Resolved::Str),
            ("1:30", Resolved::Str),
            ("2020-01-01", Resolved::Timestamp),
            ("2020-01-01 10:00:00", Resolved::Timestamp),
            ("master", Resolved::Str),
            ("<<", Resolved::Merge),
        ] {
            assert_eq!(resolve(text), want, "{text}");
        }
        assert_eq!(to_int("3.0"), Some(3));
        assert_eq!(to_int("3.5"), None);
    }
}
