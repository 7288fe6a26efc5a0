//! Variables of projects, applications and environments; values of secrets are not shown.

use crate::{
    App,
    app::variables::Owner,
    http::{
        error::Result,
        extract::{Json, Path},
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::projects::Variable;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_project, add_project))
        .routes(routes!(get_project, update_project, delete_project))
        .routes(routes!(list_application, add_application))
        .routes(routes!(get_application, update_application, delete_application))
        .routes(routes!(list_environment, add_environment))
        .routes(routes!(get_environment, update_environment, delete_environment))
}

/// Variables of a project, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/variables", tag = "variables", params(("key" = String, Path)), responses((status = 200, body = Vec<Variable>)))]
async fn list_project(State(server): State<App>, Path(key): Path<String>) -> Result<Json<Vec<Variable>>> {
    Ok(Json(server.variables(Owner::Project(key)).await?))
}

/// Adds a variable to a project.
#[utoipa::path(post, path = "/v1/projects/{key}/variables", tag = "variables", params(("key" = String, Path)), request_body = Variable, responses((status = 201, body = Variable)))]
async fn add_project(
    State(server): State<App>,
    Path(key): Path<String>,
    Json(body): Json<Variable>,
) -> Result<(StatusCode, Json<Variable>)> {
    Ok((StatusCode::CREATED, Json(server.add_variable(Owner::Project(key), body).await?)))
}

/// A variable of a project.
#[utoipa::path(get, path = "/v1/projects/{key}/variables/{name}", tag = "variables", params(("key" = String, Path), ("name" = String, Path)), responses((status = 200, body = Variable)))]
async fn get_project(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
) -> Result<Json<Variable>> {
    Ok(Json(server.variable(Owner::Project(key), name).await?))
}

/// Replaces a variable of a project, its name too.
#[utoipa::path(put, path = "/v1/projects/{key}/variables/{name}", tag = "variables", params(("key" = String, Path), ("name" = String, Path)), request_body = Variable, responses((status = 200, body = Variable)))]
async fn update_project(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
    Json(body): Json<Variable>,
) -> Result<Json<Variable>> {
    Ok(Json(server.update_variable(Owner::Project(key), name, body).await?))
}

/// Removes a variable of a project.
#[utoipa::path(delete, path = "/v1/projects/{key}/variables/{name}", tag = "variables", params(("key" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete_project(
    State(server): State<App>,
    Path((key, name)): Path<(String, String)>,
) -> Result<StatusCode> {
    server.delete_variable(Owner::Project(key), name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Variables of an application, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/applications/{app}/variables", tag = "variables", params(("key" = String, Path), ("app" = String, Path)), responses((status = 200, body = Vec<Variable>)))]
async fn list_application(
    State(server): State<App>,
    Path((key, app)): Path<(String, String)>,
) -> Result<Json<Vec<Variable>>> {
    Ok(Json(server.variables(Owner::Application(key, app)).await?))
}

/// Adds a variable to an application.
#[utoipa::path(post, path = "/v1/projects/{key}/applications/{app}/variables", tag = "variables", params(("key" = String, Path), ("app" = String, Path)), request_body = Variable, responses((status = 201, body = Variable)))]
async fn add_application(
    State(server): State<App>,
    Path((key, app)): Path<(String, String)>,
    Json(body): Json<Variable>,
) -> Result<(StatusCode, Json<Variable>)> {
    Ok((StatusCode::CREATED, Json(server.add_variable(Owner::Application(key, app), body).await?)))
}

/// A variable of an application.
#[utoipa::path(get, path = "/v1/projects/{key}/applications/{app}/variables/{name}", tag = "variables", params(("key" = String, Path), ("app" = String, Path), ("name" = String, Path)), responses((status = 200, body = Variable)))]
async fn get_application(
    State(server): State<App>,
    Path((key, app, name)): Path<(String, String, String)>,
) -> Result<Json<Variable>> {
    Ok(Json(server.variable(Owner::Application(key, app), name).await?))
}

/// Replaces a variable of an application, its name too.
#[utoipa::path(put, path = "/v1/projects/{key}/applications/{app}/variables/{name}", tag = "variables", params(("key" = String, Path), ("app" = String, Path), ("name" = String, Path)), request_body = Variable, responses((status = 200, body = Variable)))]
async fn update_application(
    State(server): State<App>,
    Path((key, app, name)): Path<(String, String, String)>,
    Json(body): Json<Variable>,
) -> Result<Json<Variable>> {
    Ok(Json(server.update_variable(Owner::Application(key, app), name, body).await?))
}

/// Removes a variable of an application.
#[utoipa::path(delete, path = "/v1/projects/{key}/applications/{app}/variables/{name}", tag = "variables", params(("key" = String, Path), ("app" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete_application(
    State(server): State<App>,
    Path((key, app, name)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    server.delete_variable(Owner::Application(key, app), name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Variables of an environment, by name.
#[utoipa::path(get, path = "/v1/projects/{key}/environments/{env}/variables", tag = "variables", params(("key" = String, Path), ("env" = String, Path)), responses((status = 200, body = Vec<Variable>)))]
async fn list_environment(
    State(server): State<App>,
    Path((key, env)): Path<(String, String)>,
) -> Result<Json<Vec<Variable>>> {
    Ok(Json(server.variables(Owner::Environment(key, env)).await?))
}

/// Adds a variable to an environment.
#[utoipa::path(post, path = "/v1/projects/{key}/environments/{env}/variables", tag = "variables", params(("key" = String, Path), ("env" = String, Path)), request_body = Variable, responses((status = 201, body = Variable)))]
async fn add_environment(
    State(server): State<App>,
    Path((key, env)): Path<(String, String)>,
    Json(body): Json<Variable>,
) -> Result<(StatusCode, Json<Variable>)> {
    Ok((StatusCode::CREATED, Json(server.add_variable(Owner::Environment(key, env), body).await?)))
}

/// A variable of an environment.
#[utoipa::path(get, path = "/v1/projects/{key}/environments/{env}/variables/{name}", tag = "variables", params(("key" = String, Path), ("env" = String, Path), ("name" = String, Path)), responses((status = 200, body = Variable)))]
async fn get_environment(
    State(server): State<App>,
    Path((key, env, name)): Path<(String, String, String)>,
) -> Result<Json<Variable>> {
    Ok(Json(server.variable(Owner::Environment(key, env), name).await?))
}

/// Replaces a variable of an environment, its name too.
#[utoipa::path(put, path = "/v1/projects/{key}/environments/{env}/variables/{name}", tag = "variables", params(("key" = String, Path), ("env" = String, Path), ("name" = String, Path)), request_body = Variable, responses((status = 200, body = Variable)))]
async fn update_environment(
    State(server): State<App>,
    Path((key, env, name)): Path<(String, String, String)>,
    Json(body): Json<Variable>,
) -> Result<Json<Variable>> {
    Ok(Json(server.update_variable(Owner::Environment(key, env), name, body).await?))
}

/// Removes a variable of an environment.
#[utoipa::path(delete, path = "/v1/projects/{key}/environments/{env}/variables/{name}", tag = "variables", params(("key" = String, Path), ("env" = String, Path), ("name" = String, Path)), responses((status = 204)))]
async fn delete_environment(
    State(server): State<App>,
    Path((key, env, name)): Path<(String, String, String)>,
) -> Result<StatusCode> {
    server.delete_variable(Owner::Environment(key, env), name).await?;
    Ok(StatusCode::NO_CONTENT)
}
