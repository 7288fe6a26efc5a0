//! Starting and ending a server.

use crate::{
    App,
    app::{
        Inner,
        assign::SecretsLately,
        live::LiveRuns,
        peers::{self, Peers},
        snapshot::Specs,
    },
    auth::tokens::Tokens,
    config::Config,
    fleet::Fleet,
    http,
    metrics::Metrics,
    tasks,
};
use axum::serve::ListenerExt;
use cds_blobs::{LogStore, artifacts::Artifacts, object::FsObjects};
use cds_model::{Clock, Secret};
use cds_store::{MasterKey, Options, Store, settings};
use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::{net::TcpListener, sync::broadcast, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// What to do on a database without an administrator.
#[derive(Clone, Debug)]
pub enum Admin {
    /// Make one.
    Create {
        /// User name.
        username: String,
        /// Password.
        password: Secret<String>,
    },
    /// Whoever signs up with the init token becomes one.
    InitToken,
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory can't be used.
    #[error("data directory {dir}: {fault}")]
    Data {
        /// Which.
        dir: String,
        /// Why.
        fault: String,
    },
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] cds_store::Error),
    /// The address can't be listened on.
    #[error(
        "cannot listen on {addr}: {source}; choose another with --listen HOST:PORT (port 0 takes any that is free)"
    )]
    Listen {
        /// Which.
        addr: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// Something else, in words.
    #[error("{0}")]
    Other(String),
}

/// A server that serves.
pub struct Running {
    /// Address it listens on.
    pub addr: SocketAddr,
    /// URL at which it is reached.
    pub url: String,
    /// While there is no administrator: what makes one.
    pub init_token: Option<String>,
    app: App,
    serving: JoinHandle<()>,
}

impl Running {
    /// What tells this server's own hatchery from those of other servers on the same database; empty if there can be
    /// none.
    #[must_use]
    pub fn mark(&self) -> &str {
        match self.app.store().dialect() {
            cds_store::Dialect::Sqlite => "",
            cds_store::Dialect::Postgres => self.app.id().get(..8).unwrap_or(self.app.id()),
        }
    }

    /// A token for a hatchery of this server's own.
    ///
    /// # Errors
    /// The database failed.
    pub async fn hatchery_token(&self) -> Result<Secret<String>, StartError> {
        Ok(self.app.own_hatchery_token().await?)
    }

    /// Ends it: no new requests, open streams are cut, requests under way get up to five seconds.
    pub async fn shutdown(self) {
        self.app.closing().cancel();
        let mut serving = self.serving;
        if tokio::time::timeout(Duration::from_secs(5), &mut serving).await.is_err() {
            serving.abort();
        }
    }
}

/// Opens what the server stands on: database, logs, files. Blocks; call it where that is allowed.
///
/// # Errors
/// What can't be opened, and why.
pub fn open(config: Config, clock: Arc<dyn Clock>) -> Result<App, StartError> {
    let dir = config.data.display().to_string();
    let fault = |e: &dyn std::fmt::Display| StartError::Data { dir: dir.clone(), fault: e.to_string() };
    std::fs::create_dir_all(&config.data).map_err(|e| fault(&e))?;
    let key = MasterKey::load_or_create(&config.data.join("secret.key"))?;
    let patience = config.database_patience();
    let store = Store::open_with(Options { patience, ..Options::new(&config.database_url()) }, key)?;
    let logs = LogStore::open(config.data.join("logs")).map_err(|e| fault(&e))?;
    let objects = FsObjects::open(config.data.join("files")).map_err(|e| fault(&e))?;
    let spool = objects.spool();
    Ok(App::new(Inner {
        clock,
        store,
        logs,
        files: Artifacts::new(Arc::new(objects), spool),
        tokens: Tokens::default(),
        live: LiveRuns::default(),
        specs: Specs::default(),
        secrets_lately: SecretsLately::default(),
        peers: Peers::default(),
        id: id(&config.data).map_err(|e| fault(&e))?,
        peer_url: OnceLock::new(),
        fleet: Fleet::default(),
        metrics: Metrics::default(),
        events: broadcast::channel(4_096).0,
        url: OnceLock::new(),
        closing: CancellationToken::new(),
        config,
    }))
}

/// The id of a data directory, made once.
fn id(data: &Path) -> std::io::Result<String> {
    let path = data.join("server-id");
    match std::fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_string()),
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let id = uuid::Uuid::new_v4().simple().to_string();
    std::fs::write(&path, format!("{id}\n"))?;
    Ok(id)
}

/// Whether the master key of the data directory is the database's. Two servers with different keys on one database
/// would each write secrets that the other cannot read.
async fn check_key(app: &App) -> Result<(), StartError> {
    const NAME: &str = "master_key_check";
    let fits = app
        .store()
        .write(|tx| match settings::get(tx, NAME)? {
            Some(sealed) => Ok(tx.secrets().open_text("setting", "value", NAME, &sealed).is_ok()),
            None => {
                let sealed = tx.secrets().seal("setting", "value", NAME, b"cds")?;
                settings::set(tx, NAME, &sealed)?;
                Ok(true)
            }
        })
        .await?;
    if fits {
        return Ok(());
    }
    let path = app.config().data.join("secret.key");
    Err(StartError::Other(format!(
        "{} is not the key under which this database keeps its secrets: put the key file there of the server that \
         made the database",
        path.display()
    )))
}

/// Starts a server.
///
/// # Errors
/// What is in the way.
pub async fn start(config: Config, admin: Admin, clock: Arc<dyn Clock>) -> Result<Running, StartError> {
    let listen = config.listen;
    let app = tokio::task::spawn_blocking(move || open(config, clock))
        .await
        .map_err(|e| StartError::Other(e.to_string()))??;
    let listener =
        TcpListener::bind(listen).await.map_err(|source| StartError::Listen { addr: listen, source })?;
    let addr = listener.local_addr().map_err(|source| StartError::Listen { addr: listen, source })?;
    let url = match app.config().public_url.trim_end_matches('/') {
        "" => format!("http://{addr}"),
        given => given.to_string(),
    };
    app.set_url(url.clone());
    app.set_peer_url(peers::own_url(&app.config().peer_url, addr));
    check_key(&app).await?;
    if let Admin::Create { username, password } = admin {
        app.create_first_admin(&username, password).await.map_err(|e| StartError::Other(e.to_string()))?;
    }
    let init_token = app.init_token().await.map_err(|e| StartError::Other(e.to_string()))?;
    tokio::task::spawn_blocking(crate::app::gpg_home::sweep);
    tasks::restore(&app).await?;
    app.unpark_all().await?;
    tasks::spawn(&app);
    let router = http::router::router(app.clone());
    let closing = app.closing();
    let serving = tokio::spawn(async move {
        let listener = listener.tap_io(|stream| {
            // Short answers must not wait for more to send.
            let _ = stream.set_nodelay(true);
        });
        let served = axum::serve(listener, router).with_graceful_shutdown(closing.cancelled_owned()).await;
        if let Err(e) = served {
            tracing::error!(error = %e, "the server ended");
        }
    });
    Ok(Running { addr, url, init_token, app, serving })
}
