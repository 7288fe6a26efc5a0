//! What requests do, between the routes (HTTP) and the store (SQL).

pub mod access;
pub mod accounts;
pub mod api_tokens;
pub mod aside;
pub mod assign;
pub mod changes;
pub mod colours;
mod der;
pub mod downloads;
pub mod entities;
pub mod events;
pub mod exchange;
pub mod files;
pub mod fleet;
pub mod gpg;
pub mod gpg_home;
pub mod groups;
pub mod import_keys;
pub mod import_workflow;
pub mod imports;
pub mod keypairs;
pub mod keys;
pub mod live;
pub mod mail;
mod once;
pub mod passwords;
pub mod peers;
pub mod people;
pub mod private_keys;
pub mod projects;
pub mod push;
mod queue;
pub mod refuse;
pub mod report;
pub mod runs;
pub mod searching;
pub mod snapshot;
mod takes;
mod tarball;
pub mod together;
pub mod variables;
pub mod view;
pub mod workflows;

use crate::{auth::tokens::Tokens, config::Config, fleet::Fleet, metrics::Metrics};
use cds_blobs::LogStore;
use cds_model::{Clock, Timestamp};
use cds_store::Store;
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;

/// Everything a request needs. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub config: Config,
    pub clock: Arc<dyn Clock>,
    pub store: Store,
    pub logs: LogStore,
    pub files: cds_blobs::artifacts::Artifacts,
    pub tokens: Tokens,
    pub live: live::LiveRuns,
    pub specs: snapshot::Specs,
    pub secrets_lately: assign::SecretsLately,
    pub peers: peers::Peers,
    pub id: String,
    pub peer_url: OnceLock<String>,
    pub fleet: Fleet,
    pub metrics: Metrics,
    pub events: tokio::sync::broadcast::Sender<Arc<cds_api::runs::Event>>,
    pub url: OnceLock<String>,
    pub closing: CancellationToken,
}

impl App {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }
    /// Settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }
    /// How long leases last.
    pub fn terms(&self) -> cds_engine::upkeep::lease::Terms {
        self.config().terms(self.store().dialect() == cds_store::Dialect::Postgres)
    }
    /// Now, on the server's clock.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
    /// The database.
    pub fn store(&self) -> &Store {
        &self.0.store
    }
    /// Logs of steps.
    pub fn logs(&self) -> &LogStore {
        &self.0.logs
    }
    /// Artifacts and caches.
    pub fn files(&self) -> &cds_blobs::artifacts::Artifacts {
        &self.0.files
    }
    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }
    pub(crate) fn live(&self) -> &live::LiveRuns {
        &self.0.live
    }
    pub(crate) fn specs(&self) -> &snapshot::Specs {
        &self.0.specs
    }
    pub(crate) fn secrets_lately(&self) -> &assign::SecretsLately {
        &self.0.secrets_lately
    }
    pub(crate) fn peers(&self) -> &peers::Peers {
        &self.0.peers
    }
    /// Names this server among those on its database: the id of its data directory.
    pub fn id(&self) -> &str {
        &self.0.id
    }
    /// Address at which the other servers reach this one.
    pub fn peer_url(&self) -> &str {
        self.0.peer_url.get().map_or("", String::as_str)
    }
    pub(crate) fn fleet(&self) -> &Fleet {
        &self.0.fleet
    }
    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }
    /// What is counted, with the gauges as they are at this moment.
    pub(crate) fn measured(&self) -> &Metrics {
        let mut workers = 0;
        self.fleet().each_worker(|_, _| workers += 1);
        self.0.metrics.queue.set(self.fleet().waiting() as i64);
        self.0.metrics.workers.set(workers);
        &self.0.metrics
    }
    /// News for `GET /v1/events`.
    pub(crate) fn events(&self) -> &tokio::sync::broadcast::Sender<Arc<cds_api::runs::Event>> {
        &self.0.events
    }
    /// Address at which this server is reached.
    pub fn url(&self) -> &str {
        self.0.url.get().map_or("", String::as_str)
    }
    pub(crate) fn set_peer_url(&self, url: String) {
        let _ = self.0.peer_url.set(url);
    }
    pub(crate) fn set_url(&self, url: String) {
        // Set once at start; a second time cannot happen.
        let _ = self.0.url.set(url);
    }
    /// Cancelled when the server is asked to end; open streams end with it.
    pub fn closing(&self) -> CancellationToken {
        self.0.closing.clone()
    }
}
