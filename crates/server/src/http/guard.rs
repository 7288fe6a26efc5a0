//! The middleware in front of every handler: request id, who calls, whether they may.

use super::{
    error::{Error, REQUEST_ID},
    news, origin,
};
use crate::{
    App,
    app::downloads,
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

const GUARDS: [(header::HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
    (header::REFERRER_POLICY, "no-referrer"),
];

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
    // Answers are data: if a browser is led to one, it neither guesses a type nor runs anything. Pages say more.
    let headers = response.headers_mut();
    for (name, value) in GUARDS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
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
    if let Err(e) = origin::check(&app, &request) {
        return e.into_response();
    }
    // Taken out here: a borrowed body could not cross an await.
    let secret = bearer(&request).map(str::to_string);
    let ticket = match secret {
        None if downloads::takes_ticket(path.as_str()) => ticket(&request),
        _ => None,
    };
    let known = match (ticket, secret) {
        (Some(ticket), _) => app.ticket_holder(ticket, request.uri().path()).await,
        (None, Some(secret)) => app.tokens().identify(&app, &secret).await,
        (None, None) => Ok(Identity::Anonymous),
    };
    let allowed = match known {
        Ok(identity) => check(&app, &method, path.as_str(), &params, identity).await,
        Err(e) => Err(e),
    };
    let response = match allowed {
        Ok(identity) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
        Err(e) => e.into_response(),
    };
    if let Some(news) = news::of(&method, path.as_str(), &params, response.status()) {
        app.tell(news).await;
    }
    app.metrics().request(method.as_str(), path.as_str(), response.status().as_u16(), began.elapsed());
    response
}

async fn check(
    app: &App,
    method: &Method,
    path: &str,
    params: &RawPathParams,
    identity: Identity,
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
        Denied::Hidden => hidden(access, param),
        Denied::Forbidden => Error::forbidden("you don't have the right to do this"),
        Denied::Scope(scope) => Error::forbidden(format!("this token lacks the scope '{}'", scope.as_str())),
    })?;
    Ok(identity)
}

/// What a caller hears of something that is not there or not theirs to see: the same for both (S29).
fn hidden<'a>(access: Access, param: impl Fn(&str) -> Option<&'a str>) -> Error {
    let name = |what: &str| param(what).unwrap_or("");
    Error::not_found(match access {
        Access::Workflow(_) => format!("workflow {}/{}", name("key"), name("workflow")),
        Access::Job(_) => format!("job {}", name("job")),
        _ => format!("project {}", name("key")),
    })
}

/// The ticket in the address of a request that reads.
fn ticket(request: &Request) -> Option<String> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    request.uri().query()?.strip_prefix("ticket=").filter(|_| reads).map(str::to_string)
}

/// The bearer token of a request.
fn bearer(request: &Request) -> Option<&str> {
    let value = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}
