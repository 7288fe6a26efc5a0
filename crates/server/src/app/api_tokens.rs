//! API tokens of users.

use super::refuse::missing;
use crate::{
    App,
    auth::{
        Caller, Scope,
        tokens::{fresh_secret, fresh_token, kind},
    },
    http::error::{Error, Result},
};
use cds_api::users::{Token, TokenCreate, TokenCreated};
use cds_model::TokenId;
use cds_store::tokens;
use std::time::Duration;

const DEFAULT_DAYS: u32 = 365;
const MOST_DAYS: u32 = 3650;

fn shown(t: &tokens::Token, current: TokenId) -> Token {
    Token {
        id: t.id.to_string(),
        kind: t.kind.clone(),
        name: t.name.clone(),
        description: t.description.clone(),
        scopes: t.scopes.clone(),
        created: t.created.to_rfc3339(),
        expires: t.expires.to_rfc3339(),
        last_used: t.last_used.map(|at| at.to_rfc3339()).unwrap_or_default(),
        current: t.id == current,
    }
}

/// The scopes a new token gets: what was asked for, as far as the caller may give it.
fn scopes(caller: &Caller, asked: &[String]) -> Result<Vec<String>> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    let mut wanted = Vec::new();
    for word in asked {
        let scope = Scope::parse(word).ok_or_else(|| {
            Error::bad_request(format!("'{word}' is not a scope: there are {known}")).id(74)
        })?;
        if matches!(scope, Scope::Admin | Scope::Hatchery) && !caller.is_admin() {
            return Err(Error::forbidden(format!("only administrators make tokens with the scope '{word}'")));
        }
        if !caller.scopes.is_empty() && !caller.has_scope(scope) {
            return Err(Error::forbidden(format!(
                "the token of this call lacks the scope '{word}', so it can't give it to another"
            )));
        }
        wanted.push(scope);
    }
    if wanted.is_empty() {
        // Empty means everything: a limited token hands on its own limits instead.
        wanted.clone_from(&caller.scopes);
    }
    wanted.sort();
    wanted.dedup();
    Ok(wanted.into_iter().map(|s| s.as_str().to_string()).collect())
}

impl App {
    /// Sessions and API tokens of the caller, oldest first.
    pub async fn tokens_of(&self, caller: &Caller) -> Result<Vec<Token>> {
        let (user, current, now) = (caller.user, caller.token, self.now());
        let all = self.reading(move |tx| Ok(tokens::of_owner(tx, &user.to_string())?)).await?;
        let alive =
            all.iter().filter(|t| matches!(t.kind.as_str(), kind::SESSION | kind::API) && t.expires > now);
        Ok(alive.map(|t| shown(t, current)).collect())
    }

    /// Makes an API token of the caller.
    pub async fn create_token(&self, caller: &Caller, body: TokenCreate) -> Result<TokenCreated> {
        if body.name.trim().is_empty() || body.name.len() > 255 {
            return Err(Error::bad_request("give the token a name of at most 255 bytes").id(74));
        }
        let days = if body.duration_days == 0 { DEFAULT_DAYS } else { body.duration_days };
        if days > MOST_DAYS {
            return Err(Error::bad_request(format!("duration_days is at most {MOST_DAYS}")).id(74));
        }
        let now = self.now();
        let lasts = Duration::from_secs(24 * 3600) * days;
        let token = tokens::Token {
            description: body.description,
            scopes: scopes(caller, &body.scopes)?,
            ..fresh_token(kind::API, caller.user, body.name, now, lasts)
        };
        let secret = fresh_secret();
        let (stored, given) = (token.clone(), secret.clone());
        self.writing(move |tx| Ok(tokens::insert(tx, &stored, &given)?)).await?;
        Ok(TokenCreated { secret, token: shown(&token, caller.token) })
    }

    /// Ends a session or token of the caller. Another user's does not exist for them.
    pub async fn delete_token(&self, caller: &Caller, id: &str) -> Result<()> {
        let gone = || missing(format!("token {id}"));
        let token: TokenId = id.parse().map_err(|_| gone())?;
        let owner = caller.user.to_string();
        let deleted = self
            .writing(move |tx| {
                Ok(match tokens::get(tx, token)? {
                    Some(t) if t.owner == owner => tokens::delete(tx, token)?,
                    _ => false,
                })
            })
            .await?;
        self.tokens().forget();
        if deleted { Ok(()) } else { Err(gone()) }
    }
}
