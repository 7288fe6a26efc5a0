//! Pipeline files: parameters, stages, options, jobs (spec 3.3).

use super::condition::conditions;
use super::requirement::requirements;
use super::step::step;
use crate::def::{Job, Parameter, Pipeline, Stage};
use crate::diag::{Diags, Mark, Rule, nearest};
use crate::error_ids as ids;
use crate::names;
use crate::read::{Fields, list, wrong_type};
use crate::yaml::{Data, Node};
use indexmap::IndexMap;

/// Types of parameters (spec 2.2).
const TYPES: &[&str] = &["string", "number", "text", "boolean", "list", "ssh-key", "pgp-key"];

/// Reads a pipeline.
pub fn pipeline(node: &Node, d: &mut Diags) -> Option<Pipeline> {
    if node.is_null() {
        d.error(node.at, Rule::Type, "the file is empty")
            .id(ids::INVALID_PIPELINE)
            .help("write at least `name: NAME`");
        return None;
    }
    let mut f = Fields::new(node, "the pipeline", d)?;
    let version = f.string("version", d);
    if !matches!(version.as_str(), "" | "v1.0") {
        d.error(f.mark("version"), Rule::Value, format!("invalid pipeline version {version}"))
            .id(ids::WRONG_REQUEST)
            .help("write version: v1.0");
    }
    let name = f.string("name", d);
    if !names::is_name(&name) {
        let message = if name.is_empty() {
            "the pipeline has no name".to_owned()
        } else {
            format!("pipeline name must respect the following pattern: {} (it is {name})", names::PATTERN)
        };
        d.error(f.mark("name"), Rule::Name, message)
            .id(ids::INVALID_PIPELINE)
            .help(format!("e.g. name: {}", names::suggest(&name)));
    }
    let mut p = Pipeline { name, description: f.string("description", d), ..Pipeline::default() };
    p.parameters = parameters(&mut f, Owner::Pipeline, d);
    let declared = declared_stages(&mut f, d);
    p.stages = declared.iter().map(|(n, _)| Stage { name: n.clone(), ..Stage::default() }).collect();
    for item in f.list("jobs", d) {
        if d.is_full() {
            break;
        }
        if let Some((stage, at, job)) = job(item, d) {
            join_stage(&mut p.stages, &declared, stage, at, job, d);
        }
    }
    options(&mut f, &mut p.stages, d);
    check_stage_names(&p.stages, f.mark("stages"), d);
    f.finish(d);
    Some(p)
}

/// What declares parameters.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// Does not keep `advanced`; is lenient about types.
    Pipeline,
    /// Keeps `advanced`; an unknown type is an error.
    Action,
}

/// Declared parameters.
pub fn parameters(f: &mut Fields<'_>, owner: Owner, d: &mut Diags) -> IndexMap<String, Parameter> {
    let mut all = IndexMap::new();
    for (name, entry) in f.mapping("parameters", d) {
        let Some(mut f) = Fields::new(&entry.value, format!("parameter {name}"), d) else { continue };
        let mut kind = f.string("type", d);
        if kind.is_empty() {
            kind = "string".into();
        }
        let value = f.string("default", d);
        let description = f.string("description", d);
        let advanced = f.boolean("advanced", d).unwrap_or(false) && owner == Owner::Action;
        if kind == "password" {
            d.error(
                f.mark("type"),
                Rule::Value,
                format!("parameter {name}: {}", ids::NO_PASSWORD_PARAMETER.message),
            )
            .id(ids::NO_PASSWORD_PARAMETER)
            .help("keep secrets as password variables of the project, the application or the environment");
        } else if !TYPES.contains(&kind.as_str()) {
            let message = format!("invalid given parameter type: {kind}");
            let found = match owner {
                Owner::Pipeline => d.warn(f.mark("type"), Rule::Value, message),
                Owner::Action => d.error(f.mark("type"), Rule::Value, message).id(ids::WRONG_REQUEST),
            };
            match nearest(&kind, TYPES.iter().copied()) {
                Some(near) => found.help(format!("did you mean `{near}`?")),
                None => found.help(format!("types: {}", TYPES.join(", "))),
            };
        }
        f.finish(d);
        all.insert(name.to_owned(), Parameter { kind, value, description, advanced });
    }
    all
}

/// Names in `stages`; of duplicates, the last place counts.
fn declared_stages(f: &mut Fields<'_>, d: &mut Diags) -> Vec<(String, Mark)> {
    let given = f.strings("stages", d);
    let mut kept: Vec<(String, Mark)> = Vec::new();
    for (name, at) in given {
        if let Some(i) = kept.iter().position(|(n, _)| *n == name) {
            d.warn(at, Rule::NoEffect, format!("stage {name} is given twice; this place counts"))
                .help("remove one of them");
            kept.remove(i);
        }
        kept.push((name, at));
    }
    kept
}

