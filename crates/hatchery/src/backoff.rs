//! How long to hold back after something failed.

use cds_model::Timestamp;
use cds_provider::ProviderError;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(30);

/// A pause that doubles with every failure, shortened by up to half by `jitter` (0..=1) so that many do not come
/// back at once.
pub fn pause(failures: u32, jitter: f64) -> Duration {
    let full = FIRST.saturating_mul(1 << failures.saturating_sub(1).min(20)).min(LONGEST);
    full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

/// What failures of the provider mean for the next spawns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    /// No spawn before.
    until: Timestamp,
    /// More than this many do not fit, for the time being.
    ceiling: Option<u32>,
    denied: bool,
    last_error: String,
}

impl Backoff {
    /// A spawn failed, or a worker died before it had registered. `alive` instances exist.
    pub fn failed(&mut self, error: &ProviderError, alive: u32, now: Timestamp, jitter: f64) {
        // What fails while it is held back was under way before: the same failure, not another one.
        if self.until <= now {
            self.failures = self.failures.saturating_add(1);
            self.until = now + pause(self.failures, jitter);
        }
        self.last_error = error.to_string();
        match error {
            ProviderError::Full(_) => self.ceiling = Some(self.ceiling.map_or(alive, |c| c.min(alive))),
            ProviderError::Denied(_) => self.denied = true,
            ProviderError::Transient(_) | ProviderError::Invalid(_) => {}
        }
    }

    /// A worker came up: whatever was wrong is over. A ceiling stays until its time is past, as one success says
    /// nothing of the next.
    pub fn succeeded(&mut self, now: Timestamp) {
        if self.denied || self.failures == 0 {
            return;
        }
        if self.ceiling.is_none() || self.until <= now {
            *self = Self::default();
        }
    }

    /// Spawns are held back until then; `None` = not held back.
    pub fn held_until(&self, now: Timestamp) -> Option<Timestamp> {
        (!self.denied && self.until > now).then_some(self.until)
    }

    /// Nothing may be spawned until a person has mended something and started the hatchery again.
    pub fn is_denied(&self) -> bool {
        self.denied
    }

    /// How many instances may exist, of `max`. A full provider is tried again with one more after the pause.
    pub fn ceiling(&self, max: u32, now: Timestamp) -> u32 {
        match self.ceiling {
            Some(ceiling) if self.until > now => max.min(ceiling),
            Some(ceiling) => max.min(ceiling.saturating_add(1)),
            None => max,
        }
    }

    /// What went wrong last, for people; empty = nothing.
    pub fn last_error(&self) -> &str {
        &self.last_error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    #[test]
    fn pauses_double_up_to_a_limit_and_spread() {
        assert_eq!(pause(1, 0.0), FIRST);
        assert_eq!(pause(2, 0.0), FIRST * 2);
        assert_eq!(pause(1, 1.0), FIRST / 2);
        assert_eq!(pause(u32::MAX, 0.0), LONGEST);
    }

    #[test]
    fn full_lowers_the_ceiling_and_is_tried_again_by_one() {
        let mut b = Backoff::default();
        b.failed(&ProviderError::Full("x".into()), 3, NOW, 0.0);
        assert_eq!(b.ceiling(10, NOW), 3);
        let later = NOW + Duration::from_secs(1);
        assert_eq!((b.ceiling(10, later), b.held_until(later)), (4, None));
        b.succeeded(later);
        assert_eq!((b.ceiling(10, later), b.last_error()), (10, ""));
    }

    #[test]
    fn denied_is_for_good() {
        let mut b = Backoff::default();
        b.failed(&ProviderError::Denied("x".into()), 3, NOW, 0.0);
        b.succeeded(NOW + Duration::from_secs(3600));
        assert!(b.is_denied());
    }
}
