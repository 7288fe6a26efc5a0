//! What files say of each other.

use super::source::Source;
use crate::builtin;
use crate::def::{Application, Node, Pipeline, Workflow};
use crate::diag::{
    Diagnostic, Rule,
    Severity::{Error, Warning},
    nearest,
};
use crate::error_ids as ids;
use crate::parse::{File, Kind};
use std::collections::BTreeMap;

/// Definitions by name, as far as they are among the files.
struct Known<'a> {
    /// Also of files that have errors.
    names: BTreeMap<Kind, Vec<&'a str>>,
    pipelines: BTreeMap<&'a str, &'a Pipeline>,
    applications: BTreeMap<&'a str, &'a Application>,
}

/// References between files, and actions that are not built in.
pub fn check(sources: &[Source], all: &mut Vec<Diagnostic>) {
    let mut known =
        Known { names: BTreeMap::new(), pipelines: BTreeMap::new(), applications: BTreeMap::new() };
    let mut first: BTreeMap<(Kind, &str), &str> = BTreeMap::new();
    for source in sources {
        match &source.file {
            Some(File::Pipeline(p)) => {
                known.pipelines.insert(&p.name, p);
            }
            Some(File::Application(a)) => {
                known.applications.insert(&a.name, a);
            }
            _ => {}
        }
        let Some(name) = source.defines() else { continue };
        known.names.entry(source.kind).or_default().push(name);
        if let Some(other) = first.insert((source.kind, name), &source.name) {
            let message = format!("the {} {name} is also defined in {other}", word(source.kind));
            let at = source.at(&[&["name"]]);
            all.push(source.say(Error, at, Rule::Name, message, "rename or remove one of the two"));
        }
    }
    for source in sources {
        match &source.file {
            Some(File::Workflow(w)) => workflow(source, w, &known, all),
            Some(File::Pipeline(p)) => actions(source, p, all),
            _ => {}
        }
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Workflow => "workflow",
        Kind::Pipeline => "pipeline",
        Kind::Application => "application",
        Kind::Environment => "environment",
    }
}

fn workflow(source: &Source, w: &Workflow, known: &Known<'_>, all: &mut Vec<Diagnostic>) {
    for issue in crate::validate::validate_workflow(w) {
        // Everything else has been found, with its place, by the parser.
        if issue.id == ids::GROUP_NOT_IN_WORKFLOW.id
            || issue.id == ids::LAST_GROUP_WRITE.id
            || issue.message.contains("repository webhook")
        {
            let at = source.at(&[&["workflow", &issue.node], &["permissions"], &["name"]]);
            let mut found = source.say(issue.severity, at, Rule::Value, issue.message, issue.help);
            found.id = Some(issue.id);
            all.push(found);
        }
    }
    for node in &w.nodes {
        let names = [
            (Kind::Pipeline, &node.pipeline),
            (Kind::Application, &node.application),
            (Kind::Environment, &node.environment),
        ];
        for (kind, name) in names {
            let key = word(kind);
            let there = known.names.get(&kind).map_or(&[][..], Vec::as_slice);
            if name.is_empty() || there.contains(&name.as_str()) {
                continue;
            }
            let at = source.at(&[&["workflow", &node.name, key], &[key]]);
            let help = match nearest(name, there.iter().copied()) {
                Some(near) => format!("did you mean {near}?"),
                None => {
                    format!("it must exist in the project already, or be given as {name}.{}.yml", &key[..3])
                }
            };
            let message =
                format!("node {} names the {key} {name}, which is not among these files", node.name);
            all.push(source.say(Warning, at, Rule::Reference, message, help));
        }
        if let Some(pipeline) = known.pipelines.get(node.pipeline.as_str()) {
            parameters(source, node, pipeline, all);
        }
    }
    repository_hooks(source, w, known, all);
}

fn parameters(source: &Source, node: &Node, pipeline: &Pipeline, all: &mut Vec<Diagnostic>) {
    for name in node.parameters.keys().filter(|n| !pipeline.parameters.contains_key(*n)) {
        let at = source.at(&[&["workflow", &node.name, "parameters", name], &["parameters", name]]);
        let message = format!("pipeline {} has no parameter {name}; the value is dropped", pipeline.name);
        let help = match nearest(name, pipeline.parameters.keys().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None => {
                format!("declare it under `parameters` of the pipeline, or remove it from node {}", node.name)
            }
        };
        all.push(source.say(Warning, at, Rule::Reference, message, help));
    }
}

fn repository_hooks(source: &Source, w: &Workflow, known: &Known<'_>, all: &mut Vec<Diagnostic>) {
    let Some(root) = w.nodes.first() else { return };
    let Some(application) = known.applications.get(root.application.as_str()) else { return };
    let hooks = w.hooks.get(&root.name).into_iter().flatten();
    for hook in hooks
        .filter(|h| ["RepositoryWebHook", "GerritHook", "Git Repository Poller"].contains(&h.model.as_str()))
    {
        if application.repo.is_empty() {
            let at = source.at(&[&["hooks", &root.name], &["pipeline_hooks"]]);
            let message =
                format!("a {} needs a repository, and application {} has none", hook.model, application.name);
            all.push(source.say(
                Error,
                at,
                Rule::Reference,
                message,
                "add `vcs_server` and `repo` to the application",
            ));
        }
    }
}

fn actions(source: &Source, p: &Pipeline, all: &mut Vec<Diagnostic>) {
    for (job, step) in p.stages.iter().flat_map(|s| &s.jobs).flat_map(|j| j.steps.iter().map(move |s| (j, s)))
    {
        if builtin::action(&step.action).is_some() || step.action == builtin::AS_CODE_ACTION {
            continue;
        }
        let at = crate::diag::Mark { line: step.line, column: 1 };
        // A plugin that the job requires is the action it calls.
        if job.requirements.iter().any(|r| r.kind == "plugin" && r.value == step.action) {
            continue;
        }
        let keys = builtin::ACTIONS.iter().map(|a| a.key).chain(builtin::STEP_FLAGS.iter().copied());
        let help = match nearest(&step.action, keys) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "it must exist on the server as a user action or plugin".to_owned(),
        };
        let message = format!("action {} of job {} is not built in", step.action, job.name);
        all.push(source.say(Warning, at, Rule::Reference, message, help));
    }
}
