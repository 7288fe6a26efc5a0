//! Groups of users.

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
    Name,
    groups::{Group, MemberPut},
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, rename, delete))
        .routes(routes!(put_member, delete_member))
}

/// Groups of the caller, by name; administrators and maintainers see all.
#[utoipa::path(get, path = "/v1/groups", tag = "groups", responses((status = 200, body = Vec<Group>)))]
async fn list(State(app): State<App>, caller: Caller) -> Result<Json<Vec<Group>>> {
    Ok(Json(app.groups(&caller).await?))
}

/// Makes a group; the caller becomes its administrator.
#[utoipa::path(post, path = "/v1/groups", tag = "groups", request_body = Name, responses((status = 201, body = Group)))]
async fn create(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Name>,
) -> Result<(StatusCode, Json<Group>)> {
    Ok((StatusCode::CREATED, Json(app.create_group(&caller, &body.name).await?)))
}

/// A group with its members.
#[utoipa::path(get, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path)), responses((status = 200, body = Group)))]
async fn get(State(app): State<App>, caller: Caller, Path(group): Path<String>) -> Result<Json<Group>> {
    Ok(Json(app.group(&caller, &group).await?))
}

/// Renames a group.
#[utoipa::path(put, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path)), request_body = Name, responses((status = 200, body = Group)))]
async fn rename(
    State(app): State<App>,
    Path(group): Path<String>,
    Json(body): Json<Name>,
) -> Result<Json<Group>> {
    Ok(Json(app.rename_group(&group, &body.name).await?))
}

/// Deletes a group.
#[utoipa::path(delete, path = "/v1/groups/{group}", tag = "groups", params(("group" = String, Path)), responses((status = 204)))]
async fn delete(State(app): State<App>, Path(group): Path<String>) -> Result<StatusCode> {
    app.delete_group(&group).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adds a member, or changes whether they administer the group.
#[utoipa::path(put, path = "/v1/groups/{group}/members/{username}", tag = "groups", params(("group" = String, Path), ("username" = String, Path)), request_body = MemberPut, responses((status = 204)))]
async fn put_member(
    State(app): State<App>,
    Path((group, username)): Path<(String, String)>,
    Json(body): Json<MemberPut>,
) -> Result<StatusCode> {
    app.put_member(&group, &username, body.admin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a member.
#[utoipa::path(delete, path = "/v1/groups/{group}/members/{username}", tag = "groups", params(("group" = String, Path), ("username" = String, Path)), responses((status = 204)))]
async fn delete_member(
    State(app): State<App>,
    Path((group, username)): Path<(String, String)>,
) -> Result<StatusCode> {
    app.delete_member(&group, &username).await?;
    Ok(StatusCode::NO_CONTENT)
}
