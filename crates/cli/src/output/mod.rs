//! What the four kinds of commands print: rows, one object, a deletion, free text (spec client 1.2).
//!
//! Everything here is a function from values to text, so that the goldens can compare byte for byte.

mod fields;
mod plain;
mod table;
mod yaml;

pub use fields::{Filter, Record, go_time};
pub use plain::harmless;
pub use plain::key_values;
pub use table::grid;
pub use yaml::scalar as yaml_scalar;

use crate::error::CliError;
use indexmap::IndexMap;

/// How objects are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A grid for lists, aligned lines for one object.
    Human,
    /// JSON whose values are all strings, as the reference's.
    Json,
    /// The same as YAML, keys sorted.
    Yaml,
}

/// What was asked of the output, from the flags.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--format`.
    pub format: Format,
    /// `-q`: the key only.
    pub quiet: bool,
    /// `--fields`: names to keep; empty = all.
    pub fields: Vec<String>,
    /// `--filter`.
    pub filter: Filter,
    /// `--verbose`: fields that are not shown otherwise too.
    pub verbose: bool,
    /// Statuses in colour; only ever true on a terminal.
    pub colour: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            format: Format::Human,
            quiet: false,
            fields: Vec::new(),
            filter: Filter::default(),
            verbose: false,
            colour: false,
        }
    }
}

/// Text of a list command: table, JSON, YAML, or keys.
pub fn list(rows: &[Record], options: &Options) -> Result<String, CliError> {
    let rows: Vec<&Record> = rows.iter().filter(|row| options.filter.accepts(row, options.verbose)).collect();
    if options.quiet {
        return Ok(rows.iter().map(|row| format!("{}\n", row.key())).collect());
    }
    let maps: Vec<IndexMap<String, String>> =
        rows.iter().map(|row| row.select(&options.fields, options.verbose)).collect();
    Ok(match options.format {
        Format::Json => json(&maps)?,
        Format::Yaml => yaml::list(&maps),
        Format::Human if maps.is_empty() => "nothing to display...".to_string(),
        Format::Human => grid(&maps, options.colour),
    })
}

/// Text of a show command.
pub fn show(row: &Record, options: &Options) -> Result<String, CliError> {
    let map = row.select(&options.fields, options.verbose);
    Ok(match options.format {
        Format::Json => json(&map)?,
        Format::Yaml => yaml::map(&map),
        Format::Human if options.quiet => format!("{}\n", row.key()),
        Format::Human => key_values(&map, options.colour),
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, CliError> {
    serde_json::to_string(value).map_err(|e| CliError::failed(format!("cannot write JSON: {e}")))
}

/// Wraps a status in the colour people expect of it.
pub(crate) fn status_colour(text: &str) -> Option<&'static str> {
    Some(match text {
        "Success" | "OK" | "up" => "\x1b[32m",
        "Fail" | "AL" | "down" => "\x1b[31m",
        "Building" => "\x1b[34m",
        "Waiting" | "Pending" | "WARN" => "\x1b[33m",
        "Stopped" | "Skipped" | "Disabled" | "Never Built" => "\x1b[90m",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
