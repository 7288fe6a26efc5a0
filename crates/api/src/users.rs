//! Accounts, sign-in and API tokens.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /v1/auth/signup` (also reachable as `/auth/consumer/local/signup`).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignUp {
    /// 3 to 32 of `a-z 0-9 . _ -`.
    pub username: String,
    /// For people.
    #[serde(default)]
    pub fullname: String,
    /// Where the verification mail goes.
    pub email: String,
    /// At least 8 characters.
    pub password: String,
}

/// Answer to a sign-up.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedUp {
    /// `verification_sent`, or `active` on a server without mail.
    pub status: String,
}

/// Body of `POST /v1/auth/signup/verify`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignUpVerify {
    /// From the mail.
    pub token: String,
    /// Makes the first user an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_token: Option<String>,
}

/// Body of `POST /v1/auth/signin`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// Who.
    pub username: String,
    /// Their password.
    pub password: String,
    /// Makes the first user an administrator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init_token: Option<String>,
}

/// Answer of `GET /v1/auth/options`: what the pages in front of the sign-in have to know.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuthOptions {
    /// Whether people may sign up themselves.
    pub signup: bool,
    /// Whether this server sends mail: then a sign-up waits for its mail, and a forgotten password can be reset by one.
    pub mail: bool,
    /// Nobody administers this server yet: the init token that it printed makes somebody do so.
    pub first_admin: bool,
}

/// Body of `POST /v1/auth/password`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordChange {
    /// The password until now.
    pub current: String,
    /// At least 8 characters.
    pub password: String,
}

/// Body of `POST /v1/auth/reset`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PasswordForgotten {
    /// Mail address of the account.
    pub email: String,
}

/// Body of `POST /v1/auth/reset/confirm`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct PasswordReset {
    /// From the mail or the link.
    pub token: String,
    /// The new one; at least 8 characters.
    pub password: String,
}

/// Answer of `POST /v1/users/{username}/reset`: what an administrator hands to somebody who forgot their password.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct ResetLink {
    /// Good for one use.
    pub token: String,
    /// The page where a new password is chosen; holds the token.
    pub url: String,
    /// RFC 3339; until when.
    pub expires: String,
}

/// A session.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Bearer token.
    pub token: String,
    /// RFC 3339.
    pub expires: String,
    /// Who signed in.
    pub user: User,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Id.
    pub id: String,
    /// Unique.
    pub username: String,
    /// For people.
    pub fullname: String,
    /// `ADMIN`, `MAINTAINER` or `USER`.
    pub ring: String,
    /// Organization; `default`.
    pub organization: String,
    /// RFC 3339.
    pub created: String,
}

/// Body of `POST /v1/auth/tokens`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TokenCreate {
    /// For people.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// Any of `user project workflow run admin hatchery read`; empty = all the owner may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Days until it ends; 0 = 365.
    #[serde(default)]
    pub duration_days: u32,
}

/// A token without its secret.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Id.
    pub id: String,
    /// `session`, `api`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub name: String,
    /// For people.
    pub description: String,
    /// Empty = all.
    pub scopes: Vec<String>,
    /// RFC 3339.
    pub created: String,
    /// RFC 3339.
    pub expires: String,
    /// RFC 3339; empty = never used.
    pub last_used: String,
    /// True for the token of this call.
    pub current: bool,
}

/// A new token; the secret is shown this once.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenCreated {
    /// The bearer token.
    pub secret: String,
    /// What it is.
    pub token: Token,
}

/// Body of `POST /v1/users/{username}/gpg-keys`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GpgKeyImport {
    /// Armored public key.
    pub public_key: String,
}

/// A user's OpenPGP key.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GpgKey {
    /// Long key id, upper-case hex.
    pub key_id: String,
    /// Armored public key.
    pub public_key: String,
}
