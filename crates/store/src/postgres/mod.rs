//! PostgreSQL: a few threads that each own a connection and run closures on it, one committer that writes the
//! steps of many runs in a handful of statements, and one listener for the words of other servers.

mod conn;

pub(crate) use conn::Conn;

use crate::{
    error::{Error, Result},
    runs::commit::{CommitError, Committed, RunCommit},
    store::Context,
    work::{Queue, Work},
};
use std::sync::Arc;

/// How a piece of work is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A consistent view, no writing.
    Read,
    /// Serializable.
    Write,
    /// Read committed: for work of one statement that everybody wants to do at once.
    Single,
}

/// The PostgreSQL arm of the store.
pub(crate) struct Postgres {
    pub queue: Arc<Queue<(Mode, Box<dyn Work>)>>,
}

impl Postgres {
    pub(crate) fn open(_url: &str, _connections: usize, _cx: Arc<Context>) -> Result<Self> {
        Err(Error::Connection("not yet".into()))
    }

    pub(crate) async fn commit(&self, _commit: RunCommit) -> Result<Committed, CommitError> {
        Err(Error::Closed.into())
    }

    pub(crate) fn close(&self) {
        self.queue.close();
    }
}
