//! Accounts: signing up, confirming, signing in, and who becomes the first administrator (spec client 2.4).

use super::{
    mail,
    refuse::{Fault, Tried},
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
use cds_api::users::{Session, SignIn, SignUp, SignUpVerify, SignedUp, User};
use cds_model::{Secret, Timestamp, UserId};
use cds_store::{Tx, groups, settings, tokens, users};
use sha2::{Digest, Sha256};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);
const INIT_TOKEN: &str = "init_token";
const SHORTEST_PASSWORD: usize = 8;
/// Longer ones would only cost time to hash.
pub(super) const LONGEST_PASSWORD: usize = 256;

/// A user as the API shows one.
pub fn shown(u: &users::User) -> User {
    User {
        id: u.id.to_string(),
        username: u.username.clone(),
        fullname: u.fullname.clone(),
        ring: u.ring.clone(),
        organization: u.organization.clone(),
        created: u.created.to_rfc3339(),
    }
}

fn check_username(name: &str) -> Result<()> {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if (3..=32).contains(&name.len()) && name.bytes().all(legal) && name != "me" {
        return Ok(());
    }
    Err(Error::bad_request(format!("'{name}' is not a user name: use 3 to 32 of a-z, 0-9, '.', '_' and '-'"))
        .id(74))
}

pub(super) fn check_password(password: &str) -> Result<()> {
    let length = password.chars().count();
    if length < SHORTEST_PASSWORD {
        return Err(Error::bad_request("the password is too short: use at least 8 characters").id(74));
    }
    if password.len() > LONGEST_PASSWORD {
        return Err(Error::bad_request("the password is too long: use at most 256 bytes").id(74));
    }
    Ok(())
}

pub(super) fn has_admin(tx: &mut Tx<'_>) -> cds_store::Result<bool> {
    Ok(users::list(tx)?.iter().any(|u| u.verified && u.ring == "ADMIN"))
}

fn stored_init_token(tx: &mut Tx<'_>) -> cds_store::Result<Option<String>> {
    let Some(sealed) = settings::get(tx, INIT_TOKEN)? else { return Ok(None) };
    tx.secrets().open_text("setting", "value", INIT_TOKEN, &sealed).map(Some)
}

/// Makes a new user a member of the group that all new users are members of; no name = there is none.
fn join(tx: &mut Tx<'_>, group: &str, user: UserId, now: Timestamp) -> Tried<()> {
    if group.is_empty() {
        return Ok(());
    }
    let id = match groups::by_name(tx, group)? {
        Some(known) => known.id,
        None => {
            let new = super::groups::fresh(group, now);
            groups::insert(tx, &new)?;
            new.id
        }
    };
    Ok(groups::put_member(tx, id, user, false)?)
}

/// Makes a user administrator if nobody is one and the init token is right. Once there is one, a token has no effect.
fn promote(tx: &mut Tx<'_>, user: &mut users::User, given: Option<&str>) -> Tried<()> {
    let Some(given) = given.filter(|t| !t.is_empty()) else { return Ok(()) };
    if has_admin(tx)? {
        return Ok(());
    }
    // Comparing hashes tells nothing about how much of a wrong token was right.
    let right = stored_init_token(tx)?.is_some_and(|t| Sha256::digest(&t) == Sha256::digest(given.trim()));
    if !right {
        return Err(Fault::Refused(
            Error::bad_request("invalid given init token: the server prints it when it starts").id(74),
        ));
    }
    user.ring = "ADMIN".into();
    users::update(tx, user)?;
    settings::delete(tx, INIT_TOKEN)?;
    Ok(())
}

/// Opens a session.
pub(super) fn open_session(
    tx: &mut Tx<'_>,
    user: UserId,
    secret: &str,
    now: Timestamp,
    until: Timestamp,
) -> Tried<()> {
    let token =
        tokens::Token { expires: until, ..fresh_token(kind::SESSION, user, "sign-in", now, Duration::ZERO) };
    Ok(tokens::insert(tx, &token, secret)?)
}

impl App {
    /// What makes the first administrator; `None` once there is one.
    ///
    /// # Errors
    /// The database failed.
    pub async fn init_token(&self) -> Result<Option<String>> {
        self.writing(|tx| {
            if has_admin(tx)? {
                settings::delete(tx, INIT_TOKEN)?;
                return Ok(None);
            }
            // A token sealed under a key that is gone is worth nothing: then a new one is made.
            if let Ok(Some(token)) = stored_init_token(tx) {
                return Ok(Some(token));
            }
            let token = fresh_secret();
            let sealed = tx.secrets().seal("setting", "value", INIT_TOKEN, token.as_bytes())?;
            settings::set(tx, INIT_TOKEN, &sealed)?;
            Ok(Some(token))
        })
        .await
    }

