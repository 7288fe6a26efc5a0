//! Which expressions are left as they are (spec 8.5, steps 2 and 3).
//!
//! Scripts are full of templates that other programs read (`docker inspect -f '{{.State}}'`): an expression that
//! uses an unknown variable or helper stays in the text.

use super::Vars;
use crate::helpers;

/// An expression made only of letters, digits, `. " _ - | µ` and white space.
pub(crate) struct Plain<'a> {
    /// What stands between the braces.
    pub(crate) inside: &'a str,
    /// Offset of the first byte after `}}`.
    pub(crate) end: usize,
}

/// The plain expression whose `{{` stands at `start`, if it is one.
pub(crate) fn plain(text: &str, start: usize) -> Option<Plain<'_>> {
    let rest = &text[start + 2..];
    let plain_char = |c: char| {
        c.is_ascii_alphanumeric()
            || matches!(c, '.' | '"' | '_' | '-' | '|' | 'µ' | ' ' | '\t' | '\n' | '\r' | '\x0c')
    };
    let length = rest.find(|c| !plain_char(c))?;
    let closed = length > 0 && rest[length..].starts_with("}}");
    closed.then(|| Plain { inside: &rest[..length], end: start + 2 + length + 2 })
}

/// The names a plain expression uses.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names<'a> {
    /// Variables, without the leading point.
    pub(crate) variables: Vec<&'a str>,
    /// Helpers, keywords and whatever else is not quoted.
    pub(crate) helpers: Vec<&'a str>,
}

impl Names<'_> {
    /// Whether the expression says itself what happens to unknown variables.
    pub(crate) fn has_default(&self) -> bool {
        self.helpers.iter().any(|helper| matches!(*helper, "default" | "ternary"))
    }

    /// Whether every variable and helper is known.
    pub(crate) fn known(&self, vars: &dyn Vars) -> bool {
        self.variables.iter().all(|name| vars.get(name).is_some())
            && self.helpers.iter().all(|name| helpers::is_helper(name))
    }
}

/// Splits on blanks, or on `|` when there is no blank at all: `{{.v|upper}}` has a variable `v`, but
/// `{{.v|default "x"}}` has one unknown name `v|default` (spec 8.5, a quirk kept).
pub(crate) fn names(inside: &str) -> Names<'_> {
    let mut tokens = split_outside_quotes(inside, ' ');
    if tokens.len() == 1 {
        tokens = split_outside_quotes(inside, '|');
    }
    let mut names = Names::default();
    for token in tokens {
        let token = token.trim();
        match token.as_bytes().first() {
            None | Some(b'0'..=b'9' | b'"' | b'|') => {}
            Some(b'.') => names.variables.push(&token[1..]),
            Some(_) => names.helpers.push(token),
        }
    }
    names
}

fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut quoted = false;
    text.split(|c| {
        quoted ^= c == '"';
        c == separator && !quoted
    })
    .collect()
}
