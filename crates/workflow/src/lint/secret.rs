//! Secrets in clear text.

use super::source::Source;
use crate::def::{Application, Environment, Key, Value};
use crate::diag::{Diagnostic, Rule, Severity::Error};
use crate::error_ids as ids;
use std::collections::BTreeMap;

/// 32 lower-case hexadecimal digits (spec 3.12).
pub fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

fn check(source: &Source, path: &[&str], what: &str, text: &str, all: &mut Vec<Diagnostic>) {
    if is_token(text) {
        return;
    }
    let message = if text.is_empty() {
        format!("{what} is empty where the token of a secret must stand")
    } else {
        format!("{what} is not the token of a secret; is it the secret itself?")
    };
    let help = "encrypt the value (`cdsctl encrypt PROJECT NAME VALUE`) and write the token; change a secret that was committed";
    let mut found = source.say(Error, source.at(&[path]), Rule::Secret, message, help);
    found.id(ids::INVALID_SECRET);
    all.push(found);
}

fn values(source: &Source, key: &str, values: &BTreeMap<String, Value>, all: &mut Vec<Diagnostic>) {
    for (name, value) in values.iter().filter(|(_, v)| v.kind == "password") {
        check(source, &[key, name, "value"], &format!("password variable {name}"), &value.value, all);
    }
}

fn keys(source: &Source, keys: &BTreeMap<String, Key>, all: &mut Vec<Diagnostic>) {
    for (name, key) in keys.iter().filter(|(_, k)| !k.value.is_empty()) {
        check(source, &["keys", name, "value"], &format!("key {name}"), &key.value, all);
    }
}

/// Secrets of an application.
pub fn application(source: &Source, a: &Application, all: &mut Vec<Diagnostic>) {
    values(source, "variables", &a.variables, all);
    keys(source, &a.keys, all);
    if !a.vcs_password.is_empty() {
        check(source, &["vcs_password"], "vcs_password", &a.vcs_password, all);
    }
    for (integration, config) in &a.deployments {
        // An empty password of a deployment takes the integration's.
        for (name, v) in config.iter().filter(|(_, v)| v.kind == "password" && !v.value.is_empty()) {
            let what = format!("password {name} of deployment {integration}");
            check(source, &["deployments", integration, name, "value"], &what, &v.value, all);
        }
    }
}

/// Secrets of an environment.
pub fn environment(source: &Source, e: &Environment, all: &mut Vec<Diagnostic>) {
    values(source, "values", &e.variables, all);
    keys(source, &e.keys, all);
}
