//! `cdsctl workflow`: definitions. Files, runs, logs and results have files of their own.

use super::{entity::workflow_record, workflow_files, workflow_logs, workflow_results, workflow_run};
use crate::{
    call::Call,
    output::Record,
    registry::{Node, Outcome, Res, delete, group, list, show},
};

/// Arguments that name a workflow.
pub(crate) const ONE: &[&str] = &["project-key", "workflow-name"];

/// The commands about workflows.
pub(crate) fn node() -> Node {
    let mut children = vec![
        list("list", "List the workflows of a project", all).context(&["project-key"]),
        show("show", "Show a workflow", one).context(ONE),
    ];
    children.extend(workflow_run::nodes());
    children.extend(workflow_files::nodes());
    children.extend([
        workflow_logs::node(),
        workflow_results::artifact(),
        workflow_results::result(),
        delete("delete", "Delete a workflow and its runs", remove).context(ONE),
        group("advanced", "Seldom needed").with([delete("delete", "Delete a workflow and its runs", remove)
            .context(ONE)
            .switch("with-dependencies", Some('d'), "Accepted; what the workflow used stays")]),
    ]);
    group("workflow", "Manage workflows, run them and watch them").alias(&["workflows"]).with(children)
}

async fn all(c: Call) -> Res {
    let all = c.client()?.workflows(c.arg("project-key")).await?;
    Ok(Outcome::Rows(all.iter().map(workflow_record).collect()))
}

async fn one(c: Call) -> Res {
    let w = c.client()?.workflow(c.arg("project-key"), c.arg("workflow-name")).await?;
    let host = c.client()?.base_url();
    let groups: Vec<String> = w.groups.iter().map(|g| format!("{}:{}", g.group, g.level)).collect();
    Ok(Outcome::One(
        Record::new()
            .with("api", format!("{host}/v1/projects/{}/workflows/{}", w.project_key, w.name))
            .with("description", &w.description)
            .with("from", &w.from_repository)
            .with("name", &w.name)
            .with("project_key", &w.project_key)
            .with("url", format!("{host}/project/{}/workflow/{}", w.project_key, w.name))
            .with_key("workflow_id", &w.id)
            .more("groups", groups.join(","))
            .more("last_modified", &w.last_modified)
            .more("nodes", w.nodes.iter().map(|n| n.name.as_str()).collect::<Vec<_>>().join(",")),
    ))
}

async fn remove(c: Call) -> Res {
    c.client()?.workflow_delete(c.arg("project-key"), c.arg("workflow-name")).await?;
    Ok(Outcome::Done)
}
