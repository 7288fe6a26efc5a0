//! Runs.

use crate::{
    App,
    app::{peers::asked, view::Part},
    auth::Caller,
    http::{
        error::{Error, Result},
        extract::{Json, Path, Query},
    },
};
use axum::{
    extract::{OriginalUri, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use cds_api::{
    runs::{Changes, LogFile, Run, RunBrief, RunStart, RunStop, Tests},
    worker::Artifact,
};
use cds_model::Status;
use cds_store::runs::Filter;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, start))
        .routes(routes!(get, delete))
        .routes(routes!(stop))
        .routes(routes!(unpark))
        .routes(routes!(logs))
        .routes(routes!(artifacts))
        .routes(routes!(artifact))
        .routes(routes!(tests))
        .routes(routes!(changes))
        .routes(routes!(recent))
        .routes(routes!(tag_values))
}

type RunPath = (String, String, String);

/// A run number in a path; `latest` is one too.
fn number(text: &str) -> Result<i64> {
    match text {
        "latest" => Ok(-1),
        _ => match text.parse() {
            Ok(n) if n > 0 => Ok(n),
            _ => Err(Error::bad_request(format!("'{text}' is not a run number: use 1, 2, … or latest"))),
        },
    }
}

/// Which runs.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    /// How many to leave out.
    #[serde(default)]
    offset: i64,
    /// How many to give; default 50, at most 500.
    limit: Option<i64>,
    /// Only of this status; a run that is under way and has no job with a worker counts as `Waiting`, not as `Building`.
    status: Option<String>,
    /// Only with this tag: `name` or `name:value`.
    tag: Option<String>,
    /// Only of this branch (tag `git.branch`).
    branch: Option<String>,
    /// Only by this author: of the commit (tag `git.author`), or who started the run.
    author: Option<String>,
    /// Only of this project.
    project: Option<String>,
    /// Only those with nodes that a person keeps waiting, or (`false`) only those without.
    gates: Option<bool>,
}

impl ListQuery {
    fn filter(self) -> Result<Filter> {
        let status = match &self.status {
            Some(text) => Some(text.parse::<Status>().map_err(Error::bad_request)?),
            None => None,
        };
        let tag = self.tag.map(|t| match t.split_once(':') {
            Some((name, value)) => (name.to_string(), Some(value.to_string())),
            None => (t, None),
        });
        let (offset, limit) = (self.offset, self.limit.unwrap_or(50));
        if offset < 0 || !(1..=500).contains(&limit) {
            return Err(Error::bad_request("`limit` is 1 to 500, `offset` at least 0"));
        }
        Ok(Filter {
            status,
            tag,
            branch: self.branch,
            author: self.author,
            project: self.project,
            gates: self.gates,
            offset,
            limit,
            ..Filter::default()
        })
    }
}

