//! Conditions and the `when` shortcut (spec 3.2.1, 7).

use crate::def::{Check, Conditions};
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::read::Fields;
use crate::yaml::Node;
use cds_expr::condition::{ConditionError, PlainCheck, eval};
use indexmap::IndexMap;

/// Operators of plain checks.
pub const OPERATORS: &[&str] = &["eq", "ne", "lt", "le", "gt", "ge", "regex"];

/// The check that a word of `when` stands for.
pub fn when_check(word: &str) -> Option<Check> {
    let (variable, value) = match word {
        "success" => ("cds.status", "Success"),
        "manual" => ("cds.manual", "true"),
        _ => return None,
    };
    Some(Check { variable: variable.into(), operator: "eq".into(), value: value.into() })
}

/// The word of `when` that stands for a check.
pub fn when_word(check: &Check) -> Option<&'static str> {
    ["success", "manual"].into_iter().find(|w| when_check(w).as_ref() == Some(check))
}

/// Reads `conditions` of anything. `strict`: an unknown operator is an error, as the reference has it on nodes only.
pub fn conditions(node: Option<&Node>, what: &str, strict: bool, d: &mut Diags) -> Conditions {
    let Some(node) = node else { return Conditions::default() };
    let Some(mut f) = Fields::new(node, format!("`conditions` of {what}"), d) else {
        return Conditions::default();
    };
    // JSON files of the reference use other names for the same keys.
    let plain = if f.get("check").is_some() { "check" } else { "plain" };
    let lua = if f.get("script").is_some() { "script" } else { "lua_script" };
    let items = f.list(plain, d);
    let script = f.string(lua, d);
    f.allow(&["check", "script"]);
    let script = if script.trim().is_empty() { String::new() } else { script };
    let check = items.iter().filter_map(|i| check(i, what, strict, d)).collect();
    legacy(&f, d);
    Conditions { check, script }
}

/// `conditions: {git.branch: master}` of old releases: imported, without effect.
fn legacy(f: &Fields<'_>, d: &mut Diags) {
    for (key, entry) in f.rest() {
        let value = entry.value.text().unwrap_or("…");
        let found =
            d.warn(entry.at, Rule::UnknownKey, format!("unknown key `{key}` in `conditions`, ignored"));
        match nearest(key, ["check", "script"]) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help(format!("write check: [{{variable: {key}, operator: eq, value: {value}}}]")),
        };
    }
}

fn check(item: &Node, what: &str, strict: bool, d: &mut Diags) -> Option<Check> {
    let mut f = Fields::new(item, format!("a check of {what}"), d)?;
    let found = Check {
        variable: f.string("variable", d),
        operator: f.string("operator", d),
        value: f.string("value", d),
    };
    if !OPERATORS.contains(&found.operator.as_str()) {
        bad_operator(&found.operator, f.mark("operator"), what, strict, d);
    }
    if found.operator == "regex"
        && let Some(why) = regex_error(&found.value)
    {
        d.warn(
            f.mark("value"),
            Rule::Condition,
            format!("{:?} is no regular expression, so the check is false: {why}", found.value),
        )
        .help("escape characters such as ( [ * with a backslash");
    }
    if found.variable.is_empty() {
        d.warn(f.mark("variable"), Rule::Condition, "a check without variable compares with nothing")
            .help("name the variable without braces, e.g. variable: git.branch");
    } else if found.variable.contains("{{") {
        d.warn(f.mark("variable"), Rule::Condition, format!("{:?} is no name of a variable", found.variable))
            .help("name the variable without braces, e.g. variable: git.branch");
    }
    f.finish(d);
    Some(found)
}

/// Why a pattern is no regular expression (in Go's syntax, spec 7.1). One that holds `{{` is known only in a run.
pub fn regex_error(pattern: &str) -> Option<String> {
    let check = PlainCheck { variable: "", operator: "regex", value: pattern };
    let nothing: IndexMap<String, String> = IndexMap::new();
    match eval(&[check], "", &nothing) {
        Err(ConditionError::Regex { what, .. }) if !pattern.contains("{{") => {
            // The compiler draws the place over several lines; the reason is the last.
            Some(what.lines().last().unwrap_or_default().trim().to_owned())
        }
        _ => None,
    }
}

fn bad_operator(operator: &str, at: Mark, what: &str, strict: bool, d: &mut Diags) {
    let message = format!("unknown operator {operator:?} in a condition of {what}");
    let found = if strict {
        let found = d.error(at, Rule::Condition, message);
        found.id(ids::BAD_OPERATOR)
    } else {
        d.warn(at, Rule::Condition, format!("{message}; the check counts as true")).id(ids::BAD_OPERATOR)
    };
    let meant = match operator {
        "=" | "==" | "is" | "equal" => Some("eq"),
        "!=" | "<>" | "not" => Some("ne"),
        "<" => Some("lt"),
        "<=" => Some("le"),
        ">" => Some("gt"),
        ">=" => Some("ge"),
        "match" | "=~" | "~" => Some("regex"),
        other => nearest(other, OPERATORS.iter().copied()),
    };
    match meant {
        Some(word) => found.help(format!("did you mean `{word}`?")),
        None => found.help(format!("operators: {}", OPERATORS.join(", "))),
    };
}

/// Appends what `when` stands for. Checks equal to such a word move behind the others, so that a file and its export
/// read the same.
pub fn add_when(conditions: &mut Conditions, words: &[(String, Mark)], d: &mut Diags) {
    let (mut plain, mut short): (Vec<Check>, Vec<Check>) =
        std::mem::take(&mut conditions.check).into_iter().partition(|c| when_word(c).is_none());
    for (word, at) in words {
        match when_check(word) {
            Some(check) => {
                if short.contains(&check) {
                    d.warn(*at, Rule::NoEffect, format!("the condition `{word}` is already there"));
                } else {
                    short.push(check);
                }
            }
            None => {
                let found = d.error(*at, Rule::Condition, format!("unsupported when condition {word}"));
                found.id(ids::WRONG_REQUEST);
                found.help("write success or manual, or use `conditions` for anything else");
            }
        }
    }
    if let (Some((_, at)), false) = (words.first(), conditions.script.is_empty()) {
        d.warn(*at, Rule::NoEffect, "`when` has no effect beside a script")
            .help("write it into the script: cds_status == \"Success\", cds_manual == \"true\"");
    }
    plain.append(&mut short);
    conditions.check = plain;
}
