//! The middleware in front of every handler: request id, who calls, whether they may.

use super::error::{Error, REQUEST_ID};
use crate::{
    App,
    auth::{
        Identity,
        policy::{self, Access, Denied, Relation},
    },
};
use axum::{
    extract::{MatchedPath, RawPathParams, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::time::Instant;

/// Names the request in answers and in the log; keeps an id that a proxy gave, if it is a sane one.
pub async fn request_id(request: Request, next: Next) -> Response {
    let given = request.headers().get("x-request-id").and_then(|v| v.to_str().ok());
    let id = match given {
        Some(id) if id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
            id.to_string()
        }
        _ => uuid::Uuid::now_v7().to_string(),
    };
    let mut response = REQUEST_ID.scope(id.clone(), next.run(request)).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", value);
    }
    response
}

/// Finds out who calls, asks the policy, counts, and hands on with the [`Identity`] as an extension.
pub async fn authorize(
    State(app): State<App>,
    path: Option<MatchedPath>,
    params: RawPathParams,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let Some(path) = path else {
        // The UI's files are the same for everyone; what they show comes from the API.
        if super::pages::is_page(&method, request.uri().path()) {
            return next.run(request).await;
        }
        return Error::new(
            StatusCode::NOT_FOUND,
            "no_such_route",
            format!("no route {}", request.uri().path()),
        )
        .into_response();
    };
    // Taken out here: a borrowed body could not cross an await.
    let secret = bearer(&request).map(str::to_string);
    let response = match check(&app, &method, path.as_str(), &params, secret.as_deref()).await {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(e) => e.into_response(),
    };
    app.metrics().request(method.as_str(), path.as_str(), response.status().as_u16(), began.elapsed());
    response
}

async fn check(
    app: &App,
    method: &Method,
    path: &str,
    params: &RawPathParams,
    secret: Option<&str>,
) -> Result<Identity, Error> {
    // HEAD is answered by GET handlers.
    let verb = if method == Method::HEAD { "GET" } else { method.as_str() };
    let Some(access) = policy::access(verb, path) else {
        return Err(Error::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("{method} is not an operation of {path}"),
        ));
    };
    let identity = match secret {
        Some(secret) => app.tokens().identify(app, secret).await?,
        None => Identity::Anonymous,
    };
    let param = |name: &str| params.iter().find(|(n, _)| *n == name).map(|(_, v)| v);
    let relation = match (&identity, access) {
        (Identity::User(caller), Access::Project(_)) => Relation {
            level: app.project_level(caller, param("key").unwrap_or("")).await?,
            ..Default::default()
        },
        (Identity::User(caller), Access::Workflow(_)) => Relation {
            level: app
                .workflow_level(caller, param("key").unwrap_or(""), param("workflow").unwrap_or(""))
                .await?,
            ..Default::default()
        },
        (Identity::User(caller), Access::Job(_)) => {
            Relation { level: app.job_level(caller, param("job").unwrap_or("")).await?, ..Default::default() }
        }
        (Identity::User(caller), Access::GroupAdmin) => Relation {
            group_admin: app.is_group_admin(caller, param("group").unwrap_or("")).await?,
            ..Default::default()
        },
        (Identity::User(caller), Access::Myself) => {
            Relation { myself: param("username") == Some(&caller.username), ..Default::default() }
        }
        _ => Relation::default(),
    };
    let mutating = !matches!(*method, Method::GET | Method::HEAD);
    policy::allow(&identity, access, mutating, relation).map_err(|denied| match denied {
        Denied::Unauthenticated => {
            Error::unauthorized("sign in first: `cdsctl login`, or send `Authorization: Bearer <token>`")
        }
        Denied::Hidden => Error::not_found(
            param("workflow")
                .or(param("job"))
                .or(param("key"))
                .unwrap_or("it does not exist, or you may not see it"),
        ),
        Denied::Forbidden => Error::forbidden("you don't have the right to do this"),
        Denied::Scope(scope) => Error::forbidden(format!("this token lacks the scope '{}'", scope.as_str())),
    })?;
    Ok(identity)
}

/// The bearer token of a request.
fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
