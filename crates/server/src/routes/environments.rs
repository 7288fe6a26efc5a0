//! Environments of a project.

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
use cds_api::{Name, entities::Environment, workflows::Workflow};
use cds_store::entities::Kind;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, delete))
        .routes(routes!(export))
        .routes(routes!(usage))
}

/// Environments of a project, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/environments", tag = "environments", params(("key" = String, Path)), responses((status = 200, body = Vec<Environment>)))]
async fn list(State(server): State<App>, Path(key): Path<String>) -> Result<Json<Vec<Environment>>> {
    Ok(Json(server.environments(key).await?))
}

/// Makes an empty environment.
#[utoipa::path(post, path = "/v1/projects/{key}/environments", tag = "environments", params(("key" = String, Path)), request_body = Name, responses((status = 201, body = Environment)))]
async fn create(
    State(server): State<App>,
    Path(key): Path<String>,
    Json(body): Json<Name>,
) -> Result<(StatusCode, Json<Environment>)> {
    Ok((StatusCode::CREATED, Json(server.create_environment(key, body.name).await?)))
}

/// An environment.
#[utoipa::path(get, path = "/v1/projects/{key}/environments/{env}", tag = "environments", params(("key" = String, Path), ("env" = String, Path)), responses((status = 200, body = Environment)))]
async fn get(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Environment>> {
    Ok(Json(server.environment(key, name).await?))
}

/// Deletes an environment that no workflow uses.
#[utoipa::path(delete, path = "/v1/projects/{key}/environments/{env}", tag = "environments", params(("key" = String, Path), ("env" = String, Path)), responses((status = 204)))]
async fn delete(State(server): State<App>, Path((key, name)): Path<(String, String)>) -> Result<StatusCode> {
    server.delete_entity(key, Kind::Environment, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file of an environment.
#[utoipa::path(get, path = "/v1/projects/{key}/environments/{env}/export", tag = "environments", params(("key" = String, Path), ("env" = String, Path), FormatQuery), responses((status = 200, content_type = "application/x-yaml")))]
async fn export(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
    Query(query): Query<FormatQuery>,
) -> Result<Response> {
    let format = query.format()?;
    Ok(super::workflows::file(format, server.export_entity(key, Kind::Environment, name, format).await?))
}

/// Workflows that use an environment.
#[utoipa::path(get, path = "/v1/projects/{key}/environments/{env}/usage", tag = "environments", params(("key" = String, Path), ("env" = String, Path)), responses((status = 200, body = Vec<Workflow>)))]
async fn usage(
    State(server): State<App>,
    caller: Caller,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Vec<Workflow>>> {
    Ok(Json(server.usage(&caller, key, Kind::Environment, name).await?))
}
