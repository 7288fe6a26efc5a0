//! The definitions in `.cds/`.

use crate::{LocalError, Options};
use cds_workflow::{
    def::Workflow,
    diag::{Diagnostic, Rule},
    lint,
    parse::{File, Format, Kind, parse_file},
};
use std::{collections::BTreeSet, path::Path};

/// A workflow and what it uses.
#[derive(Clone, Debug)]
pub(crate) struct Definitions {
    pub workflow: Workflow,
    /// Name of the file, and what it says; without the workflow's.
    pub others: Vec<(String, File)>,
    /// What lint warns of.
    pub warnings: Vec<String>,
}

/// Largest definition, bytes.
const LARGEST: u64 = 16 << 20;

fn usage(text: String) -> LocalError {
    LocalError::Usage(text)
}

fn sources(top: &Path) -> Result<Vec<(String, String)>, LocalError> {
    let folder = top.join(".cds");
    let list = std::fs::read_dir(&folder).map_err(|e| {
        usage(format!("cannot read {}: {e}; workflows are looked for there", folder.display()))
    })?;
    let mut names: Vec<String> = list.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names.retain(|n| n.rsplit_once('.').and_then(|(_, e)| Format::from_word(e)).is_some());
    let read = |name: String| {
        let path = folder.join(&name);
        let fault = |e: &dyn std::fmt::Display| usage(format!("cannot read .cds/{name}: {e}"));
        // A pipe or a device would be read for ever.
        let meta = std::fs::metadata(&path).map_err(|e| fault(&e))?;
        if !meta.is_file() {
            return Err(fault(&"it is not a regular file"));
        }
        if meta.len() > LARGEST {
            return Err(fault(&format!("it has {} bytes, at most {LARGEST} are read", meta.len())));
        }
        let text = std::fs::read_to_string(path).map_err(|e| fault(&e))?;
        Ok((format!(".cds/{name}"), text))
    };
    names.into_iter().map(read).collect()
}

/// Reads and checks all files; keeps those of the workflow that was asked for.
pub(crate) fn read(top: &Path, options: &Options) -> Result<Definitions, LocalError> {
    let sources = sources(top)?;
    let findings = lint::lint(&sources, false);
    let (mut workflows, mut others) = (Vec::new(), Vec::new());
    for (name, text) in &sources {
        match parse_file(name, text).0 {
            Some(File::Workflow(w)) => workflows.push((name, w)),
            Some(file) => others.push((name.clone(), file)),
            None => {}
        }
    }
    // A workflow that nobody asked for may be as broken as it likes.
    let wanted = options.workflow.as_ref().and_then(|name| workflows.iter().find(|(_, w)| w.name == *name));
    let matters =
        |file: &str| Kind::of(file) != Kind::Workflow || wanted.is_none_or(|(name, _)| *name == file);
    let errors: Vec<String> =
        findings.iter().filter(|f| f.is_error() && matters(&f.file)).map(ToString::to_string).collect();
    if !errors.is_empty() {
        return Err(usage(errors.join("\n")));
    }
    let mut workflows: Vec<Workflow> = workflows.into_iter().map(|(_, w)| w).collect();
    let names = workflows.iter().map(|w| w.name.as_str()).collect::<Vec<_>>().join(", ");
    let mut workflow = match (&options.workflow, workflows.len()) {
        (_, 0) => return Err(usage("there is no workflow in .cds/".into())),
        (None, 1) => workflows.remove(0),
        (None, _) => return Err(usage(format!("there are several workflows, name one of them: {names}"))),
        (Some(wanted), _) => match workflows.iter().position(|w| w.name == *wanted) {
            Some(at) => workflows.remove(at),
            None => return Err(usage(format!("there is no workflow {wanted} in .cds/, only: {names}"))),
        },
    };
    if let Some(node) = &options.node {
        keep_up_to(&mut workflow, node)?;
    }
    // Groups of another server mean nothing here.
    workflow.permissions.clear();
    workflow.nodes.iter_mut().for_each(|n| n.permissions.clear());
    others.retain(|(_, file)| {
        workflow.nodes.iter().any(|n| match file {
            File::Pipeline(p) => p.name == n.pipeline,
            File::Application(a) => a.name == n.application,
            File::Environment(e) => e.name == n.environment,
            File::Workflow(_) => false,
        })
    });
    let used = |file: &str| others.iter().any(|(name, _)| name == file);
    // Without a server for it a `repo` has no effect on a server; here the checkout gets the working tree anyway.
    let moot = |f: &&Diagnostic| {
        f.rule == Rule::NoEffect
            && Kind::of(&f.file) == Kind::Application
            && f.message.contains("`vcs_server`")
    };
    let warnings = findings.iter().filter(|f| used(&f.file) && !moot(f)).map(ToString::to_string).collect();
    Ok(Definitions { workflow, others, warnings })
}

/// Leaves out every node that the given one does not depend on.
fn keep_up_to(workflow: &mut Workflow, node: &str) -> Result<(), LocalError> {
    if !workflow.nodes.iter().any(|n| n.name == node) {
        let names: Vec<&str> =
            workflow.nodes.iter().filter(|n| !n.anonymous).map(|n| n.name.as_str()).collect();
        return Err(usage(format!("{} has no node {node}, only: {}", workflow.name, names.join(", "))));
    }
    let mut kept: BTreeSet<String> = [node.to_string()].into();
    // Parents stand before their children.
    for n in workflow.nodes.iter().rev() {
        if kept.contains(&n.name) {
            kept.extend(n.parents.iter().cloned());
        }
    }
    workflow.nodes.retain(|n| kept.contains(&n.name));
    workflow.hooks.retain(|name, _| kept.contains(name));
    workflow.notifications.clear();
    Ok(())
}
