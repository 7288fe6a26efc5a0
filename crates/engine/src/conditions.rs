//! Conditions of nodes and stages on parameters (spec 7).

use crate::state::Params;
use cds_expr::{
    condition::{self, PlainCheck},
    interpolate::Vars,
};
use cds_workflow::def::Conditions;

/// Parameters as the expressions see them.
pub(crate) struct ParamVars<'a>(pub &'a Params);

impl Vars for ParamVars<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|p| p.value.as_str())
    }
    fn names(&self) -> Box<dyn Iterator<Item = &str> + '_> {
        Box::new(self.0.keys().map(String::as_str))
    }
}

/// Whether conditions hold, with each check in words; the error is a sentence.
pub(crate) fn evaluate(conditions: &Conditions, params: &Params) -> Result<(bool, Vec<String>), String> {
    if conditions.is_empty() {
        return Ok((true, Vec::new()));
    }
    let checks: Vec<PlainCheck<'_>> = conditions
        .check
        .iter()
        .map(|c| PlainCheck { variable: &c.variable, operator: &c.operator, value: &c.value })
        .collect();
    let outcome =
        condition::eval(&checks, &conditions.script, &ParamVars(params)).map_err(|e| e.to_string())?;
    let mut why: Vec<String> = outcome
        .why
        .iter()
        .map(|c| {
            let verdict = if c.ok { "true" } else { "false" };
            format!("{} ({:?}) {} {:?}: {verdict}", c.variable, c.actual, c.operator, c.expected)
        })
        .collect();
    if why.is_empty() {
        why.push(format!("the Lua script returned {}", outcome.holds));
    }
    Ok((outcome.holds, why))
}
