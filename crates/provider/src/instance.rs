//! What exists.

use cds_model::WorkerId;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A provider's name for one instance: a container id, a pod's name, a worker's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(pub String);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One machine, container or process that was made for one worker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The provider's name for it.
    pub id: InstanceId,
    /// The worker it was made for.
    pub worker: WorkerId,
    /// Whether it lives.
    pub state: InstanceState,
}

/// Whether an instance lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InstanceState {
    /// Starting or running.
    Alive,
    /// Over; listed until destroyed.
    Ended {
        /// How, for people: `exit status 0`, `signal 9`.
        exit: String,
        /// It ended by itself and without fault.
        clean: bool,
    },
}

impl Instance {
    /// Starting or running.
    pub fn is_alive(&self) -> bool {
        self.state == InstanceState::Alive
    }
}
