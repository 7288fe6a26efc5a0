//! Runs CDS for tests, as its users have it: the real programs, the real API.
//!
//! ```ignore
//! let server = TestServer::start().await;
//! let project = server.project("DEMO").await;
//! project.push(&[("hello.pip.yml", "…"), ("hello.yml", "…")]).await;
//! let run = project.run("hello", RunStart::default()).await;
//! let run = project.ended("hello", run.brief.number).await;
//! assert_eq!(project.log(&run, "hello", "job", 0).await, "…");
//! ```
//!
//! Everything here panics with a full account when something is not as it should be: that is what a test wants.

mod bins;
mod ctl;
mod dice;
mod hatchery;
mod patience;
mod processes;
mod project;
mod proxy;
mod server;
mod smtp;

pub use bins::bin;
pub use cds_store::testing::{Postgres, Small};
pub use ctl::{Ctl, Output};
pub use dice::Dice;
pub use hatchery::TestHatchery;
pub use patience::{LONG, SHORT, eventually, within};
pub use processes::Marked;
pub use project::{Project, find_job, node_run};
pub use proxy::{Network, Proxy};
pub use server::{ADMIN, ADMIN_PASSWORD, Setup, TestServer};
pub use smtp::{Mail, Smtp};
