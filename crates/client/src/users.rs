//! Users and their OpenPGP keys.

use crate::{Client, ClientError};
use cds_api::users::{GpgKey, GpgKeyImport, User};

impl Client {
    /// Every user, by name.
    pub async fn users(&self) -> Result<Vec<User>, ClientError> {
        self.get("/v1/users").await
    }
    /// A user; `me` is the caller.
    pub async fn user(&self, username: &str) -> Result<User, ClientError> {
        self.get(format!("/v1/users/{}", Self::segment(username))).await
    }
    /// Keys of a user.
    pub async fn gpg_keys(&self, username: &str) -> Result<Vec<GpgKey>, ClientError> {
        self.get(format!("/v1/users/{}/gpg-keys", Self::segment(username))).await
    }
    /// One key of a user.
    pub async fn gpg_key(&self, username: &str, key_id: &str) -> Result<GpgKey, ClientError> {
        self.get(format!("/v1/users/{}/gpg-keys/{}", Self::segment(username), Self::segment(key_id))).await
    }
    /// Adds an armored public key to a user.
    pub async fn gpg_key_import(&self, username: &str, body: &GpgKeyImport) -> Result<GpgKey, ClientError> {
        self.post(format!("/v1/users/{}/gpg-keys", Self::segment(username)), body).await
    }
    /// Removes a key of a user.
    pub async fn gpg_key_delete(&self, username: &str, key_id: &str) -> Result<(), ClientError> {
        self.delete(format!("/v1/users/{}/gpg-keys/{}", Self::segment(username), Self::segment(key_id))).await
    }
}
