//! Flat maps as YAML in the dialect of the reference's emitter (spec client 1.2): keys sorted, a string that would
//! read as something else in double quotes, one that is not a plain scalar in single quotes.

use indexmap::IndexMap;

/// `- a: x` items; `[]` when empty.
pub fn list(rows: &[IndexMap<String, String>]) -> String {
    if rows.is_empty() {
        return "[]\n".to_string();
    }
    let mut text = String::new();
    for row in rows {
        if row.is_empty() {
            text.push_str("- {}\n");
        }
        for (i, (key, value)) in row.iter().enumerate() {
            text.push_str(if i == 0 { "- " } else { "  " });
            entry(&mut text, key, value, 2);
        }
    }
    text
}

/// `a: x` lines; `{}` when empty.
pub fn map(row: &IndexMap<String, String>) -> String {
    if row.is_empty() {
        return "{}\n".to_string();
    }
    let mut text = String::new();
    for (key, value) in row {
        entry(&mut text, key, value, 0);
    }
    text
}

fn entry(text: &mut String, key: &str, value: &str, indent: usize) {
    text.push_str(&format!("{}: {}\n", scalar(key, indent), scalar(value, indent)));
}

/// One string as a YAML scalar; the lines of a block are indented by two more than `indent`.
pub fn scalar(value: &str, indent: usize) -> String {
    let printable = !value.chars().any(|c| c.is_control() && c != '\n');
    let block = value.contains('\n') && printable && !value.contains(" \n") && !value.ends_with(' ');
    if block && !value.starts_with([' ', '\n']) {
        let chomp = if !value.ends_with('\n') {
            "-"
        } else if value.ends_with("\n\n") {
            "+"
        } else {
            ""
        };
        let margin = " ".repeat(indent + 2);
        let mut text = format!("|{chomp}");
        for line in value.strip_suffix('\n').unwrap_or(value).split('\n') {
            text.push('\n');
            if !line.is_empty() {
                text.push_str(&margin);
                text.push_str(line);
            }
        }
        return text;
    }
    if !printable || value.contains('\n') || reads_as_other(value) {
        return double_quoted(value);
    }
    if plain_allowed(value) { value.to_string() } else { format!("'{}'", value.replace('\'', "''")) }
}

fn double_quoted(value: &str) -> String {
    let mut text = String::from('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            c if c.is_control() => text.push_str(&format!("\\x{:02X}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

/// Whether a reader without quotes would see null, a boolean, a number or an instant.
fn reads_as_other(value: &str) -> bool {
    const WORDS: [&str; 10] = ["", "~", "<<", "null", "true", "false", "yes", "no", "on", "off"];
    let cases = |word: &str| {
        let mut chars = word.chars();
        let capital =
            chars.next().map(|c| c.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default();
        value == word || value == word.to_uppercase() || value == capital
    };
    if WORDS.iter().any(|w| cases(w)) || matches!(value, "y" | "Y" | "n" | "N") {
        return true;
    }
    let unsigned = value.strip_prefix(['+', '-']).unwrap_or(value);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(value, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    is_number(&unsigned.replace('_', "")) || is_base60(unsigned) || is_instant(value)
}

fn is_number(text: &str) -> bool {
    for (prefix, radix) in [("0x", 16), ("0X", 16), ("0b", 2), ("0B", 2), ("0o", 8), ("0O", 8)] {
        if let Some(digits) = text.strip_prefix(prefix) {
            return !digits.is_empty() && digits.chars().all(|c| c.is_digit(radix));
        }
    }
    text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'))
        && text.parse::<f64>().is_ok()
}

/// `1:30` was a number once, and old readers still take it for one.
fn is_base60(text: &str) -> bool {
    let mut parts = text.split(':');
    let head = parts.next().unwrap_or("");
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    text.contains(':')
        && digits(head)
        && parts.all(|p| p.split_once('.').map_or(p, |(whole, _)| whole).parse::<u8>().is_ok_and(|n| n < 60))
}

fn is_instant(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
        || chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
        || chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").is_ok()
}

fn plain_allowed(value: &str) -> bool {
    const FIRST: &str = "#,[]{}&*!|>'\"%@`";
    let Some(first) = value.chars().next() else { return false };
    let starts_badly = FIRST.contains(first)
        || (matches!(first, '-' | '?' | ':') && value.chars().nth(1).is_none_or(|c| c == ' '))
        || value.starts_with("---")
        || value.starts_with("...");
    let bad_inside = value.contains(": ") || value.contains(" #") || value.ends_with(':');
    !starts_badly && !bad_inside && !value.starts_with(' ') && !value.ends_with(' ')
}
