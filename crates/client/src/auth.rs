//! Sign-up, sign-in, API tokens; the server's health and version.

use crate::{Client, ClientError};
use cds_api::{
    Health, Version,
    users::{
        PasswordChange, PasswordForgotten, PasswordReset, ResetLink, Session, SignIn, SignUp, SignUpVerify,
        SignedUp, Token, TokenCreate, TokenCreated,
    },
};
use reqwest::{Method, StatusCode};

impl Client {
    /// Asks for an account; a mail with a token follows.
    pub async fn signup(&self, body: &SignUp) -> Result<SignedUp, ClientError> {
        self.post("/v1/auth/signup", body).await
    }
    /// Confirms an account with the token from the mail.
    pub async fn signup_verify(&self, body: &SignUpVerify) -> Result<Session, ClientError> {
        self.post("/v1/auth/signup/verify", body).await
    }
    /// Opens a session.
    pub async fn signin(&self, body: &SignIn) -> Result<Session, ClientError> {
        self.post("/v1/auth/signin", body).await
    }
    /// Changes the caller's password; their other sessions end.
    pub async fn password_change(&self, body: &PasswordChange) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/auth/password").json(body)?.send_unit().await
    }
    /// Asks for a mail with which a forgotten password is set anew.
    pub async fn password_forgotten(&self, body: &PasswordForgotten) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/auth/reset").json(body)?.send_unit().await
    }
    /// Sets a new password with the token from the mail, and opens a session.
    pub async fn password_reset(&self, body: &PasswordReset) -> Result<Session, ClientError> {
        self.post("/v1/auth/reset/confirm", body).await
    }
    /// A link with which a user chooses a new password; for administrators.
    pub async fn user_reset(&self, username: &str) -> Result<ResetLink, ClientError> {
        self.post(format!("/v1/users/{}/reset", Self::segment(username)), &()).await
    }
    /// Ends the session or token this client carries.
    pub async fn signout(&self) -> Result<(), ClientError> {
        self.call(Method::POST, "/v1/auth/signout").send_unit().await
    }
    /// The caller's sessions and tokens.
    pub async fn tokens(&self) -> Result<Vec<Token>, ClientError> {
        self.get("/v1/auth/tokens").await
    }
    /// Makes an API token of the caller; its secret is in this answer only.
    pub async fn token_create(&self, body: &TokenCreate) -> Result<TokenCreated, ClientError> {
        self.post("/v1/auth/tokens", body).await
    }
    /// Ends a session or token of the caller.
    pub async fn token_delete(&self, id: &str) -> Result<(), ClientError> {
        self.delete(format!("/v1/auth/tokens/{}", Self::segment(id))).await
    }
    /// Whether the server's parts work.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.get("/v1/health").await
    }
    /// The same, also of a server that is not well (503): then it says what is wrong.
    pub async fn health_report(&self) -> Result<Health, ClientError> {
        self.call(Method::GET, "/v1/health").taking(StatusCode::SERVICE_UNAVAILABLE).once().send().await
    }
    /// Version of the server.
    pub async fn version(&self) -> Result<Version, ClientError> {
        self.call(Method::GET, "/v1/version").once().send().await
    }
}
