//! Steps of jobs: short forms of the built-in actions, own actions, flags (spec 3.4 to 3.6).

use crate::builtin::{self, Action, Form};
use crate::def::Step;
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::read::{self, Fields, shorten, string_map, wrong_type};
use crate::yaml::{Data, Node, Resolved, resolve};
use indexmap::IndexMap;

/// The step's limit of time. Followed by a mapping it is a user action of that name, as everywhere in files of before.
const TIMEOUT: &str = "timeout";

/// Reads one step; `None` after an error.
pub fn step(node: &Node, d: &mut Diags) -> Option<Step> {
    let Data::Map(map) = &node.data else {
        wrong_type(node, "a step", "a mapping such as {script: [make]}", d);
        return None;
    };
    let mut f = Fields::new(node, "a step", d)?;
    let mut step = Step {
        name: f.string("name", d),
        enabled: f.boolean("enabled", d).unwrap_or(true),
        optional: f.boolean("optional", d).unwrap_or(false),
        always_executed: f.boolean("always_executed", d).unwrap_or(false),
        line: node.at.line,
        ..Step::default()
    };
    let is_limit =
        |key: &str, value: &Node| key == TIMEOUT && !matches!(value.data, Data::Map(_)) && !value.is_null();
    if map.get(TIMEOUT).is_some_and(|e| is_limit(TIMEOUT, &e.value)) {
        step.timeout_s = f.limit(TIMEOUT, d);
    }
    let mut actions: Vec<(String, Mark, IndexMap<String, String>)> = Vec::new();
    let mut broken = false;
    for (key, entry) in
        map.iter().filter(|(k, _)| k.as_str() == TIMEOUT || !builtin::STEP_FLAGS.contains(&k.as_str()))
    {
        let value = &entry.value;
        if key == "installKey" || is_limit(key, value) {
            continue;
        }
        let read = match builtin::by_key(key) {
            // Nothing after the key of a short form is the same as no key.
            Some(_) if value.is_null() => continue,
            Some(action) => short_form(action, value, d).map(|p| (action.name.to_owned(), p)),
            None if key == builtin::AS_CODE_ACTION => {
                if value.is_null() {
                    continue;
                }
                custom(key, value, entry.at, d).map(|p| (key.clone(), p))
            }
            None => custom(key, value, entry.at, d).map(|p| own_action(key, p, entry.at, d)),
        };
        match read {
            Some((name, parameters)) => actions.push((name, entry.at, parameters)),
            None => broken = true,
        }
    }
    if let Some(entry) = map.get("installKey") {
        let help = "call `worker key install NAME` in a script instead";
        if actions.is_empty() && !broken {
            d.error(entry.at, Rule::Unsupported, "malformatted step: installKey is no longer an action")
                .id(ids::WRONG_REQUEST)
                .help(help);
            return None;
        }
        d.warn(entry.at, Rule::NoEffect, "installKey has no effect").help(help);
    }
    if broken {
        return None;
    }
    let names: Vec<&str> = actions.iter().map(|a| a.0.as_str()).collect();
    match names.as_slice() {
        [] => {
            d.error(node.at, Rule::Value, "malformatted step: it names no action")
                .id(ids::WRONG_REQUEST)
                .help("give it one action, e.g. script: [make test]");
            return None;
        }
        [_] => {}
        several => {
            d.error(
                actions[1].1,
                Rule::Value,
                format!("malformatted step: it has {} actions: {}", several.len(), several.join(", ")),
            )
            .id(ids::WRONG_REQUEST)
            .help("give each action a step of its own, beginning with `- `");
            return None;
        }
    }
    let (name, _, parameters) = actions.remove(0);
    if step.name.eq_ignore_ascii_case(&name) {
        step.name.clear();
    }
    step.action = name;
    step.parameters = parameters;
    Some(step)
}

/// Parameters of a short form; empty texts are dropped, so that they do not hide a default.
fn short_form(action: &'static Action, node: &Node, d: &mut Diags) -> Option<IndexMap<String, String>> {
    match action.form {
        Form::Script => script(node, d).map(|s| IndexMap::from([("script".to_owned(), s)])),
        Form::Text => {
            let text = read::string(node, &format!("`{}`", action.key), d)?;
            let name = action.parameters.first()?.name;
            Some(if text.is_empty() { IndexMap::new() } else { IndexMap::from([(name.to_owned(), text)]) })
        }
        Form::Ignored(_) => read::string(node, &format!("`{}`", action.key), d).map(|_| IndexMap::new()),
        Form::Mapping => {
            if !matches!(node.data, Data::Map(_)) {
                let first =
                    action.parameters.iter().find(|p| p.name == "path").or(action.parameters.first())?;
                wrong_type(
                    node,
                    &format!("`{}`", action.key),
                    &format!("a mapping such as {{{}: …}}", first.name),
                    d,
                );
                return None;
            }
            let mut f = Fields::new(node, format!("`{}`", action.key), d)?;
            let mut all = IndexMap::new();
            for param in action.parameters {
                let text = f.string(param.name, d);
                // An empty tag of a clone says «no tag», which is not its default.
                let keep = action.key == "gitClone" && param.name == "tag" && f.get("tag").is_some();
                if !text.is_empty() || keep {
                    all.insert(param.name.to_owned(), text);
                }
            }
            f.finish(d);
            Some(all)
        }
    }
}

