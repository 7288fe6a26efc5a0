//! The queue, workers, hatcheries.

use crate::{
    App,
    auth::Caller,
    http::{
        error::{Error, Result},
        extract::{Json, Path},
    },
};
use axum::{
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode},
};
use cds_api::{
    fleet::{Hatchery, Worker},
    queue::{QueueJob, QueueNode},
};
use cds_model::WorkerId;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(queue))
        .routes(routes!(nodes))
        .routes(routes!(workers))
        .routes(routes!(disable))
        .routes(routes!(hatcheries))
}

/// Jobs that wait, and why; jobs that run, and where.
#[utoipa::path(get, path = "/v1/queue", tag = "queue", responses((status = 200, body = Vec<QueueJob>)))]
async fn queue(State(app): State<App>, caller: Caller) -> Result<Json<Vec<QueueJob>>> {
    Ok(Json(app.queue(&caller).await?))
}

/// Nodes that wait for their mutex, and who holds it; those of one mutex in the order they will get it.
#[utoipa::path(get, path = "/v1/queue/nodes", tag = "queue", responses((status = 200, body = Vec<QueueNode>)))]
async fn nodes(State(app): State<App>, caller: Caller) -> Result<Json<Vec<QueueNode>>> {
    Ok(Json(app.queue_nodes(&caller).await?))
}

/// Workers. What one runs is told to those who may read it; for others `job` is absent while `status` is `Building`.
#[utoipa::path(get, path = "/v1/workers", tag = "fleet", responses((status = 200, body = Vec<Worker>)))]
async fn workers(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    caller: Caller,
) -> Result<Json<Vec<Worker>>> {
    let mut all = app.workers(&caller).await?;
    let newer = |here: &Worker, there: &Worker| here.lastbeat < there.lastbeat;
    app.add_of_others(&mut all, &uri, &headers, |w| w.id, newer).await;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(all))
}

/// A worker gets no more jobs; the one it has it ends. Its hatchery ends it when it has none.
#[utoipa::path(post, path = "/v1/workers/{id}/disable", tag = "fleet", params(("id" = String, Path)), responses((status = 204)))]
async fn disable(State(app): State<App>, Path(id): Path<String>) -> Result<StatusCode> {
    let worker: WorkerId = id.parse().map_err(|e| Error::bad_request(format!("{e}")))?;
    if !app.disable_worker(worker).await? {
        return Err(Error::not_found(format!("worker {id}")));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Hatcheries.
#[utoipa::path(get, path = "/v1/hatcheries", tag = "fleet", responses((status = 200, body = Vec<Hatchery>)))]
async fn hatcheries(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Json<Vec<Hatchery>> {
    let mut all = app.hatcheries();
    let newer = |here: &Hatchery, there: &Hatchery| here.status != "up" && there.status == "up";
    app.add_of_others(&mut all, &uri, &headers, |h| h.id, newer).await;
    all.sort_by(|a, b| a.name.cmp(&b.name));
    Json(all)
}
