//! Roots, triggers, joins, forks, cycles (spec 3.2.2).

use crate::support::{refused, workflow};
use cds_workflow::def::{NodeKind, Workflow};

fn shape(w: &Workflow) -> Vec<String> {
    let kind = |k| match k {
        NodeKind::Pipeline => "p",
        NodeKind::Join => "j",
        NodeKind::Fork => "f",
        NodeKind::OutgoingHook => "o",
    };
    w.nodes
        .iter()
        .map(|n| {
            format!(
                "{}{}:{}<{}",
                n.name,
                if n.anonymous { "*" } else { "" },
                kind(n.kind),
                n.parents.join(",")
            )
        })
        .collect()
}

#[test]
fn a_release_train() {
    let w = workflow(include_str!("golden/release-train.yml"));
    assert_eq!(
        shape(&w),
        [
            "build:p<",
            "lint:p<build",
            "unit:p<build",
            "gate:j<lint,unit",
            "deploy:p<gate",
            "notify-other:o<deploy"
        ]
    );
    assert_eq!(w.nodes[0].payload["audience"], "internal");
    assert_eq!(w.hooks["build"][0].model, "RepositoryWebHook");
    let deploy = &w.nodes[4];
    assert!(deploy.mutex && deploy.environment == "prod");
    assert_eq!(deploy.conditions.check[0].variable, "cds.manual");
    assert_eq!(w.nodes[5].config["target_project"], "OPS");
}

#[test]
fn entries_with_the_same_parents_share_a_join_whatever_their_order() {
    let one = "name: w
workflow:
  a: {pipeline: p}
  b: {depends_on: [a], pipeline: p}
  c: {depends_on: [a], pipeline: p}
  d: {depends_on: [b, c], pipeline: p}
  e: {depends_on: [c, b], pipeline: p}
  f: {depends_on: [d, e], pipeline: p}
  g: {depends_on: [b, c]}
";
    let two = "name: w
workflow:
  f: {depends_on: [e, d], pipeline: p}
  g: {depends_on: [c, b]}
  e: {depends_on: [b, c], pipeline: p}
  d: {depends_on: [c, b], pipeline: p}
  c: {depends_on: [a], pipeline: p}
  b: {depends_on: [a], pipeline: p}
  a: {pipeline: p}
";
    let w = workflow(one);
    assert_eq!(
        shape(&w),
        [
            "a:p<",
            "b:p<a",
            "c:p<a",
            "join*:j<b,c",
            "d:p<join",
            "e:p<join",
            "join_2*:j<d,e",
            "f:p<join_2",
            "g:j<join"
        ]
    );
    assert_eq!(w, workflow(two));
}

#[test]
fn names_of_joins_follow_the_highest_one_given() {
    let w = workflow(
        "name: w
workflow:
  a: {pipeline: p}
  b: {depends_on: [a], pipeline: p}
  join_4: {depends_on: [a, b], when: [success]}
  c: {depends_on: [a, b], pipeline: p}
",
    );
    assert_eq!(shape(&w), ["a:p<", "b:p<a", "join_5*:j<a,b", "c:p<join_5", "join_4:j<a,b"]);
    let w = workflow(
        "name: w
workflow:
  a: {pipeline: p}
  join: {depends_on: [a], pipeline: p}
  c: {depends_on: [a, join], pipeline: p}
",
    );
    assert_eq!(w.nodes[2].name, "join_2");
}

#[test]
fn forks_and_outgoing_hooks() {
    let w = workflow(
        "name: w
workflow:
  r: {}
  f: {depends_on: [r]}
  h: {depends_on: [f], trigger: WebHook, config: {URL: 'http://x'}, pipeline: lost}
",
    );
    assert_eq!(shape(&w), ["r:f<", "f:f<r", "h:o<f"]);
    assert_eq!(w.nodes[2].pipeline, "");
    refused("w.yml", "name: w\nworkflow: {r: {trigger: webhook}}\n", "not found", 74);
}

#[test]
fn broken_graphs() {
    let file = |rest: &str| format!("name: w\nversion: v2.0\nworkflow:\n  a: {{pipeline: p}}\n{rest}");
    refused("w.yml", &file("  b: {depends_on: [x], pipeline: p}\n"), "depends on an unknown pipeline: x", 96);
    refused("w.yml", &file("  b: {pipeline: p}\n"), "b should have at least one dependency because", 74);
    let cycle = "  b: {depends_on: [a, d], pipeline: p}\n  c: {depends_on: [b], pipeline: p}\n  d: {depends_on: [c], pipeline: p}\n";
    refused("w.yml", &file(cycle), "b -> d -> c -> b", 96);
    refused("w.yml", &file("  b: {depends_on: [b], pipeline: p}\n"), "b depends on itself", 96);
    refused("w.yml", "name: w\nworkflow: {a: {depends_on: [b]}, b: {depends_on: [a]}}\n", "a -> b -> a", 96);
    refused("w.yml", &file("  'b c': {depends_on: [a], pipeline: p}\n"), "must respect", 106);
    refused("w.yml", &file("  b: {depends_on: [a], payload: {x: y}}\n"), "(node: b)", 154);
    // All of them at once.
    let (_, list) = cds_workflow::parse::parse_file(
        "w.yml",
        &file("  b: {depends_on: [x], pipeline: p}\n  c: {depends_on: [y], pipeline: p}\n"),
    );
    assert_eq!(list.len(), 2);
    assert_eq!((list[0].line, list[0].column), (5, 20));
}
