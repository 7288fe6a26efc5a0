//! Scripts: values from events spliced into them, and Lua that does not compile.

use super::source::Source;
use crate::def::{Conditions, Pipeline, Workflow};
use crate::diag::{
    Diagnostic, Mark, Rule,
    Severity::{Error, Warning},
};
use crate::parse::File;
use cds_expr::lua::{self, LuaError};
use cds_expr::{dump, tainted};
use indexmap::IndexMap;
use std::collections::BTreeSet;

/// Names of payload values that these files declare, as variables are called.
pub fn payload_names(sources: &[Source]) -> BTreeSet<String> {
    let workflows = sources.iter().filter_map(|s| match &s.file {
        Some(File::Workflow(w)) => w.nodes.first(),
        _ => None,
    });
    workflows.flat_map(|root| root.payload.keys().map(|k| dump::format_name(k, true))).collect()
}

/// True for a variable whose value comes from an event (spec/README 13).
fn is_tainted(name: &str, payload: &BTreeSet<String>) -> bool {
    // `workflow.<node>.git.branch` is the same value as seen by a parent.
    let own = name.strip_prefix("workflow.").and_then(|rest| {
        ["git.", "gerrit.", "payload"]
            .iter()
            .find_map(|p| rest.find(&format!(".{p}")).map(|i| &rest[i + 1..]))
    });
    let name = own.unwrap_or(name);
    let exact = ["git.branch", "git.tag", "git.message", "git.author", "git.author.email", "payload"];
    let below = ["git.branch.", "git.pr.", "gerrit.", "cds.triggered_by."];
    exact.contains(&name)
        || below.iter().any(|p| name.starts_with(p))
        || payload.contains(&name.to_lowercase())
}

/// Values from events that scripts of a pipeline splice in, and scripts of stages.
pub fn pipeline(source: &Source, p: &Pipeline, payload: &BTreeSet<String>, all: &mut Vec<Diagnostic>) {
    for stage in &p.stages {
        let at = source.at(&[&["options", &stage.name, "conditions", "script"]]);
        check_lua(source, at, &stage.conditions, all);
        for step in
            stage.jobs.iter().flat_map(|j| &j.steps).filter(|s| s.action.eq_ignore_ascii_case("Script"))
        {
            let text = step.parameters.get("script").map_or("", String::as_str);
            let uses: BTreeSet<(u32, String)> = tainted::uses(text)
                .into_iter()
                .filter(|(name, _)| is_tainted(name, payload))
                .map(|(name, line)| (line, name))
                .collect();
            for (line, name) in uses {
                let message = format!(
                    "line {line} of this script splices in {name}, whose value comes from an event and can carry code"
                );
                let help =
                    format!("write \"${}\" instead; the variable is always there", tainted::env_name(&name));
                let at = Mark { line: step.line, column: 1 };
                all.push(source.say(Warning, at, Rule::Tainted, message, help));
            }
        }
    }
}

/// Lua of nodes, hooks, notifications and retention.
pub fn workflow(source: &Source, w: &Workflow, all: &mut Vec<Diagnostic>) {
    for node in &w.nodes {
        let at = source.at(&[&["workflow", &node.name, "conditions", "script"], &["conditions", "script"]]);
        check_lua(source, at, &node.conditions, all);
    }
    for (name, hooks) in &w.hooks {
        let at = source.at(&[&["hooks", name], &["pipeline_hooks"]]);
        for hook in hooks {
            check_lua(source, at, &hook.conditions, all);
        }
    }
    for settings in w.notifications.iter().filter_map(|n| n.settings.as_ref()) {
        check_lua(source, source.at(&[&["notifications"], &["notify"]]), &settings.conditions, all);
    }
    let retention = Conditions { script: w.retention_policy.clone(), ..Conditions::default() };
    check_lua(source, source.at(&[&["retention_policy"]]), &retention, all);
}

fn check_lua(source: &Source, at: Mark, conditions: &Conditions, all: &mut Vec<Diagnostic>) {
    if conditions.script.trim().is_empty() {
        return;
    }
    if let Some(why) = lua_error(&conditions.script) {
        let message = format!("this Lua script does not compile: {why}");
        all.push(source.say(Error, at, Rule::Condition, message, "a script ends in `return` and a boolean"));
    } else if !conditions.script.contains("return") {
        let message = "this Lua script returns nothing, so the condition is false";
        all.push(source.say(Warning, at, Rule::Condition, message, "end it in `return` and a boolean"));
    }
}

/// Scripts of a workflow's nodes and hooks that do not compile, a sentence for each: they are imported, as a server of the
/// reference does, but nobody should learn of it from a node that never runs.
pub fn broken_scripts(w: &Workflow) -> Vec<String> {
    let nodes = w.nodes.iter().map(|n| (format!("the conditions of node {}", n.name), &n.conditions.script));
    let hooks = w.hooks.iter().flat_map(|(name, hooks)| hooks.iter().map(move |h| (name, h)));
    let hooks =
        hooks.map(|(name, h)| (format!("the conditions of a hook of node {name}"), &h.conditions.script));
    let broken = nodes.chain(hooks).filter(|(_, script)| !script.trim().is_empty());
    broken
        .filter_map(|(what, script)| {
            lua_error(script).map(|why| {
                format!("warning: the Lua script of {what} does not compile, so they are false: {why}")
            })
        })
        .collect()
}

/// What the compiler says of a script. The prefix is a whole statement that ends the script before it does
/// anything, so that it is compiled and not run; it stands on the first line, so that lines keep their numbers.
fn lua_error(script: &str) -> Option<String> {
    let nothing: IndexMap<String, String> = IndexMap::new();
    match lua::eval_bool(&format!("if true then return true end {script}"), &nothing) {
        Err(LuaError::Script(why)) => Some(why.lines().next().unwrap_or_default().to_owned()),
        _ => None,
    }
}
