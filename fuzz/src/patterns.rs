//! Shell patterns, compared with the plainest way to match them.

use crate::text;

#[allow(dead_code)]
#[path = "../../crates/worker/src/glob.rs"]
mod glob;

/// A pattern, a zero byte, a name.
pub fn globs(data: &[u8]) {
    let Some(at) = data.iter().position(|b| *b == 0) else { return };
    let (pattern, name) = (text(&data[..at]), text(&data[at + 1..]));
    let escaped: Vec<char> = glob::escape(name).chars().collect();
    let name: Vec<char> = name.chars().collect();
    assert!(glob::matches(&escaped, &name), "an escaped name does not match itself");
    if glob::check(pattern).is_err() {
        return;
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let found = glob::matches(&pattern, &name);
    if pattern.len() <= 12 && name.len() <= 16 {
        assert_eq!(found, naive(&pattern, &name), "{pattern:?} {name:?}");
    }
}

/// Tries everything.
fn naive(pattern: &[char], name: &[char]) -> bool {
    match pattern {
        [] => name.is_empty(),
        ['*', rest @ ..] => (0..=name.len()).any(|n| naive(rest, &name[n..])),
        ['?', rest @ ..] => !name.is_empty() && naive(rest, &name[1..]),
        ['\\', c, rest @ ..] => name.first() == Some(c) && naive(rest, &name[1..]),
        ['[', rest @ ..] => {
            let Some(c) = name.first() else { return false };
            let (negated, mut rest) = match rest {
                ['^', rest @ ..] => (true, rest),
                _ => (false, rest),
            };
            let (mut hit, mut first) = (false, true);
            loop {
                rest = match rest {
                    [']', rest @ ..] if !first => break hit != negated && naive(rest, &name[1..]),
                    _ => {
                        let Some((low, after)) = item(rest) else { return false };
                        match after {
                            ['-', next, ..] if *next != ']' => {
                                let Some((high, after)) = item(&after[1..]) else { return false };
                                hit |= low <= *c && *c <= high;
                                after
                            }
                            _ => {
                                hit |= low == *c;
                                after
                            }
                        }
                    }
                };
                first = false;
            }
        }
        [c, rest @ ..] => name.first() == Some(c) && naive(rest, &name[1..]),
    }
}

fn item(class: &[char]) -> Option<(char, &[char])> {
    match class {
        ['\\', c, rest @ ..] | [c, rest @ ..] => Some((*c, rest)),
        [] => None,
    }
}
