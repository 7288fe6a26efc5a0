//! Notifications and integrations of a workflow (spec 3.2.6, 3.2.7).

use super::condition::conditions;
use super::variable::value;
use crate::def::{Node, Notification, NotificationSettings, NotificationTemplate, WorkflowIntegration};
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::read::{Fields, list};
use crate::yaml;
use std::collections::BTreeMap;

/// Kinds of notifications.
const KINDS: &[&str] = &["email", "vcs", "event"];
/// When to send.
const MOMENTS: &[&str] = &["always", "never", "change"];

/// Default subject of an email; a template that says the same is as good as none.
pub const DEFAULT_SUBJECT: &str = "{{.cds.project}}/{{.cds.workflow}}#{{.cds.version}} {{.cds.status}}";

/// Which file version an entry stands in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// v2.0: has `pipelines`; an unknown type drops the entry.
    List,
    /// v1.0: nodes come from outside; an unknown type is an error.
    Old,
}

/// Reads a list of entries. `nodes` names the nodes of old entries.
pub fn notifications(
    node: &yaml::Node,
    place: Place,
    nodes: &[String],
    known: &[Node],
    d: &mut Diags,
) -> Vec<Notification> {
    let items = list(node, "notifications", d);
    items.iter().filter_map(|n| entry(n, place, nodes, known, d)).collect()
}

fn entry(
    item: &yaml::Node,
    place: Place,
    nodes: &[String],
    known: &[Node],
    d: &mut Diags,
) -> Option<Notification> {
    let mut f = Fields::new(item, "a notification", d)?;
    let kind = f.string("type", d);
    let mut found = Notification { kind: kind.clone(), nodes: nodes.to_vec(), ..Notification::default() };
    if place == Place::List {
        for (name, at) in f.strings("pipelines", d) {
            check_node(&name, at, known, d);
            found.nodes.push(name);
        }
    }
    let given = f.get("settings");
    found.settings = given.and_then(|n| settings(n, &kind, d));
    found.integration = f.string("integration", d);
    let at = f.mark("type");
    let settings_at = f.mark("settings");
    f.finish(d);
    if !KINDS.contains(&kind.as_str()) {
        let message = format!("invalid notification type {kind}");
        let found = if place == Place::Old {
            d.error(at, Rule::Value, message).id(ids::WRONG_REQUEST)
        } else {
            d.warn(at, Rule::Value, format!("{message}; the entry is dropped"))
        };
        match nearest(&kind, KINDS.iter().copied()) {
            Some(near) => found.help(format!("did you mean `{near}`?")),
            None => found.help("types: email, vcs, event"),
        };
        return None;
    }
    if kind == "event" {
        if found.integration.is_empty() {
            d.error(item.at, Rule::Value, "notification of type event must be linked to an integration")
                .id(ids::WRONG_REQUEST)
                .help("add integration: NAME");
        }
        if given.is_some() {
            d.warn(settings_at, Rule::NoEffect, "`settings` of an event notification has no effect")
                .help("remove it");
            found.settings = None;
        }
    } else if !found.integration.is_empty() {
        d.warn(
            item.at,
            Rule::NoEffect,
            format!("`integration` has no effect on a notification of type {kind}"),
        )
        .help("remove it, or write type: event");
        found.integration.clear();
    }
    Some(found)
}

/// Says that a notification names a node that is not there.
pub fn check_node(name: &str, at: Mark, known: &[Node], d: &mut Diags) {
    if known.is_empty() || known.iter().any(|n| n.name == name && !n.anonymous) {
        return;
    }
    let found = d.error(at, Rule::Reference, format!("invalid notification on [{name}] ({name} is missing)"));
    found.id(ids::NOTIFICATION_NODE);
    match nearest(name, known.iter().filter(|n| !n.anonymous).map(|n| n.name.as_str())) {
        Some(near) => found.help(format!("did you mean {near}?")),
        None => found.help("name a node of this workflow"),
    };
}

