//! One error type for handlers, mapped once to the wire. Faults of ours (5xx) are logged here and nowhere else.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cds_api::ApiError;

/// What a handler may answer instead of its result.
#[derive(Debug)]
pub struct Error {
    status: StatusCode,
    code: &'static str,
    id: Option<u32>,
    message: String,
    details: Vec<String>,
    retry_after_s: Option<u64>,
}

/// When to try again what failed for a reason that passes, seconds.
const LATER: u64 = 2;

/// Result of a handler.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Any error.
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, id: None, message: message.into(), details: Vec::new(), retry_after_s: None }
    }
    /// 400: the request makes no sense; the message says what to change.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }
    /// 401: no valid token.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }
    /// 403: known and not allowed.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message)
    }
    /// 404: not there, or not to be seen by this caller.
    pub fn not_found(what: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", format!("resource not found: {what}"))
    }
    /// 409: in the way of something else.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }
    /// 409: this attempt of the job belongs to somebody else now.
    pub fn lease_lost() -> Self {
        Self::new(StatusCode::CONFLICT, "lease_lost", "this attempt of the job is over; drop it")
    }
    /// 409: a worker's question was answered before; the last one that was has this number.
    pub fn old_take(last: i64) -> Self {
        let message =
            format!("take {last} was the last to be answered: the next one is {}", last.saturating_add(1));
        Self::new(StatusCode::CONFLICT, "old_take", message).details(vec![format!("take={last}")])
    }
    /// 413: larger than allowed.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
    }
    /// 507: there is no room on a disk of the server's.
    pub fn disk_full(what: impl std::fmt::Display) -> Self {
        let message = format!(
            "a disk of the server is full, nothing was stored; an administrator has to make room, then it goes on by itself: try again later ({what})"
        );
        Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", message).retry_after(LATER)
    }
    /// 500: our fault; the caller sees no more than the request id. A database without room is [`Error::disk_full`],
    /// one out of reach [`Error::store_away`].
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        if cds_store::says_full(&cause.to_string()) {
            tracing::warn!(%cause, request_id, "a disk is full");
            return Self::disk_full("the database");
        }
        if cds_store::says_away(&cause.to_string()) {
            return Self::store_away(cause);
        }
        tracing::error!(%cause, request_id, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "internal error; the server's log says more")
    }
    /// 503: the database does not answer, and nothing can be said without it. One without room is
    /// [`Error::disk_full`].
    pub fn store_away(cause: impl std::fmt::Display) -> Self {
        if cds_store::says_full(&cause.to_string()) {
            return Self::internal(cause);
        }
        let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        tracing::warn!(%cause, request_id, "the database does not answer");
        let message = "the database does not answer, try again later; the server's log says more";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_away", message).retry_after(LATER)
    }
    /// With the reference's numeric id (spec 2.3).
    pub fn id(mut self, id: u32) -> Self {
        self.id = Some(id);
        self
    }
    /// With further lines.
    pub fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
    /// With the time to wait before another try, seconds.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
    /// The HTTP status it will have.
    pub fn status(&self) -> StatusCode {
        self.status
    }
    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

tokio::task_local! {
    /// Id of the request being answered.
    pub static REQUEST_ID: String;
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let request_id = REQUEST_ID.try_with(Clone::clone).unwrap_or_default();
        let body = ApiError {
            code: self.code.into(),
            message: self.message,
            id: self.id,
            details: self.details,
            request_id,
        };
        let mut response = (self.status, Json(body)).into_response();
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(axum::http::header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
