//! Action files (spec 3.8).

use super::pipeline::{Owner, parameters};
use super::requirement::requirements;
use super::step::step;
use crate::def::UserAction;
use crate::diag::{Diags, Rule};
use crate::error_ids as ids;
use crate::read::{Fields, list};
use crate::yaml::Node;

/// Reads an action.
pub fn action(node: &Node, d: &mut Diags) -> Option<UserAction> {
    let mut f = Fields::new(node, "the action", d)?;
    f.allow(&["version"]);
    let mut a = UserAction { name: f.string("name", d), ..UserAction::default() };
    if a.name.trim().is_empty() {
        d.error(f.mark("name"), Rule::Name, "the action has no name")
            .id(ids::WRONG_REQUEST)
            .help("add name: NAME");
    } else if a.name.contains('/') {
        d.error(f.mark("name"), Rule::Name, format!("the name of an action cannot hold a slash: {}", a.name))
            .id(ids::WRONG_REQUEST)
            .help("write the group under `group`");
    }
    let group = f.string("group", d);
    if !group.is_empty() {
        a.group = group;
    }
    a.description = f.string("description", d);
    a.enabled = f.boolean("enabled", d).unwrap_or(true);
    a.parameters = parameters(&mut f, Owner::Action, d);
    if let Some(n) = f.get("requirements") {
        a.requirements = requirements(n, "`requirements` of the action", d);
    }
    if let Some(n) = f.get("steps") {
        a.steps = list(n, "`steps` of the action", d).iter().filter_map(|n| step(n, d)).collect();
    }
    let itself = format!("{}/{}", a.group, a.name);
    let short = a.group == "shared.infra";
    for step in &a.steps {
        if step.action.eq_ignore_ascii_case(&itself) || (short && step.action.eq_ignore_ascii_case(&a.name)) {
            let at = crate::diag::Mark { line: step.line, column: 1 };
            d.error(
                at,
                Rule::Graph,
                format!("action loop usage detected for given steps: {} calls itself", a.name),
            )
            .id(ids::WRONG_REQUEST)
            .help("call another action");
        }
    }
    f.finish(d);
    Some(a)
}
