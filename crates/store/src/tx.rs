//! A transaction, the same for both databases.

use crate::{
    dialect::Dialect,
    error::{Error, Result},
    postgres,
    secrets::MasterKey,
    sql::Sql,
    sqlite,
    store::Context,
    val::{Row, Val},
    wake::Wake,
};

pub(crate) enum Conn<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut postgres::Conn),
}

/// A transaction, or a consistent view for reading. Handed to the closures of [`crate::Store::read`] and
/// [`crate::Store::write`].
pub struct Tx<'a> {
    conn: Conn<'a>,
    cx: &'a Context,
    wakes: Vec<Wake>,
    failed: Option<Error>,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(conn: Conn<'a>, cx: &'a Context) -> Self {
        Tx { conn, cx, wakes: Vec::new(), failed: None }
    }

    /// Rows of a statement.
    pub fn query(&mut self, sql: Sql, params: &[Val]) -> Result<Vec<Row>> {
        self.run(|conn| match conn {
            Conn::Sqlite(c) => sqlite::query(c, sql, params),
            Conn::Postgres(c) => c.query(sql, params),
        })
    }

    /// What can be read of the rows of a statement: one that can't is told to the log and left out, as a list must show
    /// the others. Not for what decides who may do something.
    pub fn query_readable<T>(
        &mut self,
        sql: Sql,
        params: &[Val],
        read: impl Fn(&Row) -> Result<T>,
    ) -> Result<Vec<T>> {
        let left_out =
            |error: &Error| tracing::error!(%error, "a row can't be read and is left out of a list");
        Ok(self.query(sql, params)?.iter().filter_map(|row| read(row).inspect_err(left_out).ok()).collect())
    }

    /// Looks at the rows of a statement one after the other. On SQLite only one is in memory at a time.
    pub fn each(&mut self, sql: Sql, params: &[Val], mut look: impl FnMut(&Row)) -> Result<()> {
        self.run(|conn| match conn {
            Conn::Sqlite(c) => sqlite::each(c, sql, params, |row| look(&row)),
            Conn::Postgres(c) => c.query(sql, params).map(|rows| rows.iter().for_each(look)),
        })
    }

    /// The first row; [`Error::NoRow`] if there is none.
    pub fn query_one(&mut self, sql: Sql, params: &[Val]) -> Result<Row> {
        self.query_opt(sql, params)?.ok_or_else(|| Error::NoRow { sql: sql.brief() })
    }

    /// The first row, if there is one.
    pub fn query_opt(&mut self, sql: Sql, params: &[Val]) -> Result<Option<Row>> {
        Ok(self.query(sql, params)?.into_iter().next())
    }

    /// Runs a statement; the number of rows it changed.
    pub fn execute(&mut self, sql: Sql, params: &[Val]) -> Result<u64> {
        self.run(|conn| match conn {
            Conn::Sqlite(c) => sqlite::execute(c, sql, params),
            Conn::Postgres(c) => c.execute(sql, params),
        })
    }

    /// Several statements at once, already rendered; for migrations.
    pub(crate) fn batch(&mut self, text: &str) -> Result<()> {
        self.run(|conn| match conn {
            Conn::Sqlite(c) => sqlite::batch(c, text),
            Conn::Postgres(c) => c.batch(text),
        })
    }

    fn run<T>(&mut self, f: impl FnOnce(&mut Conn<'a>) -> Result<T>) -> Result<T> {
        // PostgreSQL refuses everything after a failed statement; SQLite is held to the same, so that code
        // tried on one database does not surprise on the other.
        if self.failed.is_some() {
            return Err(Error::Aborted);
        }
        f(&mut self.conn).inspect_err(|e| self.failed = Some(e.clone()))
    }

    /// Tells listeners, once and only if the transaction is committed.
    pub fn wake(&mut self, wake: Wake) {
        if !self.wakes.contains(&wake) {
            self.wakes.push(wake);
        }
    }

    /// Encrypts and decrypts secret columns.
    pub fn secrets(&self) -> &'a MasterKey {
        &self.cx.secrets
    }

    pub(crate) fn context(&self) -> &'a Context {
        self.cx
    }

    /// Which database this is; for the few statements that have two texts.
    pub fn dialect(&self) -> Dialect {
        match self.conn {
            Conn::Sqlite(_) => Dialect::Sqlite,
            Conn::Postgres(_) => Dialect::Postgres,
        }
    }

    pub(crate) fn failure(&self) -> Option<&Error> {
        self.failed.as_ref()
    }

    pub(crate) fn take_wakes(&mut self) -> Vec<Wake> {
        std::mem::take(&mut self.wakes)
    }
}
