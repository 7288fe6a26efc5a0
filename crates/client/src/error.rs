//! Why a call failed.

use cds_api::ApiError;
use reqwest::StatusCode;
use std::{fmt, time::Duration};
use thiserror::Error;

/// An answer with a status of 400 or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiFailure {
    /// HTTP status.
    pub status: StatusCode,
    /// Stable word for programs, e.g. `not_found`; `http_<status>` if the answer was not one of ours.
    pub code: String,
    /// One sentence for people.
    pub message: String,
    /// The reference's numeric error id where there is one (spec 2.3).
    pub id: Option<u32>,
    /// Further lines.
    pub details: Vec<String>,
    /// Names the request in the server's log; empty if unknown.
    pub request_id: String,
    /// How long the server asks to wait before the next try.
    pub retry_after: Option<Duration>,
}

impl fmt::Display for ApiFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        for line in &self.details {
            write!(f, "\n{line}")?;
        }
        Ok(())
    }
}

impl ApiFailure {
    pub(crate) fn from_answer(
        status: StatusCode,
        body: &[u8],
        request_id: &str,
        retry_after: Option<Duration>,
    ) -> Self {
        match serde_json::from_slice::<ApiError>(body) {
            Ok(error) => Self {
                status,
                code: error.code,
                message: error.message,
                id: error.id,
                details: error.details,
                request_id: error.request_id,
                retry_after,
            },
            // A proxy in between, or something else listens there.
            Err(_) => {
                let text = String::from_utf8_lossy(&body[..body.len().min(300)]).trim().to_string();
                let message = if text.is_empty() {
                    format!("the server answered {status}")
                } else {
                    format!("the server answered {status}: {text}")
                };
                Self {
                    status,
                    code: format!("http_{}", status.as_u16()),
                    message,
                    id: None,
                    details: Vec::new(),
                    request_id: request_id.to_string(),
                    retry_after,
                }
            }
        }
    }
}

/// Why a call failed.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The server refused.
    #[error("{0}")]
    Api(Box<ApiFailure>),
    /// The address is not one.
    #[error("'{url}' is not a valid API address: {why}; expected something like http://host:port")]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// No connection, or it broke.
    #[error("cannot reach {url}: {why}")]
    Connection {
        /// What was called.
        url: String,
        /// The cause, innermost last.
        why: String,
        /// Nobody listens there: the machine answered, and said so.
        refused: bool,
    },
    /// No answer in time.
    #[error("no answer from {url} in time")]
    Timeout {
        /// What was called.
        url: String,
    },
    /// The answer is not what it should be.
    #[error("unexpected answer from {url}: {why}")]
    Decode {
        /// What was called.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The body could not be written as JSON, or its source failed.
    #[error("cannot build the request: {0}")]
    Request(String),
}

impl ClientError {
    /// The refusal, if it is one.
    pub fn api(&self) -> Option<&ApiFailure> {
        match self {
            ClientError::Api(failure) => Some(failure),
            _ => None,
        }
    }
    /// Whether the server refused with this code.
    pub fn is_code(&self, code: &str) -> bool {
        self.api().is_some_and(|f| f.code == code)
    }
    /// HTTP status of the refusal, if it is one.
    pub fn status(&self) -> Option<StatusCode> {
        self.api().map(|f| f.status)
    }
    /// Whether the same call may well succeed later: no connection, no answer, 429, 5xx.
    pub fn is_transient(&self) -> bool {
        match self {
            ClientError::Api(f) => {
                f.status == StatusCode::TOO_MANY_REQUESTS
                    || (f.status.is_server_error() && f.status != StatusCode::NOT_IMPLEMENTED)
            }
            ClientError::Connection { .. } | ClientError::Timeout { .. } => true,
            _ => false,
        }
    }

    /// Whether nobody listens at the server's address: it is down, and not merely out of reach.
    pub fn is_refused(&self) -> bool {
        matches!(self, ClientError::Connection { refused: true, .. })
    }

    pub(crate) fn from_reqwest(url: &str, error: reqwest::Error) -> Self {
        let url = url.to_string();
        if error.is_timeout() {
            return ClientError::Timeout { url };
        }
        let why = chain(&error);
        let refused = refused(&error);
        if error.is_builder() {
            ClientError::Request(why)
        } else if error.is_decode() {
            ClientError::Decode { url, why }
        } else {
            ClientError::Connection { url, why, refused }
        }
    }
}

/// Whether the other machine answered that nobody listens.
fn refused(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused) {
            return true;
        }
        next = error.source();
    }
    false
}

/// The causes of an error below its own text, which only repeats the address.
fn chain(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let text = cause.to_string();
        if parts.last() != Some(&text) {
            parts.push(text);
        }
        source = cause.source();
    }
    if parts.is_empty() { error.to_string() } else { parts.join(": ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_answers_and_foreign_ones() {
        let body = br#"{"code":"lease_lost","message":"gone","request_id":"r1","details":["a","b"]}"#;
        let f = ApiFailure::from_answer(StatusCode::CONFLICT, body, "", None);
        assert_eq!((f.code.as_str(), f.request_id.as_str(), f.details.len()), ("lease_lost", "r1", 2));
        let f = ApiFailure::from_answer(StatusCode::BAD_GATEWAY, b"<html>", "x", None);
        assert_eq!((f.code.as_str(), f.request_id.as_str()), ("http_502", "x"));
        assert!(ClientError::Api(Box::new(f)).is_transient());
    }
}
