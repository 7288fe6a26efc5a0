//! Canonical form of workflows (spec 3.1.1, 3.2).

use super::{ExportOptions, Object, text_map, texts};
use crate::def::{Hook, Node, NodeKind, Notification, NotificationSettings, Workflow};
use crate::hooks;
use crate::parse::when_word;
use crate::yaml::Value;

/// Runs kept when a file does not say; never written.
const DEFAULT_HISTORY: i64 = 20;

pub(super) fn workflow(w: &Workflow, options: ExportOptions) -> Value {
    let mut o = Object::default();
    o.put("name", Value::Str(w.name.clone()));
    o.text("description", &w.description);
    o.put("version", Value::Str("v2.0".into()));
    let nodes = w.nodes.iter().filter(|n| !n.anonymous).map(|n| (n.name.clone(), node(n, &w.nodes)));
    o.put("workflow", Value::Map(crate::yaml::sort_natural(nodes.collect())));
    let all = w.hooks.iter().filter(|(_, list)| !list.is_empty());
    o.sorted("hooks", all.map(|(n, list)| (n.clone(), hook_list(list))).collect());
    if options.with_permissions {
        o.permissions(&w.permissions);
    }
    o.sorted("metadata", text_map(w.metadata.iter().filter(|(_, v)| !v.is_empty())));
    o.list("purge_tags", texts(w.purge_tags.iter().filter(|t| !t.is_empty())));
    o.text("retention_policy", &w.retention_policy);
    o.list("notifications", notifications(w));
    if w.history_length > 0 && w.history_length != DEFAULT_HISTORY {
        o.put("history_length", Value::Number(w.history_length.into()));
    }
    o.limit("timeout", w.timeout_s);
    let managers = w.integrations.iter().filter(|(_, i)| i.kind == "artifact_manager");
    let managers = managers.map(|(name, i)| {
        let mut entry = Object::default();
        entry.text("type", &i.kind);
        let config = i.config.iter().map(|(k, v)| {
            let mut value = Object::default();
            value.text("type", &v.kind).text("value", &v.value);
            (k.clone(), value.done())
        });
        entry.sorted("config", config.collect());
        (name.clone(), entry.done())
    });
    o.sorted("integrations", managers.collect());
    o.done()
}

/// Parents as a file names them: a join that no entry names stands for its own parents.
fn depends_on(node: &Node, nodes: &[Node]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for parent in &node.parents {
        match nodes.iter().find(|n| n.name == *parent && n.anonymous) {
            Some(join) => all.extend(join.parents.iter().cloned()),
            None => all.push(parent.clone()),
        }
    }
    all.sort();
    all.dedup();
    all
}

fn node(n: &Node, nodes: &[Node]) -> Value {
    let mut o = Object::default();
    o.list("depends_on", texts(&depends_on(n, nodes)));
    let mut plain = n.conditions.clone();
    plain.check.retain(|c| when_word(c).is_none());
    o.conditions(&plain);
    let words = n.conditions.check.iter().filter_map(when_word);
    o.list("when", words.map(|w| Value::Str(w.to_owned())).collect());
    if n.kind != NodeKind::OutgoingHook {
        o.text("pipeline", &n.pipeline);
    }
    o.text("application", &n.application);
    o.text("environment", &n.environment);
    o.text("integration", &n.integration);
    o.flag("one_at_a_time", n.mutex, false);
    if n.parents.is_empty() {
        o.sorted("payload", n.payload.iter().map(|(k, v)| (k.clone(), native(v))).collect());
    }
    o.sorted("parameters", text_map(&n.parameters));
    if n.kind == NodeKind::OutgoingHook {
        o.text("trigger", &n.trigger);
        o.sorted("config", text_map(&hooks::outgoing_config(&n.trigger, &n.config)));
    }
    o.permissions(&n.permissions);
    o.done()
}

/// Payload values keep their type.
fn native(value: &serde_json::Value) -> Value {
    use serde_json::Value as J;
    match value {
        J::Null => Value::Str(String::new()),
        J::Bool(b) => Value::Bool(*b),
        J::Number(n) => Value::Number(n.clone()),
        J::String(s) => Value::Str(s.clone()),
        J::Array(items) => Value::Seq(items.iter().map(native).collect()),
        J::Object(map) => Value::Map(map.iter().map(|(k, v)| (k.clone(), native(v))).collect()),
    }
}

/// Each hook once.
fn hook_list(list: &[Hook]) -> Value {
    let first = |i: usize, h: &Hook| !list[..i].iter().any(|other| hooks::same(other, h));
    Value::Seq(list.iter().enumerate().filter(|(i, h)| first(*i, h)).map(|(_, h)| hook(h)).collect())
}

fn hook(h: &Hook) -> Value {
    let mut o = Object::default();
    o.put("type", Value::Str(h.model.clone()));
    o.sorted("config", text_map(&hooks::config(h)));
    o.conditions(&h.conditions);
    o.done()
}

/// Stored notifications, then event integrations in the form of notifications.
fn notifications(w: &Workflow) -> Vec<Value> {
    let (events, others): (Vec<&Notification>, Vec<_>) =
        w.notifications.iter().partition(|n| n.kind == "event");
    let mut all: Vec<Value> = others.into_iter().chain(events.iter().copied()).map(notification).collect();
    let missing = w
        .integrations
        .iter()
        .filter(|(name, i)| i.kind != "artifact_manager" && !events.iter().any(|n| n.integration == **name));
    for (name, _) in missing {
        let event =
            Notification { kind: "event".into(), integration: name.clone(), ..Notification::default() };
        all.push(notification(&event));
    }
    all
}

fn notification(n: &Notification) -> Value {
    let mut o = Object::default();
    o.put("type", Value::Str(n.kind.clone()));
    o.list("pipelines", texts(&n.nodes));
    if let Some(Value::Map(pairs)) = n.settings.as_ref().map(settings)
        && !pairs.is_empty()
    {
        o.put("settings", Value::Map(pairs));
    }
    o.text("integration", &n.integration);
    o.done()
}

fn settings(s: &NotificationSettings) -> Value {
    let default = NotificationSettings::default();
    let mut o = Object::default();
    if s.on_success != default.on_success {
        o.text("on_success", &s.on_success);
    }
    if s.on_failure != default.on_failure {
        o.text("on_failure", &s.on_failure);
    }
    o.flag("on_start", s.on_start, default.on_start);
    o.flag("send_to_groups", s.send_to_groups, default.send_to_groups);
    o.flag("send_to_author", s.send_to_author, default.send_to_author);
    o.list("recipients", texts(&s.recipients));
    if let Some(t) = &s.template {
        let mut template = Object::default();
        template.text("subject", &t.subject).text("body", &t.body);
        for (key, truth) in [("disable_comment", t.disable_comment), ("disable_status", t.disable_status)] {
            if let Some(truth) = truth {
                template.put(key, Value::Bool(truth));
            }
        }
        if !template.0.is_empty() {
            o.put("template", template.done());
        }
    }
    o.conditions(&s.conditions);
    o.done()
}
