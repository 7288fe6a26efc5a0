//! Requests that another site makes a browser send (S26).
//!
//! A browser gives CDS no credential by itself: there are no cookies, and the page puts its token into a header that no
//! form, image or socket of another site can set. This check stands before that, so that a proxy with a sign-in of its
//! own, which does use cookies, opens no door either.

use super::error::Error;
use crate::App;
use axum::{
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
};

/// Refuses what changes something, and open streams, if a page of another site asks for it. Programs, which send
/// neither header, pass.
///
/// # Errors
/// 403 with the code `cross_site`.
pub fn check(app: &App, request: &Request) -> Result<(), Error> {
    let path = request.uri().path();
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let stream = path.ends_with("/events") || path.ends_with("/follow");
    if (reads && !stream) || same_site(request.headers(), app.url()) {
        return Ok(());
    }
    Err(Error::new(
        StatusCode::FORBIDDEN,
        "cross_site",
        "this came from a page of another site: open CDS at its own address (server.public_url behind a proxy)",
    ))
}

fn same_site(headers: &HeaderMap, own: &str) -> bool {
    let text = |name: header::HeaderName| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    // No page can forge this one, and it survives proxies that change the host.
    if let Some(site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(header::ORIGIN) else { return true };
    let host = text(header::HOST).unwrap_or("");
    origin == origin_of(own) || origin.split_once("://").is_some_and(|(_, of)| !of.is_empty() && of == host)
}

/// `https://host:port` of an address.
fn origin_of(url: &str) -> &str {
    let Some(start) = url.find("://").map(|at| at + 3) else { return url };
    match url[start..].find('/') {
        Some(end) => &url[..start + end],
        None => url,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(n, v)| (header::HeaderName::from_static(n), header::HeaderValue::from_static(v)));
        same_site(&headers.collect(), "https://cds.example/sub")
    }

    #[test]
    fn browsers_say_where_a_request_comes_from() {
        assert!(verdict(&[]));
        for site in ["same-origin", "none"] {
            assert!(verdict(&[("sec-fetch-site", site), ("origin", "http://elsewhere")]), "{site}");
        }
        for site in ["cross-site", "same-site", "nonsense"] {
            assert!(!verdict(&[("sec-fetch-site", site), ("origin", "https://cds.example")]), "{site}");
        }
    }

    #[test]
    fn older_browsers_say_it_by_origin() {
        assert!(verdict(&[("origin", "https://cds.example"), ("host", "10.0.0.1:8081")]));
        assert!(verdict(&[("origin", "http://10.0.0.1:8081"), ("host", "10.0.0.1:8081")]));
        for origin in ["https://evil.example", "null", "", "https://cds.example.evil.example", "https://"] {
            assert!(!verdict(&[("origin", origin), ("host", "10.0.0.1:8081")]), "{origin}");
        }
        assert!(!verdict(&[("origin", "https://")]));
    }
}
