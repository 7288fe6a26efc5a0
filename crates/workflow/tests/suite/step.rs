//! Steps (spec 3.4 to 3.6).

use crate::support::{findings, pipeline, refused, warned};
use cds_workflow::def::Step;

fn file(step: &str) -> String {
    format!("name: p\njobs:\n- job: a\n  steps:\n  - {}\n", step.replace('\n', "\n    "))
}

fn step(text: &str) -> Step {
    pipeline(&file(text)).stages[0].jobs[0].steps[0].clone()
}

fn given(text: &str) -> (String, Vec<String>) {
    let s = step(text);
    (s.action, s.parameters.iter().map(|(k, v)| format!("{k}={v}")).collect())
}

#[test]
fn scripts() {
    assert_eq!(given("script: make"), ("Script".into(), vec!["script=make".into()]));
    assert_eq!(step("script: |\n  a\n  b\n").parameters["script"], "a\nb\n");
    let list = "script:\n- true\n- 42\n- echo a: b\n- 'true'\n- ~\n- 1:30\n- 2020-01-01\n- echo";
    assert_eq!(step(list).parameters["script"], "\n\n\ntrue\n\n1:30\n2020-01-01\necho");
    warned("p.pip.yml", &file(list), "becomes an empty line");
    refused("p.pip.yml", &file("script: 42"), "Malformatted step", 167);
    refused("p.pip.yml", &file("script: {a: b}"), "Malformatted step", 167);
    refused("p.pip.yml", &file("script:"), "malformatted step", 74);
    assert_eq!(step("script: '42'").parameters["script"], "42");
}

#[test]
fn short_forms() {
    let one = |text: &str| given(text);
    assert_eq!(
        one("checkout: '{{.cds.workspace}}'"),
        ("CheckoutApplication".into(), vec!["directory={{.cds.workspace}}".into()])
    );
    assert_eq!(one("jUnitReport: '*.xml'"), ("JUnit".into(), vec!["path=*.xml".into()]));
    assert_eq!(one("deploy: '{{.cds.application}}'"), ("DeployApplication".into(), vec![]));
    assert_eq!(one("pushBuildInfo: x"), ("PushBuildInfo".into(), vec![]));
    assert_eq!(one("coverage: {}"), ("Coverage".into(), vec![]));
    assert_eq!(
        one("artifactUpload: {path: x, tag: '', destination: d}"),
        ("Artifact Upload".into(), vec!["destination=d".into(), "path=x".into()])
    );
    assert_eq!(one("artifactDownload: {pattern: '.*'}").1, ["pattern=.*"]);
    assert_eq!(one("gitClone: {tag: '', branch: '', depth: 1}").1, ["depth=1", "tag="]);
    assert_eq!(one("gitTag: {tagLevel: minor}"), ("GitTag".into(), vec!["tagLevel=minor".into()]));
    assert_eq!(one("promote: {artifacts: a, setProperties: b}").1, ["artifacts=a", "setProperties=b"]);
    assert_eq!(one("release: {releaseNote: n}").0, "Release");
    assert_eq!(one("releaseVCS: {title: t}").0, "ReleaseVCS");
    assert_eq!(one("asCodeAction: {z: 1, a: 2}"), ("asCodeAction".into(), vec!["z=1".into(), "a=2".into()]));
    refused("p.pip.yml", &file("artifactUpload: x"), "`artifactUpload` must be a mapping", 74);
    refused("p.pip.yml", &file("coverage:"), "malformatted step", 74);
    warned("p.pip.yml", &file("artifactUpload: {pth: x}"), "did you mean `path`");
}

#[test]
fn flags() {
    let s = step("name: Compile\nenabled: no\noptional: yes\nalways_executed: on\nscript: x");
    assert_eq!(
        (s.name.as_str(), s.enabled, s.optional, s.always_executed, s.line),
        ("Compile", false, true, true, 5)
    );
    assert_eq!(step("name: SCRIPT\nscript: x").name, "");
    refused("p.pip.yml", &file("optional: perhaps\nscript: x"), "must be true or false", 74);
}

