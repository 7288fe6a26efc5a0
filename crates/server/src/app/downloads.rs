//! Addresses for saving large files. A browser that saves a file to disk as it arrives can't send a header with its
//! token, so it gets an address with a ticket: good for one path, for a minute, and only as long as the user may read it.

use crate::{
    App,
    auth::{
        Caller, Identity,
        tokens::{fresh_secret, fresh_token, kind},
    },
    http::error::{Error, Result},
};
use cds_api::runs::Download;
use cds_store::{tokens, users};
use std::time::Duration;

/// How long a ticket opens its path; what has begun goes on to its end.
const VALID: Duration = Duration::from_secs(60);

/// Whether a route can be opened with a ticket instead of a token.
pub fn takes_ticket(route: &str) -> bool {
    matches!(
        route,
        "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/log"
            | "/v1/jobs/{job}/attempts/{attempt}/log"
            | "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts/{id}"
    )
}

impl App {
    /// An address that opens `path` for its caller without a token.
    ///
    /// # Errors
    /// 400 if it is not a path, 500 if the database failed. Whether the path exists and may be read is decided when
    /// it is opened.
    pub async fn download_create(&self, caller: &Caller, path: String) -> Result<Download> {
        if !path.starts_with("/v1/") || path.contains(['?', '#']) || path.len() > 1024 {
            return Err(Error::bad_request(
                "path must be one of this API, e.g. /v1/jobs/…/log, without a query",
            ));
        }
        let (secret, now) = (fresh_secret(), self.now());
        let ticket = tokens::Token {
            scopes: caller.scopes.iter().map(|s| s.as_str().to_string()).collect(),
            ..fresh_token(kind::DOWNLOAD, caller.user, path.clone(), now, VALID)
        };
        let given = secret.clone();
        self.writing(move |tx| Ok(tokens::insert(tx, &ticket, &given)?)).await?;
        Ok(Download { url: format!("{path}?ticket={secret}") })
    }

    /// Who may open `path` with this ticket.
    ///
    /// # Errors
    /// 401 if it is unknown, too old, or for another path.
    pub async fn ticket_holder(&self, secret: String, path: &str) -> Result<Identity> {
        let now = self.now();
        let found = self
            .reading(move |tx| {
                let Some(ticket) = tokens::by_secret(tx, &secret, now)? else { return Ok(None) };
                let Ok(owner) = ticket.owner.parse() else { return Ok(None) };
                Ok(users::get(tx, owner)?.map(|user| (ticket, user)))
            })
            .await?;
        let (ticket, user) = found
            .filter(|(t, u)| t.kind == kind::DOWNLOAD && t.name == path && u.verified)
            .ok_or_else(|| Error::unauthorized("this address has expired: start the download again"))?;
        Ok(Identity::User(Caller::of(&ticket, user)))
    }
}
