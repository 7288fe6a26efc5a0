//! Objects as flat lists of named texts, their selection and filtering (spec client 1.2).

use crate::error::CliError;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use regex::Regex;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    value: String,
    only_verbose: bool,
}

/// An object as commands show it: fields with their display names, one of which may be the key for `-q`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    fields: Vec<Field>,
    key: Option<usize>,
}

impl Record {
    /// An object without fields.
    pub fn new() -> Self {
        Self::default()
    }
    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.push(Field { name: name.to_string(), value: value.to_string(), only_verbose: false });
        self
    }
    /// Adds the field that `-q` prints.
    #[must_use]
    pub fn with_key(mut self, name: &str, value: impl ToString) -> Self {
        self.key = Some(self.fields.len());
        self.with(name, value)
    }
    /// Adds a field that only `--verbose` shows.
    #[must_use]
    pub fn more(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.push(Field { name: name.to_string(), value: value.to_string(), only_verbose: true });
        self
    }
    /// Adds an instant, RFC 3339, in the form people of the reference know.
    #[must_use]
    pub fn with_time(self, name: &str, rfc3339: &str) -> Self {
        let text = go_time(rfc3339);
        self.with(name, text)
    }
    /// The key's value; empty if no field is the key.
    pub fn key(&self) -> &str {
        self.key.and_then(|i| self.fields.get(i)).map_or("", |f| f.value.as_str())
    }
    /// A field's value by its exact name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.name == name).map(|f| f.value.as_str())
    }
    /// Fields to show, sorted by name. `only` names those to keep, in exact, upper- or lower-case spelling.
    pub fn select(&self, only: &[String], verbose: bool) -> IndexMap<String, String> {
        let wanted = |name: &str| {
            only.is_empty()
                || only.iter().any(|o| o == name || *o == name.to_uppercase() || *o == name.to_lowercase())
        };
        let mut map: IndexMap<String, String> = self
            .fields
            .iter()
            .filter(|f| (verbose || !f.only_verbose) && wanted(&f.name))
            .map(|f| (f.name.clone(), f.value.clone()))
            .collect();
        map.sort_unstable_keys();
        map
    }
}

/// `--filter "a=regex b=regex"`: all terms must match whole values; an unknown name filters nothing.
#[derive(Clone, Debug, Default)]
pub struct Filter(Vec<(String, Regex)>);

impl Filter {
    /// Reads the flag's text.
    ///
    /// # Errors
    /// A term without `=`, or one whose right side is not a regular expression.
    pub fn parse(text: &str) -> Result<Self, CliError> {
        let mut terms = Vec::new();
        for term in text.split(' ').filter(|t| !t.is_empty()) {
            let (name, pattern) = term
                .split_once('=')
                .ok_or_else(|| CliError::failed("Filter should be formatted like name=value".to_string()))?;
            let start = if pattern.starts_with('^') { "" } else { "^" };
            let end = if pattern.ends_with('$') { "" } else { "$" };
            let regex = Regex::new(&format!("{start}{pattern}{end}")).map_err(|e| {
                CliError::failed(format!("filter of '{name}' is not a regular expression: {e}"))
            })?;
            terms.push((name.to_lowercase(), regex));
        }
        Ok(Self(terms))
    }

    /// Whether a row is kept.
    pub fn accepts(&self, row: &Record, verbose: bool) -> bool {
        self.0.iter().all(|(name, regex)| {
            row.fields
                .iter()
                .filter(|f| (verbose || !f.only_verbose) && f.name.to_lowercase() == *name)
                .all(|f| regex.is_match(&f.value))
        })
    }
}

/// RFC 3339 text in the notation the reference prints instants in (`2024-01-02 15:04:05.12 +0000 UTC`); other text
/// is left as it is.
pub fn go_time(rfc3339: &str) -> String {
    let Ok(at) = DateTime::parse_from_rfc3339(rfc3339) else { return rfc3339.to_string() };
    let at = at.with_timezone(&Utc);
    let mut text = at.format("%Y-%m-%d %H:%M:%S%.9f").to_string();
    text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    text + " +0000 UTC"
}
