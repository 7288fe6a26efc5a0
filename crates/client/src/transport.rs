//! One call: address, token, body, time limit, retries.

use crate::error::{ApiFailure, ClientError};
use bytes::Bytes;
use cds_model::Secret;
use futures::{Stream, StreamExt};
use reqwest::{Body, Method, Response, StatusCode, Url, header};
use serde::{Serialize, de::DeserializeOwned};
use std::{future::Future, sync::Arc, time::Duration};

/// Time limit of ordinary calls.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Tries of idempotent calls, the first included.
const TRIES: u32 = 5;
/// First pause between tries; doubles up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const MAX_PAUSE: Duration = Duration::from_secs(5);

/// A server's API, with or without a token. Clones share connections.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<str>,
    token: Option<Secret<String>>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => {
            host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        None => false,
    }
}

impl Client {
    /// A client of the API at `base_url`, e.g. `http://127.0.0.1:8081`. Connects at the first call.
    pub fn new(base_url: &str, token: Option<Secret<String>>) -> Result<Self, ClientError> {
        Self::build(base_url, token, false)
    }

    /// As [`Client::new`], without checking the server's certificate. Anybody in between can read the token.
    pub fn new_insecure(base_url: &str, token: Option<Secret<String>>) -> Result<Self, ClientError> {
        Self::build(base_url, token, true)
    }

    fn build(base_url: &str, token: Option<Secret<String>>, insecure: bool) -> Result<Self, ClientError> {
        let bad = |why: String| ClientError::Address { url: base_url.to_string(), why };
        let url = Url::parse(base_url).map_err(|e| bad(e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("scheme '{}' is not http or https", url.scheme())));
        }
        let mut http = reqwest::Client::builder();
        // A proxy of the environment is for the world outside: this machine it can't reach, and what is said to a server
        // here (a password, say) is not its business.
        if is_loopback(&url) {
            http = http.no_proxy();
        }
        let http = http
            .user_agent(concat!("cds/", env!("CARGO_PKG_VERSION")))
            .tcp_nodelay(true)
            .tcp_keepalive(Duration::from_secs(30))
            .connect_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(90))
            .tls_danger_accept_invalid_certs(insecure)
            .build()
            .map_err(|e| ClientError::Request(e.to_string()))?;
        Ok(Self { http, base: base_url.trim_end_matches('/').into(), token })
    }

    /// The same server with another token; shares connections.
    pub fn with_token(&self, token: Option<Secret<String>>) -> Self {
        Self { http: self.http.clone(), base: self.base.clone(), token }
    }

    /// The address given at first, without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The token in use.
    pub fn token(&self) -> Option<&Secret<String>> {
        self.token.as_ref()
    }

    /// Starts a call of `path` (absolute, e.g. `/v1/queue`; escape its parts with [`Client::segment`]).
    pub fn call(&self, method: Method, path: impl AsRef<str>) -> Call {
        // POST may create something, so it is repeated only where a method knows that it may be.
        let idempotent = method != Method::POST && method != Method::PATCH;
        Call {
            http: self.http.clone(),
            url: format!("{}{}", self.base, path.as_ref()),
            token: self.token.clone(),
            method,
            query: Vec::new(),
            body: Payload::Empty,
            headers: Vec::new(),
            timeout: Some(TIMEOUT),
            tries: if idempotent { TRIES } else { 1 },
            taken: None,
        }
    }

    /// `GET path`.
    pub async fn get<T: DeserializeOwned>(&self, path: impl AsRef<str>) -> Result<T, ClientError> {
        self.call(Method::GET, path).send().await
    }

    /// `POST path` with a JSON body; not repeated.
    pub async fn post<T: DeserializeOwned>(
        &self,
        path: impl AsRef<str>,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.call(Method::POST, path).json(body)?.send().await
    }

    /// `PUT path` with a JSON body.
    pub async fn put<T: DeserializeOwned>(
        &self,
        path: impl AsRef<str>,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        self.call(Method::PUT, path).json(body)?.send().await
    }

    /// `DELETE path`, ignoring the answer's body.
    pub async fn delete(&self, path: impl AsRef<str>) -> Result<(), ClientError> {
        self.call(Method::DELETE, path).send_unit().await
    }

    /// One segment of a path, percent-escaped (a name may hold a slash or a blank).
    pub fn segment(text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for byte in text.bytes() {
            match byte {
                b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(byte as char),
                _ => out.push_str(&format!("%{byte:02X}")),
            }
        }
        out
    }
}

