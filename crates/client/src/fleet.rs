//! Workers and hatcheries as people see them.

use crate::{Client, ClientError};
use cds_api::fleet::{Hatchery, Worker};
use reqwest::Method;

impl Client {
    /// Workers.
    pub async fn workers(&self) -> Result<Vec<Worker>, ClientError> {
        self.get("/v1/workers").await
    }
    /// Takes a worker out of service; administrators only.
    pub async fn worker_disable(&self, id: &str) -> Result<(), ClientError> {
        self.call(Method::POST, format!("/v1/workers/{}/disable", Self::segment(id)))
            .idempotent()
            .send_unit()
            .await
    }
    /// Hatcheries.
    pub async fn hatcheries(&self) -> Result<Vec<Hatchery>, ClientError> {
        self.get("/v1/hatcheries").await
    }
}