    /// Makes an administrator, unless there is one. An account of that name becomes it and gets the password.
    ///
    /// # Errors
    /// The name or password is not acceptable.
    pub async fn create_first_admin(&self, username: &str, secret: Secret<String>) -> Result<()> {
        check_username(username)?;
        check_password(secret.expose())?;
        if self.reading(|tx| Ok(has_admin(tx)?)).await? {
            return Ok(());
        }
        let hash = password::hash(secret.into_exposed()).await.map_err(Error::internal)?;
        let (username, now) = (username.to_string(), self.now());
        self.writing(move |tx| {
            if has_admin(tx)? {
                return Ok(());
            }
            match users::by_name(tx, &username)? {
                Some(mut user) => {
                    user.ring = "ADMIN".into();
                    user.verified = true;
                    user.password = hash.clone();
                    users::update(tx, &user)?;
                }
                None => users::insert(
                    tx,
                    &users::User {
                        id: UserId::new(),
                        username: username.clone(),
                        fullname: username.clone(),
                        email: format!("{username}@localhost"),
                        password: hash.clone(),
                        ring: "ADMIN".into(),
                        organization: "default".into(),
                        verified: true,
                        created: now,
                    },
                )?,
            }
            settings::delete(tx, INIT_TOKEN)?;
            Ok(())
        })
        .await?;
        self.tokens().forget();
        Ok(())
    }

