//! `key<spaces>value` lines.

use super::status_colour;
use indexmap::IndexMap;

/// One line for each field; values begin in the same column, at least the eleventh.
pub fn key_values(map: &IndexMap<String, String>, colour: bool) -> String {
    let width = map.keys().map(|k| k.chars().count() + 1).max().unwrap_or(0).max(10);
    let mut text = String::new();
    for (key, value) in map {
        match status_colour(value).filter(|_| colour) {
            Some(on) => text.push_str(&format!("{key:width$}{on}{value}\x1b[0m\n")),
            None => text.push_str(&format!("{key:width$}{value}\n")),
        }
    }
    text
}
