//! A stand-in for the server that answers from a table and remembers what it was asked, and a way to run the real
//! binary against it.

#![allow(dead_code, reason = "each test file uses a part")]

use axum::{
    Router,
    body::{Body, Bytes},
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::Path,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

/// One request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub line: String,
    pub token: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

/// What is answered. A route with several answers gives them one after the other and stays at the last.
#[derive(Clone)]
pub enum Answer {
    Json(u16, Value),
    Raw(Vec<u8>),
    /// Events with a pause before each; the connection then closes.
    Sse(Vec<(u64, String)>),
}

#[derive(Default)]
struct State {
    answers: HashMap<String, Vec<Answer>>,
    seen: Vec<Seen>,
}

/// The stand-in.
#[derive(Clone)]
pub struct Stub {
    state: Arc<Mutex<State>>,
    pub url: String,
    // Ends with the last clone.
    _runtime: Arc<tokio::runtime::Runtime>,
}

impl Stub {
    pub fn start() -> Self {
        let state: Arc<Mutex<State>> = Arc::default();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let shared = state.clone();
        let app = Router::new().fallback(move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let state = shared.clone();
            async move { answer(&state, method, uri, headers, body) }
        });
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { state, url, _runtime: Arc::new(runtime) }
    }

    /// Adds an answer for `METHOD /path` or `METHOD /path?query`; without a query every query matches.
    pub fn on(&self, route: &str, answer: Answer) -> &Self {
        self.state.lock().unwrap().answers.entry(route.to_string()).or_default().push(answer);
        self
    }
    pub fn json(&self, route: &str, value: Value) -> &Self {
        self.on(route, Answer::Json(200, value))
    }
    pub fn error(&self, route: &str, status: u16, code: &str, message: &str) -> &Self {
        self.on(route, Answer::Json(status, json!({"code": code, "message": message, "request_id": "r-1"})))
    }
    pub fn seen(&self) -> Vec<Seen> {
        self.state.lock().unwrap().seen.clone()
    }
    pub fn last(&self) -> Seen {
        self.seen().pop().expect("no request came")
    }
    /// Requests of one line.
    pub fn asked(&self, line: &str) -> Vec<Seen> {
        self.seen().into_iter().filter(|s| s.line == line).collect()
    }

    /// Runs the binary in a folder with this server and a token.
    pub fn cdsctl(&self, folder: &Path, args: &[&str]) -> Run {
        run(folder, args, &[("CDS_API_URL", &self.url), ("CDS_TOKEN", "tok")])
    }
}

fn answer(state: &Mutex<State>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut state = state.lock().unwrap();
    let token = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default().to_string();
    state.seen.push(Seen { line: format!("{method} {uri}"), token, headers, body: body.to_vec() });
    let exact = format!("{method} {uri}");
    let route = if state.answers.contains_key(&exact) { exact } else { format!("{method} {}", uri.path()) };
    let found =
        state.answers.get_mut(&route).map(|all| if all.len() > 1 { all.remove(0) } else { all[0].clone() });
    drop(state);
    let make = |status: u16, kind: &str, body: Body| {
        Response::builder()
            .status(StatusCode::from_u16(status).unwrap())
            .header("content-type", kind)
            .body(body)
    };
    match found {
        None => {
            let text =
                json!({"code": "not_found", "message": format!("no route {route}"), "request_id": "r-0"});
            make(404, "application/json", Body::from(text.to_string()))
        }
        Some(Answer::Json(status, value)) => make(status, "application/json", Body::from(value.to_string())),
        Some(Answer::Raw(bytes)) => make(200, "application/octet-stream", Body::from(bytes)),
        Some(Answer::Sse(events)) => {
            let stream = futures::stream::unfold(events.into_iter(), |mut left| async move {
                let (pause, text) = left.next()?;
                tokio::time::sleep(Duration::from_millis(pause)).await;
                Some((Ok::<_, std::io::Error>(Bytes::from(text)), left))
            });
            make(200, "text/event-stream", Body::from_stream(stream))
        }
    }
    .unwrap()
}

/// How a run of the binary ended.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Run {
    /// Asserts success and answers standard output.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.out
    }
}

/// Runs the binary with nothing of the tester's own environment.
pub fn run(folder: &Path, args: &[&str], env: &[(&str, &str)]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cdsctl"));
    command.args(args).current_dir(folder).stdin(Stdio::null()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("HOME", folder).env("GIT_CEILING_DIRECTORIES", "/").envs(env.iter().copied());
    let Output { status, stdout, stderr } = command.output().unwrap();
    Run {
        code: status.code().unwrap_or(-1),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}
