//! Action files (spec 3.8).

use cds_workflow::export::{export_action, export_action_json};
use cds_workflow::parse::parse_action;

const FILE: &str = "version: v1.0
name: docker-build
group: tools
parameters:
  tag: {type: string, default: '{{.cds.version}}', description: image tag}
  quiet: {type: boolean, advanced: true}
requirements:
- binary: docker
steps:
- script: ['docker build -t app:{{.tag}} .']
";

#[test]
fn there_and_back() {
    let (found, list) = parse_action("a.yml", FILE);
    let a = found.unwrap_or_else(|| panic!("{list:?}"));
    assert_eq!((a.group.as_str(), a.steps.len(), a.parameters["quiet"].advanced), ("tools", 1, true));
    let want = "version: v1.0
name: docker-build
group: tools
parameters:
  quiet:
    type: boolean
    advanced: true
  tag:
    type: string
    default: '{{.cds.version}}'
    description: image tag
requirements:
- binary: docker
steps:
- script:
  - docker build -t app:{{.tag}} .
";
    assert_eq!(export_action(&a), want);
    assert_eq!(parse_action("a.yml", want).0, Some(a.clone()));
    assert_eq!(parse_action("a.json", &export_action_json(&a).to_string()).0, Some(a));
}

#[test]
fn defaults_and_errors() {
    let (found, _) = parse_action("a.yml", "name: a\nenabled: false\n");
    let a = found.unwrap();
    assert_eq!((a.group.as_str(), a.enabled), ("shared.infra", false));
    for (text, id) in [
        ("group: g\n", 74),
        ("name: a/b\n", 74),
        ("name: a\nparameters: {p: {type: password}}\n", 57),
        ("name: a\nparameters: {p: {type: colour}}\n", 74),
        ("name: a\nsteps: [{a: {}}]\n", 74),
        ("name: a\ngroup: g\nsteps: [{g/A: {}}]\n", 74),
    ] {
        let (found, list) = parse_action("a.yml", text);
        assert!(found.is_none() && list.iter().any(|d| d.id == Some(id)), "{text}: {list:?}");
    }
    assert!(parse_action("a.yml", "name: a\ngroup: g\nsteps: [{a: {}}]\n").0.is_some());
}
