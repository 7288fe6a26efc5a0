//! Checks over several files.

use cds_workflow::diag::{Rule, Severity};
use cds_workflow::{Diagnostic, lint::lint};

fn check(files: &[(&str, &str)], strict: bool) -> Vec<Diagnostic> {
    let files: Vec<(String, String)> = files.iter().map(|(n, t)| (n.to_string(), t.to_string())).collect();
    lint(&files, strict)
}

#[track_caller]
fn says(list: &[Diagnostic], severity: Severity, place: &str, text: &str) {
    let hit = list
        .iter()
        .any(|d| d.severity == severity && d.to_string().contains(text) && d.to_string().starts_with(place));
    assert!(hit, "no {place} {text:?} in {list:#?}");
}

const W: &str = "name: w
workflow:
  a:
    pipeline: build
    application: shop
    payload: {audience: x}
    parameters: {mode: full, speed: x}
  b:
    depends_on: [a]
    pipeline: biuld
    environment: prod
hooks:
  b: [{type: WebHook}]
";
const P: &str = "name: build
parameters: {mode: {type: string}}
jobs:
- job: a
  steps:
  - script:
    - echo start
    - git checkout {{.git.branch}} && echo {{.cds.version}} {{.Audience}}
  - scirpt: {}
  - script: echo {{.workflow.a.git.message}}
";

#[test]
fn references() {
    let list = check(&[("w.yml", W), ("build.pip.yml", P), ("shop.app.yml", "name: shop\n")], false);
    says(&list, Severity::Warning, "w.yml:10:5", "did you mean build?");
    says(&list, Severity::Warning, "w.yml:11:5", "prod.env.yml");
    says(&list, Severity::Warning, "w.yml:7:30", "has no parameter speed");
    says(&list, Severity::Warning, "w.yml:13:3", "b is not the root");
    says(&list, Severity::Warning, "build.pip.yml:9:", "did you mean `script`?");
    assert!(!list.iter().any(|d| d.is_error() || d.message.contains("shop")), "{list:#?}");
}

#[test]
fn tainted_values() {
    let list = check(&[("w.yml", W), ("build.pip.yml", P)], false);
    says(&list, Severity::Warning, "build.pip.yml:6:", "write \"$GIT_BRANCH\"");
    let tainted: Vec<&Diagnostic> = list.iter().filter(|d| d.rule == Rule::Tainted).collect();
    assert_eq!(tainted.len(), 3, "{tainted:#?}");
    assert!(tainted[0].message.contains("line 2"));
    // Without the workflow nobody knows that `audience` comes from a payload.
    let alone = check(&[("build.pip.yml", P)], false);
    assert_eq!(alone.iter().filter(|d| d.rule == Rule::Tainted).count(), 2);
}

#[test]
fn strict_and_operators() {
    let text = "name: p\nstagse: [S]\noptions: {'': {conditions: {check: [{variable: a, operator: is, value: b}]}}}\njobs: [{job: a}]\n";
    let list = check(&[("p.pip.yml", text)], false);
    says(&list, Severity::Warning, "p.pip.yml:2:1", "did you mean `stages`");
    says(&list, Severity::Error, "p.pip.yml:3", "unknown operator \"is\"");
    says(&check(&[("p.pip.yml", text)], true), Severity::Error, "p.pip.yml:2:1", "unknown key `stagse`");
}

#[test]
fn a_file_with_errors_still_has_its_name() {
    let w = "name: w\nworkflow: {a: {pipeline: p}}\n";
    let list = check(&[("w.yml", w), ("p.pip.yml", "name: p\njobs: nonsense\n")], false);
    says(&list, Severity::Error, "p.pip.yml:2", "must be a list");
    assert!(!list.iter().any(|d| d.message.contains("not among these files")), "{list:#?}");
}

#[test]
fn secrets_in_clear() {
    let app = "name: a
variables:
  ok: {type: password, value: 3f0b5a0c6d1e4f7a8b9c0d1e2f3a4b5c}
  bad: {type: password, value: hunter2}
vcs_password: hunter2
deployments: {k: {t: {type: password, value: ''}, u: {type: password, value: x}}}
";
    let env = "name: e\nvalues: {s: {type: password}}\nkeys: {env-k: {type: ssh, value: clear}}\n";
    let list = check(&[("a.app.yml", app), ("e.env.yml", env)], false);
    assert!(list.iter().all(|d| d.rule == Rule::Secret && d.id == Some(173)), "{list:#?}");
    let places: Vec<String> = list.iter().map(|d| format!("{}:{}", d.file, d.line)).collect();
    assert_eq!(places, ["a.app.yml:4", "a.app.yml:5", "a.app.yml:6", "e.env.yml:2", "e.env.yml:3"]);
    assert!(!list.iter().any(|d| d.to_string().contains("hunter2")), "a finding must not repeat the secret");
}

#[test]
fn the_same_name_twice_and_hooks_without_repository() {
    let list = check(&[("a.pip.yml", "name: p\n"), ("b.pip.yml", "name: p\n")], false);
    says(&list, Severity::Error, "b.pip.yml:1:1", "also defined in a.pip.yml");
    let w =
        "name: w\nworkflow: {a: {pipeline: p, application: shop}}\nhooks: {a: [{type: RepositoryWebHook}]}\n";
    let list = check(&[("w.yml", w), ("shop.app.yml", "name: shop\n")], false);
    says(&list, Severity::Error, "w.yml:3", "needs a repository");
    let w = "name: w\nworkflow: {a: {pipeline: p, permissions: {ops: 5}}}\npermissions: {dev: 5}\n";
    let list = check(&[("w.yml", w)], false);
    says(&list, Severity::Error, "w.yml:2", "group not in workflow");
    says(&list, Severity::Error, "w.yml:3", "must have the write permission");
}

#[test]
fn lua_is_compiled_and_not_run() {
    let file = |script: &str| {
        format!("name: w\nworkflow:\n  a:\n    pipeline: p\n    conditions:\n      script: {script}\n")
    };
    let list = check(&[("w.yml", &file("return git_branch =="))], false);
    says(&list, Severity::Error, "w.yml:6:7", "does not compile");
    let list = check(&[("w.yml", &file("while true do end"))], false);
    says(&list, Severity::Warning, "w.yml:6:7", "returns nothing");
    assert!(
        !check(&[("w.yml", &file("return nope.field == 1"))], false)
            .iter()
            .any(|d| d.rule == Rule::Condition)
    );
    let policy = "name: w\nworkflow: {a: {pipeline: p}}\nretention_policy: return (\n";
    says(&check(&[("w.yml", policy)], false), Severity::Error, "w.yml:3:1", "does not compile");
}
