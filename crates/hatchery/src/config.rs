//! What an operator says about a hatchery.

use cds_model::Secret;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// Settings of a hatchery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HatcheryConfig {
    /// Unique name among the hatcheries of a server. The same name again is the same hatchery come back.
    pub name: String,
    /// Jobs with this `region` requirement are taken; empty: jobs without one.
    pub region: String,
    /// Workers at a time; 0 = as many as the machine has processors.
    pub max_workers: u32,
    /// Workers kept ready for jobs to come, beside the busy ones.
    pub min_idle: u32,
    /// Workers being started at a time.
    pub spawn_concurrency: u32,
    /// A worker that has not registered after this long is destroyed, seconds.
    pub start_timeout_s: u32,
    /// From asking a worker to end to killing it, seconds.
    pub grace_s: u32,
    /// Directory of the hatchery: its workers' directories and records.
    pub basedir: PathBuf,
    /// Program with the `worker` command; empty = the hatchery's own program.
    pub worker_exe: PathBuf,
    /// Address of the server.
    pub api_url: String,
    /// Token with the scope `hatchery`.
    pub token: Secret<String>,
}

impl Default for HatcheryConfig {
    fn default() -> Self {
        Self {
            name: "local".into(),
            region: String::new(),
            max_workers: 0,
            min_idle: 0,
            spawn_concurrency: 8,
            start_timeout_s: 60,
            grace_s: 10,
            basedir: PathBuf::from("hatchery"),
            worker_exe: PathBuf::new(),
            api_url: "http://127.0.0.1:8081".into(),
            token: Secret::new(String::new()),
        }
    }
}

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hatchery.{key}: {why}")]
pub struct BadSetting {
    /// Which.
    pub key: &'static str,
    /// What is wrong, and how to mend it.
    pub why: String,
}

impl HatcheryConfig {
    /// Checks what can be checked without looking at the world.
    ///
    /// # Errors
    /// The first setting that cannot be.
    pub fn check(&self) -> Result<(), BadSetting> {
        let bad = |key, why: &str| Err(BadSetting { key, why: why.into() });
        if self.name.is_empty() || !self.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        {
            return bad("name", "must be made of letters, digits, '-', '_' and '.', and not be empty");
        }
        if self.basedir.as_os_str().is_empty() {
            return bad("basedir", "must name a directory");
        }
        if self.spawn_concurrency == 0 {
            return bad("spawn_concurrency", "must be at least 1, or no worker could ever start");
        }
        if self.start_timeout_s == 0 {
            return bad(
                "start_timeout_s",
                "must be at least 1, or every worker would be destroyed while it starts",
            );
        }
        if self.max_workers > 0 && self.min_idle > self.max_workers {
            return bad("min_idle", "is larger than max_workers; lower it or raise max_workers");
        }
        Ok(())
    }

    /// The limits of the plan; `cores` stands in where `max_workers` is not set.
    pub fn limits(&self, cores: u32) -> crate::plan::Limits {
        crate::plan::Limits {
            max_workers: if self.max_workers == 0 { cores.max(1) } else { self.max_workers },
            min_idle: self.min_idle,
            spawn_concurrency: self.spawn_concurrency.max(1),
            start_timeout: Duration::from_secs(self.start_timeout_s.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_good_and_nonsense_is_refused() {
        assert_eq!(HatcheryConfig::default().check(), Ok(()));
        assert_eq!(HatcheryConfig::default().limits(3).max_workers, 3);
        let refused = |change: fn(&mut HatcheryConfig)| {
            let mut config = HatcheryConfig::default();
            change(&mut config);
            config.check().unwrap_err().key
        };
        assert_eq!(refused(|c| c.name = "a b".into()), "name");
        assert_eq!(refused(|c| c.spawn_concurrency = 0), "spawn_concurrency");
        assert_eq!(refused(|c| c.start_timeout_s = 0), "start_timeout_s");
        assert_eq!(refused(|c| (c.max_workers, c.min_idle) = (2, 3)), "min_idle");
    }
}
