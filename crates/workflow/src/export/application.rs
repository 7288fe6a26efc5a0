//! Canonical form of applications and environments (spec 3.9 to 3.11).

use super::Object;
use crate::def::Value as Variable;
use crate::def::{Application, Environment, Key};
use crate::yaml::Value;
use std::collections::BTreeMap;

pub(super) fn application(a: &Application) -> Value {
    let mut o = Object::default();
    o.put("version", Value::Str("v1.0".into()));
    o.put("name", Value::Str(a.name.clone()));
    o.text("description", &a.description);
    if !a.vcs_server.is_empty() && !a.repo.is_empty() {
        o.text("vcs_server", &a.vcs_server).text("repo", &a.repo);
    }
    o.sorted("variables", variables(&a.variables, false));
    o.sorted("keys", keys(&a.keys));
    o.text("vcs_connection_type", &a.vcs_connection_type);
    if a.vcs_connection_type == "ssh" {
        o.text("vcs_ssh_key", &a.vcs_ssh_key);
    } else {
        o.text("vcs_user", &a.vcs_user).text("vcs_password", &a.vcs_password);
    }
    o.text("vcs_pgp_key", &a.vcs_pgp_key);
    let deployments = a.deployments.iter();
    let deployments = deployments
        .map(|(name, config)| (name.clone(), Value::Map(crate::yaml::sort_natural(variables(config, true)))));
    o.sorted("deployments", deployments.collect());
    o.done()
}

pub(super) fn environment(e: &Environment) -> Value {
    let mut o = Object::default();
    o.put("name", Value::Str(e.name.clone()));
    o.sorted("values", variables(&e.variables, true));
    o.sorted("keys", keys(&e.keys));
    o.done()
}

/// `always`: the type is written even if it is the default one.
fn variables(all: &BTreeMap<String, Variable>, always: bool) -> Vec<(String, Value)> {
    let entry = |v: &Variable| {
        let mut o = Object::default();
        let kind = if v.kind.is_empty() { "string" } else { &v.kind };
        if always || kind != "string" {
            o.text("type", kind);
        }
        o.text("value", &v.value);
        o.done()
    };
    all.iter().map(|(name, v)| (name.clone(), entry(v))).collect()
}

fn keys(all: &BTreeMap<String, Key>) -> Vec<(String, Value)> {
    let entry = |k: &Key| {
        let mut o = Object::default();
        o.text("type", &k.kind).text("value", &k.value);
        if let Some(regen) = k.regen {
            o.put("regen", Value::Bool(regen));
        }
        o.done()
    };
    all.iter().map(|(name, k)| (name.clone(), entry(k))).collect()
}
