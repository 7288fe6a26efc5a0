//! Conditions of nodes and stages on parameters (spec 7).

use crate::{params, state::Params};
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
        why.extend(read_by(&conditions.script, params));
    }
    Ok((outcome.holds, why))
}

/// Whether conditions that are false would hold if a person started the node.
pub(crate) fn hold_by_hand(conditions: &Conditions, params: &Params) -> bool {
    let mut by_hand = params.clone();
    params::set(&mut by_hand, "cds.manual", "true", "builtin", false);
    evaluate(conditions, &by_hand).is_ok_and(|(holds, _)| holds)
}

/// What a script read: each variable it names with the value it had, as people ask first for exactly that.
fn read_by(script: &str, params: &Params) -> Vec<String> {
    const MOST: usize = 20;
    let names: std::collections::BTreeSet<&str> = script
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        .collect();
    let mut found = std::collections::BTreeMap::new();
    for (name, param) in params {
        let global = cds_expr::lua::global_name(name);
        if names.contains(global.as_str()) {
            let value: String = param.value.chars().take(200).collect();
            found.insert(global, format!("{name} is {value:?}"));
        }
    }
    // A name with the look of a variable and no value is most often what is wrong.
    for name in names.iter().filter(|n| ["cds_", "git_", "workflow_"].iter().any(|p| n.starts_with(p))) {
        found.entry((*name).to_string()).or_insert_with(|| format!("{name} is not set (nil)"));
    }
    found.into_values().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::Param;

    #[test]
    fn a_script_says_what_it_read() {
        let param = |v: &str| Param { value: v.into(), ..Param::default() };
        let params: Params = [("git.branch".to_string(), param("dev")), ("other".to_string(), param("x"))]
            .into_iter()
            .collect();
        let script = "return git_branch == 'master' and cds_status == 'Success'";
        let conditions = Conditions { script: script.into(), ..Conditions::default() };
        let (holds, why) = evaluate(&conditions, &params).unwrap();
        assert!(!holds);
        let expected =
            ["the Lua script returned false", "cds_status is not set (nil)", "git.branch is \"dev\""];
        assert_eq!(why, expected);
    }
}
