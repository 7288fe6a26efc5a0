//! Users and their OpenPGP keys.

use crate::{
    App,
    auth::Caller,
    http::{
        error::Result,
        extract::{Json, Path},
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::users::{GpgKey, GpgKeyImport, ResetLink, User};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(me))
        .routes(routes!(get))
        .routes(routes!(reset))
        .routes(routes!(gpg_keys, add_gpg_key))
        .routes(routes!(gpg_key, delete_gpg_key))
}

/// Every user, by name.
#[utoipa::path(get, path = "/v1/users", tag = "users", responses((status = 200, body = Vec<User>)))]
async fn list(State(app): State<App>) -> Result<Json<Vec<User>>> {
    Ok(Json(app.users().await?))
}

/// The caller.
#[utoipa::path(get, path = "/v1/users/me", tag = "users", responses((status = 200, body = User)))]
async fn me(State(app): State<App>, caller: Caller) -> Result<Json<User>> {
    Ok(Json(app.user(&caller, "me").await?))
}

/// A user.
#[utoipa::path(get, path = "/v1/users/{username}", tag = "users", params(("username" = String, Path)), responses((status = 200, body = User)))]
async fn get(State(app): State<App>, caller: Caller, Path(username): Path<String>) -> Result<Json<User>> {
    Ok(Json(app.user(&caller, &username).await?))
}

/// Makes a link with which somebody who forgot their password chooses a new one.
#[utoipa::path(post, path = "/v1/users/{username}/reset", tag = "users", params(("username" = String, Path)), responses((status = 201, body = ResetLink)))]
async fn reset(
    State(app): State<App>,
    Path(username): Path<String>,
) -> Result<(StatusCode, Json<ResetLink>)> {
    Ok((StatusCode::CREATED, Json(app.reset_link(&username).await?)))
}

/// OpenPGP keys of a user.
#[utoipa::path(get, path = "/v1/users/{username}/gpg-keys", tag = "users", params(("username" = String, Path)), responses((status = 200, body = Vec<GpgKey>)))]
async fn gpg_keys(State(app): State<App>, Path(username): Path<String>) -> Result<Json<Vec<GpgKey>>> {
    Ok(Json(app.gpg_keys(&username).await?))
}

/// Adds an armored public key.
#[utoipa::path(post, path = "/v1/users/{username}/gpg-keys", tag = "users", params(("username" = String, Path)), request_body = GpgKeyImport, responses((status = 201, body = GpgKey)))]
async fn add_gpg_key(
    State(app): State<App>,
    Path(username): Path<String>,
    Json(body): Json<GpgKeyImport>,
) -> Result<(StatusCode, Json<GpgKey>)> {
    Ok((StatusCode::CREATED, Json(app.add_gpg_key(&username, body.public_key).await?)))
}

/// One key of a user.
#[utoipa::path(get, path = "/v1/users/{username}/gpg-keys/{key_id}", tag = "users", params(("username" = String, Path), ("key_id" = String, Path)), responses((status = 200, body = GpgKey)))]
async fn gpg_key(
    State(app): State<App>,
    Path((username, key_id)): Path<(String, String)>,
) -> Result<Json<GpgKey>> {
    Ok(Json(app.gpg_key(&username, &key_id).await?))
}

/// Removes a key.
#[utoipa::path(delete, path = "/v1/users/{username}/gpg-keys/{key_id}", tag = "users", params(("username" = String, Path), ("key_id" = String, Path)), responses((status = 204)))]
async fn delete_gpg_key(
    State(app): State<App>,
    Path((username, key_id)): Path<(String, String)>,
) -> Result<StatusCode> {
    app.delete_gpg_key(&username, &key_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
