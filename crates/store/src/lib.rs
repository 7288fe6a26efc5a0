//! Everything that lasts, on SQLite or PostgreSQL. The only crate that holds SQL.
//!
//! A [`Store`] runs closures in transactions; what they may do stands in one module for each noun:
//!
//! ```ignore
//! let user = store.read(move |tx| users::by_name(tx, &name)).await?;
//! store.write(move |tx| { groups::insert(tx, &group)?; groups::put_member(tx, group.id, user.id, true) }).await?;
//! ```
//!
//! Steps of runs go through [`Store::commit`], which commits together what arrives together.
//! Rules for statements: `docs/sql.md`. Reasons: `docs/design/0001-database-layer.md`.

pub mod caches;
pub mod entities;
pub mod events;
pub mod gpg_keys;
pub mod groups;
pub mod hatcheries;
pub mod idempotency;
pub mod keys;
pub mod projects;
pub mod queue;
pub mod results;
pub mod runs;
pub mod secret_tokens;
pub mod servers;
pub mod settings;
pub mod slots;
pub mod test_reports;
pub mod timers;
pub mod tokens;
pub mod users;
pub mod variables;
pub mod workers;
pub mod workflows;

mod descriptions;
mod dialect;
mod error;
mod migrate;
mod postgres;
mod room;
mod secrets;
mod sql;
mod sqlite;
#[cfg(test)]
mod statements;
mod store;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod tx;
mod val;
mod wake;
mod work;

pub use dialect::Dialect;
pub use error::{Error, Result, says_away, says_full};
pub use runs::{CommitError, Committed, LoadError, RunCommit};
pub use secrets::MasterKey;
pub use sql::Sql;
pub use store::{Options, Store};
pub use tx::Tx;
pub use val::{FromVal, Row, Val};
pub use wake::Wake;
