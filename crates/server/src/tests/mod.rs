//! Rules of the API, asked through the router as clients ask them, on a fresh database.

mod accounts;
mod attacks;
mod damage;
mod definitions;
mod downloads;
mod groups;
mod hostile;
mod matrix;
mod permissions;
mod projects;
mod push;
mod reconcile;
mod runs;
mod secrets;
mod takes;
mod waits;

use crate::{
    App, Config,
    auth::tokens::{fresh_secret, kind},
    http,
};
use axum::{Router, body::Body};
use cds_model::{TokenId, UserId, WallClock};
use cds_store::{testing::Postgres, tokens, users};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex, OnceLock, Weak},
    time::Duration,
};
use tower::ServiceExt;

/// A server without a socket.
pub struct Server {
    pub app: App,
    router: Router,
    _dir: tempfile::TempDir,
    _postgres: Option<Arc<Postgres>>,
}

/// One PostgreSQL for all tests that run at the same time; stopped after the last of them.
fn postgres() -> Option<Arc<Postgres>> {
    static SERVER: OnceLock<Mutex<Weak<Postgres>>> = OnceLock::new();
    let mut known = SERVER.get_or_init(Mutex::default).lock().unwrap_or_else(|e| e.into_inner());
    if let Some(server) = known.upgrade() {
        return Some(server);
    }
    let server = Arc::new(Postgres::start()?);
    *known = Arc::downgrade(&server);
    Some(server)
}

/// Each function becomes a test on both databases: it gets what makes a server there.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                super::$name(crate::tests::Database::Sqlite).await
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(database) = crate::tests::Database::postgres().await {
                    super::$name(database).await
                }
            })*
        }
    };
}
pub(crate) use on_both;

/// On what a test's server stands.
pub enum Database {
    Sqlite,
    /// A fresh database of this server.
    Postgres(Arc<Postgres>),
}

impl Database {
    /// `None` only if the environment says that there is to be none.
    pub async fn postgres() -> Option<Self> {
        let started = tokio::task::spawn_blocking(postgres).await;
        started.expect("PostgreSQL starts").map(Self::Postgres)
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: axum::http::HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
    /// Fails the test unless the status is the one wanted.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }
    /// The same for a refusal with a number of the reference.
    #[track_caller]
    pub fn refused(self, status: u16, id: u32) -> Self {
        let answer = self.is(status);
        assert_eq!(answer.json()["id"], id, "{}", answer.text());
        answer
    }
}

impl Server {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::on(Database::Sqlite, change)
    }

    pub fn on(database: Database, change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config { data: dir.path().into(), ..Config::default() };
        let postgres = match database {
            Database::Sqlite => None,
            Database::Postgres(server) => {
                config.database = server.database();
                Some(server)
            }
        };
        change(&mut config);
        let app = crate::start::open(config, Arc::new(WallClock)).unwrap();
        app.set_url("http://cds.example".into());
        // Nothing is to go on in the background after a test.
        app.closing().cancel();
        Self { router: http::router::router(app.clone()), app, _dir: dir, _postgres: postgres }
    }

    /// A server without any memory on the same database: this one started anew, or another one.
    pub async fn another(&self) -> Server {
        let dir = tempfile::tempdir().unwrap();
        let mut config = self.app.config().clone();
        config.database = config.database_url();
        std::fs::copy(config.data.join("secret.key"), dir.path().join("secret.key")).unwrap();
        config.data = dir.path().into();
        let app = crate::start::open(config, Arc::new(WallClock)).unwrap();
        app.closing().cancel();
        crate::tasks::restore(&app).await.unwrap();
        let there = Server { router: http::router::router(app.clone()), app, _dir: dir, _postgres: None };
        let keeper = self.token("keeper", "ADMIN", &["hatchery"]).await;
        let offer = json!({"os_arch": "linux/amd64", "max_workers": 1});
        let it = json!({"name": "local", "model_type": "local", "version": "1", "offer": offer});
        there.post(&keeper, "/v1/hatchery/register", it).await.is(200);
        there
    }

    /// A session of a fresh user.
    pub async fn user(&self, name: &str, ring: &str) -> String {
        self.token(name, ring, &[]).await
    }

