//! The hatchery's protocol; see `cds_api::fleet`.

use crate::{
    App,
    fleet::CUT_AFTER,
    http::{
        error::{Error, Result},
        extract::Json,
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::fleet::*;
use cds_model::HatcheryId;
use std::{collections::BTreeSet, time::Duration};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(sync)).routes(routes!(workers))
}

/// A hatchery comes, or comes back.
#[utoipa::path(post, path = "/v1/hatchery/register", tag = "hatchery", request_body = HatcheryRegister, responses((status = 200, body = HatcheryRegistered)))]
async fn register(
    State(app): State<App>,
    Json(body): Json<HatcheryRegister>,
) -> Result<Json<HatcheryRegistered>> {
    Ok(Json(HatcheryRegistered { hatchery: app.register_hatchery(body).await? }))
}

fn unknown() -> Error {
    Error::new(StatusCode::NOT_FOUND, "unknown_hatchery", "register first")
}

/// Tells what exists, and waits for wishes.
#[utoipa::path(post, path = "/v1/hatchery/sync", tag = "hatchery", request_body = HatcherySync, responses((status = 200, body = HatcheryOrders)))]
async fn sync(State(app): State<App>, Json(body): Json<HatcherySync>) -> Result<Json<HatcheryOrders>> {
    let id = body.hatchery;
    let mut version = app.fleet().hatchery_seen(&body, app.now()).ok_or_else(unknown)?;
    app.fleet().hatchery_calls(id, true);
    let call = Call { app: app.clone(), hatchery: id, answered: false };
    let mut listed = BTreeSet::new();
    for instance in &body.instances {
        listed.insert(instance.worker);
        if !instance.alive {
            app.worker_gone(id, instance.worker, &instance.exit).await;
        } else {
            app.fleet().mentioned(instance.worker, app.now());
        }
    }
    let alive = body.instances.iter().filter(|i| i.alive).map(|i| i.worker).collect();
    app.know_workers(id, alive).await;
    // What the provider does not list does not exist, whatever we remember. A worker may however register in
    // the moment between the provider's list and this call, so one that was just heard of is left alone.
    for worker in app.fleet().unlisted(id, &listed) {
        app.worker_unlisted(id, worker).await;
    }
    let wait = Duration::from_millis(body.wait_ms.min(60_000));
    let closing = app.closing();
    tokio::select! {
        // An error would mean that the hatchery was registered anew meanwhile: then there are new wishes.
        _ = version.wait_for(|v| *v > body.seen) => {}
        () = tokio::time::sleep(wait) => {}
        () = closing.cancelled() => {}
    }
    call.answered();
    Ok(Json(app.fleet().orders(id).ok_or_else(unknown)?))
}

/// A call of a hatchery under way. Dropped without an answer, the hatchery has hung up: most likely it is dead, and
/// jobs should not wait for its workers for as long as a silent one is given.
struct Call {
    app: App,
    hatchery: HatcheryId,
    answered: bool,
}

impl Call {
    fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.app.fleet().hatchery_calls(self.hatchery, false);
        if self.answered {
            return;
        }
        let app = self.app.clone();
        app.fleet().hatchery_cut(self.hatchery, app.now());
        tokio::spawn(async move {
            tokio::time::sleep(CUT_AFTER).await;
            app.fleet().mark_down(app.now());
        });
    }
}

/// Identities for workers about to be spawned.
#[utoipa::path(post, path = "/v1/hatchery/workers", tag = "hatchery", request_body = WorkerOrder, responses((status = 201, body = WorkerOrders)))]
async fn workers(
    State(app): State<App>,
    Json(body): Json<WorkerOrder>,
) -> Result<(StatusCode, Json<WorkerOrders>)> {
    let workers = app.order_workers(body.hatchery, body.count.min(256)).await?.ok_or_else(unknown)?;
    Ok((StatusCode::CREATED, Json(WorkerOrders { workers })))
}
