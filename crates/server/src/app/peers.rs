//! Other servers on the same database. Logs and files are on the disk of the server that took them in; a request
//! for what is not here is passed on, with the caller's own token, to the servers that are up.

use crate::{App, fleet::Told, http::error::Error};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use cds_api::{fleet::Offer, runs::LogFile};
use cds_engine::dispatch::HatcheryView;
use cds_model::{HatcheryId, Timestamp};
use cds_store::{hatcheries, servers::Server};
use serde::de::DeserializeOwned;
use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, OnceLock, RwLock},
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
/// Offers of hatcheries change when they register anew, which is seldom.
const OFFERS: Duration = Duration::from_secs(30);
/// Longest list that another server may send, bytes.
const LIST: usize = 64 << 20;

/// Put into a response by handlers that did not find something which may be on another server's disk.
#[derive(Clone, Copy, Debug)]
pub struct NotHere {
    /// It is known to exist.
    pub exists: bool,
}

/// Names and offers of hatcheries.
type Offers = HashMap<HatcheryId, (String, Offer)>;

/// The other servers.
#[derive(Default)]
pub struct Peers {
    all: RwLock<Arc<[Server]>>,
    /// Names and offers of their hatcheries, and when they were read.
    offers: Mutex<(Timestamp, Offers)>,
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
        let mut silent = false;
        for answer in self.lists_of_others(uri, headers).await {
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

    /// What each other server answers; `None` = nothing.
    async fn lists_of_others<T: DeserializeOwned>(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Vec<Option<Vec<T>>> {
        let all = self.peers().all();
        let answers = all.iter().map(|peer| async {
            if self.now().since(peer.lastbeat) > SILENT {
                return None;
            }
            let answer = self.ask(peer, uri, headers).await.ok()??;
            if !answer.status().is_success() {
                return None;
            }
            let bytes = tokio::time::timeout(PATIENCE, axum::body::to_bytes(answer.into_body(), LIST)).await;
            serde_json::from_slice(&bytes.ok()?.ok()?).ok()
        });
        futures::future::join_all(answers).await
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
        let fleet = serde_json::to_string(&self.fleet().told()).unwrap_or_else(|_| "[]".into());
        let me = Server { id: self.id().into(), url: self.peer_url().into(), lastbeat: self.now(), fleet };
        let others = self
            .store()
            .write_simple(move |tx| {
                cds_store::servers::beat(tx, &me)?;
                cds_store::servers::others(tx, &me.id)
            })
            .await?;
        self.fleet().hear(self.fleets_of(&others).await?);
        self.peers().set(others);
        Ok(())
    }

    /// The hatcheries of other servers, as those that are up have told.
    async fn fleets_of(&self, others: &[Server]) -> cds_store::Result<Vec<HatcheryView>> {
        let now = self.now();
        let up = others.iter().filter(|s| now.since(s.lastbeat) <= SILENT);
        // A server of another version may tell what this one does not understand.
        let told: Vec<Told> =
            up.flat_map(|s| serde_json::from_str::<Vec<Told>>(&s.fleet).unwrap_or_default()).collect();
        let fresh = |offers: &(Timestamp, Offers)| {
            now.since(offers.0) < OFFERS && told.iter().all(|t| offers.1.contains_key(&t.hatchery))
        };
        let known = || self.peers().offers.lock().unwrap_or_else(|p| p.into_inner());
        if !told.is_empty() && !fresh(&known()) {
            let rows = self.store().read(hatcheries::list).await?;
            let offer =
                |h: hatcheries::Hatchery| Some((h.id, (h.name, serde_json::from_str(&h.offer).ok()?)));
            *known() = (now, rows.into_iter().filter_map(offer).collect());
        }
        let offers = known();
        Ok(told.iter().filter_map(|t| offers.1.get(&t.hatchery).map(|(name, o)| t.view(name, o))).collect())
    }

    /// Adds to a list what other servers have, each thing once: `newer` says whether the second one is to be believed.
    /// A server that does not answer is left out.
    pub async fn add_of_others<T: DeserializeOwned, K: PartialEq>(
        &self,
        list: &mut Vec<T>,
        uri: &Uri,
        headers: &HeaderMap,
        key: impl Fn(&T) -> K,
        newer: impl Fn(&T, &T) -> bool,
    ) {
        if asked(headers) {
            return;
        }
        for there in self.lists_of_others(uri, headers).await.into_iter().flatten().flatten() {
            match list.iter_mut().find(|here| key(here) == key(&there)) {
                Some(here) if newer(here, &there) => *here = there,
                Some(_) => {}
                None => list.push(there),
            }
        }
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
