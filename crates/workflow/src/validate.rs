//! Checks of a workflow at save, wherever it came from (spec 3.2.4). What needs the rest of the project (do the
//! named pipelines exist?) is the server's.

use crate::def::{Conditions, Node, NodeKind, Workflow};
use crate::diag::Severity;
use crate::error_ids::{self as ids, ErrorId};
use crate::parse::OPERATORS;
use crate::{hooks, names};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// One finding in a definition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Errors forbid saving.
    pub severity: Severity,
    /// Name of the node; empty = the workflow.
    pub node: String,
    /// What is wrong.
    pub message: String,
    /// How to mend it.
    pub help: String,
    /// Number of the API's error (see [`crate::error_ids`]).
    pub id: u16,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.help)
    }
}

#[derive(Default)]
struct Issues(Vec<Issue>);

impl Issues {
    fn error(&mut self, node: &str, id: ErrorId, message: impl Into<String>, help: impl Into<String>) {
        self.add(Severity::Error, node, id, message, help);
    }

    fn add(
        &mut self,
        severity: Severity,
        node: &str,
        id: ErrorId,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (message, help) = (message.into(), help.into());
        self.0.push(Issue { severity, node: node.to_owned(), message, help, id: id.id });
    }
}

/// All findings in a workflow; it may be saved if none is an error.
pub fn validate_workflow(w: &Workflow) -> Vec<Issue> {
    let mut i = Issues::default();
    if !names::is_name(&w.name) {
        let message = format!("workflow name {} do not respect pattern {}", w.name, names::PATTERN);
        i.error("", ids::WRONG_REQUEST, message, format!("call it {}", names::suggest(&w.name)));
    }
    if w.nodes.is_empty() {
        i.error("", ids::INVALID_WORKFLOW, "a workflow must contains at least 1 pipeline", "add a node");
    }
    check_names(w, &mut i);
    check_graph(w, &mut i);
    for node in &w.nodes {
        check_node(node, &mut i);
    }
    check_hooks(w, &mut i);
    check_notifications(w, &mut i);
    check_permissions(w, &mut i);
    i.0
}

fn check_names(w: &Workflow, i: &mut Issues) {
    let mut seen = BTreeSet::new();
    for node in &w.nodes {
        if !names::is_name(&node.name) {
            let message = format!("{} ({:?})", ids::NODE_NAME_PATTERN.message, node.name);
            i.error(
                &node.name,
                ids::NODE_NAME_PATTERN,
                message,
                format!("call it {}", names::suggest(&node.name)),
            );
        }
        if !seen.insert(&node.name) {
            let message = format!("{} ({})", ids::DUPLICATE_NODE.message, node.name);
            i.error(&node.name, ids::DUPLICATE_NODE, message, "rename one of the two");
        }
    }
}

/// One root, which stands first; parents exist and stand before their children, so there is no cycle.
fn check_graph(w: &Workflow, i: &mut Issues) {
    let place: HashMap<&str, usize> =
        w.nodes.iter().enumerate().rev().map(|(n, x)| (x.name.as_str(), n)).collect();
    for (at, node) in w.nodes.iter().enumerate() {
        if at == 0 && !node.parents.is_empty() {
            i.error(
                &node.name,
                ids::INVALID_WORKFLOW,
                "the first node must be the root",
                "put a node without parents first",
            );
        }
        if at > 0 && node.parents.is_empty() {
            let message = format!(
                "invalid node dependencies. {} should have at least one dependency because the workflow already has a root",
                node.name
            );
            i.error(&node.name, ids::WRONG_REQUEST, message, "give it parents");
        }
        for parent in &node.parents {
            match place.get(parent.as_str()) {
                None => {
                    let message =
                        format!("the pipeline {} depends on an unknown pipeline: {parent}", node.name);
                    i.error(&node.name, ids::INVALID_NODE_REFERENCE, message, "name a node of this workflow");
                }
                Some(p) if *p >= at => {
                    let message = format!(
                        "{} stands before its parent {parent}, or they depend on each other",
                        node.name
                    );
                    i.error(
                        &node.name,
                        ids::INVALID_WORKFLOW,
                        message,
                        "put parents before children and remove cycles",
                    );
                }
                Some(_) => {}
            }
        }
        if node.parents.len() > 1 && node.kind != NodeKind::Join {
            i.error(
                &node.name,
                ids::INVALID_WORKFLOW,
                format!("{} has several parents but is no join", node.name),
                "put a join between them",
            );
        }
    }
}

