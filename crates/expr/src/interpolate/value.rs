//! Values of expressions, each with the tainted variable that flowed into it.

use std::rc::Rc;

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Data {
    /// An unknown variable.
    Nil,
    /// A text; every known variable is one.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A boolean.
    Bool(bool),
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Value {
    /// The value itself.
    pub(crate) data: Data,
    /// The first tainted variable it was made from.
    pub(crate) taint: Option<Rc<str>>,
}

impl From<Data> for Value {
    fn from(data: Data) -> Self {
        Self { data, taint: None }
    }
}

impl Data {
    /// The text an expression leaves in the output.
    pub(crate) fn print(&self) -> String {
        match self {
            Data::Nil => "<no value>".to_owned(),
            other => other.text(),
        }
    }

    /// The text of the value inside helpers that take anything.
    pub(crate) fn text(&self) -> String {
        match self {
            Data::Nil => "<nil>".to_owned(),
            Data::Text(text) => text.clone(),
            Data::Int(int) => int.to_string(),
            Data::Float(float) => float.to_string(),
            Data::Bool(bool) => bool.to_string(),
        }
    }

    /// Whether it is the zero value of its type.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Data::Nil => true,
            Data::Text(text) => text.is_empty(),
            Data::Int(int) => *int == 0,
            Data::Float(float) => *float == 0.0,
            Data::Bool(bool) => !bool,
        }
    }

    /// The whole number it stands for; what is none counts as 0.
    pub(crate) fn to_int(&self) -> i64 {
        match self {
            Data::Nil => 0,
            Data::Text(text) => {
                let text = text.trim();
                let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
                // "5.0" counts as 5.
                let whole = text.split_once('.').filter(|(_, zeros)| zeros.bytes().all(|b| b == b'0'));
                match (hex, whole) {
                    (Some(hex), _) => i64::from_str_radix(hex, 16).unwrap_or(0),
                    (None, Some((whole, _))) => whole.parse().unwrap_or(0),
                    (None, None) => text.parse().unwrap_or(0),
                }
            }
            Data::Int(int) => *int,
            Data::Float(float) => *float as i64,
            Data::Bool(bool) => i64::from(*bool),
        }
    }

    /// The boolean it stands for: `true`, `1`, `t` …; anything else is false.
    pub(crate) fn to_bool(&self) -> bool {
        match self {
            Data::Text(text) => matches!(text.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"),
            other => !other.is_empty(),
        }
    }

    /// Name of the type in messages, with its article.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Data::Nil => "an unknown variable",
            Data::Text(_) => "a text",
            Data::Int(_) => "a whole number",
            Data::Float(_) => "a number with a fraction",
            Data::Bool(_) => "a boolean",
        }
    }
}
