//! Application and environment files (spec 3.9, 3.10).

use super::variable::{keys, value, variables};
use crate::def::{Application, Environment};
use crate::diag::{Diags, Rule};
use crate::error_ids::{self as ids, ErrorId};
use crate::names;
use crate::read::Fields;
use crate::yaml::Node;
use std::collections::BTreeMap;

fn name(f: &mut Fields<'_>, what: &str, id: ErrorId, d: &mut Diags) -> String {
    let name = f.string("name", d);
    if !names::is_name(&name) {
        let message = if name.is_empty() {
            format!("the {what} has no name")
        } else {
            format!("{what} name {name} do not respect pattern {}", names::PATTERN)
        };
        d.error(f.mark("name"), Rule::Name, message)
            .id(id)
            .help(format!("e.g. name: {}", names::suggest(&name)));
    }
    name
}

/// Reads an application.
pub fn application(node: &Node, d: &mut Diags) -> Option<Application> {
    let mut f = Fields::new(node, "the application", d)?;
    let mut a =
        Application { name: name(&mut f, "application", ids::WRONG_REQUEST, d), ..Application::default() };
    f.allow(&["version"]);
    a.description = f.string("description", d);
    a.vcs_server = f.string("vcs_server", d);
    a.repo = f.string("repo", d);
    if a.vcs_server.is_empty() != a.repo.is_empty() {
        let (there, missing) =
            if a.repo.is_empty() { ("vcs_server", "repo") } else { ("repo", "vcs_server") };
        d.warn(f.mark(there), Rule::NoEffect, format!("`{there}` has no effect without `{missing}`"))
            .help(format!("add `{missing}`"));
        a.vcs_server.clear();
        a.repo.clear();
    }
    a.variables = variables(&mut f, "variables", d);
    a.keys = keys(&mut f, "app-", d);
    connection(&mut f, &mut a, d);
    a.vcs_pgp_key = f.string("vcs_pgp_key", d);
    for (integration, entry) in f.mapping("deployments", d) {
        let what = format!("deployment {integration}");
        let mut config = BTreeMap::new();
        for (key, e) in crate::read::mapping(&entry.value, &what, d).into_iter().flatten() {
            if let Some(v) = value(&e.value, &format!("`{key}` of {what}"), &[], d) {
                config.insert(key.clone(), v);
            }
        }
        a.deployments.insert(integration.to_owned(), config);
    }
    for key in ["vcs_branch", "vcs_default_branch", "permissions"] {
        if f.get(key).is_some() {
            d.warn(
                f.mark(key),
                Rule::Deprecated,
                format!("`{key}` of an application has no effect any more"),
            )
            .help("remove it");
        }
    }
    f.finish(d);
    Some(a)
}

/// How to reach the repository.
fn connection(f: &mut Fields<'_>, a: &mut Application, d: &mut Diags) {
    a.vcs_connection_type = f.string("vcs_connection_type", d);
    if a.vcs_connection_type.is_empty() {
        a.vcs_connection_type = "https".into();
    }
    let ssh = a.vcs_connection_type == "ssh";
    if !ssh && a.vcs_connection_type != "https" {
        d.warn(
            f.mark("vcs_connection_type"),
            Rule::Value,
            format!("unknown connection type {}", a.vcs_connection_type),
        )
        .help("write https or ssh");
    }
    a.vcs_ssh_key = f.string("vcs_ssh_key", d);
    a.vcs_user = f.string("vcs_user", d);
    a.vcs_password = f.string("vcs_password", d);
    if ssh && a.vcs_ssh_key.is_empty() {
        let message =
            format!("could not import application {} with a connection type ssh without ssh key", a.name);
        d.error(f.mark("vcs_connection_type"), Rule::Value, message)
            .id(ids::REPOSITORY_STRATEGY)
            .help("add vcs_ssh_key: NAME of a key of the project or of this application");
    }
    let useless: &[&str] = if ssh { &["vcs_user", "vcs_password"] } else { &["vcs_ssh_key"] };
    for key in useless {
        if f.mark(key) != f.at {
            d.warn(
                f.mark(key),
                Rule::NoEffect,
                format!("`{key}` has no effect with {}", a.vcs_connection_type),
            )
            .help("remove it, or change vcs_connection_type");
        }
    }
    if ssh {
        a.vcs_user.clear();
        a.vcs_password.clear();
    } else {
        a.vcs_ssh_key.clear();
    }
}

/// Reads an environment.
pub fn environment(node: &Node, d: &mut Diags) -> Option<Environment> {
    let mut f = Fields::new(node, "the environment", d)?;
    let name = name(&mut f, "environment", ids::INVALID_ENVIRONMENT, d);
    let values = variables(&mut f, "values", d);
    let keys = keys(&mut f, "env-", d);
    f.finish(d);
    Some(Environment { name, variables: values, keys, ..Environment::default() })
}
