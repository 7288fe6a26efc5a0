//! `cdsctl worker` and `cdsctl hatchery`.

use crate::{
    call::Call,
    output::Record,
    registry::{Node, Outcome, Res, group, list, plain},
};

/// The commands about workers.
pub(crate) fn node() -> Node {
    group("worker", "Workers").alias(&["workers"]).with([
        list("list", "List the workers", workers),
        plain("disable", "Take workers out of service", disable).rest("name", true),
    ])
}

/// The commands about hatcheries.
pub(crate) fn hatchery() -> Node {
    group("hatchery", "Hatcheries").alias(&["hatcheries"]).with([list(
        "list",
        "List the hatcheries",
        hatcheries,
    )])
}

async fn workers(c: Call) -> Res {
    let rows = c.client()?.workers().await?;
    let record = |w: &cds_api::fleet::Worker| {
        Record::new()
            .with("arch", &w.arch)
            .with_time("lastbeat", &w.lastbeat)
            .with_key("name", &w.name)
            .with("os", &w.os)
            .with("status", &w.status)
            .with("version", &w.version)
            .more("hatchery", &w.hatchery)
            .more("id", w.id)
            .more("job", w.job.as_deref().unwrap_or_default())
            .more("jobs_done", w.jobs_done)
    };
    Ok(Outcome::Rows(rows.iter().map(record).collect()))
}

async fn disable(c: Call) -> Res {
    let known = c.client()?.workers().await?;
    for wanted in &c.rest {
        match known.iter().find(|w| w.name == *wanted || w.id.to_string() == *wanted) {
            None => c.app.say(format!("Worker {wanted} not found")),
            Some(w) => {
                c.app.print(format!("Disabling worker {} [status {}]... ", w.name, w.status));
                c.client()?.worker_disable(&w.id.to_string()).await?;
                c.app.say("Done");
            }
        }
    }
    Ok(Outcome::Done)
}

async fn hatcheries(c: Call) -> Res {
    let rows = c.client()?.hatcheries().await?;
    let record = |h: &cds_api::fleet::Hatchery| {
        let alive = h.workers.iter().filter(|w| w.status != "Disabled").count();
        let busy = h.workers.iter().filter(|w| w.status == "Building").count();
        Record::new()
            .with("busy", busy)
            .with_time("lastbeat", &h.lastbeat)
            .with("last_error", &h.last_error)
            .with("model_type", &h.model_type)
            .with_key("name", &h.name)
            .with("region", &h.offer.region)
            .with("status", &h.status)
            .with("wanted", h.wanted)
            .with("workers", format!("{alive}/{}", h.offer.max_workers))
            .more("binaries", h.offer.binaries.join(","))
            .more("id", h.id)
            .more("os_arch", &h.offer.os_arch)
            .more("version", &h.version)
    };
    Ok(Outcome::Rows(rows.iter().map(record).collect()))
}
