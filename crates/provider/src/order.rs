//! What is asked of a provider, and what it can give.

use cds_model::{Secret, WorkerId};
use std::collections::BTreeMap;

/// What workers made by a provider can do (spec 13.2, 13.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capacity {
    /// Go names, e.g. `linux/amd64`.
    pub os_arch: String,
    /// Of the machine, for `hostname` requirements; empty = none can be met.
    pub hostname: String,
    /// Executables on the PATH of its workers, sorted.
    pub binaries: Vec<String>,
    /// Memory, MiB; 0 = not limited.
    pub memory_mb: u64,
    /// Processors; a hint for the default number of workers.
    pub cores: u32,
    /// Instances at a time; 0 = the provider has no limit of its own.
    pub max_instances: u32,
}

/// One worker to start.
#[derive(Clone, Debug)]
pub struct SpawnOrder {
    /// Whose instance; the instance is labelled with it.
    pub worker: WorkerId,
    /// The worker's name.
    pub name: String,
    /// What the worker registers with, once. Never on a command line.
    pub token: Secret<String>,
    /// Where the worker finds the server.
    pub api_url: String,
    /// For systems that can label.
    pub labels: BTreeMap<String, String>,
    /// What the instance should have, where the system can give it.
    pub resources: Resources,
}

/// What an instance should have; 0 = the provider's default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// MiB.
    pub memory_mb: u64,
    /// Thousandths of a processor.
    pub cpu_milli: u32,
}
