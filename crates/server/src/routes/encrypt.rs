//! Tokens that stand for secrets in files.

use crate::{
    App,
    http::{
        error::Result,
        extract::{Json, Path},
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::projects::{Encrypt, Encrypted};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, encrypt)).routes(routes!(delete))
}

/// Secrets of a project that have a token, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/encrypt", tag = "encrypt", params(("key" = String, Path)), responses((status = 200, body = Vec<Encrypted>)))]
async fn list(State(app): State<App>, Path(key): Path<String>) -> Result<Json<Vec<Encrypted>>> {
    Ok(Json(app.encrypted(&key).await?))
}

/// Keeps a secret and gives its token; the same name keeps its token.
#[utoipa::path(post, path = "/v1/projects/{key}/encrypt", tag = "encrypt", params(("key" = String, Path)), request_body = Encrypt, responses((status = 200, body = Encrypted)))]
async fn encrypt(
    State(app): State<App>,
    Path(key): Path<String>,
    Json(body): Json<Encrypt>,
) -> Result<Json<Encrypted>> {
    Ok(Json(app.encrypt(&key, body).await?))
}

/// Forgets a secret.
#[utoipa::path(delete, path = "/v1/projects/{key}/encrypt/{name}", tag = "encrypt", params(("key" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete(State(app): State<App>, Path((key, name)): Path<(String, String)>) -> Result<StatusCode> {
    app.delete_encrypted(&key, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}
