//! Settings of a server. Only `bin` reads files and the environment; everything else gets this value.

use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

/// Settings of a server (`[server]` of the configuration file).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where state is kept: database, logs, artifacts, caches, the master key.
    pub data: PathBuf,
    /// Address to listen on; port 0 asks the system for one.
    pub listen: SocketAddr,
    /// `sqlite:PATH` or `postgres://…`; empty = `sqlite:<data>/cds.db`.
    pub database: String,
    /// PostgreSQL: a connection that has not answered for so long is given up, seconds.
    pub database_timeout_s: u64,
    /// Address at which browsers and workers reach this server; empty = the one it listens on.
    pub public_url: String,
    /// Address at which other servers on the same database reach this server; empty = the one it listens on.
    pub peer_url: String,
    /// Whether people may sign up themselves.
    pub signup_enabled: bool,
    /// Group that new users become members of, made when it is first needed; empty = none.
    pub default_group: String,
    /// Mail server; without one, accounts are active at once.
    pub smtp: Option<Smtp>,
    /// Type of the ssh key that a new project gets: `ed25519` or `rsa`.
    pub project_ssh_key: String,
    /// How text from events may be spliced into scripts, for projects that don't say: `inert`, `refuse`, `splice`.
    pub tainted_interpolation: String,
    /// Attempts of a job when workers are lost.
    pub max_attempts: u32,
    /// Longest run time of a job, seconds; 0 = no limit. Files set shorter ones by `timeout` of the job.
    pub job_timeout_s: u64,
    /// Longest run time of a step, seconds; 0 = no limit. Files set shorter ones by `timeout` of the step.
    pub step_timeout_s: u64,
    /// Longest time of a job in the queue, seconds; 0 = no limit. Files set shorter ones by `queue_timeout` of the job.
    pub queue_timeout_s: u64,
    /// Longest run time of a run, seconds; 0 = no limit. Files set shorter ones by `timeout` of the workflow.
    pub run_timeout_s: u64,
    /// A worker reports at least this often while it has a job, ms.
    pub heartbeat_ms: u64,
    /// A worker that is not heard of for this long has lost its job, ms.
    pub lease_ms: u64,
    /// From one comparison of runs with the rows beside them to the next, seconds; 0 = never.
    pub reconcile_s: u64,
    /// A stopped job's processes get this long between SIGTERM and SIGKILL, ms.
    pub kill_grace_ms: u64,
    /// A worker ends after this long without a job, ms.
    pub worker_idle_ms: u64,
    /// A worker ends after this many jobs; 0 = no limit.
    pub worker_max_jobs: u32,
    /// Largest request body that is not a file, bytes.
    pub max_body: usize,
    /// Largest artifact or cache, bytes.
    pub max_file: u64,
    /// Days a sign-in lasts.
    pub session_days: u32,
}

/// A mail server.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Smtp {
    /// Host name.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Sender address.
    pub from: String,
    /// Encrypt with TLS.
    pub tls: bool,
    /// User name; empty = none.
    pub username: String,
    /// Password.
    pub password: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("cds-data"),
            listen: ([127, 0, 0, 1], 8081).into(),
            database: String::new(),
            database_timeout_s: 30,
            public_url: String::new(),
            peer_url: String::new(),
            signup_enabled: true,
            default_group: String::new(),
            smtp: None,
            project_ssh_key: "ed25519".into(),
            tainted_interpolation: "inert".into(),
            max_attempts: 3,
            job_timeout_s: 24 * 3600,
            step_timeout_s: 0,
            queue_timeout_s: 0,
            run_timeout_s: 35 * 24 * 3600,
            heartbeat_ms: 10_000,
            lease_ms: 45_000,
            reconcile_s: 60,
            kill_grace_ms: 5_000,
            worker_idle_ms: 60_000,
            worker_max_jobs: 0,
            max_body: 16 << 20,
            max_file: 16 << 30,
            session_days: 30,
        }
    }
}

impl Config {
    /// The database's address.
    pub fn database_url(&self) -> String {
        if self.database.is_empty() {
            format!("sqlite:{}", self.data.join("cds.db").display())
        } else {
            self.database.clone()
        }
    }
    /// How long the database may be silent.
    pub fn database_patience(&self) -> std::time::Duration {
        std::time::Duration::from_secs(self.database_timeout_s.clamp(1, 24 * 3600))
    }
    /// How long a worker keeps a job without being heard of.
    pub fn lease(&self) -> std::time::Duration {
        std::time::Duration::from_millis(self.lease_ms.max(1_000))
    }
    /// How long leases last; `shared`: other servers may be on the same database.
    pub fn terms(&self, shared: bool) -> cds_engine::upkeep::lease::Terms {
        let heartbeat = std::time::Duration::from_millis(self.heartbeat_ms);
        cds_engine::upkeep::lease::Terms { silence: self.lease(), heartbeat, shared }
    }
    /// Limits that a new run takes into its snapshot.
    pub fn run_settings(&self, ui_url: &str, taint_policy: &str) -> cds_engine::spec::Settings {
        cds_engine::spec::Settings {
            max_attempts: self.max_attempts.max(1),
            queue_timeout_ms: self.queue_timeout_s.saturating_mul(1000),
            job_timeout_ms: self.job_timeout_s.saturating_mul(1000),
            step_timeout_ms: self.step_timeout_s.saturating_mul(1000),
            run_timeout_ms: self.run_timeout_s.saturating_mul(1000),
            ui_url: ui_url.to_string(),
            taint_policy: taint_policy.to_string(),
            ..Default::default()
        }
    }
}
