//! `cdsctl pipeline`.

use super::entity;
use crate::{
    call::Call,
    output::Record,
    registry::{Node, Outcome, Res, group, list, show},
};
use cds_api::entities::Pipeline;
use cds_client::{ImportKind, Owner};

const ONE: &[&str] = &["project-key", "pipeline-name"];

fn owner(c: &Call) -> Owner {
    Owner::Pipeline(c.arg("project-key").into(), c.arg("pipeline-name").into())
}

/// The commands about pipelines.
pub(crate) fn node() -> Node {
    group("pipeline", "Manage pipelines").alias(&["pipelines", "pip"]).with([
        list("list", "List the pipelines of a project", all).context(&["project-key"]),
        show("show", "Show a pipeline", one).context(ONE),
        entity::deletion(ONE, "Delete a pipeline", owner),
        entity::usage(ONE, "List the workflows that use a pipeline", owner),
        entity::export(ONE, "Print a pipeline's file", owner),
        entity::import(ImportKind::Pipeline, "Import a pipeline from a file"),
    ])
}

fn record(p: &Pipeline) -> Record {
    Record::new()
        .with("description", &p.description)
        .with("from_repository", &p.from_repository)
        .with_time("modified", &p.last_modified)
        .with_key("name", &p.name)
}

async fn all(c: Call) -> Res {
    let all = c.client()?.pipelines(c.arg("project-key")).await?;
    Ok(Outcome::Rows(all.iter().map(record).collect()))
}

async fn one(c: Call) -> Res {
    let p = c.client()?.pipeline(c.arg("project-key"), c.arg("pipeline-name")).await?;
    Ok(Outcome::One(record(&p)))
}
