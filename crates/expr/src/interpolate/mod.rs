//! Interpolation of `{{ … }}` (spec 8.5).
//!
//! An expression that uses an unknown variable or helper stays in the text as it is, unless it uses `default` or
//! `ternary`. `{{if}} {{else}} {{end}}` works when all variables of its condition are known; otherwise such a block
//! is somebody else's template and stays too.

mod eval;
mod examine;
mod lex;
mod parse;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use eval::{Scope, render};
pub(crate) use lex::{Token, action};
pub(crate) use value::{Data, Value};

use indexmap::IndexMap;
use std::collections::{BTreeMap, HashMap};
use thiserror::Error;

/// Named texts an expression can read.
pub trait Vars {
    /// The value of a variable by its full dotted name (`git.branch`), if there is one.
    fn get(&self, name: &str) -> Option<&str>;
    /// The full names of all variables.
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_>;
}

macro_rules! vars_for_map {
    ($map:ident) => {
        impl Vars for $map<String, String> {
            fn get(&self, name: &str) -> Option<&str> {
                $map::get(self, name).map(String::as_str)
            }
            fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
                Box::new(self.keys().map(String::as_str))
            }
        }
    };
}
vars_for_map!(IndexMap);
vars_for_map!(BTreeMap);
vars_for_map!(HashMap);

/// Why a text could not be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InterpolateError {
    /// The text is not a well-formed template.
    #[error("invalid template format, line {line}: {what}")]
    Format {
        /// Line of the text, from 1.
        line: u32,
        /// What is wrong and how to mend it.
        what: String,
    },
    /// An expression failed when it was evaluated.
    #[error("failed to execute template, line {line}: {what}")]
    Execute {
        /// Line of the text, from 1.
        line: u32,
        /// What failed.
        what: String,
    },
}

/// Replaces the `{{ … }}` expressions of a text (spec 8.5). A text without `{{` comes back unchanged.
pub fn interpolate(text: &str, vars: &dyn Vars) -> Result<String, InterpolateError> {
    if !text.contains("{{") {
        return Ok(text.to_owned());
    }
    let mut out = String::with_capacity(text.len());
    render(text, &Scope { vars, tainted: &|_| false }, &mut |piece, _, _| out.push_str(piece))?;
    Ok(out)
}
