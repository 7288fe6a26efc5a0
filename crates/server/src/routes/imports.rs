//! Definitions from files.

use crate::{
    App,
    app::imports::{Rules, Sent},
    auth::Caller,
    http::{
        error::{Error, Result},
        extract::{Json, Path, Query, Raw},
    },
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
};
use cds_api::Messages;
use cds_workflow::parse::{Format, Kind};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(application))
        .routes(routes!(environment))
        .routes(routes!(pipeline))
        .routes(routes!(workflow))
        .routes(routes!(push))
}

/// How to import one file.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// Replace what exists.
    #[serde(default)]
    force: bool,
    /// Refuse a file with unknown or repeated keys, which are warnings otherwise.
    #[serde(default)]
    strict: bool,
    /// Name of the file for messages, as its owner knows it.
    #[serde(default)]
    file: String,
}

/// How to import many files.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct PushQuery {
    /// Replace a workflow that follows a repository, which detaches it.
    #[serde(default)]
    force: bool,
    /// Refuse files with unknown or repeated keys, which are warnings otherwise.
    #[serde(default)]
    strict: bool,
}

/// A file in the notation that `Content-Type` names; YAML if it names none.
async fn import(
    app: App,
    caller: Caller,
    key: String,
    kind: Kind,
    query: ImportQuery,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Json<Messages>> {
    let format = match headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or("")) {
        None => Format::Yaml,
        Some(text) => Format::from_word(text).ok_or_else(|| {
            Error::bad_request(format!(
                "content type '{text}' is not known: use application/x-yaml or application/json"
            ))
        })?,
    };
    let text = String::from_utf8(body.into()).map_err(|e| {
        Error::bad_request(format!("the file is not UTF-8 text from byte {}", e.utf8_error().valid_up_to()))
    })?;
    let rules = Rules { force: query.force, strict: query.strict, ..Rules::default() };
    Ok(Json(app.import(&caller, key, Sent { kind, format, name: query.file, text }, rules).await?))
}

/// Imports an application.
#[utoipa::path(post, path = "/v1/projects/{key}/import/application", tag = "import", params(("key" = String, Path), ImportQuery), request_body(content_type = "application/x-yaml"), responses((status = 200, body = Messages)))]
async fn application(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Messages>> {
    import(app, caller, key, Kind::Application, query, &headers, body).await
}

/// Imports an environment.
#[utoipa::path(post, path = "/v1/projects/{key}/import/environment", tag = "import", params(("key" = String, Path), ImportQuery), request_body(content_type = "application/x-yaml"), responses((status = 200, body = Messages)))]
async fn environment(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Messages>> {
    import(app, caller, key, Kind::Environment, query, &headers, body).await
}

/// Imports a pipeline.
#[utoipa::path(post, path = "/v1/projects/{key}/import/pipeline", tag = "import", params(("key" = String, Path), ImportQuery), request_body(content_type = "application/x-yaml"), responses((status = 200, body = Messages)))]
async fn pipeline(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Messages>> {
    import(app, caller, key, Kind::Pipeline, query, &headers, body).await
}

/// Imports a workflow.
#[utoipa::path(post, path = "/v1/projects/{key}/import/workflow", tag = "import", params(("key" = String, Path), ImportQuery), request_body(content_type = "application/x-yaml"), responses((status = 200, body = Messages)))]
async fn workflow(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<ImportQuery>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Messages>> {
    import(app, caller, key, Kind::Workflow, query, &headers, body).await
}

/// Imports a tar of files: one workflow and what it uses. What exists is replaced.
#[utoipa::path(post, path = "/v1/projects/{key}/push", tag = "import", params(("key" = String, Path), PushQuery, ("X-Cds-As-Code" = Option<String>, Header, description = "URL of the repository that owns the files")), request_body(content_type = "application/x-tar"), responses((status = 200, body = Messages)))]
async fn push(
    State(app): State<App>,
    caller: Caller,
    Path(key): Path<String>,
    Query(query): Query<PushQuery>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Messages>> {
    let repository = match headers.get("x-cds-as-code").map(|v| v.to_str()) {
        None => String::new(),
        Some(Ok(url)) if url.len() <= 2048 => url.trim().to_string(),
        Some(_) => return Err(Error::bad_request("X-Cds-As-Code is not the URL of a repository")),
    };
    Ok(Json(
        app.push(&caller, key, body, Rules { force: query.force, strict: query.strict, repository }).await?,
    ))
}
