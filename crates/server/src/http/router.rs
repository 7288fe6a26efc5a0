//! All routes with what stands in front of them.

use super::{error::Error, guard, openapi::Document, pages};
use crate::{App, app::peers, routes};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, compression::CompressionLayer};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

fn all() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(routes::health::router())
        .merge(routes::auth::router())
        .merge(routes::users::router())
        .merge(routes::groups::router())
        .merge(routes::projects::router())
        .merge(routes::variables::router())
        .merge(routes::keys::router())
        .merge(routes::encrypt::router())
        .merge(routes::applications::router())
        .merge(routes::environments::router())
        .merge(routes::pipelines::router())
        .merge(routes::imports::router())
        .merge(routes::workflows::router())
        .merge(routes::runs::router())
        .merge(routes::jobs::router())
        .merge(routes::job_log::router())
        .merge(routes::downloads::router())
        .merge(routes::queue::router())
        .merge(routes::events::router())
        .merge(routes::search::router())
        .merge(routes::worker::router())
        .merge(routes::hatchery::router())
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, mut document) = all().split_for_parts();
    for (path, item) in &mut document.paths.paths {
        let verbs = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
        ];
        for (verb, operation) in verbs {
            if let Some(operation) = operation {
                // Handlers of different files share short names; the path never repeats.
                operation.operation_id = Some(operation_id(verb, path));
            }
        }
    }
    document
}

/// E.g. `get_projects_key_variables` of `GET /v1/projects/{key}/variables`.
fn operation_id(verb: &str, path: &str) -> String {
    let words =
        path.trim_start_matches("/v1").split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty());
    words.fold(verb.to_string(), |id, word| id + "_" + word)
}

/// The server as a service.
pub fn router(app: App) -> Router {
    let (router, _) = all().split_for_parts();
    let limit = app.config().max_body;
    router
        .fallback(pages::serve)
        .method_not_allowed_fallback(|| async {
            Error::not_found("there is no such operation").into_response()
        })
        .layer(middleware::from_fn_with_state(app.clone(), peers::elsewhere))
        .layer(middleware::from_fn_with_state(app.clone(), guard::authorize))
        .layer(CompressionLayer::new().gzip(true).compress_when(Compress))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(guard::request_id))
        // Files are streamed and have a limit of their own.
        .layer(DefaultBodyLimit::max(limit))
        .with_state(app)
}

fn panicked(cause: Box<dyn std::any::Any + Send>) -> Response {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("a handler panicked");
    Error::internal(text).into_response()
}

/// Compresses what people read; not streams, which must not be held back, nor the short answers to workers.
#[derive(Clone, Copy)]
struct Compress;

impl tower_http::compression::Predicate for Compress {
    fn should_compress<B: axum::body::HttpBody>(&self, response: &axum::http::Response<B>) -> bool {
        let kind = response
            .headers()
            .get(axum::http::header::CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or("");
        let text = kind.starts_with("application/json")
            || (kind.starts_with("text/") && kind != "text/event-stream");
        // What is saved to disk is not worth the work: it would be unpacked before.
        let saved = response.headers().contains_key(axum::http::header::CONTENT_DISPOSITION);
        text && !saved && response.body().size_hint().lower() >= 1024
    }
}
