//! Values and rows as both databases understand them.

use crate::{
    error::{Error, Result},
    sql::Sql,
};
use cds_model as model;
use serde::de::DeserializeOwned;

/// A value of a column or parameter. Five kinds are common ground of both databases.
#[derive(Clone, Debug, PartialEq)]
pub enum Val {
    /// Nothing.
    Null,
    /// `BIGINT`; also booleans (0, 1) and instants (epoch milliseconds).
    Int(i64),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `TEXT`; also ids and JSON.
    Text(String),
    /// `BYTEA` or `BLOB`.
    Blob(Vec<u8>),
}

impl Val {
    fn kind(&self) -> &'static str {
        match self {
            Val::Null => "NULL",
            Val::Int(_) => "BIGINT",
            Val::Real(_) => "DOUBLE PRECISION",
            Val::Text(_) => "TEXT",
            Val::Blob(_) => "BLOB",
        }
    }
}

/// Parameters of a statement: `vals![id, name, now]`.
#[macro_export]
macro_rules! vals {
    ($($value:expr),* $(,)?) => { &[$($crate::Val::from($value)),*][..] };
}

macro_rules! val_from {
    ($($t:ty => $v:ident => $make:expr;)*) => {$(
        impl From<$t> for Val { fn from($v: $t) -> Val { $make } }
    )*};
}

val_from! {
    &str => v => Val::Text(v.to_string());
    &String => v => Val::Text(v.clone());
    String => v => Val::Text(v);
    i64 => v => Val::Int(v);
    u32 => v => Val::Int(i64::from(v));
    u16 => v => Val::Int(i64::from(v));
    u8 => v => Val::Int(i64::from(v));
    bool => v => Val::Int(i64::from(v));
    f64 => v => Val::Real(v);
    Vec<u8> => v => Val::Blob(v);
    &[u8] => v => Val::Blob(v.to_vec());
    model::Timestamp => v => Val::Int(v.ms());
    model::Status => v => Val::Text(v.as_str().to_string());
    model::JobRef => v => Val::Text(v.to_string());
    model::NodeRunNo => v => Val::Int(i64::from(v.0));
    model::JobNo => v => Val::Int(i64::from(v.0));
    model::Attempt => v => Val::Int(i64::from(v.0));
}

impl<T> From<Option<T>> for Val
where
    Val: From<T>,
{
    fn from(v: Option<T>) -> Val {
        v.map_or(Val::Null, Val::from)
    }
}

/// A type that a column can be read as. The error says what is wrong with the value.
pub trait FromVal: Sized {
    /// Reads the value.
    fn from_val(v: &Val) -> Result<Self, String>;
}

fn wanted<T>(what: &str, v: &Val) -> Result<T, String> {
    Err(format!("expected {what}, found {}", v.kind()))
}

impl FromVal for i64 {
    fn from_val(v: &Val) -> Result<Self, String> {
        if let Val::Int(n) = v { Ok(*n) } else { wanted("BIGINT", v) }
    }
}

impl FromVal for f64 {
    fn from_val(v: &Val) -> Result<Self, String> {
        match v {
            Val::Real(n) => Ok(*n),
            Val::Int(n) => Ok(*n as f64),
            _ => wanted("DOUBLE PRECISION", v),
        }
    }
}

impl FromVal for String {
    fn from_val(v: &Val) -> Result<Self, String> {
        if let Val::Text(s) = v { Ok(s.clone()) } else { wanted("TEXT", v) }
    }
}

impl FromVal for Vec<u8> {
    fn from_val(v: &Val) -> Result<Self, String> {
        if let Val::Blob(b) = v { Ok(b.clone()) } else { wanted("BLOB", v) }
    }
}

impl FromVal for bool {
    fn from_val(v: &Val) -> Result<Self, String> {
        match v {
            Val::Int(0) => Ok(false),
            Val::Int(1) => Ok(true),
            Val::Int(n) => Err(format!("expected 0 or 1, found {n}")),
            _ => wanted("0 or 1", v),
        }
    }
}

impl FromVal for model::Timestamp {
    fn from_val(v: &Val) -> Result<Self, String> {
        i64::from_val(v).map(model::Timestamp)
    }
}

