//! The calls a hatchery makes.

use cds_api::fleet::{
    HatcheryOrders, HatcheryRegister, HatcheryRegistered, HatcherySync, WorkerOrder, WorkerOrders,
};
use cds_client::{Client, ClientError};
use std::future::Future;

/// Why a call failed: three kinds, because the loop can do three things about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServerError {
    /// The server does not know this hatchery (any more): register again.
    #[error("the server does not know this hatchery: {0}")]
    UnknownHatchery(String),
    /// The token is not good; tried again now and then, as a person may mend it on the server.
    #[error("the server refuses this hatchery: {0}")]
    Denied(String),
    /// May work next time.
    #[error("{0}")]
    Other(String),
}

impl From<ClientError> for ServerError {
    fn from(error: ClientError) -> Self {
        let text = error.to_string();
        match error.status().map(|s| s.as_u16()) {
            Some(404 | 410) => ServerError::UnknownHatchery(text),
            Some(401 | 403) => ServerError::Denied(text),
            _ => ServerError::Other(text),
        }
    }
}

/// The server as a hatchery sees it.
pub trait Server: Send + Sync + 'static {
    /// Says who this hatchery is.
    fn register(
        &self,
        body: &HatcheryRegister,
    ) -> impl Future<Output = Result<HatcheryRegistered, ServerError>> + Send;
    /// Says what exists and learns what is wanted.
    fn sync(&self, body: &HatcherySync) -> impl Future<Output = Result<HatcheryOrders, ServerError>> + Send;
    /// Asks for identities of new workers.
    fn workers(&self, body: &WorkerOrder) -> impl Future<Output = Result<WorkerOrders, ServerError>> + Send;
}

impl Server for Client {
    async fn register(&self, body: &HatcheryRegister) -> Result<HatcheryRegistered, ServerError> {
        Ok(self.hatchery_register(body).await?)
    }
    async fn sync(&self, body: &HatcherySync) -> Result<HatcheryOrders, ServerError> {
        Ok(self.hatchery_sync(body).await?)
    }
    async fn workers(&self, body: &WorkerOrder) -> Result<WorkerOrders, ServerError> {
        Ok(self.hatchery_workers(body).await?)
    }
}