/// A script: one text, or lines. An item that YAML does not read as a text becomes an empty line.
fn script(node: &Node, d: &mut Diags) -> Option<String> {
    match &node.data {
        Data::Seq(items) => Some(items.iter().map(|i| line(i, d)).collect::<Vec<_>>().join("\n")),
        Data::Scalar { text, plain } if is_string(text, *plain) => Some(text.clone()),
        _ => {
            d.error(node.at, Rule::Type, format!("Malformatted step: a script is a text or a list of lines, not {}", node.kind()))
                .id(ids::MALFORMATTED_STEP)
                .help("write `script: |` and the lines below, or a list; put quotes around a bare number or word like true");
            None
        }
    }
}

fn is_string(text: &str, plain: bool) -> bool {
    !plain || matches!(resolve(text), Resolved::Str | Resolved::Timestamp | Resolved::Merge)
}

fn line(item: &Node, d: &mut Diags) -> String {
    match &item.data {
        Data::Scalar { text, plain } if is_string(text, *plain) => text.clone(),
        _ if item.is_null() => String::new(),
        _ => {
            let seen = item.text().map_or_else(String::new, |t| format!(" ({})", shorten(t)));
            d.warn(
                item.at,
                Rule::NoEffect,
                format!(
                    "this line of the script is {}{seen}, not a string, and becomes an empty line",
                    item.kind()
                ),
            )
            .help("put quotes around the line, or write the script as a block: `script: |`");
            String::new()
        }
    }
}

/// Parameters of an action that has no short form.
fn custom(key: &str, node: &Node, at: Mark, d: &mut Diags) -> Option<IndexMap<String, String>> {
    if !matches!(node.data, Data::Map(_)) && !node.is_null() {
        let keys = builtin::STEP_FLAGS.iter().copied().chain(builtin::ACTIONS.iter().map(|a| a.key));
        let near = nearest(key, keys);
        let found = d.error(
            at,
            Rule::Type,
            format!("`{key}` is no key of a step, and as the name of an action it needs a mapping of parameters, not {}", node.kind()),
        );
        found.id(ids::WRONG_REQUEST);
        match near {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help(format!("write `{key}: {{parameter: value}}` for an action")),
        };
        return None;
    }
    if let Some(near) = nearest(key, builtin::STEP_FLAGS.iter().copied()).filter(|_| node.is_null()) {
        d.warn(at, Rule::UnknownKey, format!("`{key}` is read as an action of that name"))
            .help(format!("did you mean `{near}`?"));
    }
    let all = string_map(node, &format!("action `{key}`"), d);
    Some(all.into_iter().map(|(k, _, v)| (k, v)).collect())
}

/// Canonical name of an action written by its own name. Built-in ones get their registered name and parameter names.
fn own_action(
    key: &str,
    parameters: IndexMap<String, String>,
    at: Mark,
    d: &mut Diags,
) -> (String, IndexMap<String, String>) {
    if key.matches('/').count() > 1 {
        d.error(at, Rule::Name, format!("{key:?} is no name of an action"))
            .id(ids::WRONG_REQUEST)
            .help("write `name` or `group/name`");
    }
    let Some(action) = builtin::action(key) else {
        // Own actions drop empty values too: they would hide the default.
        let kept = parameters.into_iter().filter(|(_, v)| !v.is_empty()).collect();
        return (builtin::file_name(key).to_owned(), kept);
    };
    let mut all = IndexMap::new();
    for (name, value) in parameters {
        let Some(param) = action.parameter(&name) else {
            let found = d.error(at, Rule::Value, format!("action {} has no parameter {name}", action.name));
            found.id(ids::WRONG_REQUEST);
            match nearest(&name, action.parameters.iter().map(|p| p.name)) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found.help("remove it"),
            };
            continue;
        };
        let keep = (action.key == "gitClone" && param.name == "tag") || action.form == Form::Script;
        if !value.is_empty() || keep {
            all.insert(param.name.to_owned(), value);
        }
    }
    if action.form == Form::Script {
        all.entry("script".to_owned()).or_default();
    }
    (action.name.to_owned(), all)
}
