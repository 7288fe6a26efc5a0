//! Other servers on the same database. Logs and files are on the disk of the server that took them in; a request
//! for what is not here is passed on, with the caller's own token, to the servers that are up.

use crate::{App, http::error::Error};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use cds_api::runs::LogFile;
use cds_store::servers::Server;
use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock, RwLock},
    time::Duration,
};

/// Says that a request was passed on by another server, and must not be passed on again.
const ASKED: HeaderName = HeaderName::from_static("cds-asked");
/// The answer to such a request if the thing is not here either.
const NOT_HERE: HeaderName = HeaderName::from_static("cds-not-here");
/// A server that was not heard of for so long is not asked.
const SILENT: Duration = Duration::from_secs(30);
/// How long another server may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest list of logs that another server may send, bytes.
const LIST: usize = 64 << 20;

/// Put into a response by handlers that did not find something which may be on another server's disk.
#[derive(Clone, Copy, Debug)]
pub struct NotHere {
    /// It is known to exist.
    pub exists: bool,
}

/// The other servers.
#[derive(Default)]
pub struct Peers {
    all: RwLock<Arc<[Server]>>,
    client: OnceLock<Option<reqwest::Client>>,
}

impl Peers {
    /// What the database says.
    pub fn set(&self, servers: Vec<Server>) {
        *self.all.write().unwrap_or_else(|p| p.into_inner()) = servers.into();
    }

    fn all(&self) -> Arc<[Server]> {
        self.all.read().unwrap_or_else(|p| p.into_inner()).clone()
    }

    /// Whether there are any, up or not.
    pub fn any(&self) -> bool {
        !self.all.read().unwrap_or_else(|p| p.into_inner()).is_empty()
    }

    fn client(&self) -> Option<&reqwest::Client> {
        // Made when it is needed: most servers are alone.
        let client = self.client.get_or_init(|| {
            let built = reqwest::Client::builder().connect_timeout(PATIENCE).build();
            built.inspect_err(|e| tracing::error!(error = %e, "other servers cannot be asked")).ok()
        });
        client.as_ref()
    }
}

/// The address that other servers are told: the configured one, or the one listened on.
pub fn own_url(configured: &str, addr: SocketAddr) -> String {
    if !configured.is_empty() {
        return configured.trim_end_matches('/').to_string();
    }
    let unspecified = match addr.ip() {
        IpAddr::V4(ip) => ip.is_unspecified(),
        IpAddr::V6(ip) => ip.is_unspecified(),
    };
    if !unspecified {
        return format!("http://{addr}");
    }
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = if name.trim().is_empty() { "localhost" } else { name.trim() };
    format!("http://{name}:{}", addr.port())
}

/// Whether a request was passed on by another server.
pub fn asked(headers: &HeaderMap) -> bool {
    headers.contains_key(ASKED)
}

/// Asks the other servers for what the handler did not find here.
pub async fn elsewhere(State(app): State<App>, request: Request, next: Next) -> Response {
    // Whoever asks for another server is told so even by one that has not heard of others yet.
    if request.method() != Method::GET || !app.peers().any() && !asked(request.headers()) {
        return next.run(request).await;
    }
    let (uri, headers) = (request.uri().clone(), request.headers().clone());
    let mut response = next.run(request).await;
    let Some(missing) = response.extensions().get::<NotHere>().copied() else { return response };
    if asked(&headers) {
        response.headers_mut().insert(NOT_HERE, header::HeaderValue::from_static("1"));
        return response;
    }
    match app.ask_others(&uri, &headers).await {
        Ok(found) => found,
        Err(silent) if missing.exists && !silent.is_empty() => Error::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "elsewhere",
            format!(
                "this is on the disk of another server of this database, and not of one that is up; not heard of: {}",
                silent.join(", ")
            ),
        )
        .retry_after(SILENT.as_secs())
        .into_response(),
        Err(_) => response,
    }
}

impl App {
    /// The answer of the first other server that has it; otherwise those that could not be asked.
    pub async fn ask_others(&self, uri: &Uri, headers: &HeaderMap) -> Result<Response, Vec<String>> {
        let mut silent = Vec::new();
        for peer in self.peers().all().iter() {
            if self.now().since(peer.lastbeat) > SILENT {
                silent.push(format!("{} since {}", peer.url, peer.lastbeat.to_rfc3339()));
                continue;
            }
            match self.ask(peer, uri, headers).await {
                Ok(Some(response)) => return Ok(response),
                Ok(None) => {}
                Err(fault) => {
                    tracing::warn!(server = %peer.url, %fault, "another server did not answer");
                    silent.push(peer.url.clone());
                }
            }
        }
        Err(silent)
    }

