//! `key<spaces>value` lines.

use super::status_colour;
use indexmap::IndexMap;

/// A text with nothing in it that a terminal would obey: what jobs gave a name may hold anything.
pub fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// One line for each field; values begin in the same column, at least the eleventh.
pub fn key_values(map: &IndexMap<String, String>, colour: bool) -> String {
    let width = map.keys().map(|k| k.chars().count() + 1).max().unwrap_or(0).max(10);
    let mut text = String::new();
    for (key, value) in map {
        let (key, value) = (&harmless(key), &harmless(value));
        match status_colour(value).filter(|_| colour) {
            Some(on) => text.push_str(&format!("{key:width$}{on}{value}\x1b[0m\n")),
            None => text.push_str(&format!("{key:width$}{value}\n")),
        }
    }
    text
}
