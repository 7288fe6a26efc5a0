//! The web UI's files (`web/dist`), inside the binary. Debug builds read them from the checkout, so that a new
//! build of the UI needs no build of the server. Knows neither HTTP library nor server.

use rust_embed::{EmbeddedFile, RustEmbed};
use std::borrow::Cow;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Page shown when the UI was not built.
const NOT_BUILT: &str = include_str!("not-built.html");

/// What to answer to a request for a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The content, coded as `encoding` says.
    pub bytes: Cow<'static, [u8]>,
    /// Content type, with its charset where it is text.
    pub mime: &'static str,
    /// `br` or `gzip`; none = as it is.
    pub encoding: Option<&'static str>,
    /// The path names the content by a hash: it may be kept for a year. Otherwise ask each time.
    pub immutable: bool,
    /// Quoted entity tag, for `If-None-Match`.
    pub etag: String,
}

/// The file at `path` (with or without the leading slash) in the best coding that `accept_encoding` allows. Paths
/// of pages, which exist only in the browser, give `index.html`; a missing file (a last segment with a dot below
/// `assets/`) gives none.
pub fn response(path: &str, accept_encoding: &str) -> Option<Asset> {
    let path = path.trim_start_matches('/');
    if !path.is_empty()
        && let Some(asset) = file(path, accept_encoding)
    {
        return Some(asset);
    }
    if path.starts_with("assets/") {
        return None;
    }
    Some(file("index.html", accept_encoding).unwrap_or_else(not_built))
}

/// Whether the UI is there; if not, [`response`] gives a page that says how to build it.
pub fn is_built() -> bool {
    Dist::get("index.html").is_some()
}

fn file(path: &str, accept_encoding: &str) -> Option<Asset> {
    // The coded copies are not files of their own.
    if path.ends_with(".br") || path.ends_with(".gz") {
        return None;
    }
    let plain = Dist::get(path)?;
    let etag = |f: &EmbeddedFile, coding: &str| {
        format!("\"{}{coding}\"", hex::encode(&f.metadata.sha256_hash()[..12]))
    };
    let asset = |f: EmbeddedFile, encoding: Option<&'static str>| Asset {
        etag: etag(&f, encoding.unwrap_or("")),
        bytes: f.data,
        mime: mime(path),
        encoding,
        immutable: path.starts_with("assets/"),
    };
    for (coding, ending) in [("br", "br"), ("gzip", "gz")] {
        if accepts(accept_encoding, coding)
            && let Some(coded) = Dist::get(&format!("{path}.{ending}"))
        {
            return Some(asset(coded, Some(coding)));
        }
    }
    Some(asset(plain, None))
}

/// Whether an `Accept-Encoding` header allows a coding.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let mut fields = part.split(';').map(str::trim);
        let named = fields.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let refused =
            fields.any(|f| matches!(f.replace(' ', "").as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        named && !refused
    })
}

fn mime(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

fn not_built() -> Asset {
    Asset {
        bytes: Cow::Borrowed(NOT_BUILT.as_bytes()),
        mime: "text/html; charset=utf-8",
        encoding: None,
        immutable: false,
        etag: "\"not-built\"".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_the_index_or_say_how_to_build_it() {
        let root = response("/", "").unwrap();
        assert_eq!(root.mime, "text/html; charset=utf-8");
        assert!(!root.immutable);
        let page = response("/project/SHOP/workflow/release/run/1", "").unwrap();
        assert_eq!(page, root);
        if !is_built() {
            assert!(String::from_utf8_lossy(&root.bytes).contains("make web"));
        }
    }

    #[test]
    fn a_missing_file_is_not_a_page() {
        assert_eq!(response("/assets/gone-1234.js", "br"), None);
        // Names that try to leave the folder find nothing in it.
        assert_eq!(response("/assets/../../Cargo.toml", ""), None);
        let outside = response("/../../Cargo.toml", "").unwrap();
        assert_eq!(outside.mime, "text/html; charset=utf-8");
    }

    #[test]
    fn codings_are_used_only_where_allowed() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip;q=1, br;q=0", "br"));
        assert!(!accepts("", "gzip"));
        assert_eq!(response("/", "identity").unwrap().encoding, None);
    }
}