/// Puts a job into its stage. A stage that nobody declared is appended, except that a job without stage joins the
/// only one there is.
fn join_stage(
    stages: &mut Vec<Stage>,
    declared: &[(String, Mark)],
    name: String,
    at: Mark,
    job: Job,
    d: &mut Diags,
) {
    let only = stages.len() == 1 && name.is_empty();
    if let Some(stage) = stages.iter_mut().find(|s| only || s.name == name) {
        stage.jobs.push(job);
        return;
    }
    if !declared.is_empty() {
        let message = if name.is_empty() {
            format!("job {} names no stage; it gets one of its own at the end", job.name)
        } else {
            format!("stage {name} is not in `stages`; it is added at the end")
        };
        let names = || declared.iter().map(|(n, _)| n.as_str());
        let found = d.warn(at, Rule::Reference, message);
        match nearest(&name, names()) {
            Some(near) => found.help(format!("did you mean {near}?")),
            None => found.help(format!("stages: {}", names().collect::<Vec<_>>().join(", "))),
        };
    }
    stages.push(Stage { name, jobs: vec![job], ..Stage::default() });
}

fn job(node: &Node, d: &mut Diags) -> Option<(String, Mark, Job)> {
    let Data::Map(map) = &node.data else {
        wrong_type(node, "a job", "a mapping such as {job: build, steps: […]}", d);
        return None;
    };
    let name = map.get("job").and_then(|e| e.value.text()).unwrap_or_default();
    let what = if name.is_empty() { "a job".to_owned() } else { format!("job {name}") };
    let mut f = Fields::new(node, what.clone(), d)?;
    let mut job = Job { name: f.string("job", d), ..Job::default() };
    if job.name.is_empty() {
        d.warn(node.at, Rule::Name, "a job without name").help("begin it with `- job: NAME`");
    }
    let stage = f.string("stage", d);
    let at = f.mark("stage");
    job.description = f.string("description", d);
    job.enabled = f.boolean("enabled", d).unwrap_or(true);
    job.timeout_s = f.limit("timeout", d);
    job.queue_timeout_s = f.limit("queue_timeout", d);
    if let Some(steps) = f.get("steps") {
        job.steps = list(steps, &format!("`steps` of {what}"), d).iter().filter_map(|n| step(n, d)).collect();
    }
    if let Some(n) = f.get("requirements") {
        job.requirements = requirements(n, &format!("`requirements` of {what}"), d);
    }
    for key in ["optional", "always_executed"] {
        if f.boolean(key, d) == Some(true) {
            d.warn(f.mark(key), Rule::NoEffect, format!("`{key}` has no effect on a job"))
                .help("set it on the steps it is meant for");
        }
    }
    for key in ["conditions", "when"] {
        if f.rest().iter().any(|(k, _)| *k == key) {
            f.allow(if key == "when" { &["when"] } else { &["conditions"] });
            d.warn(f.mark(key), Rule::UnknownKey, format!("unknown key `{key}` in {what}, ignored"))
                .help("a job has no conditions; those of its stage go under `options`");
        }
    }
    f.finish(d);
    Some((stage, at, job))
}

fn options(f: &mut Fields<'_>, stages: &mut [Stage], d: &mut Diags) {
    for (name, entry) in f.mapping("options", d) {
        if d.is_full() {
            break;
        }
        let Some(i) = stages.iter().position(|s| s.name == name) else {
            let found =
                d.error(entry.at, Rule::Reference, format!("invalid stage option, stage {name} not found"));
            found.id(ids::WRONG_REQUEST);
            match nearest(name, stages.iter().map(|s| s.name.as_str())) {
                Some(near) => found.help(format!("did you mean {near}?")),
                None => found.help("the keys of `options` are names in `stages`"),
            };
            continue;
        };
        let what = format!("stage {name}");
        let Some(mut f) = Fields::new(&entry.value, format!("options of {what}"), d) else { continue };
        stages[i].enabled = f.boolean("enabled", d).unwrap_or(true);
        let mut found = conditions(f.get("conditions"), &what, false, d);
        if !found.script.is_empty() && !found.check.is_empty() {
            d.warn(
                f.mark("conditions"),
                Rule::NoEffect,
                format!("the checks of {what} have no effect beside its script"),
            )
            .help("write them into the script");
            found.check.clear();
        }
        stages[i].conditions = found;
        f.allow(&["jobs"]);
        f.finish(d);
    }
}

fn check_stage_names(stages: &[Stage], at: Mark, d: &mut Diags) {
    if stages.len() < 2 {
        return;
    }
    for stage in stages.iter().filter(|s| !s.name.is_empty() && !names::is_stage_name(&s.name)) {
        d.error(
            at,
            Rule::Name,
            format!("stage name {:?} must respect the pattern ^[\\sa-zA-Z0-9._-]{{1,}}$", stage.name),
        )
        .id(ids::INVALID_PIPELINE)
        .help(format!("e.g. {}", names::suggest(&stage.name)));
    }
}