/// A page of runs, with the count of all that the filter lets through.
type Runs = ([(&'static str, String); 1], Json<Vec<RunBrief>>);

/// Runs of a workflow, newest first. The header `X-Total-Count` says how many there are in all.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ListQuery), responses((status = 200, body = Vec<RunBrief>, headers(("x-total-count" = i64, description = "Runs that the filter lets through")))))]
async fn list(
    State(app): State<App>,
    Path((key, workflow)): Path<(String, String)>,
    Query(query): Query<ListQuery>,
) -> Result<Runs> {
    let (runs, total) = app.run_list(&key, &workflow, query.filter()?).await?;
    Ok(([("x-total-count", total.to_string())], Json(runs)))
}

/// Values that runs of a workflow have for a tag such as `git.branch`, in order; at most 200.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/tags/{tag}", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("tag" = String, Path)), responses((status = 200, body = Vec<String>)))]
async fn tag_values(
    State(app): State<App>,
    Path((key, workflow, tag)): Path<(String, String, String)>,
) -> Result<Json<Vec<String>>> {
    Ok(Json(app.run_tag_values(&key, &workflow, tag).await?))
}

/// Starts a run, or goes on with one.
#[utoipa::path(post, path = "/v1/projects/{key}/workflows/{workflow}/runs", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("Idempotency-Key" = Option<String>, Header, description = "The same key within a day gives the same run")), request_body = RunStart, responses((status = 201, body = Run), (status = 200, body = Run, description = "An existing run goes on")))]
async fn start(
    State(app): State<App>,
    caller: Caller,
    Path((key, workflow)): Path<(String, String)>,
    headers: HeaderMap,
    Json(body): Json<RunStart>,
) -> Result<(StatusCode, Json<Run>)> {
    let idempotency_key = match headers.get("idempotency-key").map(|v| v.to_str()) {
        None => None,
        Some(Ok(text)) if !text.is_empty() && text.len() <= 128 => Some(text.to_string()),
        Some(_) => return Err(Error::bad_request("Idempotency-Key must be 1 to 128 ASCII characters")),
    };
    let status = if body.number.is_some() { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(app.run_start(&caller, &key, &workflow, body, idempotency_key).await?)))
}

/// A run, whole.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path, description = "A number, or `latest`"), PartQuery), responses((status = 200, body = Run)))]
async fn get(
    State(app): State<App>,
    Path((key, workflow, n)): Path<RunPath>,
    Query(query): Query<PartQuery>,
) -> Result<Json<Run>> {
    let part = query.part()?;
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    let run = app.load_run(brief.id).await?;
    Ok(Json(app.view_part(&run, &part).await?))
}

/// What of a run is wanted; without it, all.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
struct PartQuery {
    /// False leaves the parameters of node runs out: they are most of a large run.
    parameters: Option<bool>,
    /// Only these executions of nodes (`id`s, parted by commas), and no graph.
    node_runs: Option<String>,
}

impl PartQuery {
    fn part(&self) -> Result<Part> {
        let ids = |list: &str| list.split(',').map(str::parse).collect::<std::result::Result<_, _>>();
        let node_runs = self.node_runs.as_deref().map(ids).transpose();
        let node_runs = node_runs.map_err(|_| {
            Error::bad_request("node_runs must be ids of node runs, parted by commas, for example 3,17")
        })?;
        Ok(Part { parameters: self.parameters.unwrap_or(true), node_runs })
    }
}

/// Deletes a run with its logs and files.
#[utoipa::path(delete, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), responses((status = 204)))]
async fn delete(State(app): State<App>, Path((key, workflow, n)): Path<RunPath>) -> Result<StatusCode> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    app.run_delete(brief.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops a run or one of its nodes.
#[utoipa::path(post, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/stop", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), request_body = RunStop, responses((status = 204)))]
async fn stop(
    State(app): State<App>,
    caller: Caller,
    Path((key, workflow, n)): Path<RunPath>,
    Json(body): Json<RunStop>,
) -> Result<StatusCode> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    app.run_stop(&caller, brief.id, body.node).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes up a run that is set aside because its record could not be read.
#[utoipa::path(post, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/unpark", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), responses((status = 204), (status = 409, description = "It is not set aside, or still can't be read")))]
async fn unpark(State(app): State<App>, Path((key, workflow, n)): Path<RunPath>) -> Result<StatusCode> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    app.run_unpark(brief.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Logs of a run, under the names they are downloaded as.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/logs", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), responses((status = 200, body = Vec<LogFile>)))]
async fn logs(
    State(app): State<App>,
    Path((key, workflow, n)): Path<RunPath>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Result<Json<Vec<LogFile>>> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    let (mut files, elsewhere) = app.log_files(brief.id).await?;
    if !asked(&headers) {
        app.add_log_files_of_others(&mut files, elsewhere, &uri, &headers).await;
    }
    Ok(Json(files))
}

/// Files and other results of a run.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), responses((status = 200, body = Vec<Artifact>)))]
async fn artifacts(
    State(app): State<App>,
    Path((key, workflow, n)): Path<RunPath>,
) -> Result<Json<Vec<Artifact>>> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    Ok(Json(app.results(brief.id).await?))
}

/// Content of a file of a run.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts/{id}", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path), ("id" = String, Path)), responses((status = 200, content_type = "application/octet-stream")))]
async fn artifact(
    State(app): State<App>,
    Path((key, workflow, n, id)): Path<(String, String, String, String)>,
) -> Result<Response> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    let result = app.result(&id).await?;
    if result.run != brief.id {
        return Err(Error::not_found("file"));
    }
    app.send_file(&result).await
}

/// Test reports of a run.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/tests", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), responses((status = 200, body = Tests)))]
async fn tests(State(app): State<App>, Path((key, workflow, n)): Path<RunPath>) -> Result<Json<Tests>> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    Ok(Json(app.tests(brief.id).await?))
}

/// What came since the last run that went well: commits, payloads.
#[utoipa::path(get, path = "/v1/projects/{key}/workflows/{workflow}/runs/{number}/changes", tag = "runs", params(("key" = String, Path), ("workflow" = String, Path), ("number" = String, Path)), responses((status = 200, body = Changes)))]
async fn changes(State(app): State<App>, Path((key, workflow, n)): Path<RunPath>) -> Result<Json<Changes>> {
    let brief = app.run_brief(&key, &workflow, number(&n)?).await?;
    Ok(Json(app.changes(brief).await?))
}

/// Runs over all projects that the caller may read, newest first. The header `X-Total-Count` says how many there are in
/// all.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", params(ListQuery), responses((status = 200, body = Vec<RunBrief>, headers(("x-total-count" = i64, description = "Runs that the filter lets through")))))]
async fn recent(State(app): State<App>, caller: Caller, Query(query): Query<ListQuery>) -> Result<Runs> {
    let (runs, total) = app.run_recent(&caller, query.filter()?).await?;
    Ok(([("x-total-count", total.to_string())], Json(runs)))
}