/// Settings with their defaults; `None` if they say no more than the defaults do.
fn settings(node: &yaml::Node, kind: &str, d: &mut Diags) -> Option<NotificationSettings> {
    let what = format!("`settings` of a notification of type {kind}");
    let mut f = Fields::new(node, what, d)?;
    let mut s = NotificationSettings::default();
    for key in ["on_success", "on_failure"] {
        let word = f.string(key, d);
        if word.is_empty() {
            continue;
        }
        if !MOMENTS.contains(&word.as_str()) {
            let found = d.warn(f.mark(key), Rule::Value, format!("`{key}: {word}` is never true"));
            match nearest(&word, MOMENTS.iter().copied()) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found.help("words: always, never, change"),
            };
        }
        if key == "on_success" {
            s.on_success = word;
        } else {
            s.on_failure = word;
        }
    }
    s.on_start = f.boolean("on_start", d).unwrap_or(s.on_start);
    s.send_to_groups = f.boolean("send_to_groups", d).unwrap_or(s.send_to_groups);
    s.send_to_author = f.boolean("send_to_author", d).unwrap_or(s.send_to_author);
    s.recipients = f.strings("recipients", d).into_iter().map(|(r, _)| r).collect();
    s.template = f.get("template").and_then(|n| template(n, kind, d));
    s.conditions = conditions(f.get("conditions"), "a notification", false, d);
    f.finish(d);
    (s != NotificationSettings::default()).then_some(s)
}

fn template(node: &yaml::Node, kind: &str, d: &mut Diags) -> Option<NotificationTemplate> {
    let mut f = Fields::new(node, "`template` of a notification", d)?;
    let mut t = NotificationTemplate {
        subject: f.string("subject", d),
        body: f.string("body", d),
        disable_comment: f.boolean("disable_comment", d),
        disable_status: f.boolean("disable_status", d),
    };
    f.finish(d);
    if kind == "email" && t.subject == DEFAULT_SUBJECT {
        t.subject.clear();
    }
    (t != NotificationTemplate::default()).then_some(t)
}

/// Reads `integrations`. Those that are no artifact manager take events: they become notifications, the form in
/// which they are exported.
pub fn integrations(
    f: &mut Fields<'_>,
    events: &mut Vec<Notification>,
    d: &mut Diags,
) -> BTreeMap<String, WorkflowIntegration> {
    let mut all = BTreeMap::new();
    for (name, entry) in f.mapping("integrations", d) {
        let Some(mut f) = Fields::new(&entry.value, format!("integration {name}"), d) else { continue };
        let kind = f.string("type", d);
        let mut config = BTreeMap::new();
        for (key, e) in f.mapping("config", d) {
            if let Some(v) = value(&e.value, &format!("`{key}` of integration {name}"), &[], d) {
                config.insert(key.to_owned(), v);
            }
        }
        let at = f.mark("type");
        f.finish(d);
        if kind == "artifact_manager" {
            all.insert(name.to_owned(), WorkflowIntegration { kind, config });
            if all.len() == 2 {
                d.error(entry.at, Rule::Value, "a workflow can have only one artifact manager")
                    .id(ids::WRONG_REQUEST)
                    .help("remove one of them");
            }
            continue;
        }
        if let Some(near) = nearest(&kind, ["artifact_manager"]) {
            d.warn(at, Rule::Value, format!("{kind:?} is read as an event integration"))
                .help(format!("did you mean `{near}`?"));
        }
        if !config.is_empty() {
            d.warn(
                entry.at,
                Rule::NoEffect,
                format!("`config` of the event integration {name} has no effect"),
            )
            .help("remove it");
        }
        if !events.iter().any(|n| n.kind == "event" && n.integration == name) {
            events.push(Notification {
                kind: "event".into(),
                integration: name.into(),
                ..Notification::default()
            });
        }
    }
    all
}

/// Event entries stand behind the others, as they are exported.
pub fn events_last(all: Vec<Notification>) -> Vec<Notification> {
    let (events, mut others): (Vec<_>, Vec<_>) = all.into_iter().partition(|n| n.kind == "event");
    others.extend(events);
    others
}
