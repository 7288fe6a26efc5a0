//! What can go wrong below the server.

use std::fmt;

/// A fault of the database layer. Cheap to clone: a failed group commit is answered to everyone in it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// A row with this unique name is there already. `what` names table and columns or constraint.
    #[error("already exists: {what}")]
    Unique {
        /// E.g. `account.username` or `account_username_key`.
        what: String,
    },
    /// Exactly one row was asked for and none was found.
    #[error("no such row: {sql}")]
    NoRow {
        /// The statement.
        sql: String,
    },
    /// A value of a row is not what the code expects: a damaged or foreign database.
    #[error("column {column} of a row: {fault} ({sql})")]
    Column {
        /// Position, from 0.
        column: usize,
        /// What is wrong with the value.
        fault: String,
        /// The statement that gave the row.
        sql: String,
    },
    /// The database refused a statement.
    #[error("{fault} ({sql})")]
    Statement {
        /// The database's words.
        fault: String,
        /// The statement.
        sql: String,
        /// PostgreSQL asks for the whole transaction to be tried again.
        retry: bool,
    },
    /// There is no room on a disk of the database.
    #[error("the database's disk is full: {fault} ({sql})")]
    Full {
        /// The database's words.
        fault: String,
        /// The statement.
        sql: String,
    },
    /// An earlier statement of this transaction failed, so nothing more can be done in it.
    #[error("the transaction has failed before this statement")]
    Aborted,
    /// The database can't be reached, or the connection broke.
    #[error("the database can't be reached: {0}")]
    Connection(String),
    /// The commit itself failed.
    #[error("commit failed: {0}")]
    Commit(String),
    /// The address given to `Store::open` means nothing.
    #[error(
        "'{url}' is not a database address: {fault}; write sqlite:/path/to/cds.db or postgres://user:password@host/name"
    )]
    Address {
        /// As given, without password.
        url: String,
        /// Why.
        fault: String,
    },
    /// The schema can't be brought to this version of the program.
    #[error("migration {name}: {fault}")]
    Migration {
        /// File name.
        name: String,
        /// Why.
        fault: String,
    },
    /// A secret can't be encrypted or decrypted.
    #[error("secret of {place}: {fault}")]
    Secret {
        /// `table.column of row`, or the key file.
        place: String,
        /// Why, and how to mend it.
        fault: String,
    },
    /// A value can't be written as JSON or read from it.
    #[error("{what}: {fault}")]
    Json {
        /// What it is.
        what: String,
        /// Why.
        fault: String,
    },
    /// Code run inside a transaction panicked; the transaction was rolled back.
    #[error("a transaction panicked: {0}")]
    Panicked(String),
    /// The store is being closed.
    #[error("the store is closed")]
    Closed,
}

/// What most calls return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether a unique rule was broken; callers answer 409.
    pub fn is_unique(&self) -> bool {
        matches!(self, Error::Unique { .. })
    }

    /// Whether PostgreSQL wants the whole transaction again.
    pub(crate) fn is_retry(&self) -> bool {
        matches!(self, Error::Statement { retry: true, .. })
    }

    pub(crate) fn json(what: impl fmt::Display, fault: impl fmt::Display) -> Self {
        Error::Json { what: what.to_string(), fault: fault.to_string() }
    }
}

/// Encodes a value as the JSON text of a column.
pub(crate) fn to_json<T: serde::Serialize + ?Sized>(what: &str, value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|e| Error::json(what, e))
}

/// Whether an error's words say that the database is out of reach.
pub fn says_away(words: &str) -> bool {
    words.contains("the database can't be reached")
}

/// Whether a database's words say that there is no room on its disk.
pub fn says_full(words: &str) -> bool {
    ["disk is full", "No space left on device", "could not extend file"]
        .iter()
        .any(|part| words.contains(part))
}
