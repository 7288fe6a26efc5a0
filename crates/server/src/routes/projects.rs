//! Projects.

use crate::{
    App,
    auth::Caller,
    http::{
        error::Result,
        extract::{Json, Path},
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::{
    groups::Grant,
    projects::{Project, ProjectCreate, ProjectUpdate},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(grant, revoke))
}

/// Projects the caller may read, by key.
#[utoipa::path(get, path = "/v1/projects", tag = "projects", responses((status = 200, body = Vec<Project>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<Project>>> {
    Ok(Json(app.projects(&caller).await?))
}

/// Makes a project.
#[utoipa::path(post, path = "/v1/projects", tag = "projects", request_body = ProjectCreate, responses((status = 201, body = Project)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<ProjectCreate>,
) -> Result<(StatusCode, Json<Project>)> {
    Ok((StatusCode::CREATED, Json(app.create_project(&caller, body).await?)))
}

/// A project with its groups and workflows.
#[utoipa::path(get, path = "/v1/projects/{key}", tag = "projects", params(("key" = String, Path)), responses((status = 200, body = Project)))]
async fn get(State(app): State<App>, caller: Caller, Path(key): Path<String>) -> Result<Json<Project>> {
    Ok(Json(app.project(&caller, &key).await?))
}

/// Changes a project.
#[utoipa::path(put, path = "/v1/projects/{key}", tag = "projects", params(("key" = String, Path)), request_body = ProjectUpdate, responses((status = 204)))]
async fn update(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(body): Json<ProjectUpdate>,
) -> Result<StatusCode> {
    app.update_project(&key, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes a project with all that is in it.
#[utoipa::path(delete, path = "/v1/projects/{key}", tag = "projects", params(("key" = String, Path)), responses((status = 204)))]
async fn delete(State(app): State<App>, caller: Caller, Path(key): Path<String>) -> Result<StatusCode> {
    app.delete_project(&caller, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a group a level.
#[utoipa::path(put, path = "/v1/projects/{key}/groups/{group}", tag = "projects", params(("key" = String, Path), ("group" = String, Path)), request_body = Grant, responses((status = 204)))]
async fn grant(
    State(app): State<App>,
    Path((key, group)): Path<(String, String)>,
    Json(body): Json<Grant>,
) -> Result<StatusCode> {
    app.grant_on_project(&key, &group, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a group off.
#[utoipa::path(delete, path = "/v1/projects/{key}/groups/{group}", tag = "projects", params(("key" = String, Path), ("group" = String, Path)), responses((status = 204)))]
async fn revoke(State(app): State<App>, Path((key, group)): Path<(String, String)>) -> Result<StatusCode> {
    app.revoke_on_project(&key, &group).await?;
    Ok(StatusCode::NO_CONTENT)
}
