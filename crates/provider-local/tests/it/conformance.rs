//! The contract every provider keeps.

use crate::kit::{Kit, PATIENT, kill, order};
use cds_provider::{InstanceId, SpawnOrder, conformance::Harness};
use cds_provider_local::LocalProvider;
use std::time::Duration;

impl Harness for Kit {
    type Provider = LocalProvider;
    fn provider(&self) -> &LocalProvider {
        &self.provider
    }
    fn order(&self) -> SpawnOrder {
        order()
    }
    async fn kill(&self, id: &InstanceId) {
        kill(id);
    }
    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn harness() -> Kit {
    Kit::new(PATIENT)
}

cds_provider::conformance!(harness);
