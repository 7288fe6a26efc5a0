//! `cdsctl health`.

use crate::{
    call::Call,
    output::Record,
    registry::{Kind, Node, Outcome, Res, group, list},
};

/// The commands about the server's health.
pub(crate) fn node() -> Node {
    group("health", "Whether the server's parts work").runs(Kind::List, status).with([list(
        "status",
        "Whether the server's parts work",
        status,
    )])
}

async fn status(c: Call) -> Res {
    let health = c.client()?.health_report().await?;
    let mut rows: Vec<Record> = health
        .lines
        .iter()
        .map(|l| {
            Record::new()
                .with_key("component", &l.component)
                .with("status", &l.status)
                .with("value", &l.value)
        })
        .collect();
    rows.insert(
        0,
        Record::new().with_key("component", "Global/Status").with("status", &health.status).with("value", ""),
    );
    Ok(Outcome::Rows(rows))
}
