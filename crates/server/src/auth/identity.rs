//! Who calls.

use cds_model::{HatcheryId, TokenId, UserId, WorkerId};
use cds_store::{tokens::Token, users::User};

/// What a token may be used for; a token without scopes may do all that its owner may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Read whatever the owner may read.
    Read,
    /// Start and stop runs.
    Run,
    /// Change workflows.
    Workflow,
    /// Change projects and what is in them.
    Project,
    /// Change groups, own account and tokens.
    User,
    /// Administer.
    Admin,
    /// Be a hatchery.
    Hatchery,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Scope; 7] = [
        Scope::Read,
        Scope::Run,
        Scope::Workflow,
        Scope::Project,
        Scope::User,
        Scope::Admin,
        Scope::Hatchery,
    ];

    /// Its word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Run => "run",
            Scope::Workflow => "workflow",
            Scope::Project => "project",
            Scope::User => "user",
            Scope::Admin => "admin",
            Scope::Hatchery => "hatchery",
        }
    }

    /// From its word.
    pub fn parse(text: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// A signed-in user, with the token used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Name.
    pub username: String,
    /// For people.
    pub fullname: String,
    /// Mail address.
    pub email: String,
    /// `ADMIN`, `MAINTAINER`, `USER`.
    pub ring: String,
    /// The token used.
    pub token: TokenId,
    /// Its scopes; empty = all but `hatchery`.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// A user with the token used.
    pub fn of(token: &Token, user: User) -> Self {
        Self {
            user: user.id,
            username: user.username,
            fullname: user.fullname,
            email: user.email,
            ring: user.ring,
            token: token.id,
            scopes: token.scopes.iter().filter_map(|s| Scope::parse(s)).collect(),
        }
    }
    /// Does everything.
    pub fn is_admin(&self) -> bool {
        self.ring == "ADMIN"
    }
    /// Reads everything.
    pub fn is_maintainer(&self) -> bool {
        self.ring == "MAINTAINER" || self.is_admin()
    }
    /// Whether the token covers a scope. Any other scope includes reading.
    pub fn has_scope(&self, scope: Scope) -> bool {
        match (self.scopes.is_empty(), scope) {
            (true, Scope::Hatchery) => false,
            (true, _) => true,
            // A hatchery's token is for the hatchery's own calls and reads nothing else.
            (false, Scope::Read) => self.scopes.iter().any(|s| *s != Scope::Hatchery),
            (false, _) => self.scopes.contains(&scope),
        }
    }
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No token.
    Anonymous,
    /// A user.
    User(Caller),
    /// A registered worker.
    Worker {
        /// Which.
        worker: WorkerId,
        /// Whose.
        hatchery: HatcheryId,
    },
    /// A worker that is about to register.
    Bootstrap {
        /// Which.
        worker: WorkerId,
        /// Whose.
        hatchery: HatcheryId,
    },
}
