//! The hatchery's calls.

use crate::{Client, ClientError};
use cds_api::fleet::{
    HatcheryOrders, HatcheryRegister, HatcheryRegistered, HatcherySync, WorkerOrder, WorkerOrders,
};
use reqwest::Method;
use std::time::Duration;

impl Client {
    /// Says who this hatchery is and what it offers. The same name again is the same hatchery.
    pub async fn hatchery_register(
        &self,
        body: &HatcheryRegister,
    ) -> Result<HatcheryRegistered, ClientError> {
        self.call(Method::POST, "/v1/hatchery/register").json(body)?.idempotent().send().await
    }

    /// Says what exists and learns what is wanted; waits up to `body.wait_ms` for news. Tried once: the caller
    /// must look at its provider again before it repeats what it said.
    pub async fn hatchery_sync(&self, body: &HatcherySync) -> Result<HatcheryOrders, ClientError> {
        let limit = Duration::from_millis(body.wait_ms) + Duration::from_secs(30);
        self.call(Method::POST, "/v1/hatchery/sync").json(body)?.timeout(Some(limit)).send().await
    }

    /// Asks for identities of workers about to be spawned.
    pub async fn hatchery_workers(&self, body: &WorkerOrder) -> Result<WorkerOrders, ClientError> {
        self.call(Method::POST, "/v1/hatchery/workers").json(body)?.send().await
    }
}
