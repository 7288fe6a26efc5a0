//! Applications, environments, keys (spec 3.9 to 3.12).

use crate::support::{application, environment, refused, warned};

#[test]
fn a_whole_application() {
    let a = application(include_str!("golden/shop.app.yml"));
    assert_eq!(a.variables["api.url"].kind, "string");
    assert_eq!(a.variables["api.token"].kind, "password");
    assert_eq!(a.keys["app-deploy"].regen, Some(false));
    assert_eq!(a.deployments["kube-prod"]["namespace"].value, "shop");
    assert_eq!((a.vcs_connection_type.as_str(), a.vcs_ssh_key.as_str()), ("ssh", "proj-ssh-acme"));
    assert_eq!(application("version: v1.0\nname: a\n").vcs_connection_type, "https");
}

#[test]
fn broken_applications() {
    let file = |rest: &str| format!("name: a\n{rest}");
    refused("a.app.yml", "name: ''\n", "has no name", 74);
    refused("a.app.yml", &file("vcs_connection_type: ssh\n"), "connection type ssh without ssh key", 155);
    refused("a.app.yml", &file("keys: {deploy: {type: ssh}}\n"), "must have prefix 'app-'", 125);
    refused("a.app.yml", &file("keys: {app-x: {type: rsa}}\n"), "Unknown key type", 101);
    refused(
        "a.app.yml",
        &file("variables: {x: {type: secret, value: y}}\n"),
        "invalid variable type secret",
        74,
    );
    refused("a.app.yml", &file("variables: {x: y}\n"), "must be a mapping with `type` and `value`", 74);
    refused(
        "a.app.yml",
        &file("deployments: {k: {ns: shop}}\n"),
        "must be a mapping with `type` and `value`",
        74,
    );
    warned("a.app.yml", &file("permissions: {dev: 7}\n"), "has no effect any more");
    warned("a.app.yml", &file("repo: a/b\n"), "no effect without `vcs_server`");
    warned("a.app.yml", &file("vcs_connection_type: https\nvcs_ssh_key: k\n"), "no effect with https");
}

#[test]
fn environments() {
    let e = environment(
        "name: prod\nvalues:\n  a: {value: 010}\n  b: {type: password, value: 3f0b5a0c6d1e4f7a8b9c0d1e2f3a4b5c}\nkeys: {env-k: {type: pgp}}\n",
    );
    assert_eq!((e.variables["a"].kind.as_str(), e.variables["a"].value.as_str()), ("string", "010"));
    assert_eq!(e.keys["env-k"].kind, "pgp");
    refused("e.env.yml", "name: a b\n", "environment name a b do not respect pattern", 24);
    refused("e.env.yml", "name: e\nkeys: {app-x: {type: ssh}}\n", "must have prefix", 125);
    warned("e.env.yml", "name: e\nvariables: {}\n", "unknown key `variables`");
}