impl<T: FromVal> FromVal for Option<T> {
    fn from_val(v: &Val) -> Result<Self, String> {
        if *v == Val::Null { Ok(None) } else { T::from_val(v).map(Some) }
    }
}

macro_rules! small_ints {
    ($($t:ty),*) => {$(
        impl FromVal for $t {
            fn from_val(v: &Val) -> Result<Self, String> {
                let n = i64::from_val(v)?;
                Self::try_from(n).map_err(|_| format!("{n} is out of range"))
            }
        }
    )*};
}
small_ints!(u8, u16, u32, u64);

macro_rules! ordinals {
    ($($t:ident),*) => {$(
        impl FromVal for model::$t {
            fn from_val(v: &Val) -> Result<Self, String> { u32::from_val(v).map(model::$t) }
        }
    )*};
}
ordinals!(NodeRunNo, JobNo, Attempt);

macro_rules! parsed {
    ($($t:ty),*) => {$(
        impl FromVal for $t {
            fn from_val(v: &Val) -> Result<Self, String> {
                match v {
                    Val::Text(s) => s.parse().map_err(|e| format!("{e}")),
                    _ => wanted("TEXT", v),
                }
            }
        }
    )*};
}
parsed!(model::Status, model::JobRef);

macro_rules! ids {
    ($($t:ident),*) => {
        parsed!($(model::$t),*);
        $(
            impl From<model::$t> for Val { fn from(v: model::$t) -> Val { Val::Text(v.to_string()) } }
            impl From<&model::$t> for Val { fn from(v: &model::$t) -> Val { Val::Text(v.to_string()) } }
        )*
    };
}
ids!(UserId, GroupId, TokenId, ProjectId, WorkflowId, EntityId, RunId, WorkerId, HatcheryId, BlobId, HookId);

/// A row of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub(crate) sql: Sql,
    pub(crate) cols: Vec<Val>,
}

impl Row {
    fn fault(&self, column: usize, fault: impl std::fmt::Display) -> Error {
        Error::Column { column, fault: fault.to_string(), sql: self.sql.brief() }
    }

    fn val(&self, column: usize) -> Result<&Val> {
        self.cols.get(column).ok_or_else(|| self.fault(column, "the row has no such column"))
    }

    /// Column by position, from 0.
    pub fn get<T: FromVal>(&self, column: usize) -> Result<T> {
        T::from_val(self.val(column)?).map_err(|e| self.fault(column, e))
    }

    /// Column that nothing hangs on but what people are shown: one that can't be read is told to the log and has a
    /// neutral value, so that the rest of the row is of use.
    pub fn shown<T: FromVal>(&self, column: usize, neutral: T) -> T {
        self.get(column).unwrap_or_else(|error| {
            tracing::error!(%error, "a column can't be read and is shown as if it were empty");
            neutral
        })
    }

    /// Text of a column, without a copy.
    pub fn text(&self, column: usize) -> Result<&str> {
        match self.val(column)? {
            Val::Text(s) => Ok(s),
            v => Err(self.fault(column, format!("expected TEXT, found {}", v.kind()))),
        }
    }

    /// Bytes of a column, or nothing if it is NULL; without a copy.
    pub fn blob(&self, column: usize) -> Result<Option<&[u8]>> {
        match self.val(column)? {
            Val::Blob(b) => Ok(Some(b)),
            Val::Null => Ok(None),
            v => Err(self.fault(column, format!("expected BLOB, found {}", v.kind()))),
        }
    }

    /// A JSON column, decoded.
    pub fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T> {
        serde_json::from_str(self.text(column)?).map_err(|e| self.fault(column, e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_column_is_named() {
        let row = Row { sql: Sql("SELECT a, b FROM t"), cols: vec![Val::Int(2), Val::Null] };
        let fault = row.get::<String>(0).unwrap_err().to_string();
        assert_eq!(fault, "column 0 of a row: expected TEXT, found BIGINT (SELECT a, b FROM t)");
        assert!(row.get::<bool>(0).is_err());
        assert_eq!(row.get::<Option<String>>(1).unwrap(), None);
        assert!(row.get::<i64>(7).unwrap_err().to_string().contains("no such column"));
    }
}
