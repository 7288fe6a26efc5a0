//! Stages, options, jobs, parameters, requirements (spec 3.3, 3.7).

use crate::support::{findings, pipeline, refused, warned};
use cds_workflow::def::Pipeline;

fn shape(p: &Pipeline) -> Vec<String> {
    p.stages
        .iter()
        .map(|s| {
            format!("{}={}", s.name, s.jobs.iter().map(|j| j.name.as_str()).collect::<Vec<_>>().join(","))
        })
        .collect()
}

#[test]
fn jobs_find_their_stages() {
    // No stages at all: one without name.
    assert_eq!(shape(&pipeline("name: p\njobs: [{job: a}, {job: b}, {job: a}]\n")), ["=a,b,a"]);
    // A job without stage joins the only one.
    assert_eq!(shape(&pipeline("name: p\nstages: [S]\njobs: [{job: a}, {job: b, stage: S}]\n")), ["S=a,b"]);
    // An unknown stage is appended, with or without name.
    let two = "name: p\nstages: [S, T]\njobs: [{job: a, stage: U}, {job: b}, {job: c, stage: T}, {job: d}]\n";
    assert_eq!(shape(&pipeline(two)), ["S=", "T=c", "U=a", "=b,d"]);
    warned("p.pip.yml", two, "stage U is not in `stages`");
    assert_eq!(shape(&pipeline("name: p\njobs: [{job: a, stage: S}, {job: b}]\n")), ["S=a,b"]);
    // Of duplicates the last place counts.
    assert_eq!(shape(&pipeline("name: p\nstages: [S, T, S]\n")), ["T=", "S="]);
    assert!(pipeline("version: v1.0\nname: p\n").stages.is_empty());
}

#[test]
fn limits_of_time() {
    let p = pipeline("name: p\njobs: [{job: a, timeout: 15m, queue_timeout: 2d}, {job: b}]\n");
    let jobs = &p.stages[0].jobs;
    assert_eq!((jobs[0].timeout_s, jobs[0].queue_timeout_s), (900, 172_800));
    assert_eq!((jobs[1].timeout_s, jobs[1].queue_timeout_s), (0, 0));
    refused(
        "p.pip.yml",
        "name: p\njobs: [{job: a, timeout: 1.5h}]\n",
        "`timeout` of job a: \"1.5h\" is no",
        74,
    );
    warned("p.pip.yml", "name: p\njobs: [{job: a, time_out: 1h}]\n", "did you mean `timeout`");
}

#[test]
fn options_and_enabled() {
    let p = pipeline(
        "name: p
stages: [S, T]
options:
  S: {enabled: off, jobs: ignored}
  T:
    conditions:
      check: [{variable: git.branch, operator: eq, value: master}]
      script: return true
jobs:
- {job: a, stage: S, enabled: n}
- {job: b, stage: T}
",
    );
    assert!(!p.stages[0].enabled && p.stages[1].enabled);
    assert!(!p.stages[0].jobs[0].enabled && p.stages[1].jobs[0].enabled);
    // Beside a script the checks are erased.
    assert!(p.stages[1].conditions.check.is_empty());
    assert_eq!(p.stages[1].conditions.script, "return true");
    refused(
        "p.pip.yml",
        "name: p\nstages: [Build]\noptions: {build: {enabled: no}}\n",
        "invalid stage option, stage build not found",
        74,
    );
}

#[test]
fn conditions_of_old_releases_are_imported_without_effect() {
    let text = "version: v1.0
name: p
stages: [Build, Ship]
options:
  Build:
    conditions:
      git.branch: master
jobs:
- {job: a, stage: Build}
";
    warned("p.pip.yml", text, "write check: [{variable: git.branch, operator: eq, value: master}]");
    assert!(pipeline(text).stages[0].conditions.is_empty());
}

