//! Whether the database has room for anything new. Reading works without, so it does not show by itself.

use crate::{
    Store,
    dialect::Dialect,
    error::{Error, Result},
};
use std::sync::atomic::{AtomicBool, Ordering};

/// Known from what was refused. Only PostgreSQL's: SQLite's room is that of the data directory.
#[derive(Debug, Default)]
pub(crate) struct Room {
    missing: AtomicBool,
}

impl Room {
    /// Something was refused for want of room.
    pub(crate) fn is_missing(&self) {
        self.missing.store(true, Ordering::SeqCst);
    }
}

/// About 4 MiB that are given back at once. Below 2000 bytes a text is neither compressed nor stored elsewhere; a table
/// without a log of its changes asks for room where the tables are, and never for the log's: PostgreSQL ends at once
/// when it can't write that.
const TRY: &str = "CREATE UNLOGGED TABLE cds_room AS \
                   SELECT repeat('x', 1900) AS filler FROM generate_series(1, 2048)";

impl Store {
    /// Whether something was refused for want of room, and [`Store::try_room`] has found none since.
    pub fn lacks_room(&self) -> bool {
        self.context().room.missing.load(Ordering::SeqCst)
    }

    /// If something was refused for want of room: tries whether there is room again. Nothing stays of that.
    ///
    /// # Errors
    /// The database failed for another reason.
    pub async fn try_room(&self) -> Result<()> {
        if !self.lacks_room() || self.dialect() != Dialect::Postgres {
            return Ok(());
        }
        let tried = self.try_write(|tx| match tx.batch(TRY) {
            Ok(()) => Err(Tried::Room),
            Err(e) => Err(Tried::Failed(e)),
        });
        match tried.await {
            // Undone, as is whatever fails.
            Err(Tried::Room) => {
                self.context().room.missing.store(false, Ordering::SeqCst);
                Ok(())
            }
            Ok(()) | Err(Tried::Failed(Error::Full { .. })) => Ok(()),
            Err(Tried::Failed(e)) => Err(e),
        }
    }
}

/// How the trial ended.
enum Tried {
    Room,
    Failed(Error),
}

impl From<Error> for Tried {
    fn from(e: Error) -> Self {
        Tried::Failed(e)
    }
}
