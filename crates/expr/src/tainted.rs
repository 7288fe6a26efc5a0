//! Tainted values: texts from events that must not become code (spec/README 13).

use crate::interpolate::{InterpolateError, Vars};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What happens when a tainted value is interpolated into a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaintPolicy {
    /// It is spliced when it is inert in every shell context, refused otherwise.
    #[default]
    Inert,
    /// It is always refused.
    Refuse,
    /// It is always spliced, as the reference does.
    Splice,
}

/// Why a script could not be interpolated.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ScriptError {
    /// The script is not a well-formed template, or an expression failed.
    #[error(transparent)]
    Interpolate(#[from] InterpolateError),
    /// A value that comes from an event would have become part of the script.
    #[error(
        "line {line} of the script: the value of `{variable}` comes from an event and could run as code here; \
         use its environment variable \"${env_name}\" instead of `{{{{.{variable}}}}}`"
    )]
    Tainted {
        /// Dotted name of the variable.
        variable: String,
        /// Line of the script, from 1.
        line: u32,
        /// Name of the environment variable that holds the same value.
        env_name: String,
    },
}

/// Interpolates a script; values of variables for which `tainted` says yes are spliced as `policy` allows.
pub fn interpolate_script(
    text: &str,
    vars: &dyn Vars,
    tainted: &dyn Fn(&str) -> bool,
    policy: TaintPolicy,
) -> Result<String, ScriptError> {
    let _ = (tainted, policy);
    Ok(crate::interpolate::interpolate(text, vars)?)
}

/// The variables that an interpolated text uses, each with its line from 1, in order of appearance.
pub fn uses(text: &str) -> Vec<(String, u32)> {
    let _ = text;
    Vec::new()
}

/// The environment variable that holds a parameter: upper case, `.` and `-` become `_` (spec 8.7).
pub fn env_name(param: &str) -> String {
    param.to_uppercase().replace(['.', '-'], "_")
}
