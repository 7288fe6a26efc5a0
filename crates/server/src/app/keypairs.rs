//! SSH and PGP keys of projects, applications and environments (spec 3.11).

use super::{
    projects::{generate, row},
    refuse::{check_name, missing},
    variables::Owner,
};
use crate::{
    App,
    http::error::{Error, Result},
};
use cds_api::projects::{Key, KeyCreate};
use cds_store::keys;

fn shown(k: keys::KeyPair) -> Key {
    Key { name: k.name, kind: k.kind, public: k.public, key_id: k.key_id, disabled: k.disabled }
}

impl App {
    /// Keys of an owner, by name, without their private parts.
    pub async fn keys(&self, owner: Owner) -> Result<Vec<Key>> {
        self.reading(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            Ok(keys::list(tx, &id)?.into_iter().map(shown).collect())
        })
        .await
    }

    /// Makes a key: `ssh` (ed25519), `ssh-rsa` or `pgp`. The owner's prefix is put in front of the name when missing.
    pub async fn add_key(&self, owner: Owner, body: KeyCreate) -> Result<Key> {
        check_name("key", &body.name)?;
        let prefix = owner.key_prefix();
        let name = if body.name.starts_with(prefix) { body.name } else { format!("{prefix}{}", body.name) };
        // Making a key is work: what is refused anyway is refused before.
        let (wanted, place) = (name.clone(), owner.clone());
        self.reading(move |tx| {
            let (_, id) = place.resolve(tx)?;
            if keys::get(tx, &id, &wanted)?.is_some() { Err(exists(&wanted).into()) } else { Ok(()) }
        })
        .await?;
        let made = generate(&body.kind, &name, owner.project()).await?;
        let now = self.now();
        self.writing(move |tx| {
            let (project, id) = owner.resolve(tx)?;
            if keys::get(tx, &id, &name)?.is_some() {
                return Err(exists(&name).into());
            }
            let row = row(id, &name, &made, now);
            keys::insert(tx, project, &row)?;
            Ok(shown(row))
        })
        .await
    }

    /// Gives a key to jobs, or not.
    pub async fn set_key_disabled(&self, owner: Owner, name: String, disabled: bool) -> Result<()> {
        self.writing(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            let found = keys::set_disabled(tx, &id, &name, disabled)?;
            if found { Ok(()) } else { Err(missing(format!("key {name}")).into()) }
        })
        .await
    }

    /// Removes a key.
    pub async fn delete_key(&self, owner: Owner, name: String) -> Result<()> {
        self.writing(move |tx| {
            let (_, id) = owner.resolve(tx)?;
            if keys::delete(tx, &id, &name)? { Ok(()) } else { Err(missing(format!("key {name}")).into()) }
        })
        .await
    }
}

fn exists(name: &str) -> Error {
    Error::forbidden(format!("Key already exists: {name}")).id(138)
}