    /// Counts an attempt that costs a password hash.
    pub(super) fn attempt(&self, name: &str) -> Result<()> {
        self.tokens().attempts.attempt(name, self.now()).map_err(|wait_s| {
            Error::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_attempts",
                format!("too many attempts: try again in {wait_s} s"),
            )
            .retry_after(wait_s)
        })
    }

    /// Makes an account: active at once, or, where there is a mail server, after its mail was read.
    pub async fn sign_up(&self, body: SignUp) -> Result<SignedUp> {
        if !self.config().signup_enabled {
            return Err(Error::forbidden("Sign up is disabled: ask an administrator for an account").id(182));
        }
        check_username(&body.username)?;
        check_password(&body.password)?;
        let email = body.email.trim().to_lowercase();
        if email.parse::<lettre::Address>().is_err() {
            return Err(Error::bad_request(format!("'{email}' is not a mail address")).id(74));
        }
        if body.fullname.chars().count() > 255 {
            return Err(Error::bad_request("the full name is too long: use at most 255 characters").id(74));
        }
        self.attempt(&format!("sign-up of {}", body.username))?;
        let hash = password::hash(body.password).await.map_err(Error::internal)?;
        let now = self.now();
        let verified = self.config().smtp.is_none();
        let user = users::User {
            id: UserId::new(),
            fullname: if body.fullname.is_empty() { body.username.clone() } else { body.fullname },
            username: body.username,
            email: email.clone(),
            password: hash,
            ring: "USER".into(),
            organization: "default".into(),
            verified,
            created: now,
        };
        let secret = fresh_secret();
        let token = secret.clone();
        let group = self.config().default_group.clone();
        self.writing(move |tx| {
            let taken = |what: &str| {
                Fault::Refused(Error::bad_request(format!("cannot create a user with given {what}")).id(74))
            };
            let mut user = user.clone();
            // Each mail confirms the password of its own sign-up: whoever signs up again under the same name and
            // address can't put theirs under another's confirmation.
            let hash = user.password.clone();
            let of_name = users::by_name(tx, &user.username)?;
            let of_mail = users::by_email(tx, &user.email)?;
            match (of_name, of_mail) {
                // Signing up again before the mail was read sends another one.
                (Some(a), Some(b)) if a.id == b.id && !a.verified => user.id = a.id,
                (Some(_), _) => return Err(taken("username")),
                (None, Some(_)) => return Err(taken("email")),
                (None, None) => users::insert(tx, &user)?,
            }
            if user.verified {
                join(tx, &group, user.id, now)?;
            }
            if !user.verified {
                let token_of = tokens::Token {
                    description: hash,
                    ..fresh_token(kind::VERIFY, user.id, "sign-up", now, DAY)
                };
                tokens::insert(tx, &token_of, &token)?;
            }
            Ok(())
        })
        .await?;
        let Some(smtp) = &self.config().smtp else { return Ok(SignedUp { status: "active".into() }) };
        let text = format!(
            "Welcome to CDS,\n\nto confirm your account open this page within a day:\n\n\
             {url}/signup/verify#{secret}\n\n\
             or, on a command line:\n\n\
             $ cdsctl signup verify --api-url {url} {secret}\n\n\
             If you did not ask for an account, forget this mail.\n",
            url = self.url()
        );
        mail::send(smtp, &email, "[CDS] Welcome to CDS", text).await.map_err(|e| {
            tracing::error!(error = %e, "a sign-up mail was not sent");
            Error::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "mail_failed",
                "the mail with the instructions could not be sent: try again later",
            )
        })?;
        Ok(SignedUp { status: "verification_sent".into() })
    }

    /// Confirms an account and opens a session.
    pub async fn sign_up_verify(&self, body: SignUpVerify) -> Result<Session> {
        let now = self.now();
        let (secret, until) = self.session(now);
        let given = secret.clone();
        let group = self.config().default_group.clone();
        let user = self
            .writing(move |tx| {
                let unknown = || {
                    Fault::Refused(
                        Error::bad_request(
                            "this token is unknown or has expired: sign up again to get another",
                        )
                        .id(82),
                    )
                };
                let token = tokens::take(tx, body.token.trim(), kind::VERIFY, now)?.ok_or_else(unknown)?;
                let id: UserId = token.owner.parse().map_err(|_| unknown())?;
                let mut user = users::get(tx, id)?.ok_or_else(unknown)?;
                if user.verified {
                    return Err(unknown());
                }
                user.verified = true;
                user.password.clone_from(&token.description);
                users::update(tx, &user)?;
                join(tx, &group, user.id, now)?;
                tokens::delete_of(tx, &token.owner)?;
                promote(tx, &mut user, body.init_token.as_deref())?;
                open_session(tx, user.id, &given, now, until)?;
                Ok(user)
            })
            .await?;
        if user.ring == "ADMIN" {
            self.forget_init_token();
        }
        Ok(Session { token: secret, expires: until.to_rfc3339(), user: shown(&user) })
    }

    /// With the first administrator the init token has done its work: the copy that can be printed goes.
    fn forget_init_token(&self) {
        // Not there on a server whose token was never shown.
        let _ = std::fs::remove_file(self.config().data.join("init-token"));
    }

    /// Opens a session by user name and password.
    pub async fn sign_in(&self, body: SignIn) -> Result<Session> {
        // No user name is longer, and what is remembered must have an end.
        let counted: String = body.username.chars().take(64).collect();
        self.attempt(&counted)?;
        let name = body.username.clone();
        let found = self.reading(move |tx| Ok(users::by_name(tx, &name)?)).await?;
        let phc = found.as_ref().map(|u| u.password.clone());
        let right = body.password.len() <= LONGEST_PASSWORD && password::verify(body.password, phc).await;
        let Some(user) = found.filter(|_| right) else {
            return Err(Error::unauthorized("invalid user or password").id(25));
        };
        if !user.verified {
            return Err(Error::forbidden(
                "this account is not confirmed yet: follow the instructions in the mail",
            ));
        }
        self.tokens().attempts.succeeded(&counted);
        let now = self.now();
        let (secret, until) = self.session(now);
        let given = secret.clone();
        let (user, promoted) = self
            .writing(move |tx| {
                // The account may have changed while the password was checked.
                let mut user = users::get(tx, user.id)?
                    .ok_or_else(|| Error::unauthorized("invalid user or password").id(25))?;
                let before = user.ring.clone();
                promote(tx, &mut user, body.init_token.as_deref())?;
                open_session(tx, user.id, &given, now, until)?;
                let promoted = user.ring != before;
                Ok((user, promoted))
            })
            .await?;
        if promoted {
            self.forget_init_token();
            self.tokens().forget();
        }
        Ok(Session { token: secret, expires: until.to_rfc3339(), user: shown(&user) })
    }

    /// Ends the token of a call.
    pub async fn sign_out(&self, caller: &Caller) -> Result<()> {
        let id = caller.token;
        self.writing(move |tx| Ok(tokens::delete(tx, id)?)).await?;
        self.tokens().forget();
        Ok(())
    }

    /// Secret and end of a session that begins now.
    pub(super) fn session(&self, now: Timestamp) -> (String, Timestamp) {
        (fresh_secret(), now + DAY * self.config().session_days.max(1))
    }
}