enum Payload {
    Empty,
    Bytes(Bytes, &'static str),
    /// Can be sent once only.
    Stream(Option<(Body, Option<u64>)>),
}

/// A call being put together. Nothing is sent before one of the `send…` methods.
#[must_use]
pub struct Call {
    http: reqwest::Client,
    url: String,
    token: Option<Secret<String>>,
    method: Method,
    query: Vec<(String, String)>,
    headers: Vec<(header::HeaderName, String)>,
    body: Payload,
    timeout: Option<Duration>,
    tries: u32,
    /// A status beside the successful ones whose body is an answer.
    taken: Option<StatusCode>,
}

impl Call {
    /// Takes an answer of this status like a successful one, if its body can be read as one.
    pub(crate) fn taking(mut self, status: StatusCode) -> Self {
        self.taken = Some(status);
        self
    }

    /// Adds a query parameter.
    pub fn query(mut self, name: &str, value: impl ToString) -> Self {
        self.query.push((name.to_string(), value.to_string()));
        self
    }

    /// Adds a query parameter if there is a value.
    pub fn query_opt(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    /// Adds a header.
    pub fn header(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets a JSON body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, ClientError> {
        let bytes = serde_json::to_vec(body).map_err(|e| ClientError::Request(e.to_string()))?;
        self.body = Payload::Bytes(bytes.into(), "application/json");
        Ok(self)
    }

    /// Sets a raw body of the given content type.
    pub fn bytes(mut self, body: Bytes, content_type: &'static str) -> Self {
        self.body = Payload::Bytes(body, content_type);
        self
    }

    /// Sets a streamed body; such a call is never repeated and has no time limit. `length` in bytes, if known.
    pub fn stream<S, E>(mut self, body: S, length: Option<u64>) -> Self
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        self.body = Payload::Stream(Some((Body::wrap_stream(body), length)));
        self.tries = 1;
        self.timeout = None;
        self
    }

    /// May be repeated after a lost connection, 429 or 5xx without doing harm.
    pub fn idempotent(mut self) -> Self {
        if !matches!(self.body, Payload::Stream(_)) {
            self.tries = TRIES;
        }
        self
    }

    /// Sends once, whatever happens.
    pub fn once(mut self) -> Self {
        self.tries = 1;
        self
    }

    /// Limit for the whole of each try; `None` = no limit (event streams, large files).
    pub fn timeout(mut self, timeout: Option<Duration>) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends and reads a JSON answer.
    pub async fn send<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        self.run(|url, answer| async move {
            let bytes = read(&url, answer).await?;
            decode(&url, &bytes)
        })
        .await
    }

    /// Sends and reads a JSON answer, or `None` if the answer is 204.
    pub async fn send_optional<T: DeserializeOwned>(self) -> Result<Option<T>, ClientError> {
        self.run(|url, answer| async move {
            if answer.status() == StatusCode::NO_CONTENT {
                return Ok(None);
            }
            let bytes = read(&url, answer).await?;
            decode(&url, &bytes).map(Some)
        })
        .await
    }

    /// Sends and ignores the body of the answer.
    pub async fn send_unit(self) -> Result<(), ClientError> {
        self.run(|url, answer| async move { read(&url, answer).await.map(drop) }).await
    }

    /// Sends and reads the answer as text.
    pub async fn send_text(self) -> Result<String, ClientError> {
        self.run(|url, answer| async move {
            let bytes = read(&url, answer).await?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        })
        .await
    }

    /// Sends and hands out the answer's body as it comes.
    pub async fn send_download(self) -> Result<Download, ClientError> {
        self.run(|url, answer| async move { Ok(Download { url, answer }) }).await
    }

    async fn run<T, F, R>(mut self, finish: F) -> Result<T, ClientError>
    where
        F: Fn(String, Response) -> R,
        R: Future<Output = Result<T, ClientError>>,
    {
        let mut pause = FIRST_PAUSE;
        loop {
            let result = match self.send_once().await {
                Ok(answer) => finish(self.url.clone(), answer).await,
                Err(error) => Err(error),
            };
            self.tries -= 1;
            match result {
                Err(error) if self.tries > 0 && error.is_transient() => {
                    let wait = error.api().and_then(|f| f.retry_after).unwrap_or(pause);
                    tracing::debug!(%error, ?wait, "call failed, trying again");
                    tokio::time::sleep(wait.min(MAX_PAUSE)).await;
                    pause = (pause * 2).min(MAX_PAUSE);
                }
                result => return result,
            }
        }
    }

