//! The shell of workflow files, both versions; conditions, hooks, notifications (spec 3.1, 3.2).

use crate::support::{findings, refused, warned, workflow};
use cds_workflow::def::{NodeKind, NotificationSettings};
use serde_json::json;

#[test]
fn versions() {
    assert_eq!(workflow("name: w\nworkflow: {a: {pipeline: p}}\n").nodes.len(), 1);
    refused(
        "w.yml",
        "name: w\nversion: v3.0\nworkflow: {a: {pipeline: p}}\n",
        "invalid workflow version: v3.0",
        74,
    );
    refused("w.yml", "name: w\nversion: v2.0\n", "at least 1 pipeline", 96);
    assert!(findings("w.yml", "name: w\npipeline: p\n").join("").contains("add version: v1.0"));
    refused(
        "w.yml",
        "name: a b\nworkflow: {a: {pipeline: p}}\n",
        "workflow name a b do not respect pattern",
        74,
    );
    refused("w.yml", "", "empty", 96);
    refused("w.yml", "- a\n", "must be a mapping", 74);
    warned("w.yml", "name: w\nversion: v1.0\npipeline: p\n", "deprecated");
}

#[test]
fn a_single_pipeline_in_the_old_form() {
    let w = workflow(
        "name: nightly
version: v1.0
pipeline: build
application: shop
one_at_a_time: true
payload: {git.branch: master}
parameters: {mode: full}
when: [manual]
pipeline_hooks:
- type: Scheduler
  ref: \"12\"
  config: {cron: \"0 2 * * *\", timezone: Europe/Paris}
notify:
- type: email
  settings: {recipients: [qa@example.org]}
permissions: {dev: 7}
",
    );
    let node = &w.nodes[0];
    assert_eq!((node.name.as_str(), node.kind), ("build", NodeKind::Pipeline));
    assert!(node.mutex && node.permissions.is_empty());
    assert_eq!(w.permissions["dev"], 7);
    assert_eq!(node.parameters["mode"], "full");
    assert_eq!(w.hooks["build"][0].config["cron"], "0 2 * * *");
    assert_eq!(w.notifications[0].nodes, ["build"]);
    assert_eq!(w.notifications[0].settings.as_ref().unwrap().recipients, ["qa@example.org"]);
    refused(
        "w.yml",
        "name: w\nversion: v1.0\npipeline: p\nhooks: {p: [{type: WebHook}]}\n",
        "hooks not allowed here",
        74,
    );
    refused("w.yml", "name: w\nversion: v1.0\n", "at least 1 pipeline", 96);
}

#[test]
fn a_graph_in_the_old_version() {
    let w = workflow(
        "name: w
version: v1.0
workflow:
  a: {pipeline: p}
  b: {pipeline: p, depends_on: [a]}
hooks:
  a:
  - type: WebHook
notifications:
  'a, b':
  - {type: email}
",
    );
    assert_eq!(w.notifications[0].nodes, ["a", "b"]);
    let file = |rest: &str| format!("name: w\nversion: v1.0\nworkflow: {{a: {{pipeline: p}}}}\n{rest}");
    refused("w.yml", &file("application: shop\n"), "application shop not allowed here", 74);
    refused("w.yml", &file("conditions: {script: return true}\n"), "conditions not allowed here", 74);
    refused("w.yml", &file("when: [manual]\n"), "when not allowed here", 74);
    refused("w.yml", &file("pipeline_hooks: [{type: WebHook}]\n"), "pipeline_hooks not allowed here", 74);
    refused("w.yml", &file("notify: [{type: email}]\n"), "notify not allowed here", 74);
    refused("w.yml", &file("notifications: {x: [{type: email}]}\n"), "(x is missing)", 122);
    refused("w.yml", &file("notifications: {a: [{type: mail}]}\n"), "invalid notification type mail", 74);
    warned("w.yml", &file("payload: {a: b}\n"), "`payload` has no effect");
}

#[test]
fn conditions_and_when() {
    let w = workflow(
        "name: w
workflow:
  a:
    pipeline: p
    when: [success, manual]
    conditions:
      check:
      - {variable: git.branch, operator: ne, value: true}
",
    );
    let checks: Vec<String> = w.nodes[0]
        .conditions
        .check
        .iter()
        .map(|c| format!("{} {} {}", c.variable, c.operator, c.value))
        .collect();
    assert_eq!(checks, ["git.branch ne true", "cds.status eq Success", "cds.manual eq true"]);
    let file = |rest: &str| format!("name: w\nworkflow:\n  a:\n    pipeline: p\n{rest}");
    refused("w.yml", &file("    when: [failure]\n"), "unsupported when condition failure", 74);
    refused("w.yml", &file("    when: success\n"), "must be a list", 74);
    let check =
        |op: &str| format!("    conditions: {{check: [{{variable: a, operator: '{op}', value: b}}]}}\n");
    refused("w.yml", &file(&check("==")), "unknown operator", 143);
    assert!(findings("w.yml", &file(&check("=="))).join("").contains("did you mean `eq`"));
    warned("w.yml", &file("    conditions: {git.branch: master}\n"), "unknown key `git.branch`");
    warned(
        "w.yml",
        &file("    conditions: {script: return true}\n    when: [manual]\n"),
        "no effect beside a script",
    );
    // Keys of JSON files.
    let w =
        workflow(&file("    conditions: {plain: [{variable: a, operator: eq, value: b}], lua_script: x}\n"));
    assert_eq!((w.nodes[0].conditions.check.len(), w.nodes[0].conditions.script.as_str()), (1, "x"));
}

#[test]
fn payloads_are_flattened_and_typed() {
    let w = workflow(
        "name: w
workflow:
  a:
    pipeline: p
    payload:
      git.branch: master
      n: 1.50
      whole: 2.0
      yes: on
      text: '1'
      nothing:
      day: 2026-11-23
      m: {list: [x, {k: 0x10}], empty: {}}
",
    );
    let got: Vec<String> = w.nodes[0].payload.iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(
        got,
        [
            "git.branch=\"master\"",
            "n=1.5",
            "whole=2",
            "yes=true",
            "text=\"1\"",
            "nothing=\"\"",
            "day=\"2026-11-23\"",
            "m.list.list0=\"x\"",
            "m.list.list1.k=16"
        ]
    );
    let file = |payload: &str| format!("name: w\nworkflow: {{a: {{pipeline: p, payload: {payload}}}}}\n");
    refused("w.yml", &file("[x]"), "must be a mapping", 74);
    refused("w.yml", &file("{CDS.run: x}"), "cds.*", 176);
    refused("w.yml", &file("{cds: {run: x}}"), "cds.*", 176);
    let long = "k".repeat(20_000);
    let deep = format!("{{{long}: [{}]}}", vec!["x"; 200].join(", "));
    refused("w.yml", &file(&deep), "larger than", 74);
}

#[test]
fn hooks() {
    let file = |rest: &str| {
        format!("name: w\nworkflow: {{a: {{pipeline: p}}, b: {{depends_on: [a]}}}}\nhooks:\n{rest}")
    };
    let w = workflow(&file(
        "  a:
  - type: RepositoryWebHook
    config: {method: POST, eventFilter: push}
    conditions: {check: [{variable: git.branch, operator: regex, value: '^rel'}]}
  - type: WebHook
  - type: WebHook
",
    ));
    assert_eq!(w.hooks["a"].len(), 2);
    assert_eq!(w.hooks["a"][0].config.keys().collect::<Vec<_>>(), ["eventFilter"]);
    assert_eq!(w.hooks["a"][0].conditions.check.len(), 1);
    refused("w.yml", &file("  x: [{type: WebHook}]\n"), "invalid hook on x", 74);
    refused("w.yml", &file("  a: [{type: Webhook}]\n"), "not found", 74);
    assert!(
        findings("w.yml", &file("  a: [{type: Webhook}]\n")).join("").contains("did you mean \"WebHook\"")
    );
    refused("w.yml", &file("  a: [{type: RepositoryWebHook, config: {method: GET}}]\n"), "always POST", 145);
    warned("w.yml", &file("  b: [{type: WebHook}]\n"), "b is not the root");
    warned("w.yml", &file("  a: [{type: Scheduler, config: {corn: '* * * * *'}}]\n"), "did you mean `cron`");
}

#[test]
fn notifications() {
    let file = |rest: &str| format!("name: w\nworkflow: {{a: {{pipeline: p}}}}\nnotifications:\n{rest}");
    let w = workflow(&file(
        "- {type: event, integration: bus}
- type: email
  pipelines: [a]
  settings:
    on_success: always
    send_to_author: no
    conditions: {script: return true}
- type: vcs
  settings:
    template: {disable_status: true}
- type: email
  settings: {on_success: change}
- {type: telex}
",
    ));
    let kinds: Vec<&str> = w.notifications.iter().map(|n| n.kind.as_str()).collect();
    assert_eq!(kinds, ["email", "vcs", "email", "event"]);
    let s = w.notifications[0].settings.clone().unwrap();
    let want = NotificationSettings::default();
    assert_eq!((s.on_success.as_str(), s.on_failure, s.send_to_author), ("always", want.on_failure, false));
    assert_eq!(
        w.notifications[1].settings.as_ref().unwrap().template.as_ref().unwrap().disable_status,
        Some(true)
    );
    assert_eq!(w.notifications[2].settings, None);
    refused("w.yml", &file("- {type: event}\n"), "must be linked to an integration", 74);
    refused(
        "w.yml",
        &file("- {type: email, pipelines: [x]}\n"),
        "invalid notification on [x] (x is missing)",
        122,
    );
    warned("w.yml", &file("- {type: telex}\n"), "invalid notification type telex");
    warned("w.yml", &file("- {type: email, settings: {on_failure: allways}}\n"), "did you mean `always`");
}

#[test]
fn the_other_keys() {
    let w = workflow(
        "name: w
description: hi
workflow: {a: {pipeline: p, permissions: {ops: 5}}}
permissions: {dev: 7, all: 4}
metadata: {default_tags: 'git.branch,git.author', n: 1}
purge_tags: [git.branch, '']
retention_policy: return true
history_length: 0x10
integrations:
  arti: {type: artifact_manager, config: {folder: {type: string, value: nightly}}}
  bus: {}
",
    );
    assert_eq!(w.metadata["n"], "1");
    assert_eq!(w.purge_tags, ["git.branch"]);
    assert_eq!(w.history_length, 16);
    assert_eq!(w.integrations["arti"].config["folder"].value, "nightly");
    assert_eq!(w.notifications[0].integration, "bus");
    assert_eq!(json!(w.nodes[0].permissions), json!({"ops": 5}));
    let file = |rest: &str| format!("name: w\nworkflow: {{a: {{pipeline: p}}}}\n{rest}");
    refused("w.yml", &file("permissions: {dev: 6}\n"), "6 is no permission level", 74);
    refused("w.yml", &file("history_length: many\n"), "must be a whole number", 74);
    warned("w.yml", &file("retension_policy: x\n"), "did you mean `retention_policy`");
    let (found, _) = cds_workflow::parse::parse_file("w.yml", &file("history_length: -3\n"));
    assert!(found.is_some());
}

#[test]
fn instances_of_templates_are_recognised() {
    refused(
        "w.yml",
        "name: x\nfrom: tools/rust@4\nparameters: {a: b}\n",
        "instance of the template tools/rust@4",
        159,
    );
}

#[test]
fn json_and_anchors() {
    let w =
        workflow("{\"name\": \"w\", \"version\": \"v2.0\", \"workflow\": {\"a\": {\"pipeline\": \"p\"}}}");
    assert_eq!(w.nodes[0].pipeline, "p");
    let (found, _) = cds_workflow::parse::parse_workflow(
        "w.json",
        "{\"name\": \"w\", \"workflow\": {\"a\": {\"pipeline\": \"p\"}}}",
    );
    assert!(found.is_some());
    refused("w.json", "name: w\n", "as json", 74);
    let w = workflow(
        "name: w\nworkflow:\n  a: &base {pipeline: p, environment: e}\n  b: {<<: *base, depends_on: [a]}\n",
    );
    assert_eq!(w.nodes[1].environment, "e");
}
