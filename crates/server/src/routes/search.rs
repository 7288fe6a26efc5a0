//! Finding things.

use crate::{
    App,
    auth::Caller,
    http::{
        error::Result,
        extract::{Json, Query},
    },
};
use axum::extract::State;
use cds_api::SearchHit;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search))
}

/// What to find.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct SearchQuery {
    /// Words, in any order, case not counted: `release train`, `shop nightly`. With a number among them, runs too:
    /// `nightly 12`.
    q: String,
}

/// Projects, workflows, applications, pipelines, environments and runs by the words of their names, their project's,
/// and their descriptions; at most 50, the best first.
#[utoipa::path(get, path = "/v1/search", tag = "search", params(SearchQuery), responses((status = 200, body = Vec<SearchHit>)))]
async fn search(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Vec<SearchHit>>> {
    Ok(Json(app.search(&caller, &query.q).await?))
}