fn check_node(node: &Node, i: &mut Issues) {
    let name = node.name.as_str();
    let has_pipeline = !node.pipeline.is_empty();
    let has_trigger = !node.trigger.is_empty();
    let fits = match node.kind {
        NodeKind::Pipeline => has_pipeline && !has_trigger,
        NodeKind::OutgoingHook => has_trigger && !has_pipeline,
        NodeKind::Join => !has_pipeline && !has_trigger && !node.parents.is_empty(),
        NodeKind::Fork => !has_pipeline && !has_trigger,
    };
    if !fits {
        let (message, help) = match node.kind {
            NodeKind::Join if node.parents.is_empty() => {
                (format!("the join {name} has no parents"), "give it two or more")
            }
            _ => (
                format!("wrong type for nodes: {name} does not hold what its type needs"),
                "a pipeline node has a pipeline, an outgoing hook a trigger, joins and forks neither",
            ),
        };
        i.error(name, ids::INVALID_WORKFLOW, message, help);
    }
    if has_trigger && hooks::outgoing(&node.trigger).is_none() {
        i.error(
            name,
            ids::WRONG_REQUEST,
            format!("hook model {:?} not found", node.trigger),
            "use WebHook or Workflow",
        );
    }
    if !node.payload.is_empty() && !node.parents.is_empty() {
        let message =
            format!("default payload cannot be set on another node than the first one (node: {name})");
        i.error(name, ids::PAYLOAD_NOT_ON_ROOT, message, "move it to the root");
    }
    for key in node.payload.keys().filter(|k| k.trim().to_lowercase().starts_with("cds.")) {
        let message = format!("{} ({key:?})", ids::PAYLOAD_CDS_KEY.message);
        i.error(name, ids::PAYLOAD_CDS_KEY, message, "choose a name without this prefix");
    }
    check_operators(name, &node.conditions, Severity::Error, i);
}

fn check_operators(node: &str, conditions: &Conditions, severity: Severity, i: &mut Issues) {
    for check in conditions.check.iter().filter(|c| !OPERATORS.contains(&c.operator.as_str())) {
        let message = format!("{} ({:?} on {})", ids::BAD_OPERATOR.message, check.operator, check.variable);
        i.add(severity, node, ids::BAD_OPERATOR, message, format!("operators: {}", OPERATORS.join(", ")));
    }
}

fn check_hooks(w: &Workflow, i: &mut Issues) {
    let root = w.nodes.first();
    for (name, list) in &w.hooks {
        if !w.nodes.iter().any(|n| n.name == *name) {
            i.error(
                name,
                ids::WRONG_REQUEST,
                format!("invalid hook on {name}"),
                "name a node of this workflow",
            );
            continue;
        }
        let on_root = root.is_some_and(|r| r.name == *name);
        if !on_root {
            let message = format!("{name} is not the root, so its hooks never fire");
            i.add(Severity::Warning, name, ids::WRONG_REQUEST, message, "move them to the root");
        }
        for hook in list {
            if hooks::model(&hook.model).is_none() {
                i.error(
                    name,
                    ids::WRONG_REQUEST,
                    format!("hook model {:?} not found", hook.model),
                    "the case counts",
                );
            }
            let repository =
                ["RepositoryWebHook", "GerritHook", "Git Repository Poller"].contains(&hook.model.as_str());
            if repository && on_root && root.is_some_and(|r| r.application.is_empty()) {
                i.error(
                    name,
                    ids::WRONG_REQUEST,
                    "unable to find application for the repository webhook",
                    "give the root an application that is linked to a repository",
                );
            }
            check_operators(name, &hook.conditions, Severity::Warning, i);
        }
    }
}

fn check_notifications(w: &Workflow, i: &mut Issues) {
    for notification in &w.notifications {
        for name in &notification.nodes {
            if !w.nodes.iter().any(|n| n.name == *name && !n.anonymous) {
                let message = format!("invalid notification on [{name}] ({name} is missing)");
                i.error("", ids::NOTIFICATION_NODE, message, "name a node of this workflow");
            }
        }
        if let Some(settings) = &notification.settings {
            check_operators("", &settings.conditions, Severity::Warning, i);
        }
    }
}

fn check_permissions(w: &Workflow, i: &mut Issues) {
    let nodes = w.nodes.iter().map(|n| (n.name.as_str(), &n.permissions));
    for (node, permissions) in std::iter::once(("", &w.permissions)).chain(nodes) {
        for (group, level) in permissions {
            if ![4, 5, 7].contains(level) {
                let message = format!("{level} is no permission level (group {group})");
                i.error(node, ids::WRONG_REQUEST, message, "4 = read, 5 = read and run, 7 = everything");
            }
            if !node.is_empty() && !w.permissions.is_empty() && !w.permissions.contains_key(group) {
                let message = format!("{} ({group} on node {node})", ids::GROUP_NOT_IN_WORKFLOW.message);
                i.error(node, ids::GROUP_NOT_IN_WORKFLOW, message, "give the group to the workflow first");
            }
        }
    }
    if !w.permissions.is_empty() && !w.permissions.values().any(|l| *l == 7) {
        i.error("", ids::LAST_GROUP_WRITE, ids::LAST_GROUP_WRITE.message, "give level 7 to one group");
    }
}