    /// A token of a user, who is made if need be.
    pub async fn token(&self, name: &str, ring: &str, scopes: &[&str]) -> String {
        let secret = fresh_secret();
        let now = self.app.now();
        let (given, name, ring) = (secret.clone(), name.to_string(), ring.to_string());
        let scopes: Vec<String> = scopes.iter().map(ToString::to_string).collect();
        self.app
            .store()
            .write(move |tx| {
                let id = match users::by_name(tx, &name)? {
                    Some(user) => user.id,
                    None => {
                        let user = users::User {
                            id: UserId::new(),
                            username: name.clone(),
                            fullname: name.clone(),
                            email: format!("{name}@example.org"),
                            password: "none".into(),
                            ring: ring.clone(),
                            organization: "default".into(),
                            verified: true,
                            created: now,
                        };
                        users::insert(tx, &user)?;
                        user.id
                    }
                };
                let token = tokens::Token {
                    id: TokenId::new(),
                    kind: kind::SESSION.into(),
                    owner: id.to_string(),
                    name: "test".into(),
                    description: String::new(),
                    scopes: scopes.clone(),
                    created: now,
                    expires: now + Duration::from_secs(600),
                    last_used: None,
                };
                tokens::insert(tx, &token, &given)
            })
            .await
            .unwrap();
        secret
    }

    /// The token of a worker that has come, of a hatchery of its own.
    pub async fn worker(&self) -> String {
        let keeper = self.token("keeper", "ADMIN", &["hatchery"]).await;
        let offer = json!({"os_arch": "linux/amd64", "max_workers": 1});
        let it = json!({"name": "local", "model_type": "local", "version": "1", "offer": offer});
        let hatchery = self.post(&keeper, "/v1/hatchery/register", it).await.is(200).json();
        let order = json!({"hatchery": hatchery["hatchery"], "count": 1});
        let orders = self.post(&keeper, "/v1/hatchery/workers", order).await.is(201).json();
        let once = orders["workers"][0]["token"].as_str().unwrap();
        let host =
            json!({"name": "w", "os": "linux", "arch": "amd64", "version": "1", "hostname": "h", "pid": 1});
        let registered = self.post(once, "/v1/worker/register", host).await.is(200).json();
        registered["token"].as_str().unwrap().into()
    }

    pub async fn send(&self, method: &str, path: &str, token: &str, kind: &str, body: Vec<u8>) -> Answer {
        let mut request = axum::http::Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if !kind.is_empty() {
            request = request.header("content-type", kind);
        }
        self.ask(request.body(Body::from(body)).unwrap()).await
    }

    pub async fn ask(&self, request: axum::http::Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = axum::body::to_bytes(response.into_body(), 64 << 20).await.unwrap().to_vec();
        Answer { status, headers, bytes }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, token, "", Vec::new()).await
    }
    pub async fn delete(&self, token: &str, path: &str) -> Answer {
        self.send("DELETE", path, token, "", Vec::new()).await
    }
    pub async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send("POST", path, token, "application/json", body.to_string().into_bytes()).await
    }
    pub async fn put(&self, token: &str, path: &str, body: Value) -> Answer {
        self.send("PUT", path, token, "application/json", body.to_string().into_bytes()).await
    }
    /// Imports a YAML file into project P.
    pub async fn import(&self, token: &str, what: &str, text: &str) -> Answer {
        let path = format!("/v1/projects/P/import/{what}");
        self.send("POST", &path, token, "application/x-yaml", text.into()).await
    }

    /// Project P of a user `owner`; their token.
    pub async fn project(&self) -> String {
        let owner = self.user("owner", "USER").await;
        self.post(&owner, "/v1/projects", serde_json::json!({"key": "P", "name": "team"})).await.is(201);
        owner
    }
}

/// A pipeline with one job.
pub const PIPELINE: &str = "version: v1.0\nname: build\nparameters:\n  flavour: {type: string, default: plain}\njobs:\n- job: compile\n  steps:\n  - script: [echo hello]\n";

/// A workflow of that pipeline.
pub const WORKFLOW: &str = "name: main\nversion: v2.0\nworkflow:\n  build:\n    pipeline: build\n";
