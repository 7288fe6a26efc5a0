//! Regular expressions in the syntax of Go's `regexp`, which users' files are written for, on the `regex` crate.
//!
//! Both are RE2's family; what differs is translated: `\d`, `\w`, `\s` and `\b` are ASCII, `\Q…\E` quotes,
//! a `{` that begins no repetition and `[`, `&&`, `--`, `~~` inside a class are literal.

use regex::{Regex, RegexBuilder};

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 4096;
/// The largest compiled program, in bytes: it bounds the time per byte of text.
const MAX_PROGRAM: usize = 256 << 10;
/// Texts beyond this length, in bytes, are searched with proportionally smaller programs only.
const LONG_TEXT: usize = 64 << 10;

/// Compiles a pattern to search a text of this many bytes; the error is the compiler's message. The size of the
/// program is limited so that no search takes more than about a second.
pub(crate) fn compile(pattern: &str, text: usize) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
    }
    RegexBuilder::new(&translate(pattern))
        .size_limit((MAX_PROGRAM / text.div_ceil(LONG_TEXT).max(1)).max(MAX_PATTERN))
        .dfa_size_limit(MAX_PROGRAM)
        .nest_limit(100)
        .build()
        .map_err(|error| error.to_string())
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    // Inside a class: how many items were seen.
    let mut class: Option<usize> = None;
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            let (text, used) = escape(rest, class.is_some());
            out.push_str(&text);
            rest = &rest[used..];
            class = class.map(|items| items + 1);
            continue;
        }
        let mut used = c.len_utf8();
        match class {
            None if c == '[' => {
                out.push('[');
                if rest[1..].starts_with('^') {
                    out.push('^');
                    used += 1;
                }
                class = Some(0);
            }
            None if c == '{' && !repetition(rest) => out.push_str("\\{"),
            None => out.push(c),
            Some(0) if c == ']' => {
                out.push_str("\\]");
                class = Some(1);
            }
            Some(_) if c == ']' => {
                out.push(']');
                class = None;
            }
            Some(items) => {
                class = Some(items + 1);
                match rest.strip_prefix("[:").and_then(|name| name.find(":]")) {
                    Some(length) => {
                        used = length + 4;
                        out.push_str(&rest[..used]);
                    }
                    None if matches!(c, '[' | '&' | '~') => out.extend(['\\', c]),
                    None if c == '-' && rest[1..].starts_with('-') => out.push_str("\\-"),
                    None => out.push(c),
                }
            }
        }
        rest = &rest[used..];
    }
    out
}

/// Translates the escape at the begin of `rest`; gives its text and how many bytes it took.
fn escape(rest: &str, in_class: bool) -> (String, usize) {
    let Some(c) = rest[1..].chars().next() else { return (rest.to_owned(), rest.len()) };
    let used = 1 + c.len_utf8();
    let text = match c {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => "[\\t\\n\\f\\r ]",
        'S' => "[^\\t\\n\\f\\r ]",
        'b' if !in_class => "(?-u:\\b)",
        'B' if !in_class => "(?-u:\\B)",
        'Q' if !in_class => {
            let quoted = &rest[used..];
            let length = quoted.find("\\E").unwrap_or(quoted.len());
            let end = (used + length + 2).min(rest.len());
            return (regex::escape(&quoted[..length]), end);
        }
        _ => return (rest[..used].to_owned(), used),
    };
    (text.to_owned(), used)
}

/// Whether `{2}`, `{2,}` or `{2,3}` stands at the begin of `rest`.
fn repetition(rest: &str) -> bool {
    let Some(inside) = rest[1..].split_once('}').map(|(inside, _)| inside) else { return false };
    let (low, high) = inside.split_once(',').unwrap_or((inside, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(pattern: &str, yes: &[&str], no: &[&str]) {
        let regex = compile(pattern, 100).unwrap_or_else(|error| panic!("{pattern}: {error}"));
        for text in yes {
            assert!(regex.is_match(text), "{pattern} should match {text:?}");
        }
        for text in no {
            assert!(!regex.is_match(text), "{pattern} should not match {text:?}");
        }
    }

    #[test]
    fn dialect() {
        check("^release/.*$", &["release/1"], &["a/release/1"]);
        check(r"^\d+$", &["12"], &["१२", ""]);
        check(r"^\w+\s\W$", &["ab_ -"], &["é -"]);
        check(r"^[\d\-a]+$", &["1-a"], &["b"]);
        check(r"^[^\D]$", &["1"], &["a"]);
        check("^a{2}b{1,}c{0,1}$", &["aab", "aabbc"], &["ab"]);
        check("^feat{x}$", &["feat{x}"], &["feat"]);
        check("^[[a]$", &["[", "a"], &["b"]);
        check("^[a&&b]$", &["&", "a"], &["c"]);
        check("^[]a]$", &["]", "a"], &["["]);
        check("^[^]a]$", &["b"], &["]"]);
        check("^[[:alpha:]_]+$", &["ab_"], &["1"]);
        check(r"^\Qa.b*\E$", &["a.b*"], &["axb"]);
        check(r"\bfoo\b", &["a foo b"], &["afoo"]);
        check("(?i)^ABC$", &["abc"], &[]);
        assert!(compile("(", 100).is_err());
        assert!(compile("(?=a)", 100).is_err());
        assert!(compile(&"a".repeat(5000), 100).is_err());
        assert!(compile("((a{100}){100}){100}", 100).is_err());
        assert!(compile("^release/", 20 << 20).is_ok());
        assert!(compile("(a{20}){20}", 100).is_ok() && compile("(a{20}){20}", 20 << 20).is_err());
    }

    proptest! {
        #[test]
        fn translation_never_panics(pattern in r"[\\QEdwsbB\[\]{}()&~:^a-cé0-9,-]{0,24}") {
            let _ = compile(&pattern, 100);
        }
    }
}
