//! The queue.

use crate::{Client, ClientError};
use cds_api::queue::{QueueJob, QueueNode};

impl Client {
    /// Jobs that wait or run, of projects the caller may read.
    pub async fn queue(&self) -> Result<Vec<QueueJob>, ClientError> {
        self.get("/v1/queue").await
    }

    /// Nodes that wait for their mutex, of projects the caller may read.
    pub async fn queue_nodes(&self) -> Result<Vec<QueueNode>, ClientError> {
        self.get("/v1/queue/nodes").await
    }
}
