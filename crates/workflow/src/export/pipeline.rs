//! Canonical form of pipelines, jobs and steps (spec 3.3, 3.4, 3.7).

use super::{Object, texts};
use crate::builtin::{self, Action, Form};
use crate::def::{Job, Parameter, Pipeline, Requirement, Step, UserAction};
use crate::yaml::Value;
use indexmap::IndexMap;

pub(super) fn pipeline(p: &Pipeline) -> Value {
    let mut o = Object::default();
    o.put("version", Value::Str("v1.0".into()));
    o.put("name", Value::Str(p.name.clone()));
    o.text("description", &p.description);
    o.sorted("parameters", parameters(&p.parameters));
    let options: Vec<(String, Value)> = p
        .stages
        .iter()
        .filter_map(|s| {
            let mut entry = Object::default();
            entry.flag("enabled", s.enabled, true).conditions(&s.conditions);
            (!entry.0.is_empty()).then(|| (s.name.clone(), entry.done()))
        })
        .collect();
    if p.stages.len() != 1 || !options.is_empty() {
        o.list("stages", texts(p.stages.iter().map(|s| &s.name)));
    }
    o.sorted("options", options);
    let mut jobs = Vec::new();
    for stage in &p.stages {
        let mut sorted: Vec<&Job> = stage.jobs.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let name = if p.stages.len() > 1 { stage.name.as_str() } else { "" };
        jobs.extend(sorted.into_iter().map(|j| job(j, name)));
    }
    o.list("jobs", jobs);
    o.done()
}

pub(super) fn action(a: &UserAction) -> Value {
    let mut o = Object::default();
    o.put("version", Value::Str("v1.0".into()));
    o.put("name", Value::Str(a.name.clone()));
    o.put("group", Value::Str(a.group.clone()));
    o.text("description", &a.description);
    o.flag("enabled", a.enabled, true);
    o.sorted("parameters", parameters(&a.parameters));
    let mut sorted: Vec<&Requirement> = a.requirements.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    o.list("requirements", sorted.into_iter().map(requirement).collect());
    o.list("steps", a.steps.iter().map(step).collect());
    o.done()
}

fn parameters(all: &IndexMap<String, Parameter>) -> Vec<(String, Value)> {
    let entry = |p: &Parameter| {
        let mut o = Object::default();
        o.text("type", if p.kind.is_empty() { "string" } else { &p.kind });
        o.text("default", &p.value).text("description", &p.description).flag("advanced", p.advanced, false);
        o.done()
    };
    all.iter().map(|(name, p)| (name.clone(), entry(p))).collect()
}

fn job(j: &Job, stage: &str) -> Value {
    let mut o = Object::default();
    o.put("job", Value::Str(j.name.clone()));
    o.text("stage", stage);
    o.text("description", &j.description);
    o.flag("enabled", j.enabled, true);
    o.limit("timeout", j.timeout_s).limit("queue_timeout", j.queue_timeout_s);
    o.list("steps", j.steps.iter().map(step).collect());
    let mut all = builtin::job_requirements(j);
    // All of them by name, inherited ones too: so the first export is already the stable one.
    all.sort_by(|a, b| a.name.cmp(&b.name));
    o.list("requirements", all.iter().map(requirement).collect());
    o.done()
}

fn requirement(r: &Requirement) -> Value {
    let value = if r.kind == "service" {
        let mut service = Object::default();
        service.text("name", &r.name).text("value", &r.value);
        service.done()
    } else {
        Value::Str(r.value.clone())
    };
    Value::Map(vec![(r.kind.clone(), value)])
}

fn step(s: &Step) -> Value {
    let mut o = Object::default();
    if !s.name.eq_ignore_ascii_case(&s.action) {
        o.text("name", &s.name);
    }
    o.flag("enabled", s.enabled, true);
    o.flag("optional", s.optional, false);
    o.flag("always_executed", s.always_executed, false);
    o.limit("timeout", s.timeout_s);
    match builtin::action(&s.action) {
        Some(action) => o.put(action.key, short_form(action, s)),
        None => {
            let bridge = s.action == builtin::AS_CODE_ACTION;
            let given = s.parameters.iter().filter(|(_, v)| bridge || !v.is_empty());
            let pairs = given.map(|(k, v)| (k.clone(), Value::Str(v.clone())));
            let name = match builtin::file_name(&s.action) {
                // The limit has taken the short name.
                "timeout" if s.timeout_s > 0 => "shared.infra/timeout",
                name => name,
            };
            o.put(name, Value::Map(crate::yaml::sort_natural(pairs.collect())))
        }
    };
    o.done()
}

fn short_form(action: &Action, s: &Step) -> Value {
    let all = builtin::parameters(s);
    let first = || action.parameters.first().and_then(|p| all.get(p.name)).cloned().unwrap_or_default();
    match action.form {
        Form::Script => Value::Seq(first().split('\n').map(|l| Value::Str(l.to_owned())).collect()),
        Form::Text => Value::Str(first()),
        Form::Ignored(text) => Value::Str(text.to_owned()),
        Form::Mapping => {
            let mut o = Object::default();
            for param in action.parameters {
                let value = all.get(param.name).map_or("", String::as_str);
                match (action.key, param.name, value) {
                    ("gitClone", "depth", "50")
                    | ("gitClone", "submodules", "true")
                    | ("gitClone", "tag", "{{.git.tag}}") => {}
                    // Says «no tag», which is not the default.
                    ("gitClone", "tag", "") => {
                        o.put("tag", Value::Str(String::new()));
                    }
                    _ => {
                        o.text(param.name, value);
                    }
                }
            }
            o.done()
        }
    }
}
