//! Workflows: definitions.

use crate::{
    App,
    auth::Caller,
    http::{
        error::{Error, Result},
        extract::{Json, Path, Query},
    },
};
use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use cds_api::{groups::Grant, workflows::Workflow};
use cds_workflow::parse::Format;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, delete))
        .routes(routes!(export))
        .routes(routes!(pull))
        .routes(routes!(grant, revoke))
}

/// Notation of a file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct FormatQuery {
    /// `yaml` (default) or `json`.
    #[serde(default)]
    format: String,
}

impl FormatQuery {
    /// The notation asked for.
    pub fn format(&self) -> Result<Format> {
        notation(&self.format)
    }
}

fn notation(word: &str) -> Result<Format> {
    match word {
        "" => Ok(Format::Yaml),
        word => Format::from_word(word)
            .ok_or_else(|| Error::bad_request(format!("format '{word}' is not known: use yaml or json"))),
    }
}

/// A definition as an answer.
pub fn file(format: Format, text: String) -> Response {
    let kind = match format {
        Format::Yaml => "application/x-yaml",
        Format::Json => "application/json",
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// How a workflow is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// `yaml` (default) or `json`.
    #[serde(default)]
    format: String,
    /// With the levels of groups.
    #[serde(default)]
    with_permissions: bool,
}

/// What goes into a pulled tar.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PullQuery {
    /// With the levels of groups.
    #[serde(default)]
    with_permissions: bool,
}

/// Workflows of a project that the caller may read, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows", tag = "workflows", params(("key" = String, Path)), responses((status = 200, body = Vec<Workflow>)))]
async fn list(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
) -> Result<Json<Vec<Workflow>>> {
    Ok(Json(app.workflows(&caller, key).await?))
}

/// A workflow with its graph.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}", tag = "workflows", params(("key" = String, Path), ("workflow" = String, Path)), responses((status = 200, body = Workflow)))]
async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((key, workflow)): Path<(String, String)>,
) -> Result<Json<Workflow>> {
    Ok(Json(app.workflow(&caller, key, workflow).await?))
}

/// Deletes a workflow with its runs.
#[utoipa::path(delete, path = "/v1/projects/{key}/workflows/{workflow}", tag = "workflows", params(("key" = String, Path), ("workflow" = String, Path)), responses((status = 204)))]
async fn delete(
    State(app): State<App>,
    caller: Caller,
    Path((key, workflow)): Path<(String, String)>,
) -> Result<StatusCode> {
    app.delete_workflow(&caller, key, workflow).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The file of a workflow.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/export", tag = "workflows", params(("key" = String, Path), ("workflow" = String, Path), ExportQuery), responses((status = 200, content_type = "application/x-yaml")))]
async fn export(
    State(app): State<App>,
    Path((key, workflow)): Path<(String, String)>,
    Query(query): Query<ExportQuery>,
) -> Result<Response> {
    let format = notation(&query.format)?;
    Ok(file(format, app.export_workflow(key, workflow, format, query.with_permissions).await?))
}

/// A tar of the files of a workflow and of all it uses.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/pull", tag = "workflows", params(("key" = String, Path), ("workflow" = String, Path), PullQuery), responses((status = 200, content_type = "application/x-tar")))]
async fn pull(
    State(app): State<App>,
    Path((key, workflow)): Path<(String, String)>,
    Query(query): Query<PullQuery>,
) -> Result<Response> {
    let tar = app.pull(key, workflow, query.with_permissions).await?;
    Ok(([(header::CONTENT_TYPE, "application/x-tar")], tar).into_response())
}

/// Gives a group of the project a level.
#[utoipa::path(put, path = "/v1/projects/{key}/workflows/{workflow}/groups/{group}", tag = "workflows", params(("key" = String, Path), ("workflow" = String, Path), ("group" = String, Path)), request_body = Grant, responses((status = 204)))]
async fn grant(
    State(app): State<App>,
    Path((key, workflow, group)): Path<(String, String, String)>,
    Json(body): Json<Grant>,
) -> Result<StatusCode> {
    app.grant_on_workflow(key, workflow, group, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a group off.
#[utoipa::path(delete, path = "/v1/projects/{key}/workflows/{workflow}/groups/{group}", tag = "workflows", params(("key" = String, Path), ("workflow" = String, Path), ("group" = String, Path)), responses((status = 204)))]
async fn revoke(
    State(app): State<App>,
    Path((key, workflow, group)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    app.revoke_on_workflow(key, workflow, group).await?;
    Ok(StatusCode::NO_CONTENT)
}
