//! Pipelines of a project; they are made by importing their file.

use super::workflows::FormatQuery;
use crate::{
    App,
    auth::Caller,
    http::{
        error::Result,
        extract::{Json, Path, Query},
    },
};
use axum::{extract::State, http::StatusCode, response::Response};
use cds_api::{entities::Pipeline, workflows::Workflow};
use cds_store::entities::Kind;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, delete))
        .routes(routes!(export))
        .routes(routes!(usage))
}

/// Pipelines of a project, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/pipelines", tag = "pipelines", params(("key" = String, Path)), responses((status = 200, body = Vec<Pipeline>)))]
async fn list(State(server): State<App>, Path(key): Path<String>) -> Result<Json<Vec<Pipeline>>> {
    Ok(Json(server.pipelines(key).await?))
}

/// A pipeline.
#[utoipa::path(get, path = "/v1/projects/{key}/pipelines/{pipeline}", tag = "pipelines", params(("key" = String, Path), ("pipeline" = String, Path)), responses((status = 200, body = Pipeline)))]
async fn get(State(server): State<App>, Path((key, name)): Path<(String, String)>) -> Result<Json<Pipeline>> {
    Ok(Json(server.pipeline(key, name).await?))
}

/// Deletes a pipeline that no workflow uses.
#[utoipa::path(delete, path = "/v1/projects/{key}/pipelines/{pipeline}", tag = "pipelines", params(("key" = String, Path), ("pipeline" = String, Path)), responses((status = 204)))]
async fn delete(State(server): State<App>, Path((key, name)): Path<(String, String)>) -> Result<StatusCode> {
    server.delete_entity(key, Kind::Pipeline, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file of a pipeline.
#[utoipa::path(get, path = "/v1/projects/{key}/pipelines/{pipeline}/export", tag = "pipelines", params(("key" = String, Path), ("pipeline" = String, Path), FormatQuery), responses((status = 200, content_type = "application/x-yaml")))]
async fn export(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
    Query(query): Query<FormatQuery>,
) -> Result<Response> {
    let format = query.format()?;
    Ok(super::workflows::file(format, server.export_entity(key, Kind::Pipeline, name, format).await?))
}

/// Workflows that use a pipeline.
#[utoipa::path(get, path = "/v1/projects/{key}/pipelines/{pipeline}/usage", tag = "pipelines", params(("key" = String, Path), ("pipeline" = String, Path)), responses((status = 200, body = Vec<Workflow>)))]
async fn usage(
    State(server): State<App>,
    caller: Caller,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Vec<Workflow>>> {
    Ok(Json(server.usage(&caller, key, Kind::Pipeline, name).await?))
}
