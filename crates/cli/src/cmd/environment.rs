//! `cdsctl environment`.

use super::{access, access::Noun, entity};
use crate::{
    call::Call,
    output::Record,
    registry::{Node, Outcome, Res, group, list, plain, show},
};
use cds_api::entities::Environment;
use cds_client::{ImportKind, Owner};

const ONE: &[&str] = &["project-key", "environment-name"];

fn owner(c: &Call) -> Owner {
    Owner::Environment(c.arg("project-key").into(), c.arg("environment-name").into())
}

/// The commands about environments.
pub(crate) fn node() -> Node {
    let noun = Noun { context: ONE, owner, title: "Environment" };
    group("environment", "Manage environments").alias(&["env", "environments"]).with([
        list("list", "List the environments of a project", all).context(&["project-key"]),
        show("show", "Show an environment", one).context(ONE),
        plain("create", "Make an environment", create)
            .alias(&["add"])
            .context(&["project-key"])
            .args(&["environment-name"]),
        entity::deletion(ONE, "Delete an environment", owner),
        entity::usage(ONE, "List the workflows that use an environment", owner),
        access::keys(noun),
        access::variables(noun),
        entity::export(ONE, "Print an environment's file", owner),
        entity::import(ImportKind::Environment, "Import an environment from a file"),
    ])
}

fn record(e: &Environment) -> Record {
    Record::new()
        .with_key("name", &e.name)
        .more("from_repository", &e.from_repository)
        .more("last_modified", &e.last_modified)
}

async fn all(c: Call) -> Res {
    let all = c.client()?.environments(c.arg("project-key")).await?;
    Ok(Outcome::Rows(all.iter().map(record).collect()))
}

async fn create(c: Call) -> Res {
    c.client()?.environment_create(c.arg("project-key"), c.arg("environment-name")).await?;
    Ok(Outcome::Done)
}

async fn one(c: Call) -> Res {
    let e = c.client()?.environment(c.arg("project-key"), c.arg("environment-name")).await?;
    Ok(Outcome::One(record(&e)))
}
