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
