//! Extractors whose refusals are `ApiError`s instead of plain text.

use super::error::Error;
use crate::App;
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request, rejection::JsonRejection},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};

/// A JSON body, in or out.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Error;
    async fn from_request(req: Request, app: &App) -> Result<Self, Error> {
        let refused = |e: JsonRejection| unreadable(app, e.status(), &e.body_text());
        // Workers and hatcheries of a later version may say more than this server knows.
        if ["/v1/worker/", "/v1/hatchery/"].iter().any(|part| req.uri().path().starts_with(part)) {
            return Ok(Self(axum::Json::<T>::from_request(req, app).await.map_err(refused)?.0));
        }
        let (parts, body) = req.into_parts();
        let Raw(bytes) = Raw::from_request(Request::from_parts(parts.clone(), body), app).await?;
        let req = Request::from_parts(parts, bytes.clone().into());
        let axum::Json(value) = axum::Json::<T>::from_request(req, app).await.map_err(refused)?;
        if let Some(key) = unknown_key::<T>(&bytes) {
            return Err(Error::bad_request(format!(
                "unknown key `{key}` in the body: it would have no effect"
            )));
        }
        Ok(Self(value))
    }
}

/// The first key of a JSON body that its type does not know, with those it is in: `a.b`. A misspelt one must not pass for
/// one that was left out.
fn unknown_key<T: DeserializeOwned>(bytes: &[u8]) -> Option<String> {
    let mut first = None;
    let mut body = serde_json::Deserializer::from_slice(bytes);
    let _ = serde_ignored::deserialize::<_, _, T>(&mut body, |path| {
        first.get_or_insert_with(|| path.to_string().chars().take(200).collect::<String>());
    });
    first
}

/// A body as it came.
#[derive(Clone, Debug)]
pub struct Raw(pub Bytes);

impl FromRequest<App> for Raw {
    type Rejection = Error;
    async fn from_request(req: Request, app: &App) -> Result<Self, Error> {
        let bytes = Bytes::from_request(req, app).await;
        Ok(Self(bytes.map_err(|e| unreadable(app, e.status(), &e.body_text()))?))
    }
}

/// The refusal of a body.
fn unreadable(app: &App, status: StatusCode, why: &str) -> Error {
    if status == StatusCode::PAYLOAD_TOO_LARGE {
        let limit = app.config().max_body;
        return Error::too_large(format!(
            "the body has more than {limit} bytes, which this server does not take (its setting max_body)"
        ));
    }
    // What the message quotes of the body may be all of it.
    Error::bad_request(why.chars().take(1000).collect::<String>())
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Query parameters.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let axum::extract::Query(value) = axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map_err(|e| Error::bad_request(e.body_text()))?;
        Ok(Self(value))
    }
}

/// Path parameters.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let axum::extract::Path(value) = axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map_err(|e| Error::bad_request(e.body_text()))?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for crate::auth::Caller {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        match parts.extensions.get::<crate::auth::Identity>() {
            Some(crate::auth::Identity::User(caller)) => Ok(caller.clone()),
            _ => Err(Error::unauthorized("sign in first")),
        }
    }
}
