//! The web UI: the files of its build, and its page for every path that belongs to no API.

use super::error::Error;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Everything comes from this server alone, and nothing is inline: styles of single elements are set by scripts.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

/// Whether a request without a route is one for the UI rather than a mistaken call of the API.
pub fn is_page(method: &Method, path: &str) -> bool {
    let api = ["v1", "auth", "mon", "metrics"];
    let first = path.trim_start_matches('/').split('/').next().unwrap_or("");
    matches!(*method, Method::GET | Method::HEAD) && !api.contains(&first)
}

/// Answers with a file of the UI, its page, or 404.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path();
    if !is_page(request.method(), path) {
        return Error::not_found("there is no such route").into_response();
    }
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let Some(asset) = cds_web_assets::response(path, text(header::ACCEPT_ENCODING)) else {
        return Error::not_found("there is no such file: reload the page, the server may be newer than it")
            .into_response();
    };
    let known =
        text(header::IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag);
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut headers = HeaderMap::new();
    let mut put = |name, value: &str| {
        if let Ok(value) = value.parse() {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, asset.mime);
    put(header::CACHE_CONTROL, cache);
    put(header::ETAG, &asset.etag);
    put(header::VARY, "accept-encoding");
    put(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    put(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(header::REFERRER_POLICY, "same-origin");
    if let Some(encoding) = asset.encoding {
        put(header::CONTENT_ENCODING, encoding);
    }
    let (status, body) = match known {
        true => (StatusCode::NOT_MODIFIED, Body::empty()),
        false => (StatusCode::OK, Body::from(asset.bytes.into_owned())),
    };
    (status, headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Request {
        Request::builder().uri(path).body(Body::empty()).unwrap()
    }

    #[test]
    fn the_api_is_no_page() {
        assert!(is_page(&Method::GET, "/"));
        assert!(is_page(&Method::HEAD, "/project/SHOP"));
        assert!(is_page(&Method::GET, "/v1x"));
        for path in ["/v1", "/v1/nothing", "//v1/nothing", "/auth/x", "/mon", "/metrics/x"] {
            assert!(!is_page(&Method::GET, path), "{path}");
        }
        assert!(!is_page(&Method::POST, "/project/SHOP"));
    }

    #[tokio::test]
    async fn pages_are_guarded_and_asked_for_again() {
        let page = serve(get("/project/SHOP")).await;
        assert_eq!(page.status(), StatusCode::OK);
        let headers = page.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-cache");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert_eq!(headers[header::REFERRER_POLICY], "same-origin");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.contains("default-src 'none';") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        let mut again = get("/project/SHOP");
        again.headers_mut().insert(header::IF_NONE_MATCH, headers[header::ETAG].clone());
        assert_eq!(serve(again).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn missing_files_are_not_found() {
        assert_eq!(serve(get("/assets/gone.js")).await.status(), StatusCode::NOT_FOUND);
        assert_eq!(serve(get("/v1/nothing")).await.status(), StatusCode::NOT_FOUND);
    }
}
