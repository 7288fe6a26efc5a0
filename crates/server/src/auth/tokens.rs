//! From a bearer token to who calls. Tokens are 256 random bits, stored as hashes; what was found is remembered
//! for a few seconds, so that a worker's thousand reports do not cost a thousand look-ups.

use super::{
    identity::{Caller, Identity, Scope},
    limit::Limiter,
};
use crate::{App, http::error::Error};
use cds_model::{HatcheryId, Timestamp, TokenId, UserId, WorkerId};
use cds_store::{
    tokens::{self, Token},
    users,
};
use rand::Rng;
use sha2::{Digest, Sha256};
use std::{
    collections::{HashMap, HashSet},
    sync::Mutex,
    time::Duration,
};

/// How long a found identity is believed at most; whoever revokes a token says so to all servers.
const BELIEVE: Duration = Duration::from_secs(5);
/// How long a worker is believed that cannot be looked up, or not at once. What it may do is decided by its lease, so
/// a database that is away or slow must not silence it: it would give its job up.
const BELIEVE_WORKER: Duration = Duration::from_secs(3600);
const MOST: usize = 10_000;

/// Identities found lately, by the hash of their token.
#[derive(Default)]
pub struct Tokens {
    known: Mutex<HashMap<[u8; 32], (Identity, Timestamp)>>,
    /// Those that are being looked up, though they are believed.
    looked_for: Mutex<HashSet<[u8; 32]>>,
    /// Slows down who tries passwords.
    pub attempts: Limiter,
}

/// A fresh secret: 256 bits in hex, with a prefix that secret scanners can recognise.
pub fn fresh_secret() -> String {
    let mut bytes = [0u8; 32];
    rand::rng().fill_bytes(&mut bytes);
    format!("cds_{}", hex::encode(bytes))
}

/// The row of a new token without description and scopes: fill those in with `..` where there are some.
pub fn fresh_token(
    kind: &str,
    owner: impl ToString,
    name: impl Into<String>,
    now: Timestamp,
    lasts: Duration,
) -> Token {
    Token {
        id: TokenId::new(),
        kind: kind.into(),
        owner: owner.to_string(),
        name: name.into(),
        description: String::new(),
        scopes: Vec::new(),
        created: now,
        expires: now + lasts,
        last_used: None,
    }
}

/// Kinds of tokens in the store.
pub mod kind {
    /// A sign-in.
    pub const SESSION: &str = "session";
    /// Made by a user for programs.
    pub const API: &str = "api";
    /// A registered worker; owner is the worker, name its hatchery.
    pub const WORKER: &str = "worker";
    /// A worker about to register; the same owner and name.
    pub const BOOTSTRAP: &str = "bootstrap";
    /// The server's own hatchery.
    pub const HATCHERY: &str = "hatchery";
    /// Opens one path for a minute; owner is the user, name the path.
    pub const DOWNLOAD: &str = "download";
    /// A sign-up that waits for its mail to be read; owner is the user.
    pub const VERIFY: &str = "verify";
    /// A forgotten password that may be set anew; owner is the user.
    pub const RESET: &str = "reset";
}

impl Tokens {
    /// Who a bearer token stands for.
    ///
    /// # Errors
    /// 401 if the token is unknown or has expired.
    pub async fn identify(&self, app: &App, secret: &str) -> Result<Identity, Error> {
        let hash: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let now = app.now();
        let known = self.lock().get(&hash).cloned();
        if let Some((identity, at)) = known {
            let age = now.since(at);
            if age < BELIEVE {
                return Ok(identity);
            }
            if matches!(identity, Identity::Worker { .. }) && age < BELIEVE_WORKER {
                self.look_again(app, hash, secret);
                return Ok(identity);
            }
        }
        let identity = look_up(app, secret.to_string(), now)
            .await?
            .ok_or_else(|| Error::unauthorized("this token is unknown or has expired: sign in again"))?;
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(hash, (identity.clone(), now));
        Ok(identity)
    }

    /// Looks a worker up while it is believed; once at a time.
    fn look_again(&self, app: &App, hash: [u8; 32], secret: &str) {
        if !self.looked_for().insert(hash) {
            return;
        }
        let (app, secret, now) = (app.clone(), secret.to_string(), app.now());
        tokio::spawn(async move {
            let found = look_up(&app, secret, now).await;
            let tokens = app.tokens();
            let mut known = tokens.lock();
            // What was deleted here meanwhile must not come back.
            let still = known.get_mut(&hash);
            match (found, still) {
                (Ok(Some(identity)), Some(entry)) => *entry = (identity, now),
                (Ok(None), Some(_)) => drop(known.remove(&hash)),
                (Ok(_), None) | (Err(_), _) => {}
            }
            drop(known);
            tokens.looked_for().remove(&hash);
        });
    }

    fn looked_for(&self) -> std::sync::MutexGuard<'_, HashSet<[u8; 32]>> {
        self.looked_for.lock().unwrap_or_else(|p| p.into_inner())
    }

    /// Forgets what was found: a token was deleted, or a user changed.
    pub fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], (Identity, Timestamp)>> {
        self.known.lock().unwrap_or_else(|p| p.into_inner())
    }
}

async fn look_up(app: &App, secret: String, now: Timestamp) -> Result<Option<Identity>, Error> {
    let found = app
        .store()
        .read(move |tx| {
            let Some(token) = tokens::by_secret(tx, &secret, now)? else { return Ok(None) };
            let user = match token.owner.parse::<UserId>() {
                Ok(id) if matches!(token.kind.as_str(), kind::SESSION | kind::API) => users::get(tx, id)?,
                _ => None,
            };
            Ok(Some((token, user)))
        })
        .await
        .map_err(Error::internal)?;
    let Some((token, user)) = found else { return Ok(None) };
    let worker = |token: &Token| -> Option<(WorkerId, HatcheryId)> {
        Some((token.owner.parse().ok()?, token.name.parse().ok()?))
    };
    Ok(match token.kind.as_str() {
        kind::SESSION | kind::API => user.filter(|u| u.verified).map(|u| {
            if token.last_used.is_none_or(|at| now.since(at) > Duration::from_secs(60)) {
                note_use(app, token.id, now);
            }
            Identity::User(Caller::of(&token, u))
        }),
        kind::WORKER => worker(&token).map(|(worker, hatchery)| Identity::Worker { worker, hatchery }),
        kind::BOOTSTRAP => worker(&token).map(|(worker, hatchery)| Identity::Bootstrap { worker, hatchery }),
        kind::HATCHERY => Some(Identity::User(Caller {
            user: UserId(Default::default()),
            username: "hatchery".into(),
            fullname: "the server's own hatchery".into(),
            email: String::new(),
            ring: "ADMIN".into(),
            token: token.id,
            scopes: vec![Scope::Hatchery],
        })),
        _ => None,
    })
}

/// Writes down that a token was used; the caller does not wait for it.
fn note_use(app: &App, id: TokenId, now: Timestamp) {
    let app = app.clone();
    tokio::spawn(async move {
        if let Err(e) = app.store().write(move |tx| tokens::used(tx, id, now)).await {
            tracing::debug!(error = %e, "the use of a token was not written down");
        }
    });
}
