//! One connection, used by the one thread that owns it.

use super::Address;
use crate::{
    dialect::Dialect,
    error::{Error, Result},
    sql::{Sql, sql},
    val::{Row, Val},
    vals,
    wake::{Wake, to_text},
};
use std::{cell::Cell, collections::HashMap, future::Future, time::Duration};
use tokio::runtime::Runtime;
use tokio_postgres::{
    Client, Statement,
    error::{Severity, SqlState},
    types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked},
};

sql! {
    NOTIFY = "SELECT CAST(pg_notify('cds', $1) AS TEXT)";
}

/// A connection with its statements, and the runtime that drives it while somebody waits for an answer.
pub(crate) struct Conn {
    rt: Runtime,
    client: Client,
    statements: HashMap<&'static str, Statement>,
    /// Sent together with the first statement, which saves a round trip.
    begin: Option<&'static str>,
    /// How long the database may be silent.
    limit: Duration,
    /// It was silent for longer: nothing is asked on this connection any more.
    silent: Cell<bool>,
}

impl Conn {
    pub(crate) fn connect(address: &Address) -> Result<Self> {
        let fault = |e: &dyn std::fmt::Display| Error::Connection(e.to_string());
        let rt = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| fault(&e))?;
        let limit = address.connect_limit();
        let client = rt.block_on(async {
            // The driver's own limit ends with the TCP connection: somebody who accepts it and says nothing would
            // keep us for ever.
            let connecting = address.config.connect(address.tls.clone());
            let connected = tokio::time::timeout(limit, connecting).await.map_err(|_| silent(limit))?;
            let (client, connection) = connected.map_err(|e| plain(&e))?;
            tokio::spawn(async move {
                if let Err(e) = connection.await {
                    tracing::warn!(error = %e, "a connection to PostgreSQL ended");
                }
            });
            Ok::<_, Error>(client)
        })?;
        let (limit, silent) = (address.patience, Cell::new(false));
        Ok(Self { rt, client, statements: HashMap::new(), begin: None, limit, silent })
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed() || self.silent.get()
    }

    /// Waits longer for answers; for migrations, which take as long as there are rows.
    pub(crate) fn be_patient(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Waits for an answer, but not for ever: a network that swallows everything tells nobody.
    pub(crate) fn wait<T>(&self, f: impl Future<Output = T>) -> Result<T> {
        if self.silent.get() {
            return Err(silent(self.limit));
        }
        self.rt.block_on(async { tokio::time::timeout(self.limit, f).await }).map_err(|_| {
            self.silent.set(true);
            silent(self.limit)
        })
    }

    /// Begins a transaction with the next statement.
    pub(crate) fn begin(&mut self, text: &'static str) {
        self.begin = Some(text);
    }

    /// Ends it; nothing to do if no statement was sent.
    pub(crate) fn end(&mut self, word: &str) -> Result<()> {
        if self.begin.take().is_some() {
            return Ok(());
        }
        self.batch(word)
    }

    /// Commits, and tells other servers.
    pub(crate) fn commit(&mut self, me: &str, wakes: &[Wake]) -> Result<()> {
        if self.begin.is_none() && !wakes.is_empty() {
            let text = Dialect::Postgres.rendered(NOTIFY);
            let (statement, said) = (self.statement(text)?, to_text(me, wakes));
            let client = &self.client;
            let params = vals![said];
            let params = refs(params);
            let (told, done) = self.wait(async {
                tokio::join!(client.query(&statement, &params), client.batch_execute("COMMIT"))
            })?;
            return told.map(drop).and(done).map_err(|e| fault(e, "COMMIT"));
        }
        self.end("COMMIT")
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The prepared form of a statement, made on first use.
    pub(crate) fn statement(&mut self, text: &'static str) -> Result<Statement> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.wait(self.client.prepare(text))?.map_err(|e| fault(e, text))?;
        self.statements.insert(text, statement.clone());
        Ok(statement)
    }

    fn run<T>(
        &mut self,
        sql: Sql,
        f: impl AsyncFnOnce(&Client, &Statement) -> Result<T, tokio_postgres::Error>,
    ) -> Result<T> {
        let statement = self.statement(Dialect::Postgres.rendered(sql))?;
        let begin = self.begin.take();
        let client = &self.client;
        let answered = self.wait(async {
            match begin {
                None => f(client, &statement).await,
                // Both are sent before either is answered.
                Some(begin) => {
                    let (began, result) = tokio::join!(client.batch_execute(begin), f(client, &statement));
                    began.and(result)
                }
            }
        });
        answered?.map_err(|e| fault(e, sql.0))
    }

    pub(crate) fn query(&mut self, sql: Sql, params: &[Val]) -> Result<Vec<Row>> {
        let rows = self.run(sql, async |client, statement| client.query(statement, &refs(params)).await)?;
        rows.iter().map(|row| to_row(sql, row)).collect()
    }

    pub(crate) fn execute(&mut self, sql: Sql, params: &[Val]) -> Result<u64> {
        self.run(sql, async |client, statement| client.execute(statement, &refs(params)).await)
    }

    pub(crate) fn batch(&mut self, text: &str) -> Result<()> {
        if let Some(begin) = self.begin.take() {
            self.wait(self.client.batch_execute(begin))?.map_err(|e| fault(e, begin))?;
        }
        self.wait(self.client.batch_execute(text))?.map_err(|e| fault(e, text))
    }
}

fn refs(params: &[Val]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|v| v as &(dyn ToSql + Sync)).collect()
}

