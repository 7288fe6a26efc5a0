//! What a job asks of its worker, prepared (spec 6.7).

use crate::{conditions::ParamVars, spec::RunSpec, state::Params};
use cds_expr::interpolate::interpolate;
use cds_model::NodeIx;
use cds_workflow::def::{Job, Permissions, Requirement};

/// The group whose hatcheries may run everything.
pub const SHARED_INFRA: &str = "shared.infra";

/// Completes and interpolates the requirements of a job. The error is a sentence.
pub(crate) fn prepare(spec: &RunSpec, job: &Job, params: &Params) -> Result<Vec<Requirement>, String> {
    let mut all = cds_workflow::builtin::job_requirements(job);
    if !all.iter().any(|r| r.kind == "model" || r.kind == "os-architecture")
        && !spec.settings.default_os_arch.is_empty()
    {
        let value = spec.settings.default_os_arch.clone();
        all.push(Requirement { name: value.clone(), kind: "os-architecture".into(), value });
    }
    for region in spec
        .workflow
        .integrations
        .values()
        .flat_map(|i| i.config.values())
        .filter(|v| v.kind == "region" && !v.value.is_empty())
    {
        all.push(Requirement { name: "region".into(), kind: "region".into(), value: region.value.clone() });
    }
    let vars = ParamVars(params);
    let mut out: Vec<Requirement> = Vec::with_capacity(all.len());
    for mut requirement in all {
        for text in [&mut requirement.name, &mut requirement.value] {
            *text = interpolate(text, &vars)
                .map_err(|e| format!("requirement {} {text:?}: {e}", requirement.kind))?;
        }
        if !out.contains(&requirement) {
            out.push(requirement);
        }
    }
    let mut regions = out.iter().filter(|r| r.kind == "region").map(|r| r.value.as_str());
    let first = regions.next();
    if let Some(other) = regions.find(|r| Some(*r) != first) {
        let first = first.unwrap_or_default();
        return Err(format!("Cannot have multiple region requirements: {first} and {other}"));
    }
    Ok(out)
}

/// The groups whose hatcheries may run jobs of a node: level 5 or more on the node, if it has permissions, else on
/// the workflow; none at all means that every hatchery may.
pub(crate) fn groups(spec: &RunSpec, node: NodeIx) -> Vec<String> {
    let own = spec.node(node).map(|n| &n.permissions).filter(|p| !p.is_empty());
    let permissions: &Permissions = own.unwrap_or(&spec.workflow.permissions);
    if permissions.is_empty() {
        return Vec::new();
    }
    let mut groups: Vec<String> =
        permissions.iter().filter(|(_, level)| **level >= 5).map(|(name, _)| name.clone()).collect();
    if !groups.iter().any(|g| g == SHARED_INFRA) {
        groups.push(SHARED_INFRA.into());
    }
    groups
}
