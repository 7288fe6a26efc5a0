//! Addresses for saving large files.

use crate::{
    App,
    auth::Caller,
    http::{error::Result, extract::Json},
};
use axum::{extract::State, http::StatusCode};
use cds_api::runs::{Download, DownloadCreate};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create))
}

/// Makes an address that opens a step's log or a file of a run without a token for a minute, so that a browser can save
/// it to disk as it arrives. The rights of the caller are asked for when it is opened.
#[utoipa::path(post, path = "/v1/downloads", tag = "jobs", request_body = DownloadCreate, responses((status = 201, body = Download)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<DownloadCreate>,
) -> Result<(StatusCode, Json<Download>)> {
    Ok((StatusCode::CREATED, Json(app.download_create(&caller, body.path).await?)))
}
