//! Canonical files. `golden/X.out.yml` is what reading and writing `golden/X.yml` must give, byte for byte.

use crate::support::{application, environment, pipeline, workflow};
use cds_workflow::export::*;

#[track_caller]
fn same(out: &str, want: &str) {
    assert!(out == want, "--- got\n{out}\n--- want\n{want}");
}

const GROUPS: ExportOptions = ExportOptions { with_permissions: true };

#[test]
fn golden_files() {
    let w = workflow(include_str!("golden/release-train.yml"));
    same(&export_workflow(&w, GROUPS), include_str!("golden/release-train.out.yml"));
    let w = workflow(include_str!("golden/nightly.yml"));
    same(&export_workflow(&w, GROUPS), include_str!("golden/nightly.out.yml"));
    let p = pipeline(include_str!("golden/build.pip.yml"));
    same(&export_pipeline(&p), include_str!("golden/build.out.pip.yml"));
    let a = application(include_str!("golden/shop.app.yml"));
    same(&export_application(&a), include_str!("golden/shop.out.app.yml"));
    let e = environment(include_str!("golden/prod.env.yml"));
    same(&export_environment(&e), include_str!("golden/prod.out.env.yml"));
}

#[test]
fn golden_files_are_fixpoints() {
    let text = include_str!("golden/release-train.out.yml");
    same(&export_workflow(&workflow(text), GROUPS), text);
    let text = include_str!("golden/nightly.out.yml");
    same(&export_workflow(&workflow(text), GROUPS), text);
    let text = include_str!("golden/build.out.pip.yml");
    same(&export_pipeline(&pipeline(text)), text);
    let text = include_str!("golden/shop.out.app.yml");
    same(&export_application(&application(text)), text);
    let text = include_str!("golden/prod.out.env.yml");
    same(&export_environment(&environment(text)), text);
}

#[test]
fn permissions_only_when_asked() {
    let w = workflow("name: w\nworkflow: {a: {pipeline: p, permissions: {ops: 5}}}\npermissions: {dev: 7}\n");
    let without = export_workflow(&w, ExportOptions::default());
    assert!(!without.contains("dev") && without.contains("ops: 5"));
    assert!(export_workflow(&w, GROUPS).ends_with("permissions:\n  dev: 7\n"));
}

#[test]
fn twenty_runs_are_never_written() {
    let file = |n: i64| format!("name: w\nworkflow: {{a: {{pipeline: p}}}}\nhistory_length: {n}\n");
    for (n, written) in [(20, false), (0, false), (-1, false), (21, true)] {
        let out = export_workflow(&workflow(&file(n)), ExportOptions::default());
        assert_eq!(out.contains("history_length"), written, "{n}");
    }
}

#[test]
fn stages_are_written_when_they_say_something() {
    let out = |text: &str| export_pipeline(&pipeline(text));
    assert!(!out("name: p\nstages: [S]\njobs: [{job: a, stage: S}]\n").contains('S'));
    let options = out("name: p\nstages: [S]\noptions: {S: {enabled: false}}\njobs: [{job: a}]\n");
    assert!(
        options.contains("stages:\n- S\noptions:\n  S:\n    enabled: false\njobs:\n- job: a\n"),
        "{options}"
    );
}

#[test]
fn conditions_of_notifications_survive() {
    let text = "name: w
version: v2.0
workflow:
  a:
    pipeline: p
notifications:
- type: vcs
  settings:
    template:
      disable_status: true
    conditions:
      check:
      - variable: cds.status
        operator: eq
        value: Fail
- type: event
  integration: bus
";
    same(&export_workflow(&workflow(text), ExportOptions::default()), text);
}

#[test]
fn json_has_the_same_keys() {
    let w = workflow(include_str!("golden/nightly.yml"));
    let json = export_workflow_json(&w, GROUPS);
    assert_eq!(json["workflow"]["build"]["payload"]["f"], 1.5);
    assert_eq!(workflow(&json.to_string()), workflow(&export_workflow(&w, GROUPS)));
    let p = pipeline(include_str!("golden/build.pip.yml"));
    assert_eq!(pipeline(&export_pipeline_json(&p).to_string()), pipeline(&export_pipeline(&p)));
    let a = application(include_str!("golden/shop.app.yml"));
    assert_eq!(application(&export_application_json(&a).to_string()), a);
    let e = environment(include_str!("golden/prod.env.yml"));
    assert_eq!(environment(&export_environment_json(&e).to_string()), e);
}

#[test]
fn repositories_need_not_repeat_their_own_hook() {
    let file = |hooks: &str| {
        format!(
            "name: w\nworkflow: {{a: {{pipeline: p, payload: {{git.branch: m}}}}}}\nhooks: {{a: [{hooks}]}}\n"
        )
    };
    for (hooks, dropped) in [
        ("{type: RepositoryWebHook}", true),
        ("{type: RepositoryWebHook, config: {eventFilter: Push Hook;Tag Push Hook}}", true),
        ("{type: RepositoryWebHook, config: {eventFilter: pull_request}}", false),
        ("{type: RepositoryWebHook, conditions: {script: return true}}", false),
        ("{type: RepositoryWebHook}, {type: WebHook}", false),
        ("{type: WebHook}", false),
    ] {
        let w = without_repository_defaults(&workflow(&file(hooks)));
        assert_eq!((w.hooks.is_empty(), w.nodes[0].payload.is_empty()), (dropped, dropped), "{hooks}");
    }
}
