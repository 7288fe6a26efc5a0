//! Groups and their members.

use crate::{Client, ClientError};
use cds_api::{
    Name,
    groups::{Group, MemberPut},
};
use reqwest::Method;

fn path(name: &str) -> String {
    format!("/v1/groups/{}", Client::segment(name))
}

impl Client {
    /// Groups the caller may see, by name.
    pub async fn groups(&self) -> Result<Vec<Group>, ClientError> {
        self.get("/v1/groups").await
    }
    /// A group with its members.
    pub async fn group(&self, name: &str) -> Result<Group, ClientError> {
        self.get(path(name)).await
    }
    /// Makes a group; the caller becomes its administrator.
    pub async fn group_create(&self, name: &str) -> Result<Group, ClientError> {
        self.post("/v1/groups", &Name { name: name.to_string() }).await
    }
    /// Renames a group.
    pub async fn group_rename(&self, name: &str, new: &str) -> Result<(), ClientError> {
        self.call(Method::PUT, path(name)).json(&Name { name: new.to_string() })?.send_unit().await
    }
    /// Removes a group.
    pub async fn group_delete(&self, name: &str) -> Result<(), ClientError> {
        self.delete(path(name)).await
    }
    /// Adds a member, or changes whether they administer the group.
    pub async fn group_member_put(
        &self,
        group: &str,
        username: &str,
        admin: bool,
    ) -> Result<(), ClientError> {
        let path = format!("{}/members/{}", path(group), Self::segment(username));
        self.call(Method::PUT, path).json(&MemberPut { admin })?.send_unit().await
    }
    /// Removes a member.
    pub async fn group_member_delete(&self, group: &str, username: &str) -> Result<(), ClientError> {
        self.delete(format!("{}/members/{}", path(group), Self::segment(username))).await
    }
}
