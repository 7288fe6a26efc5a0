//! Transactions that may refuse, and the numbered errors of the reference.

use crate::{
    App,
    http::error::{Error, Result},
};
use axum::http::StatusCode;
use cds_store::Tx;
use cds_workflow::error_ids::ErrorId;

/// Why a transaction was undone: the store failed, or a rule forbids it.
pub enum Fault {
    /// The store.
    Store(cds_store::Error),
    /// A rule.
    Refused(Error),
}

impl From<cds_store::Error> for Fault {
    fn from(e: cds_store::Error) -> Self {
        Fault::Store(e)
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Self {
        Fault::Refused(e)
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            // Names are looked up before they are written; this is what remains when two are written at once.
            Fault::Store(cds_store::Error::Unique { .. }) => {
                Error::conflict("something of this name was made at the same moment: look again").id(192)
            }
            Fault::Store(e) => Error::internal(e),
            Fault::Refused(e) => e,
        }
    }
}

/// Result of code inside a transaction.
pub type Tried<T> = std::result::Result<T, Fault>;

impl App {
    /// Reads on one consistent view.
    pub async fn reading<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Tried<T> + Send + 'static,
    ) -> Result<T> {
        Ok(self.store().try_read(f).await?)
    }

    /// Writes in one transaction; a refusal undoes it. The closure may run several times.
    pub async fn writing<T: Send + 'static>(
        &self,
        f: impl FnMut(&mut Tx<'_>) -> Tried<T> + Send + 'static,
    ) -> Result<T> {
        Ok(self.store().try_write(f).await?)
    }
}

/// A numbered error of the reference with what it is about.
pub fn numbered(e: ErrorId, about: impl std::fmt::Display) -> Error {
    let status = StatusCode::from_u16(e.status).unwrap_or(StatusCode::BAD_REQUEST);
    let code = match status {
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::CONFLICT => "conflict",
        _ => "bad_request",
    };
    let about = about.to_string();
    let message = match about.as_str() {
        "" => e.message.to_string(),
        // Some details are the general text with something added.
        text if text.starts_with(e.message) => about,
        text => format!("{}: {text}", e.message),
    };
    Error::new(status, code, message).id(e.id.into())
}

/// 404 with the reference's number.
pub fn missing(what: impl std::fmt::Display) -> Error {
    Error::not_found(what).id(38)
}

/// Whether a text is a legal name of an application, environment, group, key, … (spec 2.1).
pub fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Refuses what is not a legal name.
pub fn check_name(what: &str, text: &str) -> Result<()> {
    if is_name(text) {
        return Ok(());
    }
    Err(Error::bad_request(format!(
        "'{text}' is not a {what} name: use letters, digits, '.', '_' and '-', at most 255 of them"
    ))
    .id(74))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cds_workflow::error_ids;

    #[test]
    fn numbers_keep_their_status() {
        let e = numbered(error_ids::ALREADY_EXISTS, "workflow exists");
        assert_eq!(e.status(), StatusCode::FORBIDDEN);
        assert_eq!(e.message(), "already exists: workflow exists");
        assert!(
            is_name("a.B_c-1")
                && !is_name("")
                && !is_name("a b")
                && !is_name("é")
                && !is_name(&"x".repeat(256))
        );
    }
}