#[test]
fn a_limit_of_time_and_an_action_of_that_name() {
    assert_eq!(step("timeout: 1h30m\nscript: x").timeout_s, 5400);
    assert_eq!(step("script: x").timeout_s, 0);
    // An action may be called so: a mapping follows its name.
    let s = step("timeout: {after: 5m}");
    assert_eq!((s.action.as_str(), s.timeout_s, s.parameters["after"].as_str()), ("timeout", 0, "5m"));
    // Both at once: then the action needs its long name.
    let both = pipeline(&file("timeout: 5m\nshared.infra/timeout: {after: 1m}"));
    let written = cds_workflow::export::export_pipeline(&both);
    assert!(written.contains("timeout: 5m") && written.contains("shared.infra/timeout:"), "{written}");
    assert_eq!(pipeline(&written), both);
    refused("p.pip.yml", &file("timeout: 30\nscript: x"), "30 has no unit: write 30s, 30m or 30h", 74);
    refused("p.pip.yml", &file("timeout: soon\nscript: x"), "\"soon\" is no length of time", 74);
    refused("p.pip.yml", &file("timeout: 0s\nscript: x"), "one at least", 74);
    refused("p.pip.yml", &file("timeout: [1m]\nscript: x"), "must be a length of time", 74);
    refused("p.pip.yml", &file("timeout: 1m"), "malformatted step: it names no action", 74);
}

#[test]
fn exactly_one_action() {
    refused("p.pip.yml", &file("script: x\ncheckout: y"), "malformatted step: it has 2 actions", 74);
    refused("p.pip.yml", &file("name: x"), "malformatted step: it names no action", 74);
    refused("p.pip.yml", &file("installKey: k"), "installKey is no longer an action", 74);
    warned("p.pip.yml", &file("installKey: k\nscript: x"), "installKey has no effect");
    refused("p.pip.yml", &file("- a"), "a step must be a mapping", 74);
}

#[test]
fn own_actions_and_typos() {
    assert_eq!(given("my-plugin:"), ("my-plugin".into(), vec![]));
    assert_eq!(given("grp/act: {a: 1, b: ''}"), ("grp/act".into(), vec!["a=1".into()]));
    assert_eq!(given("shared.infra/act: {a: 1}").0, "act");
    assert_eq!(given("artifact upload: {PATH: x}"), ("Artifact Upload".into(), vec!["path=x".into()]));
    assert_eq!(given("Script: {script: 'true'}"), ("Script".into(), vec!["script=true".into()]));
    refused("p.pip.yml", &file("Artifact Upload: {pth: x}"), "has no parameter pth", 74);
    refused("p.pip.yml", &file("optionnal: true\nscript: x"), "`optionnal` is no key of a step", 74);
    assert!(
        findings("p.pip.yml", &file("optionnal: true\nscript: x"))
            .join("")
            .contains("did you mean `optional`")
    );
    refused("p.pip.yml", &file("a/b/c: {x: y}"), "is no name of an action", 74);
    refused("p.pip.yml", &file("act: {a: [b]}"), "must be a string", 74);
}

#[test]
fn lines_that_yaml_reads_as_text() {
    // The kind of lines that build scripts hold.
    let s = step(
        "script:\n- \\x\n- PGPASSWORD=x psql -h db <<EOF\n- if [[ -z \"$K\" ]]; then exit 1; fi;\n- echo \"v {{.cds.build.x}}\"\n- key:{{.cds.proj.k}}\n- \"\"\n- '#!/bin/bash'",
    );
    let lines: Vec<&str> = s.parameters["script"].split('\n').collect();
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[0], "\\x");
    assert_eq!(lines[4], "key:{{.cds.proj.k}}");
}
