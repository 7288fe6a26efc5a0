//! Slows down who tries passwords: token buckets, in memory.

use cds_model::Timestamp;
use std::{collections::HashMap, sync::Mutex};

/// Names remembered at most; beyond that, full buckets are forgotten, then all.
const MOST: usize = 10_000;

/// How fast a bucket fills and how much it holds.
#[derive(Clone, Copy, Debug)]
struct Rate {
    burst: f64,
    each_ms: f64,
}

/// For one user name: ten at once, then one in six seconds.
const NAME: Rate = Rate { burst: 10.0, each_ms: 6_000.0 };
/// For all together: a hundred at once, then twenty a second, which is what hashing can keep up with.
const ALL: Rate = Rate { burst: 100.0, each_ms: 50.0 };

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    fn full(rate: Rate, at: Timestamp) -> Self {
        Self { tokens: rate.burst, at }
    }

    fn refill(&mut self, rate: Rate, now: Timestamp) {
        let passed = now.since(self.at).as_millis() as f64;
        self.tokens = (self.tokens + passed / rate.each_ms).min(rate.burst);
        self.at = now;
    }

    /// Takes one, or says how many seconds to wait.
    fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), u64> {
        self.refill(rate, now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        Err((((1.0 - self.tokens) * rate.each_ms / 1000.0).ceil() as u64).max(1))
    }
}

/// Limits attempts by name and overall.
#[derive(Debug, Default)]
pub struct Limiter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    all: Option<Bucket>,
    names: HashMap<String, Bucket>,
}

impl Limiter {
    /// Counts an attempt under a name.
    ///
    /// # Errors
    /// Seconds to wait before the next.
    pub fn attempt(&self, name: &str, now: Timestamp) -> Result<(), u64> {
        let mut state = self.0.lock().unwrap_or_else(|p| p.into_inner());
        state.all.get_or_insert_with(|| Bucket::full(ALL, now)).take(ALL, now)?;
        if state.names.len() >= MOST && !state.names.contains_key(name) {
            state.names.retain(|_, b| {
                b.refill(NAME, now);
                b.tokens < NAME.burst
            });
            if state.names.len() >= MOST {
                state.names.clear();
            }
        }
        state.names.entry(name.to_string()).or_insert_with(|| Bucket::full(NAME, now)).take(NAME, now)
    }

    /// The attempt was right: the name starts afresh.
    pub fn succeeded(&self, name: &str) {
        self.0.lock().unwrap_or_else(|p| p.into_inner()).names.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_runs_out_and_recovers() {
        let limiter = Limiter::default();
        let at = |ms: i64| Timestamp(1_000_000 + ms);
        for _ in 0..10 {
            limiter.attempt("eve", at(0)).unwrap();
        }
        assert_eq!(limiter.attempt("eve", at(0)), Err(6));
        limiter.attempt("alice", at(0)).unwrap();
        assert_eq!(limiter.attempt("eve", at(3_000)), Err(3));
        limiter.attempt("eve", at(9_100)).unwrap();
        limiter.succeeded("eve");
        for _ in 0..10 {
            limiter.attempt("eve", at(9_100)).unwrap();
        }
    }

    #[test]
    fn all_together_run_out() {
        let limiter = Limiter::default();
        let now = Timestamp(5);
        let refused = (0..120).filter(|n| limiter.attempt(&n.to_string(), now).is_err()).count();
        assert_eq!(refused, 20);
    }

    #[test]
    fn names_are_not_remembered_without_end() {
        let limiter = Limiter::default();
        for n in 0..(MOST as i64 * 2) {
            let _ = limiter.attempt(&n.to_string(), Timestamp(n * 1000));
        }
        assert!(limiter.0.lock().unwrap().names.len() <= MOST);
    }
}
