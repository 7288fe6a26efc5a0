//! Checks at save.

use crate::support::workflow;
use cds_workflow::def::{Check, Hook, Node, NodeKind, Notification, Workflow};
use cds_workflow::validate::validate_workflow;

fn good() -> Workflow {
    workflow(include_str!("golden/release-train.yml"))
}

fn ids(change: impl FnOnce(&mut Workflow)) -> Vec<u16> {
    let mut w = good();
    change(&mut w);
    validate_workflow(&w).iter().map(|i| i.id).collect()
}

#[test]
fn a_good_one_has_no_issues() {
    assert_eq!(validate_workflow(&good()), []);
    let w = workflow("name: w\nworkflow: {a: {}, b: {depends_on: [a]}, c: {depends_on: [a, b]}}\n");
    assert_eq!(validate_workflow(&w), []);
}

#[test]
fn every_check_has_its_number() {
    assert_eq!(ids(|w| w.name = "a b".into()), [74]);
    assert_eq!(
        ids(|w| {
            w.nodes.clear();
            w.hooks.clear()
        }),
        [96]
    );
    assert_eq!(ids(|w| w.nodes[5].name = "a b".into()), [106]);
    assert_eq!(
        ids(|w| {
            let twin = w.nodes[1].clone();
            w.nodes.push(twin)
        }),
        [187]
    );
    assert_eq!(ids(|w| w.nodes[1].parents = vec!["x".into()]), [95]);
    assert_eq!(ids(|w| w.nodes[1].parents = vec!["deploy".into()]), [96]);
    assert_eq!(ids(|w| w.nodes[1].parents.clear()), [74]);
    assert_eq!(ids(|w| w.nodes[5].parents.push("build".into())), [96]);
    assert_eq!(ids(|w| w.nodes[1].kind = NodeKind::Fork), [96]);
    assert_eq!(ids(|w| w.nodes[5].trigger = "Pigeon".into()), [74]);
    assert_eq!(
        ids(|w| {
            w.nodes[1].payload.insert("a".into(), "b".into());
        }),
        [154]
    );
    assert_eq!(
        ids(|w| {
            w.nodes[0].payload.insert("cds.x".into(), "b".into());
        }),
        [176]
    );
    assert_eq!(
        ids(|w| w.nodes[1].conditions.check.push(Check { operator: "==".into(), ..Check::default() })),
        [143]
    );
    assert_eq!(
        ids(|w| {
            w.hooks.insert("x".into(), vec![]);
        }),
        [74]
    );
    assert_eq!(
        ids(|w| {
            w.hooks.insert("build".into(), vec![Hook { model: "x".into(), ..Hook::default() }]);
        }),
        [74]
    );
    assert_eq!(ids(|w| w.nodes[0].application.clear()), [74]);
    assert_eq!(
        ids(|w| w.notifications.push(Notification { nodes: vec!["x".into()], ..Notification::default() })),
        [122]
    );
    assert_eq!(
        ids(|w| {
            w.permissions.insert("g".into(), 5);
        }),
        [110]
    );
    assert_eq!(
        ids(|w| {
            w.permissions.insert("g".into(), 7);
            w.nodes[0].permissions.insert("h".into(), 4);
        }),
        [161]
    );
    let lone = Node { name: "j".into(), kind: NodeKind::Join, ..Node::default() };
    assert_eq!(ids(|w| w.nodes.push(lone)), [74, 96]);
}
