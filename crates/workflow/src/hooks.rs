//! Hook models: which configuration keys they have and what the keys default to (spec 5.1, 5.3).

use crate::def::Hook;
use std::collections::BTreeMap;

/// A hook model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Exact name, as in files.
    pub name: &'static str,
    /// Keys that files may set, with their defaults.
    pub keys: &'static [(&'static str, &'static str)],
    /// Keys with a fixed value.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Keys that the server keeps for itself; never in a file.
    pub hidden: &'static [&'static str],
}

const REPOSITORY: &[&str] =
    &["vcsServer", "vcsType", "repoFullName", "webHookID", "project", "workflow", "hookIcon"];
const NONE: &[(&str, &str)] = &[];

/// Models of incoming hooks.
pub static MODELS: &[Model] = &[
    Model { name: "WebHook", keys: &[("method", "POST")], fixed: NONE, hidden: &[] },
    Model {
        name: "RepositoryWebHook",
        keys: &[("eventFilter", "")],
        fixed: &[("method", "POST")],
        hidden: REPOSITORY,
    },
    Model { name: "GerritHook", keys: &[("eventFilter", "")], fixed: NONE, hidden: REPOSITORY },
    Model { name: "Git Repository Poller", keys: &[("payload", "{}")], fixed: NONE, hidden: REPOSITORY },
    Model {
        name: "Scheduler",
        keys: &[("cron", "0 * * * *"), ("payload", "{}"), ("timezone", "UTC")],
        fixed: NONE,
        hidden: &[],
    },
    Model { name: "Kafka hook", keys: &[("integration", ""), ("topic", "")], fixed: NONE, hidden: &[] },
    Model {
        name: "RabbitMQ hook",
        keys: &[
            ("integration", ""),
            ("queue", ""),
            ("exchange_type", ""),
            ("exchange_name", ""),
            ("binding_key", ""),
            ("consumer_tag", ""),
        ],
        fixed: NONE,
        hidden: &[],
    },
    Model { name: "Workflow", keys: NONE, fixed: NONE, hidden: &[] },
];

/// Models of outgoing hooks.
pub static OUTGOING: &[Model] = &[
    Model {
        name: "WebHook",
        keys: &[("URL", ""), ("method", "POST"), ("payload", "{}")],
        fixed: NONE,
        hidden: &[],
    },
    Model {
        name: "Workflow",
        keys: &[("payload", "{}"), ("target_hook", ""), ("target_project", ""), ("target_workflow", "")],
        fixed: NONE,
        hidden: &[],
    },
];

/// An incoming model by its exact name.
pub fn model(name: &str) -> Option<&'static Model> {
    MODELS.iter().find(|m| m.name == name)
}

/// An outgoing model by its exact name.
pub fn outgoing(name: &str) -> Option<&'static Model> {
    OUTGOING.iter().find(|m| m.name == name)
}

/// Configuration of a hook with the defaults of its model filled in; keys that default to nothing stay out.
pub fn config(hook: &Hook) -> BTreeMap<String, String> {
    with_defaults(model(&hook.model), &hook.config)
}

/// True if two hooks of a node are one: same model, same configuration.
pub fn same(a: &Hook, b: &Hook) -> bool {
    a.model == b.model && config(a) == config(b)
}

/// Configuration of an outgoing hook with the defaults of its model filled in.
pub fn outgoing_config(model: &str, config: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    with_defaults(outgoing(model), config)
}

/// Events of each VCS that a repository webhook listens to when nothing else is said (spec 5.1).
pub const DEFAULT_EVENTS: &[&str] =
    &["repo:refs_changed", "repo:push", "push", "Push Hook;Tag Push Hook", "patchset-created"];

/// A repository webhook as the server makes it: no conditions, no events but the usual ones.
pub fn is_default_repository_hook(hook: &Hook) -> bool {
    let filter = hook.config.get("eventFilter").map_or("", String::as_str);
    hook.model == "RepositoryWebHook"
        && hook.conditions.is_empty()
        && (filter.is_empty() || DEFAULT_EVENTS.contains(&filter))
}

fn with_defaults(model: Option<&Model>, config: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut all = config.clone();
    for (key, default) in model.map_or(&[][..], |m| m.keys) {
        if !default.is_empty() {
            all.entry((*key).to_owned()).or_insert_with(|| (*default).to_owned());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_fill_gaps_only() {
        let hook = Hook {
            model: "Scheduler".into(),
            config: [("cron".to_owned(), "5 * * * *".to_owned())].into(),
            ..Hook::default()
        };
        let all = config(&hook);
        assert_eq!(all["cron"], "5 * * * *");
        assert_eq!(all["timezone"], "UTC");
        assert_eq!(outgoing_config("WebHook", &BTreeMap::new())["method"], "POST");
        assert!(model("webhook").is_none());
    }
}
