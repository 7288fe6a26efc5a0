//! From definitions to canonical files (spec 1.3, 3): the same definition always gives the same bytes, and reading
//! them gives the definition back.
//!
//! Reading an export gives an equal definition, except for what the formats cannot say or say in one way only:
//! - jobs are sorted by name inside their stage, and the name of a lone stage without options is lost;
//! - steps of built-in actions carry the defaults of their parameters, jobs the requirements of their steps;
//! - hooks carry the defaults of their models; metadata without value and `history_length: 20` are not written;
//! - who owns the definition (`from_repository`) is not part of a file.

mod application;
mod pipeline;
mod workflow;

use crate::def::{Application, Conditions, Environment, Permissions, Pipeline, UserAction, Workflow};
use crate::yaml::{Value, emit, sort_natural};

/// What to write beside the definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Groups and levels of the workflow; groups of nodes are always written.
    pub with_permissions: bool,
}

/// A workflow as YAML, always in version v2.0 (spec 3.1.1).
pub fn export_workflow(w: &Workflow, options: ExportOptions) -> String {
    emit(&workflow::workflow(w, options))
}

/// A workflow as JSON with the keys of the YAML file.
pub fn export_workflow_json(w: &Workflow, options: ExportOptions) -> serde_json::Value {
    workflow::workflow(w, options).to_json()
}

/// A copy of an as-code workflow without what its repository gives it anyway, for a pull into that repository
/// (spec 3.17): the only hook of the root, if it is an ordinary repository webhook, and the payload of the root.
pub fn without_repository_defaults(w: &Workflow) -> Workflow {
    let mut w = w.clone();
    let Some(root) = w.nodes.first_mut() else { return w };
    if let Some([only]) = w.hooks.get(&root.name).map(Vec::as_slice)
        && crate::hooks::is_default_repository_hook(only)
    {
        w.hooks.remove(&root.name);
        root.payload.clear();
    }
    w
}

/// A pipeline as YAML (spec 3.3).
pub fn export_pipeline(p: &Pipeline) -> String {
    emit(&pipeline::pipeline(p))
}

/// A pipeline as JSON with the keys of the YAML file.
pub fn export_pipeline_json(p: &Pipeline) -> serde_json::Value {
    pipeline::pipeline(p).to_json()
}

/// An application as YAML (spec 3.9). Secret values must already be tokens.
pub fn export_application(a: &Application) -> String {
    emit(&application::application(a))
}

/// An application as JSON with the keys of the YAML file. Secret values must already be tokens.
pub fn export_application_json(a: &Application) -> serde_json::Value {
    application::application(a).to_json()
}

/// An environment as YAML (spec 3.10). Secret values must already be tokens.
pub fn export_environment(e: &Environment) -> String {
    emit(&application::environment(e))
}

/// An environment as JSON with the keys of the YAML file. Secret values must already be tokens.
pub fn export_environment_json(e: &Environment) -> serde_json::Value {
    application::environment(e).to_json()
}

/// An action as YAML (spec 3.8).
pub fn export_action(a: &UserAction) -> String {
    emit(&pipeline::action(a))
}

/// An action as JSON with the keys of the YAML file.
pub fn export_action_json(a: &UserAction) -> serde_json::Value {
    pipeline::action(a).to_json()
}

/// A mapping under construction; most keys vanish when they say nothing.
#[derive(Default)]
struct Object(Vec<(String, Value)>);

impl Object {
    fn put(&mut self, key: &str, value: Value) -> &mut Self {
        self.0.push((key.to_owned(), value));
        self
    }

    /// Unless empty.
    fn text(&mut self, key: &str, text: &str) -> &mut Self {
        if !text.is_empty() {
            self.put(key, Value::Str(text.to_owned()));
        }
        self
    }

    /// Unless it is `default`.
    fn flag(&mut self, key: &str, truth: bool, default: bool) -> &mut Self {
        if truth != default {
            self.put(key, Value::Bool(truth));
        }
        self
    }

    /// A limit of time; unless none is said.
    fn limit(&mut self, key: &str, seconds: u64) -> &mut Self {
        if seconds > 0 {
            let time = std::time::Duration::from_secs(seconds);
            self.put(key, Value::Str(cds_model::limit::text(time)));
        }
        self
    }

    /// Unless empty.
    fn list(&mut self, key: &str, items: Vec<Value>) -> &mut Self {
        if !items.is_empty() {
            self.put(key, Value::Seq(items));
        }
        self
    }

    /// Unless empty; its keys are put in natural order.
    fn sorted(&mut self, key: &str, pairs: Vec<(String, Value)>) -> &mut Self {
        if !pairs.is_empty() {
            self.put(key, Value::Map(sort_natural(pairs)));
        }
        self
    }

    /// Unless there are none.
    fn conditions(&mut self, conditions: &Conditions) -> &mut Self {
        if conditions.is_empty() {
            return self;
        }
        let mut o = Object::default();
        let checks = conditions.check.iter().map(|c| {
            Value::Map(vec![
                ("variable".into(), Value::Str(c.variable.clone())),
                ("operator".into(), Value::Str(c.operator.clone())),
                ("value".into(), Value::Str(c.value.clone())),
            ])
        });
        o.list("check", checks.collect()).text("script", &conditions.script);
        self.put("conditions", o.done())
    }

    /// Unless there are none.
    fn permissions(&mut self, permissions: &Permissions) -> &mut Self {
        let pairs = permissions.iter().map(|(g, level)| (g.clone(), Value::Number((*level).into())));
        self.sorted("permissions", pairs.collect())
    }

    fn done(self) -> Value {
        Value::Map(self.0)
    }
}

fn texts<'a>(items: impl IntoIterator<Item = &'a String>) -> Vec<Value> {
    items.into_iter().map(|s| Value::Str(s.clone())).collect()
}

fn text_map<'a>(items: impl IntoIterator<Item = (&'a String, &'a String)>) -> Vec<(String, Value)> {
    items.into_iter().map(|(k, v)| (k.clone(), Value::Str(v.clone()))).collect()
}
