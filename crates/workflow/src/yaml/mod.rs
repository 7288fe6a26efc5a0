//! YAML as the reference reads and writes it: a small tree with places, YAML 1.1 typing, canonical output.

mod emit;
mod load;
mod order;
mod repair;
mod resolve;

pub use crate::diag::Mark;
pub use emit::{Value, emit};
pub use load::{MAX_DEPTH, MAX_NODES, load, load_json};
pub use order::{natural, sort_natural};
pub use resolve::{Resolved, is_null, resolve, to_bool, to_int};

use indexmap::IndexMap;

/// A node of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it starts.
    pub at: Mark,
    /// What it holds.
    pub data: Data,
}

/// Mapping in file order.
pub type Map = IndexMap<String, Entry>;

/// Content of a node.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// A scalar: its text as written, and whether it stands bare (and may thus be a number, a boolean, …).
    Scalar {
        /// Text after unescaping; never re-formatted.
        text: String,
        /// Neither quoted, nor a block, nor tagged `!!str`.
        plain: bool,
    },
    /// A list.
    Seq(Vec<Node>),
    /// A mapping; of duplicate keys, the last.
    Map(Map),
}

/// A value of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub at: Mark,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Nothing, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.data, Data::Scalar { text, plain: true } if is_null(text))
    }

    /// Text of a scalar; `""` for null (spec 1.2).
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, plain } => Some(if *plain && is_null(text) { "" } else { text }),
            _ => None,
        }
    }

    /// What a message calls this kind of value.
    pub fn kind(&self) -> &'static str {
        match &self.data {
            Data::Scalar { .. } if self.is_null() => "nothing",
            Data::Scalar { text, plain: true } => match resolve(text) {
                Resolved::Bool(_) => "a boolean",
                Resolved::Int(_) | Resolved::Uint(_) | Resolved::Float(_) => "a number",
                _ => "a string",
            },
            Data::Scalar { .. } => "a string",
            Data::Seq(_) => "a list",
            Data::Map(_) => "a mapping",
        }
    }
}
