//! Passwords that are changed by who knows them, and set anew by who forgot them (spec client 2.4).
//!
//! A new password ends every other session of the account. Its API tokens stay: programs live by them, and they are
//! listed and revoked where they were made.

use super::{
    accounts::{self, LONGEST_PASSWORD, check_password, has_admin, open_session},
    mail,
    refuse::{Fault, missing},
};
use crate::{
    App,
    auth::{
        Caller, password,
        tokens::{fresh_secret, fresh_token, kind},
    },
    http::error::{Error, Result},
};
use axum::http::StatusCode;
use cds_api::users::{AuthOptions, PasswordChange, PasswordForgotten, PasswordReset, ResetLink, Session};
use cds_model::{Timestamp, UserId};
use cds_store::{tokens, users};
use std::time::Duration;

/// A mail can be read by others: its token lives shortly.
const BY_MAIL: Duration = Duration::from_secs(3600);
/// A link that an administrator hands over may have a way to go.
const BY_HAND: Duration = Duration::from_secs(24 * 3600);

impl App {
    /// What the pages in front of the sign-in have to know.
    pub async fn auth_options(&self) -> Result<AuthOptions> {
        Ok(AuthOptions {
            signup: self.config().signup_enabled,
            mail: self.config().smtp.is_some(),
            first_admin: !self.reading(|tx| Ok(has_admin(tx)?)).await?,
        })
    }

    /// Changes the caller's password; their other sessions end.
    pub async fn change_password(&self, caller: &Caller, body: PasswordChange) -> Result<()> {
        check_password(&body.password)?;
        // Whoever found an open session must not be able to try passwords faster than at the sign-in.
        self.attempt(&caller.username)?;
        let (id, now_token) = (caller.user, caller.token);
        let before = self.reading(move |tx| Ok(users::get(tx, id)?)).await?.map(|u| u.password);
        let right =
            body.current.len() <= LONGEST_PASSWORD && password::verify(body.current, before.clone()).await;
        if !right {
            return Err(Error::bad_request("the current password is not right").id(25));
        }
        self.tokens().attempts.succeeded(&caller.username);
        let hash = password::hash(body.password).await.map_err(Error::internal)?;
        self.writing(move |tx| {
            let gone = || Error::conflict("the account was changed at the same moment: try again");
            let mut user = users::get(tx, id)?.ok_or_else(gone)?;
            if Some(&user.password) != before.as_ref() {
                return Err(gone().into());
            }
            user.password.clone_from(&hash);
            users::update(tx, &user)?;
            let owner = id.to_string();
            tokens::delete_kind(tx, &owner, kind::SESSION, now_token)?;
            tokens::delete_kind(tx, &owner, kind::RESET, now_token)?;
            Ok(())
        })
        .await?;
        self.tokens().forget();
        Ok(())
    }

    /// Sends a mail with a reset token, if there is such an account. The answer, and the time until it, are the same
    /// if there is none.
    pub async fn forgot_password(&self, body: PasswordForgotten) -> Result<()> {
        let Some(smtp) = self.config().smtp.clone() else {
            return Err(Error::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "no_mail",
                "this server sends no mail: ask an administrator for a link (cdsctl user reset-password NAME)",
            ));
        };
        let email = body.email.trim().to_lowercase();
        let counted: String = email.chars().take(64).collect();
        self.attempt(&format!("reset of {counted}"))?;
        let app = self.clone();
        // Whether an account was found must not be seen in how long this took.
        tokio::spawn(async move {
            if let Err(e) = app.send_reset(&smtp, email).await {
                tracing::error!(error = %e, "a mail to reset a password was not sent");
            }
        });
        Ok(())
    }

    async fn send_reset(&self, smtp: &crate::config::Smtp, email: String) -> std::result::Result<(), String> {
        let address = email.clone();
        let user =
            self.reading(move |tx| Ok(users::by_email(tx, &address)?)).await.map_err(|e| e.to_string())?;
        let Some(user) = user.filter(|u| u.verified) else { return Ok(()) };
        let (secret, _) = self.new_reset(user.id, BY_MAIL).await.map_err(|e| e.to_string())?;
        let text = format!(
            "Hello {name},\n\nto choose a new password open this page within an hour:\n\n\
             {url}/reset-password#{secret}\n\n\
             or, on a command line:\n\n\
             $ cdsctl reset-password confirm --api-url {url} {secret}\n\n\
             If you did not ask for this, forget this mail: your password stays as it is.\n",
            name = user.username,
            url = self.url()
        );
        mail::send(smtp, &email, "[CDS] Reset your password", text).await
    }

    async fn new_reset(&self, user: UserId, lasts: Duration) -> Result<(String, Timestamp)> {
        let now = self.now();
        let (secret, row) = (fresh_secret(), fresh_token(kind::RESET, user, "reset", now, lasts));
        let (given, until) = (secret.clone(), row.expires);
        self.writing(move |tx| Ok(tokens::insert(tx, &row, &given)?)).await?;
        Ok((secret, until))
    }

    /// A link for somebody who forgot their password, for an administrator to hand over.
    pub async fn reset_link(&self, username: &str) -> Result<ResetLink> {
        let name = username.to_string();
        let user = self.reading(move |tx| Ok(users::by_name(tx, &name)?)).await?;
        let user = user.filter(|u| u.verified).ok_or_else(|| missing(format!("user {username}")))?;
        let (token, until) = self.new_reset(user.id, BY_HAND).await?;
        let url = format!("{}/reset-password#{token}", self.url());
        Ok(ResetLink { token, url, expires: until.to_rfc3339() })
    }

    /// Sets a new password by a reset token, and opens a session.
    pub async fn reset_password(&self, body: PasswordReset) -> Result<Session> {
        check_password(&body.password)?;
        // Hashing costs; a token that is worth nothing must not make us pay for it.
        let (given, now) = (body.token.trim().to_string(), self.now());
        let known = given.clone();
        let unknown =
            || Error::bad_request("this link is unknown, was used, or has expired: ask for another").id(82);
        let found = self.reading(move |tx| Ok(tokens::by_secret(tx, &known, now)?)).await?;
        if found.is_none_or(|t| t.kind != kind::RESET) {
            return Err(unknown());
        }
        let hash = password::hash(body.password).await.map_err(Error::internal)?;
        let (secret, until) = self.session(now);
        let session = secret.clone();
        let user = self
            .writing(move |tx| {
                let token =
                    tokens::take(tx, &given, kind::RESET, now)?.ok_or_else(|| Fault::Refused(unknown()))?;
                let id: UserId = token.owner.parse().map_err(|_| Fault::Refused(unknown()))?;
                let mut user = users::get(tx, id)?.ok_or_else(|| Fault::Refused(unknown()))?;
                user.password.clone_from(&hash);
                users::update(tx, &user)?;
                for ended in [kind::SESSION, kind::RESET] {
                    tokens::delete_kind(tx, &token.owner, ended, token.id)?;
                }
                open_session(tx, user.id, &session, now, until)?;
                Ok(user)
            })
            .await?;
        self.tokens().forget();
        Ok(Session { token: secret, expires: until.to_rfc3339(), user: accounts::shown(&user) })
    }
}
