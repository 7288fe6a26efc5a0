//! What applications, environments and pipelines have alike.

use super::files;
use crate::{
    call::Call,
    output::Record,
    registry::{Node, Outcome, delete, list, plain},
};
use cds_api::workflows::Workflow;
use cds_client::{ImportKind, Owner};

/// `… delete`.
pub(crate) fn deletion(context: &[&'static str], about: &'static str, owner: fn(&Call) -> Owner) -> Node {
    delete("delete", about, move |c| async move {
        c.client()?.entity_delete(&owner(&c)).await?;
        Ok(Outcome::Done)
    })
    .context(context)
}

/// `… export`.
pub(crate) fn export(context: &[&'static str], about: &'static str, owner: fn(&Call) -> Owner) -> Node {
    plain("export", about, move |c| async move {
        let document = c.client()?.entity_export(&owner(&c), files::export_format(&c)).await?;
        // The document ends with an empty line; a pipeline's does not (spec client 1.4).
        let end = if matches!(owner(&c), Owner::Pipeline(..)) { "" } else { "\n" };
        c.app.print(document + end);
        Ok(Outcome::Done)
    })
    .context(context)
    .choice("format", &["yaml", "json"], "Notation")
}

/// `… import`.
pub(crate) fn import(kind: ImportKind, about: &'static str) -> Node {
    plain("import", about, move |c| async move {
        files::import(&c, kind).await?;
        Ok(Outcome::Done)
    })
    .context(&["project-key"])
    .args(&["path"])
    .switch("force", None, "Replace what exists")
    .switch("strict", None, super::files::STRICT)
}

/// `… usage`.
pub(crate) fn usage(context: &[&'static str], about: &'static str, owner: fn(&Call) -> Owner) -> Node {
    list("usage", about, move |c| async move {
        let all = c.client()?.entity_usage(&owner(&c)).await?;
        Ok(Outcome::Rows(all.iter().map(workflow_record).collect()))
    })
    .context(context)
}

/// A workflow in lists.
pub(crate) fn workflow_record(w: &Workflow) -> Record {
    Record::new()
        .with("description", &w.description)
        .with("from", &w.from_repository)
        .with_key("name", &w.name)
        .more("project_key", &w.project_key)
        .more("last_modified", &w.last_modified)
}