    async fn send_once(&mut self) -> Result<Response, ClientError> {
        let mut request = self.http.request(self.method.clone(), &self.url);
        if !self.query.is_empty() {
            request = request.query(&self.query);
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if let Some(limit) = self.timeout {
            request = request.timeout(limit);
        }
        request = match &mut self.body {
            Payload::Empty => request,
            Payload::Bytes(bytes, kind) => request.header(header::CONTENT_TYPE, *kind).body(bytes.clone()),
            Payload::Stream(stream) => {
                let Some((body, length)) = stream.take() else {
                    return Err(ClientError::Request("a streamed body can be sent only once".into()));
                };
                if let Some(length) = length {
                    request = request.header(header::CONTENT_LENGTH, length);
                }
                request.header(header::CONTENT_TYPE, "application/octet-stream").body(body)
            }
        };
        let answer = request.send().await.map_err(|e| ClientError::from_reqwest(&self.url, e))?;
        if answer.status().is_success() || Some(answer.status()) == self.taken {
            return Ok(answer);
        }
        let status = answer.status();
        let text = |name: &str| {
            answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_string()
        };
        let request_id = text("x-request-id");
        let retry_after = text("retry-after").parse().ok().map(Duration::from_secs);
        let body = answer.bytes().await.unwrap_or_default();
        Err(ClientError::Api(Box::new(ApiFailure::from_answer(status, &body, &request_id, retry_after))))
    }
}

async fn read(url: &str, answer: Response) -> Result<Bytes, ClientError> {
    answer.bytes().await.map_err(|e| match ClientError::from_reqwest(url, e) {
        // A body that breaks off is a lost connection, not a malformed answer.
        ClientError::Decode { url, why } => ClientError::Connection { url, why, refused: false },
        other => other,
    })
}

fn decode<T: DeserializeOwned>(url: &str, bytes: &[u8]) -> Result<T, ClientError> {
    // Calls whose answer is `()` accept an empty body.
    let bytes = if bytes.is_empty() { b"null" } else { bytes };
    serde_json::from_slice(bytes)
        .map_err(|e| ClientError::Decode { url: url.to_string(), why: e.to_string() })
}

/// The body of an answer, as it comes.
pub struct Download {
    url: String,
    answer: Response,
}

impl Download {
    /// Length in bytes, if the server said it.
    pub fn length(&self) -> Option<u64> {
        self.answer.content_length()
    }
    /// A header of the answer.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.answer.headers().get(name).and_then(|v| v.to_str().ok())
    }
    /// The next piece, `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        self.answer.chunk().await.map_err(|e| ClientError::Connection {
            url: self.url.clone(),
            why: e.to_string(),
            refused: false,
        })
    }
    /// All pieces as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, ClientError>> + Send {
        let url = self.url;
        self.answer.bytes_stream().map(move |piece| {
            piece.map_err(|e| ClientError::Connection {
                url: url.clone(),
                why: e.to_string(),
                refused: false,
            })
        })
    }
    /// Everything, in memory; `limit` in bytes.
    pub async fn bytes(mut self, limit: usize) -> Result<Vec<u8>, ClientError> {
        let mut all = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if all.len() + piece.len() > limit {
                return Err(ClientError::Decode {
                    url: self.url,
                    why: format!("the answer is longer than {limit} bytes"),
                });
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_escaped() {
        assert_eq!(Client::segment("a b/ç.x-_~"), "a%20b%2F%C3%A7.x-_~");
    }

    #[test]
    fn this_machine_is_known() {
        let is = |url: &str| is_loopback(&Url::parse(url).unwrap());
        for url in ["http://127.0.0.1:8081", "http://127.8.9.1", "http://localhost:1", "https://[::1]:2"] {
            assert!(is(url), "{url}");
        }
        for url in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example", "http://[::2]"]
        {
            assert!(!is(url), "{url}");
        }
    }

    #[test]
    fn addresses_are_checked() {
        assert!(Client::new("http://127.0.0.1:1/", None).is_ok_and(|c| c.base_url() == "http://127.0.0.1:1"));
        assert!(matches!(Client::new("ftp://x", None), Err(ClientError::Address { .. })));
        assert!(matches!(Client::new("nonsense", None), Err(ClientError::Address { .. })));
    }
}
