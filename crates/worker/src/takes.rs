//! The numbers of this worker's questions for a job. A repeated question has the same number, so that the server can
//! tell it from a new one, whenever and wherever it arrives.

use cds_client::ClientError;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of the next question: one more than those that were answered with a job.
pub(crate) struct Takes(AtomicU64);

impl Default for Takes {
    fn default() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Takes {
    /// Of the question that is asked now, or asked again.
    pub fn number(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// It was answered with a job.
    pub fn answered(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether this refusal says that the question was answered before; then the next one is new. Its answer was lost,
    /// and what it gave is over.
    pub fn is_old(&self, error: &ClientError) -> bool {
        let Some(refusal) = error.api().filter(|refusal| refusal.code == "old_take") else { return false };
        let last = refusal.details.iter().find_map(|d| d.strip_prefix("take=")?.parse::<u64>().ok());
        let asked = self.number();
        self.0.store(last.unwrap_or(asked).max(asked).saturating_add(1), Ordering::Relaxed);
        true
    }
}
