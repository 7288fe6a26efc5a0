//! From the text of a file to a definition (spec 3). Every function collects all findings; the definition is there
//! only if none of them is an error.

mod action;
mod application;
mod condition;
mod graph;
mod hook;
mod node;
mod notification;
mod pipeline;
mod requirement;
mod step;
mod v1;
mod variable;
mod workflow;

pub use condition::{OPERATORS, when_check, when_word};
pub use notification::DEFAULT_SUBJECT;

use crate::def::{Application, Environment, Pipeline, UserAction, Workflow};
use crate::diag::{Diagnostic, Diags, has_errors};
use crate::yaml::{self, Node};
use serde::{Deserialize, Serialize};

/// A parsed file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "definition", rename_all = "lowercase")]
pub enum File {
    /// `<name>.yml`.
    Workflow(Workflow),
    /// `<name>.pip.yml`.
    Pipeline(Pipeline),
    /// `<name>.app.yml`.
    Application(Application),
    /// `<name>.env.yml`.
    Environment(Environment),
}

impl File {
    /// Name of what is defined.
    pub fn name(&self) -> &str {
        match self {
            Self::Workflow(x) => &x.name,
            Self::Pipeline(x) => &x.name,
            Self::Application(x) => &x.name,
            Self::Environment(x) => &x.name,
        }
    }
}

/// What a file defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A workflow, or an instance of a template.
    Workflow,
    /// A pipeline.
    Pipeline,
    /// An application.
    Application,
    /// An environment.
    Environment,
}

impl Kind {
    /// Kind by base name: `.app.`, `.pip.`, `.env.` in this order, else a workflow (spec 3.0).
    pub fn of(file: &str) -> Self {
        let base = file.rsplit(['/', '\\']).next().unwrap_or(file);
        if base.contains(".app.") {
            Self::Application
        } else if base.contains(".pip.") {
            Self::Pipeline
        } else if base.contains(".env.") {
            Self::Environment
        } else {
            Self::Workflow
        }
    }
}

/// How a text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// YAML; JSON is a part of it.
    #[default]
    Yaml,
    /// JSON and nothing else.
    Json,
}

impl Format {
    /// `yaml`, `yml`, `json` in any case, also as an extension or a content type (spec 1.1).
    pub fn from_word(word: &str) -> Option<Self> {
        let word = word.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match word.trim_start_matches('.') {
            "yaml" | "yml" | "application/x-yaml" | "application/yaml" | "text/x-yaml" | "text/yaml"
            | "text/x-yam" => Some(Self::Yaml),
            "json" | "application/json" => Some(Self::Json),
            _ => None,
        }
    }

    /// By the extension of a file name; YAML if it has none of ours.
    pub fn of(file: &str) -> Self {
        file.rsplit_once('.').and_then(|(_, e)| Self::from_word(e)).unwrap_or_default()
    }
}

/// Reads a file of any kind, told by its name.
pub fn parse_file(name: &str, text: &str) -> (Option<File>, Vec<Diagnostic>) {
    parse_kind(Kind::of(name), name, text)
}

/// Reads a file of a known kind; the format is told by the extension.
pub fn parse_kind(kind: Kind, name: &str, text: &str) -> (Option<File>, Vec<Diagnostic>) {
    match kind {
        Kind::Workflow => wrap(parse_workflow(name, text), File::Workflow),
        Kind::Pipeline => wrap(parse_pipeline(name, text), File::Pipeline),
        Kind::Application => wrap(parse_application(name, text), File::Application),
        Kind::Environment => wrap(parse_environment(name, text), File::Environment),
    }
}

fn wrap<T>(found: (Option<T>, Vec<Diagnostic>), make: fn(T) -> File) -> (Option<File>, Vec<Diagnostic>) {
    (found.0.map(make), found.1)
}

/// Reads a workflow, v1.0 or v2.0 (spec 3.1, 3.2). A file without `version` is v2.0.
pub fn parse_workflow(name: &str, text: &str) -> (Option<Workflow>, Vec<Diagnostic>) {
    strict(read(name, text, workflow::workflow))
}

/// Reads a pipeline (spec 3.3).
pub fn parse_pipeline(name: &str, text: &str) -> (Option<Pipeline>, Vec<Diagnostic>) {
    strict(read(name, text, pipeline::pipeline))
}

/// Reads an application (spec 3.9).
pub fn parse_application(name: &str, text: &str) -> (Option<Application>, Vec<Diagnostic>) {
    strict(read(name, text, application::application))
}

/// Reads an environment (spec 3.10).
pub fn parse_environment(name: &str, text: &str) -> (Option<Environment>, Vec<Diagnostic>) {
    strict(read(name, text, application::environment))
}

/// Reads an action of a group (spec 3.8). No file name tells such a file; it has an endpoint of its own.
pub fn parse_action(name: &str, text: &str) -> (Option<UserAction>, Vec<Diagnostic>) {
    strict(read(name, text, action::action))
}

fn strict<T>((found, list): (Option<T>, Vec<Diagnostic>)) -> (Option<T>, Vec<Diagnostic>) {
    (found.filter(|_| !has_errors(&list)), list)
}

fn read<T>(
    name: &str,
    text: &str,
    build: impl FnOnce(&Node, &mut Diags) -> Option<T>,
) -> (Option<T>, Vec<Diagnostic>) {
    let mut d = Diags::new(name);
    let node = match Format::of(name) {
        Format::Yaml => yaml::load(text, &mut d),
        Format::Json => yaml::load_json(text, &mut d),
    };
    let found = node.and_then(|n| build(&n, &mut d));
    (found, d.finish())
}
