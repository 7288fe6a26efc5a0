//! Signing up, signing in, and tokens.

use crate::{
    App,
    auth::Caller,
    http::{
        error::Result,
        extract::{Json, Path},
    },
};
use axum::{extract::State, http::StatusCode};
use cds_api::users::{
    AuthOptions, PasswordChange, PasswordForgotten, PasswordReset, Session, SignIn, SignUp, SignUpVerify,
    SignedUp, Token, TokenCreate, TokenCreated,
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Routes of this file.
pub fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(signup))
        .routes(routes!(signup_alias))
        .routes(routes!(verify))
        .routes(routes!(signin))
        .routes(routes!(signout))
        .routes(routes!(options))
        .routes(routes!(change_password))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
        .routes(routes!(list_tokens, create_token))
        .routes(routes!(delete_token))
}

/// Asks for an account.
#[utoipa::path(post, path = "/v1/auth/signup", tag = "auth", request_body = SignUp, responses((status = 201, body = SignedUp)))]
async fn signup(State(app): State<App>, Json(body): Json<SignUp>) -> Result<(StatusCode, Json<SignedUp>)> {
    Ok((StatusCode::CREATED, Json(app.sign_up(body).await?)))
}

/// Asks for an account, under the address that scripts for the reference use.
#[utoipa::path(post, path = "/auth/consumer/local/signup", tag = "auth", request_body = SignUp, responses((status = 201, body = SignedUp)))]
async fn signup_alias(state: State<App>, body: Json<SignUp>) -> Result<(StatusCode, Json<SignedUp>)> {
    signup(state, body).await
}

/// Confirms an account with the token from the mail.
#[utoipa::path(post, path = "/v1/auth/signup/verify", tag = "auth", request_body = SignUpVerify, responses((status = 200, body = Session)))]
async fn verify(State(app): State<App>, Json(body): Json<SignUpVerify>) -> Result<Json<Session>> {
    Ok(Json(app.sign_up_verify(body).await?))
}

/// Opens a session.
#[utoipa::path(post, path = "/v1/auth/signin", tag = "auth", request_body = SignIn, responses((status = 200, body = Session), (status = 401, description = "Unknown user or wrong password"), (status = 429, description = "Too many attempts; see Retry-After")))]
async fn signin(State(app): State<App>, Json(body): Json<SignIn>) -> Result<Json<Session>> {
    Ok(Json(app.sign_in(body).await?))
}

/// Ends the session or token of this call.
#[utoipa::path(post, path = "/v1/auth/signout", tag = "auth", responses((status = 204)))]
async fn signout(State(app): State<App>, caller: Caller) -> Result<StatusCode> {
    app.sign_out(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What may be done before signing in.
#[utoipa::path(get, path = "/v1/auth/options", tag = "auth", responses((status = 200, body = AuthOptions)))]
async fn options(State(app): State<App>) -> Result<Json<AuthOptions>> {
    Ok(Json(app.auth_options().await?))
}

/// Changes the caller's password and ends their other sessions.
#[utoipa::path(post, path = "/v1/auth/password", tag = "auth", request_body = PasswordChange, responses((status = 204), (status = 400, description = "The current password is not right, or the new one not acceptable"), (status = 429, description = "Too many attempts; see Retry-After")))]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<PasswordChange>,
) -> Result<StatusCode> {
    app.change_password(&caller, body).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks for a mail to reset a password. Says the same whether or not there is such an account.
#[utoipa::path(post, path = "/v1/auth/reset", tag = "auth", request_body = PasswordForgotten, responses((status = 202), (status = 503, description = "This server sends no mail")))]
async fn forgot_password(State(app): State<App>, Json(body): Json<PasswordForgotten>) -> Result<StatusCode> {
    app.forgot_password(body).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Sets a new password with the token from the mail, ends every session of the account and opens one.
#[utoipa::path(post, path = "/v1/auth/reset/confirm", tag = "auth", request_body = PasswordReset, responses((status = 200, body = Session), (status = 400, description = "The token is unknown, was used, or has expired")))]
async fn reset_password(State(app): State<App>, Json(body): Json<PasswordReset>) -> Result<Json<Session>> {
    Ok(Json(app.reset_password(body).await?))
}

/// Sessions and tokens of the caller.
#[utoipa::path(get, path = "/v1/auth/tokens", tag = "auth", responses((status = 200, body = Vec<Token>)))]
async fn list_tokens(State(app): State<App>, caller: Caller) -> Result<Json<Vec<Token>>> {
    Ok(Json(app.tokens_of(&caller).await?))
}

/// Makes a token for programs.
#[utoipa::path(post, path = "/v1/auth/tokens", tag = "auth", request_body = TokenCreate, responses((status = 201, body = TokenCreated)))]
async fn create_token(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<TokenCreate>,
) -> Result<(StatusCode, Json<TokenCreated>)> {
    Ok((StatusCode::CREATED, Json(app.create_token(&caller, body).await?)))
}

/// Ends a session or token of the caller.
#[utoipa::path(delete, path = "/v1/auth/tokens/{id}", tag = "auth", params(("id" = String, Path)), responses((status = 204)))]
async fn delete_token(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode> {
    app.delete_token(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
