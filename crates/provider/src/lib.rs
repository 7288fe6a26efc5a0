//! What a hatchery needs of a system that can run workers: list, spawn, destroy, and news.
//!
//! Invariant: a provider knows neither the server nor the hatchery's loop, and no provider knows another.

mod error;
mod instance;
mod order;

#[cfg(feature = "testing")]
pub mod conformance;

pub use error::ProviderError;
pub use instance::{Instance, InstanceId, InstanceState};
pub use order::{Capacity, Resources, SpawnOrder};

use std::future::Future;

/// Starts and stops machines (or processes) that run one worker each.
///
/// The provider's own list is the truth about what exists. Every instance carries its worker's id, so a hatchery
/// that lost its memory finds its instances again.
pub trait Provider: Send + Sync + 'static {
    /// What kind of system this is: `local`, `docker`, …
    fn kind(&self) -> &'static str;

    /// What workers made here can do, and how many there may be.
    fn capacity(&self) -> Capacity;

    /// Every instance made by this hatchery, alive or ended. An ended one stays listed until it is destroyed, so
    /// that its end cannot be missed.
    fn list(&self) -> impl Future<Output = Result<Vec<Instance>, ProviderError>> + Send;

    /// Starts an instance. Idempotent by `order.worker`: asking twice starts one.
    fn spawn(&self, order: &SpawnOrder) -> impl Future<Output = Result<InstanceId, ProviderError>> + Send;

    /// Ends an instance with everything it started, and forgets it. Succeeds when it is already gone; of an ended
    /// instance it acknowledges the end. Returns when nothing of it is left.
    fn destroy(&self, id: &InstanceId) -> impl Future<Output = Result<(), ProviderError>> + Send;

    /// Resolves when [`Provider::list`] may answer something new since this was last awaited; at once if that
    /// happened meanwhile. One waiter at a time. A system without news never resolves; its hatchery then lists at
    /// intervals.
    fn changed(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }

    /// Whether [`Provider::changed`] ever resolves.
    fn has_news(&self) -> bool {
        false
    }
}
