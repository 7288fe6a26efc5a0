//! `cdsctl application`.

use super::{access, access::Noun, entity};
use crate::{
    call::Call,
    output::Record,
    registry::{Node, Outcome, Res, group, list, plain, show},
};
use cds_api::entities::Application;
use cds_client::{ImportKind, Owner};

const ONE: &[&str] = &["project-key", "application-name"];

fn owner(c: &Call) -> Owner {
    Owner::Application(c.arg("project-key").into(), c.arg("application-name").into())
}

/// The commands about applications.
pub(crate) fn node() -> Node {
    let noun = Noun { context: ONE, owner, title: "Application" };
    group("application", "Manage applications").alias(&["applications", "app"]).with([
        list("list", "List the applications of a project", all).context(&["project-key"]),
        show("show", "Show an application", one).context(ONE),
        plain("create", "Make an application", create)
            .alias(&["add"])
            .context(&["project-key"])
            .args(&["application-name"]),
        entity::deletion(ONE, "Delete an application", owner),
        entity::usage(ONE, "List the workflows that use an application", owner),
        access::keys(noun),
        access::variables(noun),
        entity::export(ONE, "Print an application's file", owner),
        entity::import(ImportKind::Application, "Import an application from a file"),
    ])
}

fn record(a: &Application) -> Record {
    Record::new()
        .with_key("name", &a.name)
        .with("project_key", &a.project_key)
        .with("repository_fullname", &a.repository_fullname)
        .more("description", &a.description)
        .more("from_repository", &a.from_repository)
        .more("last_modified", &a.last_modified)
}

async fn all(c: Call) -> Res {
    let all = c.client()?.applications(c.arg("project-key")).await?;
    Ok(Outcome::Rows(all.iter().map(record).collect()))
}

async fn one(c: Call) -> Res {
    let a = c.client()?.application(c.arg("project-key"), c.arg("application-name")).await?;
    Ok(Outcome::One(record(&a)))
}

async fn create(c: Call) -> Res {
    c.client()?.application_create(c.arg("project-key"), c.arg("application-name")).await?;
    Ok(Outcome::Done)
}
