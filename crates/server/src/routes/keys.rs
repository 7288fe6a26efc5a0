//! SSH and PGP keys of projects, applications and environments, without their private parts.

use crate::{
    App,
    app::variables::Owner,
    http::{
        error::Result,
        extract::{Json, Path},
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::projects::{Key, KeyCreate, KeyUpdate};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_project, add_project))
        .routes(routes!(update_project, delete_project))
        .routes(routes!(list_application, add_application))
        .routes(routes!(delete_application))
        .routes(routes!(list_environment, add_environment))
        .routes(routes!(delete_environment))
}

/// Keys of a project, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/keys", tag = "keys", params(("key" = String, Path)), responses((status = 200, body = Vec<Key>)))]
async fn list_project(State(server): State<App>, Path(key): Path<String>) -> Result<Json<Vec<Key>>> {
    Ok(Json(server.keys(Owner::Project(key)).await?))
}

/// Makes a key of a project.
#[utoipa::path(post, path = "/v1/projects/{key}/keys", tag = "keys", params(("key" = String, Path)), request_body = KeyCreate, responses((status = 201, body = Key)))]
async fn add_project(
    State(server): State<App>,
    Path(key): Path<String>,
    Json(body): Json<KeyCreate>,
) -> Result<(StatusCode, Json<Key>)> {
    Ok((StatusCode::CREATED, Json(server.add_key(Owner::Project(key), body).await?)))
}

/// Gives a key of a project to jobs, or not.
#[utoipa::path(put, path = "/v1/projects/{key}/keys/{name}", tag = "keys", params(("key" = String, Path), ("name" = String, Path)), request_body = KeyUpdate, responses((status = 204)))]
async fn update_project(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
    Json(body): Json<KeyUpdate>,
) -> Result<StatusCode> {
    server.set_key_disabled(Owner::Project(key), name, body.disabled).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a key of a project.
#[utoipa::path(delete, path = "/v1/projects/{key}/keys/{name}", tag = "keys", params(("key" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete_project(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    server.delete_key(Owner::Project(key), name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keys of an application, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/applications/{app}/keys", tag = "keys", params(("key" = String, Path), ("app" = String, Path)), responses((status = 200, body = Vec<Key>)))]
async fn list_application(
    State(server): State<App>,
    Path((key, app)): Path<(String, String)>,
) -> Result<Json<Vec<Key>>> {
    Ok(Json(server.keys(Owner::Application(key, app)).await?))
}

/// Makes a key of an application.
#[utoipa::path(post, path = "/v1/projects/{key}/applications/{app}/keys", tag = "keys", params(("key" = String, Path), ("app" = String, Path)), request_body = KeyCreate, responses((status = 201, body = Key)))]
async fn add_application(
    State(server): State<App>,
    Path((key, app)): Path<(String, String)>,
    Json(body): Json<KeyCreate>,
) -> Result<(StatusCode, Json<Key>)> {
    Ok((StatusCode::CREATED, Json(server.add_key(Owner::Application(key, app), body).await?)))
}

/// Removes a key of an application.
#[utoipa::path(delete, path = "/v1/projects/{key}/applications/{app}/keys/{name}", tag = "keys", params(("key" = String, Path), ("app" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete_application(
    State(server): State<App>,
    Path((key, app, name)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    server.delete_key(Owner::Application(key, app), name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keys of an environment, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/environments/{env}/keys", tag = "keys", params(("key" = String, Path), ("env" = String, Path)), responses((status = 200, body = Vec<Key>)))]
async fn list_environment(
    State(server): State<App>,
    Path((key, env)): Path<(String, String)>,
) -> Result<Json<Vec<Key>>> {
    Ok(Json(server.keys(Owner::Environment(key, env)).await?))
}

/// Makes a key of an environment.
#[utoipa::path(post, path = "/v1/projects/{key}/environments/{env}/keys", tag = "keys", params(("key" = String, Path), ("env" = String, Path)), request_body = KeyCreate, responses((status = 201, body = Key)))]
async fn add_environment(
    State(server): State<App>,
    Path((key, env)): Path<(String, String)>,
    Json(body): Json<KeyCreate>,
) -> Result<(StatusCode, Json<Key>)> {
    Ok((StatusCode::CREATED, Json(server.add_key(Owner::Environment(key, env), body).await?)))
}

/// Removes a key of an environment.
#[utoipa::path(delete, path = "/v1/projects/{key}/environments/{env}/keys/{name}", tag = "keys", params(("key" = String, Path), ("env" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete_environment(
    State(server): State<App>,
    Path((key, env, name)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    server.delete_key(Owner::Environment(key, env), name).await?;
    Ok(StatusCode::NO_CONTENT)
}
