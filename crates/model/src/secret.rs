//! A value that cannot be printed by accident.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// What stands in logs and answers where a secret would be.
pub const PLACEHOLDER: &str = "**********";

/// Wraps a secret. `Debug`, `Display` and serde give [`PLACEHOLDER`]; only [`Secret::expose`] gives the value,
/// so that `rg expose` lists every place that can leak.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Self {
        Self(value)
    }
    /// The value itself. Every call is a place to review.
    pub fn expose(&self) -> &T {
        &self.0
    }
    /// Unwraps the value. Every call is a place to review.
    pub fn into_exposed(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl<T> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLACEHOLDER)
    }
}

impl<T> Serialize for Secret<T> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(PLACEHOLDER)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Secret<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::deserialize(d).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_ordinary_way_prints_it() {
        let s = Secret::new("hunter2hunter2".to_string());
        assert_eq!(format!("{s:?} {s}"), format!("{PLACEHOLDER} {PLACEHOLDER}"));
        assert_eq!(serde_json::to_string(&s).unwrap(), format!("\"{PLACEHOLDER}\""));
        assert_eq!(s.expose(), "hunter2hunter2");
    }
}
