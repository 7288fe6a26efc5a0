//! Conditions: plain checks and Lua scripts (spec 7).

use crate::go_regex;
use crate::interpolate::{InterpolateError, Vars, interpolate};
use crate::lua::{self, LuaError};
use crate::tainted::uses;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
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
    /// `eq`, `ne`, `lt`, `le`, `gt`, `ge` or `regex`; anything else counts as true.
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

/// Evaluates conditions (spec 7): a script that is not empty decides alone, otherwise all checks must hold.
/// No conditions at all hold.
pub fn eval(checks: &[PlainCheck<'_>], script: &str, vars: &dyn Vars) -> Result<Outcome, ConditionError> {
    if !script.is_empty() {
        return Ok(Outcome { holds: lua::eval_bool(script, vars)?, why: Vec::new() });
    }
    if checks.is_empty() {
        return Ok(Outcome { holds: true, why: Vec::new() });
    }
    let scope = Resolved::new(vars);
    let mut why = Vec::with_capacity(checks.len());
    for check in checks {
        why.push(one(check, &scope)?);
    }
    Ok(Outcome { holds: why.iter().all(|check| check.ok), why })
}

/// Variables after one pass of interpolation, each seeing those before it (spec 7.1).
struct Resolved<'a> {
    vars: &'a dyn Vars,
    /// The values that interpolation changed.
    changed: HashMap<String, String>,
    /// The values that cannot be interpolated. Only a check that reads one fails: a commit message with `{{`
    /// must not turn conditions on the branch false.
    broken: HashMap<String, InterpolateError>,
}

impl<'a> Resolved<'a> {
    fn new(vars: &'a dyn Vars) -> Self {
        let mut resolved = Self { vars, changed: HashMap::new(), broken: HashMap::new() };
        for name in vars.names() {
            let Some(value) = vars.get(name).filter(|value| value.contains("{{")) else { continue };
            match interpolate(value, &resolved) {
                Ok(new) => {
                    resolved.changed.insert(name.to_owned(), new);
                }
                Err(error) => {
                    resolved.broken.insert(name.to_owned(), error);
                }
            }
        }
        resolved
    }

    /// An error if the variable cannot be interpolated.
    fn check(&self, name: &str) -> Result<(), ConditionError> {
        match self.broken.get(name) {
            Some(source) => {
                Err(ConditionError::Interpolate { place: format!("variable {name}"), source: source.clone() })
            }
            None => Ok(()),
        }
    }
}

impl Vars for Resolved<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.changed.get(name).map(String::as_str).or_else(|| self.vars.get(name))
    }
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        self.vars.names()
    }
}

fn one(check: &PlainCheck<'_>, vars: &Resolved<'_>) -> Result<CheckResult, ConditionError> {
    let PlainCheck { variable, operator, value } = *check;
    vars.check(variable)?;
    if !vars.broken.is_empty() {
        for (name, _) in uses(value) {
            vars.check(&name)?;
        }
    }
    let actual = vars.get(variable).unwrap_or_default();
    let expected = interpolate(value, vars).map_err(|source| ConditionError::Interpolate {
        place: format!("value of the condition on {variable}"),
        source,
    })?;
    let wanted = expected.as_str();
    let ok = match operator {
        "eq" => actual == wanted,
        "ne" => actual != wanted,
        // Rust compares texts byte by byte, as the rule wants.
        "lt" => actual < wanted,
        "le" => actual <= wanted,
        "gt" => actual > wanted,
        "ge" => actual >= wanted,
        "regex" => go_regex::compile(wanted, actual.len())
            .map_err(|what| ConditionError::Regex {
                variable: variable.to_owned(),
                pattern: wanted.to_owned(),
                what,
            })?
            .is_match(actual),
        _ => true,
    };
    let (variable, operator, actual) = (variable.to_owned(), operator.to_owned(), actual.to_owned());
    Ok(CheckResult { variable, operator, expected, actual, ok })
}

#[cfg(test)]
mod tests {
    use super::*;
    use indexmap::IndexMap;

    fn vars(pairs: &[(&str, &str)]) -> IndexMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn holds(variable: &str, operator: &str, value: &str) -> bool {
        let vars = vars(&[("git.branch", "release/1"), ("n", "10"), ("v", "Hello"), ("ref", "{{.v}}!")]);
        eval(&[PlainCheck { variable, operator, value }], "", &vars).unwrap().holds
    }

    #[test]
    fn operators() {
        for (variable, operator, value, expected) in [
            ("git.branch", "eq", "release/1", true),
            ("git.branch", "ne", "release/1", false),
            ("n", "lt", "9", true),
            ("n", "le", "10", true),
            ("n", "gt", "1", true),
            ("n", "ge", "2", false),
            ("git.branch", "regex", "lease", true),
            ("git.branch", "regex", "^lease", false),
            ("unset", "eq", "", true),
            ("v", "eq", "{{.v}}", true),
            ("ref", "eq", "Hello!", true),
            ("v", "unknown", "x", true),
        ] {
            assert_eq!(holds(variable, operator, value), expected, "{variable} {operator} {value}");
            assert_eq!(check_operator(operator), operator != "unknown");
        }
    }

    #[test]
    fn all_checks_are_shown() {
        let vars = vars(&[("a", "1"), ("b", "2")]);
        let check = |variable, value| PlainCheck { variable, operator: "eq", value };
        let outcome = eval(&[check("a", "x"), check("b", "{{.b}}")], "", &vars).unwrap();
        assert!(!outcome.holds);
        let shown: Vec<_> =
            outcome.why.iter().map(|w| (w.actual.as_str(), w.expected.as_str(), w.ok)).collect();
        assert_eq!(shown, [("1", "x", false), ("2", "2", true)]);
        assert_eq!(eval(&[], "", &vars), Ok(Outcome { holds: true, why: vec![] }));
    }

    #[test]
    fn a_script_decides_alone() {
        let vars = vars(&[("a.b", "1")]);
        let never = [PlainCheck { variable: "a.b", operator: "eq", value: "2" }];
        assert_eq!(eval(&never, "return a_b == '1'", &vars), Ok(Outcome { holds: true, why: vec![] }));
        let message = eval(&never, "return 1", &vars).unwrap_err().to_string();
        assert_eq!(message, "Error on LUA Condition: invalid result of type number expected boolean");
    }

    #[test]
    fn errors() {
        let broken = vars(&[("a", "{{.x"), ("b", "2")]);
        let check = |operator, value| [PlainCheck { variable: "b", operator, value }];
        let message = |checks: &[PlainCheck<'_>], vars| eval(checks, "", vars).unwrap_err().to_string();
        let reads = [PlainCheck { variable: "a", operator: "eq", value: "2" }];
        assert!(message(&reads, &broken).starts_with("variable a: invalid template format"));
        assert!(message(&check("eq", "{{.a}}"), &broken).starts_with("variable a: invalid template format"));
        assert!(eval(&check("eq", "2"), "", &broken).unwrap().holds);
        let vars = vars(&[("b", "2")]);
        assert!(message(&check("regex", "("), &vars).contains("invalid regular expression \"(\""));
        assert!(message(&check("eq", "{{.x"), &vars).starts_with("value of the condition on b"));
        // No short circuit: an error after a false check still counts.
        assert!(eval(&[check("eq", "x")[0], check("regex", "(")[0]], "", &vars).is_err());
    }
}