pub(crate) fn to_row(sql: Sql, row: &tokio_postgres::Row) -> Result<Row> {
    let mut cols = Vec::with_capacity(row.len());
    for (i, column) in row.columns().iter().enumerate() {
        let ty = column.type_();
        let val = match *ty {
            Type::INT8 => row.try_get::<_, Option<i64>>(i).map(|v| v.map_or(Val::Null, Val::Int)),
            Type::INT4 => {
                row.try_get::<_, Option<i32>>(i).map(|v| v.map_or(Val::Null, |n| Val::Int(n.into())))
            }
            Type::BOOL => {
                row.try_get::<_, Option<bool>>(i).map(|v| v.map_or(Val::Null, |b| Val::Int(b.into())))
            }
            Type::FLOAT8 => row.try_get::<_, Option<f64>>(i).map(|v| v.map_or(Val::Null, Val::Real)),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(i).map(|v| v.map_or(Val::Null, Val::Blob)),
            _ => row.try_get::<_, Option<String>>(i).map(|v| v.map_or(Val::Null, Val::Text)),
        };
        let fault = |e: tokio_postgres::Error| Error::Column {
            column: i,
            fault: format!("type {ty} is not one of the portable types: {e}"),
            sql: sql.brief(),
        };
        cols.push(val.map_err(fault)?);
    }
    Ok(Row { sql, cols })
}

impl ToSql for Val {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Val::Null => Ok(IsNull::Yes),
            Val::Int(n) if *ty == Type::INT4 => i32::try_from(*n)?.to_sql(ty, out),
            Val::Int(n) if *ty == Type::INT8 => n.to_sql(ty, out),
            Val::Real(n) if *ty == Type::FLOAT8 => n.to_sql(ty, out),
            // PostgreSQL has no zero byte in texts. Nothing that is sent may be a fault of ours, so it is kept as the
            // character that stands for what cannot be shown.
            Val::Text(s) if <&str as ToSql>::accepts(ty) && s.contains('\0') => {
                s.replace('\0', "\u{fffd}").as_str().to_sql(ty, out)
            }
            Val::Text(s) if <&str as ToSql>::accepts(ty) => s.as_str().to_sql(ty, out),
            Val::Blob(b) if *ty == Type::BYTEA => b.as_slice().to_sql(ty, out),
            other => Err(format!("{other:?} can't be a parameter of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn silent(limit: Duration) -> Error {
    Error::Connection(format!("no answer within {} s", limit.as_secs_f64()))
}

/// The error with its cause, which the driver's own text leaves out.
fn plain(e: &tokio_postgres::Error) -> Error {
    if e.code() == Some(&SqlState::DISK_FULL) {
        return Error::Full { fault: e.to_string(), sql: "a new connection".into() };
    }
    let cause = std::error::Error::source(e).map(|s| format!(": {s}")).unwrap_or_default();
    Error::Connection(format!("{e}{cause}"))
}

pub(crate) fn fault(e: tokio_postgres::Error, sql: &str) -> Error {
    let brief = || sql.split_whitespace().take(16).collect::<Vec<_>>().join(" ");
    let Some(db) = e.as_db_error() else {
        if e.is_closed() {
            return plain(&e);
        }
        let cause = std::error::Error::source(&e).map(|s| format!(": {s}")).unwrap_or_default();
        return Error::Statement { fault: format!("{e}{cause}"), sql: brief(), retry: false };
    };
    let code = db.code();
    if *code == SqlState::DISK_FULL {
        return Error::Full { fault: format!("{}: {}", db.severity(), db.message()), sql: brief() };
    }
    // The connection ends; or the database takes as long as if it did.
    let fatal = matches!(db.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
    if fatal || *code == SqlState::QUERY_CANCELED {
        return Error::Connection(db.message().to_string());
    }
    if *code == SqlState::UNIQUE_VIOLATION {
        return Error::Unique { what: db.constraint().or(db.table()).unwrap_or("unique rule").to_string() };
    }
    let retry = matches!(*code, SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED);
    Error::Statement { fault: format!("{}: {}", db.severity(), db.message()), sql: brief(), retry }
}