    /// Adds to the logs of a run those that other servers have. If one of them does not answer, what is not found is
    /// listed as empty and not complete: whoever fetches it is told why it is not there.
    pub async fn add_log_files_of_others(
        &self,
        files: &mut Vec<LogFile>,
        missing: Vec<LogFile>,
        uri: &Uri,
        headers: &HeaderMap,
    ) {
        let all = self.peers().all();
        let answers = all.iter().map(|peer| async {
            if self.now().since(peer.lastbeat) > SILENT {
                return None;
            }
            let found = match self.ask(peer, uri, headers).await {
                Ok(Some(answer)) if answer.status().is_success() => answer,
                _ => return None,
            };
            let bytes = tokio::time::timeout(PATIENCE, axum::body::to_bytes(found.into_body(), LIST)).await;
            serde_json::from_slice::<Vec<LogFile>>(&bytes.ok()?.ok()?).ok()
        });
        let mut silent = false;
        for answer in futures::future::join_all(answers).await {
            match answer {
                Some(found) => found.into_iter().for_each(|file| put(files, file)),
                None => silent = true,
            }
        }
        if silent {
            missing.into_iter().for_each(|file| put(files, file));
        }
        files.sort_by_key(|file| (file.job.job, file.attempt, file.step));
    }

    async fn ask(&self, peer: &Server, uri: &Uri, headers: &HeaderMap) -> Result<Option<Response>, String> {
        let client = self.peers().client().ok_or("no client")?;
        let path = uri.path_and_query().map_or("/", |p| p.as_str());
        let mut request = client.get(format!("{}{path}", peer.url)).header(ASKED, "1");
        for name in [header::AUTHORIZATION, header::RANGE, header::ACCEPT] {
            if let Some(value) = headers.get(&name) {
                request = request.header(name, value);
            }
        }
        if let Some(value) = headers.get("last-event-id") {
            request = request.header("last-event-id", value);
        }
        let sent = tokio::time::timeout(PATIENCE, request.send()).await.map_err(|e| e.to_string())?;
        let answer = sent.map_err(|e| e.to_string())?;
        if answer.headers().contains_key(NOT_HERE) {
            return Ok(None);
        }
        if answer.status() == StatusCode::UNAUTHORIZED {
            // E.g. the ticket of a download, which only its maker knows.
            return Err("it does not know the caller".into());
        }
        let mut response = Response::builder().status(answer.status());
        for name in [
            header::CONTENT_TYPE,
            header::CONTENT_LENGTH,
            header::CONTENT_RANGE,
            header::CONTENT_DISPOSITION,
            header::ACCEPT_RANGES,
            header::CACHE_CONTROL,
            header::X_CONTENT_TYPE_OPTIONS,
        ] {
            if let Some(value) = answer.headers().get(&name) {
                response = response.header(name, value);
            }
        }
        response.body(Body::from_stream(answer.bytes_stream())).map(Some).map_err(|e| e.to_string())
    }

    /// An answer that says that something is not here, and may be elsewhere.
    pub fn not_here(&self, exists: bool, response: impl IntoResponse) -> Response {
        (Extension(NotHere { exists }), response).into_response()
    }

    /// Says that this server is there, and looks who else is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn meet(&self) -> cds_store::Result<()> {
        let me = Server { id: self.id().into(), url: self.peer_url().into(), lastbeat: self.now() };
        let others = self
            .store()
            .write_simple(move |tx| {
                cds_store::servers::beat(tx, &me)?;
                cds_store::servers::others(tx, &me.id)
            })
            .await?;
        self.peers().set(others);
        Ok(())
    }
}

/// Adds a log unless it is there with as much.
fn put(files: &mut Vec<LogFile>, file: LogFile) {
    let name = |f: &LogFile| (f.job, f.attempt, f.step);
    match files.iter_mut().find(|known| name(known) == name(&file)) {
        Some(known) if (known.length, known.complete) < (file.length, file.complete) => *known = file,
        Some(_) => {}
        None => files.push(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_are_told_an_address_that_is_one() {
        let url = |configured: &str, addr: &str| own_url(configured, addr.parse().unwrap());
        assert_eq!(url("", "127.0.0.1:80"), "http://127.0.0.1:80");
        assert_eq!(url("https://one.example/", "127.0.0.1:80"), "https://one.example");
        assert!(!url("", "0.0.0.0:80").contains("0.0.0.0"));
    }
}
