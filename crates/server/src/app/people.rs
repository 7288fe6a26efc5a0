//! Users as others see them, and their OpenPGP keys.

use super::{accounts, gpg, refuse::missing};
use crate::{
    App,
    auth::Caller,
    http::error::{Error, Result},
};
use cds_api::users::{GpgKey, User};
use cds_store::{Tx, gpg_keys, users};

fn shown(k: &gpg_keys::GpgKey) -> GpgKey {
    GpgKey { key_id: k.key_id.clone(), public_key: k.public_key.clone() }
}

fn find(tx: &mut Tx<'_>, username: &str) -> super::refuse::Tried<users::User> {
    let user = users::by_name(tx, username)?.filter(|u| u.verified);
    Ok(user.ok_or_else(|| missing(format!("user {username}")))?)
}

impl App {
    /// Users who confirmed their account, by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        let all = self.reading(|tx| Ok(users::list(tx)?)).await?;
        Ok(all.iter().filter(|u| u.verified).map(accounts::shown).collect())
    }

    /// A user; `me` is the caller.
    pub async fn user(&self, caller: &Caller, username: &str) -> Result<User> {
        let name = if username == "me" { caller.username.clone() } else { username.to_string() };
        Ok(accounts::shown(&self.reading(move |tx| find(tx, &name)).await?))
    }

    /// Keys of a user.
    pub async fn gpg_keys(&self, username: &str) -> Result<Vec<GpgKey>> {
        let name = username.to_string();
        self.reading(move |tx| {
            let user = find(tx, &name)?;
            Ok(gpg_keys::list(tx, user.id)?.iter().map(shown).collect())
        })
        .await
    }

    /// One key of a user.
    pub async fn gpg_key(&self, username: &str, key_id: &str) -> Result<GpgKey> {
        let found =
            self.gpg_keys(username).await?.into_iter().find(|k| k.key_id.eq_ignore_ascii_case(key_id));
        found.ok_or_else(|| missing(format!("GPG key {key_id} of {username}")))
    }

    /// Adds an armored public key; the same key again changes nothing.
    pub async fn add_gpg_key(&self, username: &str, public_key: String) -> Result<GpgKey> {
        let key_id = gpg::key_id(&public_key).map_err(|e| Error::bad_request(e).id(74))?;
        let (name, now) = (username.to_string(), self.now());
        let key = GpgKey { key_id, public_key };
        let made = key.clone();
        self.writing(move |tx| {
            let user = find(tx, &name)?.id;
            gpg_keys::delete(tx, user, &made.key_id)?;
            let stored = gpg_keys::GpgKey {
                user,
                key_id: made.key_id.clone(),
                public_key: made.public_key.clone(),
                created: now,
            };
            Ok(gpg_keys::insert(tx, &stored)?)
        })
        .await?;
        Ok(key)
    }

    /// Removes a key.
    pub async fn delete_gpg_key(&self, username: &str, key_id: &str) -> Result<()> {
        let (name, id) = (username.to_string(), key_id.to_uppercase());
        self.writing(move |tx| {
            let user = find(tx, &name)?.id;
            if gpg_keys::delete(tx, user, &id)? {
                Ok(())
            } else {
                Err(missing(format!("GPG key {id} of {name}")).into())
            }
        })
        .await
    }
}