#[test]
fn names_versions_and_parameters() {
    refused("p.pip.yml", "name: a/b\n", "pipeline name must respect", 86);
    refused("p.pip.yml", "name: p\nversion: v2.0\n", "invalid pipeline version v2.0", 74);
    refused("p.pip.yml", "", "empty", 86);
    refused("p.pip.yml", "name: p\nstages: [a, 'b/c']\n", "stage name", 86);
    assert_eq!(pipeline("name: p\nstages: ['b/c']\n").stages.len(), 1);
    let p = pipeline(
        "name: p\nparameters:\n  a: {default: 010, advanced: true}\n  b: {type: list, default: x;y}\n  c:\n",
    );
    assert_eq!((p.parameters["a"].kind.as_str(), p.parameters["a"].value.as_str()), ("string", "010"));
    assert_eq!(p.parameters["b"].value, "x;y");
    assert_eq!(p.parameters["c"].kind, "string");
    refused(
        "p.pip.yml",
        "name: p\nparameters: {a: {type: password}}\n",
        "'password' parameter is not allowed",
        57,
    );
    warned("p.pip.yml", "name: p\nparameters: {a: {type: boolaen}}\n", "did you mean `boolean`");
}

#[test]
fn job_level_flags_do_nothing() {
    let text = "name: p\njobs: [{job: a, optional: true, always_executed: true, condition: x}]\n";
    let all = findings("p.pip.yml", text).join("\n");
    assert!(
        all.contains("`optional` has no effect") && all.contains("`always_executed` has no effect"),
        "{all}"
    );
    assert!(all.contains("unknown key `condition`"));
}

fn with(requirements: &str) -> String {
    format!("name: p\njobs:\n- job: a\n  requirements:\n{requirements}")
}

#[test]
fn requirements() {
    let p = pipeline(&with(
        "  - binary: git
  - hostname: h1
  - memory: 2048
  - model: shared.infra/rust --privileged
  - os-architecture: linux/amd64
  - plugin: plug
  - region: eu
  - service: {name: pg, value: 'postgres:13 A=b'}
  - secret: ^cds\\.proj\\..*$
  - flavor: b2-7
",
    ));
    let got: Vec<String> = p.stages[0].jobs[0]
        .requirements
        .iter()
        .map(|r| format!("{} {} {}", r.name, r.kind, r.value))
        .collect();
    assert_eq!(
        got,
        [
            "git binary git",
            "hostname hostname h1",
            "memory memory 2048",
            "model model shared.infra/rust --privileged",
            "linux/amd64 os-architecture linux/amd64",
            "plug plugin plug",
            "region region eu",
            "pg service postgres:13 A=b",
            "secret secret ^cds\\.proj\\..*$",
            "flavor flavor b2-7"
        ]
    );
}

#[test]
fn broken_requirements() {
    refused(
        "p.pip.yml",
        &with("  - binary: git\n  - binary: git\n"),
        "duplicate requirement name git and type binary",
        98,
    );
    refused("p.pip.yml", &with("  - region: a\n  - region: b\n"), "duplicate requirement name region", 98);
    refused("p.pip.yml", &with("  - model: a\n  - model: b\n"), "multiple worker models", 123);
    refused("p.pip.yml", &with("  - hostname: a\n  - hostname: b\n"), "multiple hostname", 124);
    refused("p.pip.yml", &with("  - secret: '(['\n"), "no regular expression", 98);
    refused("p.pip.yml", &with("  - network: x\n"), "requirements of type `network` no longer exist", 98);
    refused("p.pip.yml", &with("  - modelv2: x\n"), "modelv2", 98);
    refused("p.pip.yml", &with("  - bianry: git\n"), "unknown requirement type `bianry`", 98);
    refused("p.pip.yml", &with("  - service: {name: pg}\n"), "`service` is empty", 98);
    refused("p.pip.yml", &with("  - binary: ''\n"), "`binary` is empty", 98);
    refused("p.pip.yml", &with("  - {}\n"), "the item is empty", 98);
    refused("p.pip.yml", &with("  - git\n"), "must be a mapping", 74);
    warned("p.pip.yml", &with("  - {model: m, binary: git}\n"), "only `binary` of this requirement counts");
    let p = pipeline(&with("  - {model: m, binary: git}\n"));
    assert_eq!(p.stages[0].jobs[0].requirements.len(), 1);
    // Go's syntax, not Rust's.
    assert_eq!(pipeline(&with("  - secret: '^\\Qcds.proj.\\E[[a-z]+$'\n")).stages.len(), 1);
}
