//! Raw requests: what a well-behaved client cannot send.

use cds_testkit::TestServer;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

/// No answer may take longer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody who speaks HTTP to a server.
pub struct Caller {
    http: Client,
    url: String,
    pub token: String,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }
}

impl Caller {
    /// The administrator, by a token of their own.
    pub async fn admin(server: &TestServer) -> Self {
        let http = Client::builder().timeout(PATIENCE).build().unwrap();
        let url = server.url();
        let body =
            serde_json::json!({"username": cds_testkit::ADMIN, "password": cds_testkit::ADMIN_PASSWORD});
        let mut caller = Self { http, url, token: String::new() };
        let answer = caller.json("POST", "/v1/auth/signin", &body).await;
        caller.token = answer.json()["token"].as_str().expect("a session").to_string();
        caller
    }

    /// The same caller with another token.
    pub fn with(&self, token: &str) -> Self {
        Self { http: self.http.clone(), url: self.url.clone(), token: token.into() }
    }

    /// A request to be completed.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.http.request(method, format!("{}{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    /// Sends it. A connection that breaks is a failure of the test, unless it breaks while the body is sent: a server
    /// that refuses before it has read everything closes, and its answer can be lost then. So it is asked again.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let mut more = (0..5).filter_map(|_| request.try_clone()).collect::<Vec<_>>();
        let mut result = request.send().await;
        while result.as_ref().is_err_and(reqwest::Error::is_request)
            && let Some(again) = more.pop()
        {
            result = again.send().await;
        }
        let response = result.expect("an answer");
        let status = response.status();
        Answer { status, text: response.text().await.expect("the whole answer") }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    pub async fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(
            self.request(method, path).header("content-type", "application/json").body(body.to_string()),
        )
        .await
    }

    pub async fn bytes(&self, method: &str, path: &str, kind: &str, body: Vec<u8>) -> Answer {
        self.send(self.request(method, path).header("content-type", kind).body(body)).await
    }

    /// Every operation of the API: method, path, operation.
    pub async fn operations(&self) -> (Value, Vec<(String, String, Value)>) {
        let document = self.get("/v1/openapi.json").await.json();
        let mut all = Vec::new();
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("operations") {
                all.push((method.to_uppercase(), path.clone(), operation.clone()));
            }
        }
        assert!(all.len() > 80, "{} operations", all.len());
        (document, all)
    }
}

/// Peak memory of a process, KiB.
pub fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).expect("VmHWM");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// The whole of a path segment or query value, percent-encoded.
pub fn encode(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}
