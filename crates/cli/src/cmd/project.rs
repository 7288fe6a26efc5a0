//! `cdsctl project`.

use super::{access, access::Noun};
use crate::{
    call::Call,
    error::CliError,
    output::Record,
    registry::{Node, Outcome, Res, delete, group, list, plain, show},
};
use cds_api::projects::{Project, ProjectCreate, ProjectUpdate};
use cds_client::{Client, Owner};

const ONE: &[&str] = &["project-key"];

fn owner(c: &Call) -> Owner {
    Owner::Project(c.arg("project-key").into())
}

/// The commands about projects.
pub(crate) fn node() -> Node {
    let noun = Noun { context: ONE, owner, title: "Project" };
    group("project", "Manage projects").alias(&["projects"]).with([
        list("list", "List the projects you may read", all),
        show("show", "Show a project", one).context(ONE),
        plain("create", "Make a project; without a group one is made for it", create)
            .alias(&["add"])
            .args(&["project-key", "project-name"])
            .optional(&["group-name"])
            .value("description", None, "For people"),
        plain("update", "Change a project", update)
            .context(ONE)
            .value("name", None, "New name")
            .value("description", None, "New description")
            .value(
                "tainted-interpolation",
                None,
                "How text from events enters scripts: inert, refuse or splice",
            ),
        delete("delete", "Delete a project; with --force all that is in it too", remove).context(ONE),
        access::keys(noun),
        access::variables(noun),
    ])
}

fn record(p: &Project) -> Record {
    Record::new()
        .with("description", &p.description)
        .with_key("key", &p.key)
        .with("name", &p.name)
        .more("created", &p.created)
        .more("permission", p.permission)
        .more("tainted_interpolation", &p.tainted_interpolation)
}

async fn all(c: Call) -> Res {
    Ok(Outcome::Rows(c.client()?.projects().await?.iter().map(record).collect()))
}

async fn one(c: Call) -> Res {
    let p = c.client()?.project(c.arg("project-key")).await?;
    let host = c.client()?.base_url();
    let groups: Vec<String> = p.groups.iter().map(|g| format!("{}:{}", g.group, g.level)).collect();
    Ok(Outcome::One(
        record(&p)
            .with("api", format!("{host}/v1/projects/{}", p.key))
            .with("integration", "")
            .with("nb_workflows", p.workflows.len())
            .with("repositories_manager", "")
            .with("url", format!("{host}/project/{}", p.key))
            .with("workflows", shorten(&p.workflows.join(",")))
            .more("groups", groups.join(",")),
    ))
}

/// At most 70 characters.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(70) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

async fn create(c: Call) -> Res {
    let body = ProjectCreate {
        key: c.arg("project-key").into(),
        name: c.arg("project-name").into(),
        description: c.flag("description").unwrap_or_default().into(),
        group: c.arg("group-name").into(),
    };
    c.client()?.project_create(&body).await?;
    Ok(Outcome::Done)
}

async fn update(c: Call) -> Res {
    let text = |name: &str| c.flag(name).map(String::from);
    let body = ProjectUpdate {
        name: text("name"),
        description: text("description"),
        tainted_interpolation: text("tainted-interpolation"),
    };
    c.client()?.project_update(c.arg("project-key"), &body).await?;
    Ok(Outcome::Done)
}

async fn remove(c: Call) -> Res {
    let key = c.arg("project-key");
    let client = c.client()?;
    if c.is_set("force") {
        empty(client, key).await?;
    }
    client.project_delete(key).await?;
    Ok(Outcome::Done)
}

/// Deletes what a project holds: workflows first, since they use the rest. What somebody else deletes meanwhile is
/// no error.
async fn empty(client: &Client, key: &str) -> Result<(), CliError> {
    let gone = |result: Result<(), CliError>| match result {
        Err(e) if e.is_not_found() => Ok(()),
        other => other,
    };
    for w in client.workflows(key).await? {
        gone(client.workflow_delete(key, &w.name).await.map_err(Into::into))?;
    }
    let mut owners: Vec<Owner> = Vec::new();
    owners
        .extend(client.applications(key).await?.into_iter().map(|a| Owner::Application(key.into(), a.name)));
    owners.extend(client.pipelines(key).await?.into_iter().map(|p| Owner::Pipeline(key.into(), p.name)));
    owners
        .extend(client.environments(key).await?.into_iter().map(|e| Owner::Environment(key.into(), e.name)));
    for owner in owners {
        gone(client.entity_delete(&owner).await.map_err(Into::into))?;
    }
    Ok(())
}
