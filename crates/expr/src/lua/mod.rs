//! Lua conditions and retention rules (spec 7.2, 6.14) in a sandbox.
//!
//! Scripts see texts, a few libraries and nothing else. Each is stopped when it takes too many steps, too much
//! time or too much memory. One prepared machine per thread runs them; every script gets an environment of its own,
//! so nothing leaks from one to the next.

mod json;
mod re;
mod vm;

#[cfg(test)]
mod tests;

use crate::interpolate::Vars;
use std::cell::RefCell;
use thiserror::Error;
use vm::{Var, Vm};

/// Why a script gave no boolean.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LuaError {
    /// The script does not compile or failed; the text names the line.
    #[error("{0}")]
    Script(String),
    /// The script took too many steps, too long or too much memory.
    #[error("the script was stopped: {0}")]
    Limit(String),
    /// The script returned something else than a boolean.
    #[error("invalid result of type {0} expected boolean")]
    NotBoolean(String),
}

/// A value given to a strict script.
#[derive(Debug, Clone, PartialEq)]
pub enum LuaValue {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
}

/// The longest script, in bytes.
const MAX_SCRIPT: usize = 256 << 10;

thread_local! {
    /// The machine of this thread, while no script runs on it.
    static PREPARED: RefCell<Option<Vm>> = const { RefCell::new(None) };
}

/// Runs a condition (spec 7.2). Every variable is a global text; `.` and `-` of its name become `_`. A variable
/// that does not exist is `nil`. The script must return a boolean.
pub fn eval_bool(script: &str, vars: &dyn Vars) -> Result<bool, LuaError> {
    run(script, false, vars.names().filter_map(|name| Some((name, Var::Text(vars.get(name)?)))))
}

/// Runs a retention rule (spec 6.14): like [`eval_bool`], but numbers can be given, and reading a variable that
/// does not exist is an error.
pub fn eval_bool_strict(script: &str, vars: &[(String, LuaValue)]) -> Result<bool, LuaError> {
    let values = vars.iter().map(|(name, value)| match value {
        LuaValue::Text(text) => (name.as_str(), Var::Text(text)),
        LuaValue::Number(number) => (name.as_str(), Var::Number(*number)),
    });
    run(script, true, values)
}

/// The global a variable is seen as: `.` and `-` become `_`.
pub fn global_name(variable: &str) -> String {
    variable.replace(['.', '-'], "_")
}

fn run<'a>(
    script: &str,
    strict: bool,
    vars: impl Iterator<Item = (&'a str, Var<'a>)>,
) -> Result<bool, LuaError> {
    if script.len() > MAX_SCRIPT {
        return Err(LuaError::Script(format!("the script is longer than {} KiB", MAX_SCRIPT >> 10)));
    }
    // Taken out while it runs: a machine that panics or is stopped is not used again.
    let vm = match PREPARED.with(|prepared| prepared.borrow_mut().take()) {
        Some(vm) => vm,
        None => Vm::new().map_err(|error| LuaError::Script(format!("Lua cannot be started: {error}")))?,
    };
    let result = vm.run(script, strict, vars);
    if !matches!(result, Err(LuaError::Limit(_))) {
        vm.tidy();
        PREPARED.with(|prepared| *prepared.borrow_mut() = Some(vm));
    }
    result
}
