//! The name of an object.

use super::ObjectError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

const MAX: usize = 1024;
const SEGMENT_MAX: usize = 200;

/// A checked object key: segments of letters, digits and `-_.=+@`, joined by `/`. No segment begins with a
/// dot, so no key leaves the store's directory or names a hidden file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// Checks `text`.
    ///
    /// # Errors
    /// [`ObjectError::BadKey`].
    pub fn new(text: impl Into<String>) -> Result<Self, ObjectError> {
        let text = text.into();
        let why = if text.len() > MAX {
            Some("it is longer than 1024 bytes")
        } else {
            text.split('/').find_map(|segment| match segment.as_bytes() {
                [] => Some("it begins or ends with '/', contains '//' or is empty"),
                [b'.', ..] => Some("a segment begins with a dot"),
                s if s.len() > SEGMENT_MAX => Some("a segment is longer than 200 bytes"),
                s if !s.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.=+@".contains(b)) => {
                    Some("only letters, digits and '-_.=+@/' are allowed")
                }
                _ => None,
            })
        };
        match why {
            Some(why) => Err(ObjectError::BadKey { key: text, why }),
            None => Ok(Self(text)),
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ObjectKey {
    type Err = ObjectError;
    fn from_str(text: &str) -> Result<Self, ObjectError> {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for ObjectKey {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_inside() {
        for good in ["a", "a/b", "artifacts/ab/cd-ef_0.tar", "x=1/y+z@2"] {
            assert!(ObjectKey::new(good).is_ok(), "{good}");
        }
        let long = "x".repeat(201);
        let deep = "x/".repeat(600) + "x";
        for bad in
            ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", ".hidden", "a/.b", "a\\b", "a~", "a b"]
                .into_iter()
                .chain(["a\0b", "é", long.as_str(), deep.as_str()])
        {
            assert!(ObjectKey::new(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<ObjectKey>("\"../x\"").is_err());
    }
}
