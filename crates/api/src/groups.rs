//! Groups of users.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Id.
    pub id: String,
    /// Unique.
    pub name: String,
    /// Organization; empty until it is known.
    pub organization: String,
    /// Members, by user name.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// A member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// User id.
    pub id: String,
    /// User name.
    pub username: String,
    /// For people.
    pub fullname: String,
    /// May change the group.
    pub admin: bool,
}

/// Body of `PUT /v1/groups/{group}/members/{username}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MemberPut {
    /// May change the group.
    pub admin: bool,
}

/// Body of `PUT …/groups/{group}` on a project or workflow.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// 4 read, 5 read and run, 7 everything.
    pub level: u8,
    /// On a project: leave its workflows' own permissions as they are.
    #[serde(default)]
    pub only_project: bool,
}

/// A group's level on a project or workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupLevel {
    /// Group name.
    pub group: String,
    /// 4, 5 or 7.
    pub level: u8,
}
