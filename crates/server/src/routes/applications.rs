//! Applications of a project.

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
use cds_api::{Name, entities::Application, workflows::Workflow};
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

/// Applications of a project, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/applications", tag = "applications", params(("key" = String, Path)), responses((status = 200, body = Vec<Application>)))]
async fn list(State(server): State<App>, Path(key): Path<String>) -> Result<Json<Vec<Application>>> {
    Ok(Json(server.applications(key).await?))
}

/// Makes an empty application.
#[utoipa::path(post, path = "/v1/projects/{key}/applications", tag = "applications", params(("key" = String, Path)), request_body = Name, responses((status = 201, body = Application)))]
async fn create(
    State(server): State<App>,
    Path(key): Path<String>,
    Json(body): Json<Name>,
) -> Result<(StatusCode, Json<Application>)> {
    Ok((StatusCode::CREATED, Json(server.create_application(key, body.name).await?)))
}

/// An application.
#[utoipa::path(get, path = "/v1/projects/{key}/applications/{app}", tag = "applications", params(("key" = String, Path), ("app" = String, Path)), responses((status = 200, body = Application)))]
async fn get(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Application>> {
    Ok(Json(server.application(key, name).await?))
}

/// Deletes an application that no workflow uses.
#[utoipa::path(delete, path = "/v1/projects/{key}/applications/{app}", tag = "applications", params(("key" = String, Path), ("app" = String, Path)), responses((status = 204)))]
async fn delete(State(server): State<App>, Path((key, name)): Path<(String, String)>) -> Result<StatusCode> {
    server.delete_entity(key, Kind::Application, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file of an application.
#[utoipa::path(get, path = "/v1/projects/{key}/applications/{app}/export", tag = "applications", params(("key" = String, Path), ("app" = String, Path), FormatQuery), responses((status = 200, content_type = "application/x-yaml")))]
async fn export(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
    Query(query): Query<FormatQuery>,
) -> Result<Response> {
    let format = query.format()?;
    Ok(super::workflows::file(format, server.export_entity(key, Kind::Application, name, format).await?))
}

/// Workflows that use an application.
#[utoipa::path(get, path = "/v1/projects/{key}/applications/{app}/usage", tag = "applications", params(("key" = String, Path), ("app" = String, Path)), responses((status = 200, body = Vec<Workflow>)))]
async fn usage(
    State(server): State<App>,
    caller: Caller,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Vec<Workflow>>> {
    Ok(Json(server.usage(&caller, key, Kind::Application, name).await?))
}
