//! Who may call what: one table, one function. Every operation of the API is in [`TABLE`] (a test compares it
//! with the OpenAPI document), an operation that is not there is refused, and the whole matrix of operations by
//! callers is a golden file.

use super::identity::{Identity, Scope};

/// What an operation asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// Any signed-in user.
    User,
    /// A level on the project `{key}`.
    Project(u8),
    /// A level on the workflow `{workflow}` of the project `{key}`.
    Workflow(u8),
    /// A level on the project of the job `{job}`'s run.
    Job(u8),
    /// Administrator of the group `{group}`.
    GroupAdmin,
    /// The user `{username}` itself.
    Myself,
    /// Ring ADMIN.
    Admin,
    /// A worker's token.
    Worker,
    /// A worker's one-time token.
    Bootstrap,
    /// A token with the scope `hatchery`.
    Hatchery,
}

/// Read.
pub const R: u8 = 4;
/// Read and run.
pub const X: u8 = 5;
/// Everything.
pub const W: u8 = 7;

use Access::*;

/// Every operation and what it asks.
pub const TABLE: &[(&str, &str, Access)] = &[
    ("GET", "/v1/health", Open),
    ("GET", "/v1/version", Open),
    ("GET", "/v1/openapi.json", Open),
    ("GET", "/metrics", Open),
    ("GET", "/mon/version", Open),
    ("GET", "/mon/status", Open),
    ("POST", "/v1/auth/signup", Open),
    ("POST", "/auth/consumer/local/signup", Open),
    ("POST", "/v1/auth/signup/verify", Open),
    ("POST", "/v1/auth/signin", Open),
    ("GET", "/v1/auth/options", Open),
    ("POST", "/v1/auth/reset", Open),
    ("POST", "/v1/auth/reset/confirm", Open),
    ("POST", "/v1/auth/password", User),
    ("POST", "/v1/auth/signout", User),
    ("GET", "/v1/auth/tokens", User),
    ("POST", "/v1/auth/tokens", User),
    ("DELETE", "/v1/auth/tokens/{id}", User),
    ("GET", "/v1/users", User),
    ("GET", "/v1/users/me", User),
    ("GET", "/v1/users/{username}", User),
    ("POST", "/v1/users/{username}/reset", Admin),
    ("GET", "/v1/users/{username}/gpg-keys", User),
    ("POST", "/v1/users/{username}/gpg-keys", Myself),
    ("GET", "/v1/users/{username}/gpg-keys/{key_id}", User),
    ("DELETE", "/v1/users/{username}/gpg-keys/{key_id}", Myself),
    ("GET", "/v1/groups", User),
    ("POST", "/v1/groups", User),
    ("GET", "/v1/groups/{group}", User),
    ("PUT", "/v1/groups/{group}", GroupAdmin),
    ("DELETE", "/v1/groups/{group}", GroupAdmin),
    ("PUT", "/v1/groups/{group}/members/{username}", GroupAdmin),
    ("DELETE", "/v1/groups/{group}/members/{username}", GroupAdmin),
    ("GET", "/v1/projects", User),
    ("POST", "/v1/projects", User),
    ("GET", "/v1/projects/{key}", Project(R)),
    ("PUT", "/v1/projects/{key}", Project(W)),
    ("DELETE", "/v1/projects/{key}", Project(W)),
    ("PUT", "/v1/projects/{key}/groups/{group}", Project(W)),
    ("DELETE", "/v1/projects/{key}/groups/{group}", Project(W)),
    ("GET", "/v1/projects/{key}/variables", Project(R)),
    ("POST", "/v1/projects/{key}/variables", Project(W)),
    ("GET", "/v1/projects/{key}/variables/{name}", Project(R)),
    ("PUT", "/v1/projects/{key}/variables/{name}", Project(W)),
    ("DELETE", "/v1/projects/{key}/variables/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/keys", Project(R)),
    ("POST", "/v1/projects/{key}/keys", Project(W)),
    ("PUT", "/v1/projects/{key}/keys/{name}", Project(W)),
    ("DELETE", "/v1/projects/{key}/keys/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/encrypt", Project(R)),
    ("POST", "/v1/projects/{key}/encrypt", Project(W)),
    ("DELETE", "/v1/projects/{key}/encrypt/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/applications", Project(R)),
    ("POST", "/v1/projects/{key}/applications", Project(W)),
    ("GET", "/v1/projects/{key}/applications/{app}", Project(R)),
    ("DELETE", "/v1/projects/{key}/applications/{app}", Project(W)),
    ("GET", "/v1/projects/{key}/applications/{app}/export", Project(R)),
    ("GET", "/v1/projects/{key}/applications/{app}/usage", Project(R)),
    ("GET", "/v1/projects/{key}/applications/{app}/variables", Project(R)),
    ("POST", "/v1/projects/{key}/applications/{app}/variables", Project(W)),
    ("GET", "/v1/projects/{key}/applications/{app}/variables/{name}", Project(R)),
    ("PUT", "/v1/projects/{key}/applications/{app}/variables/{name}", Project(W)),
    ("DELETE", "/v1/projects/{key}/applications/{app}/variables/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/applications/{app}/keys", Project(R)),
    ("POST", "/v1/projects/{key}/applications/{app}/keys", Project(W)),
    ("DELETE", "/v1/projects/{key}/applications/{app}/keys/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/environments", Project(R)),
    ("POST", "/v1/projects/{key}/environments", Project(W)),
    ("GET", "/v1/projects/{key}/environments/{env}", Project(R)),
    ("DELETE", "/v1/projects/{key}/environments/{env}", Project(W)),
    ("GET", "/v1/projects/{key}/environments/{env}/export", Project(R)),
    ("GET", "/v1/projects/{key}/environments/{env}/usage", Project(R)),
    ("GET", "/v1/projects/{key}/environments/{env}/variables", Project(R)),
    ("POST", "/v1/projects/{key}/environments/{env}/variables", Project(W)),
    ("GET", "/v1/projects/{key}/environments/{env}/variables/{name}", Project(R)),
    ("PUT", "/v1/projects/{key}/environments/{env}/variables/{name}", Project(W)),
    ("DELETE", "/v1/projects/{key}/environments/{env}/variables/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/environments/{env}/keys", Project(R)),
    ("POST", "/v1/projects/{key}/environments/{env}/keys", Project(W)),
    ("DELETE", "/v1/projects/{key}/environments/{env}/keys/{name}", Project(W)),
    ("GET", "/v1/projects/{key}/pipelines", Project(R)),
    ("GET", "/v1/projects/{key}/pipelines/{pipeline}", Project(R)),
    ("DELETE", "/v1/projects/{key}/pipelines/{pipeline}", Project(W)),
    ("GET", "/v1/projects/{key}/pipelines/{pipeline}/export", Project(R)),
    ("GET", "/v1/projects/{key}/pipelines/{pipeline}/usage", Project(R)),
    ("POST", "/v1/projects/{key}/import/application", Project(W)),
    ("POST", "/v1/projects/{key}/import/environment", Project(W)),
    ("POST", "/v1/projects/{key}/import/pipeline", Project(W)),
    ("POST", "/v1/projects/{key}/import/workflow", Project(W)),
    ("POST", "/v1/projects/{key}/push", Project(W)),
    ("GET", "/v1/projects/{key}/workflows", Project(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}", Workflow(R)),
    ("DELETE", "/v1/projects/{key}/workflows/{workflow}", Workflow(W)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/export", Workflow(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/pull", Workflow(R)),
    ("PUT", "/v1/projects/{key}/workflows/{workflow}/groups/{group}", Workflow(W)),
    ("DELETE", "/v1/projects/{key}/workflows/{workflow}/groups/{group}", Workflow(W)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs", Workflow(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/tags/{tag}", Workflow(R)),
    ("POST", "/v1/projects/{key}/workflows/{workflow}/runs", Workflow(X)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs/{number}", Workflow(R)),
    ("DELETE", "/v1/projects/{key}/workflows/{workflow}/runs/{number}", Workflow(W)),
    ("POST", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/stop", Workflow(X)),
    ("POST", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/unpark", Workflow(X)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/logs", Workflow(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts", Workflow(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/artifacts/{id}", Workflow(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/tests", Workflow(R)),
    ("GET", "/v1/projects/{key}/workflows/{workflow}/runs/{number}/changes", Workflow(R)),
    ("GET", "/v1/jobs/{job}", Job(R)),
    ("GET", "/v1/jobs/{job}/candidates", Job(R)),
    ("GET", "/v1/jobs/{job}/attempts/{attempt}/log", Job(R)),
    ("GET", "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/log", Job(R)),
    ("GET", "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/lines", Job(R)),
    ("GET", "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/follow", Job(R)),
    ("GET", "/v1/jobs/{job}/attempts/{attempt}/steps/{step}/search", Job(R)),
    ("GET", "/v1/runs", User),
    ("POST", "/v1/downloads", User),
    ("GET", "/v1/search", User),
    ("GET", "/v1/queue", User),
    ("GET", "/v1/queue/nodes", User),
    ("GET", "/v1/workers", User),
    ("POST", "/v1/workers/{id}/disable", Admin),
    ("GET", "/v1/hatcheries", User),
    ("GET", "/v1/events", User),
    ("POST", "/v1/worker/register", Bootstrap),
    ("POST", "/v1/worker/take", Worker),
    ("POST", "/v1/worker/report", Worker),
    ("POST", "/v1/worker/tags", Worker),
    ("POST", "/v1/worker/version", Worker),
    ("POST", "/v1/worker/results", Worker),
    ("POST", "/v1/worker/tests", Worker),
    ("PUT", "/v1/worker/logs/{job}/{attempt}/{step}", Worker),
    ("PUT", "/v1/worker/artifacts/{job}/{attempt}", Worker),
    ("GET", "/v1/worker/artifacts", Worker),
    ("GET", "/v1/worker/artifacts/{id}", Worker),
    ("PUT", "/v1/worker/caches/{tag}", Worker),
    ("GET", "/v1/worker/caches/{tag}", Worker),
    ("POST", "/v1/hatchery/register", Hatchery),
    ("POST", "/v1/hatchery/sync", Hatchery),
    ("POST", "/v1/hatchery/workers", Hatchery),
];

/// What an operation asks; `None` = there is no such operation, which is refused.
pub fn access(method: &str, path: &str) -> Option<Access> {
    TABLE.iter().find(|(m, p, _)| *m == method && *p == path).map(|(_, _, a)| *a)
}

/// What was found out about the caller's relation to the resource named in the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Highest level that the caller's groups have on the resource; 0 = none or no such resource.
    pub level: u8,
    /// The caller administers the group in question.
    pub group_admin: bool,
    /// The caller is the user in question.
    pub myself: bool,
}

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No valid token: 401.
    Unauthenticated,
    /// May not even know that it exists: 404.
    Hidden,
    /// Known and not allowed: 403.
    Forbidden,
    /// The token's scopes do not cover it: 403.
    Scope(Scope),
}

/// **The** policy. `relation` is asked for only when the access is about a resource.
pub fn allow(who: &Identity, access: Access, mutating: bool, relation: Relation) -> Result<(), Denied> {
    let user = match (who, access) {
        (_, Open) => return Ok(()),
        (Identity::Anonymous, _) => return Err(Denied::Unauthenticated),
        (Identity::Worker { .. }, Worker) | (Identity::Bootstrap { .. }, Bootstrap) => return Ok(()),
        (Identity::Worker { .. } | Identity::Bootstrap { .. }, _) => return Err(Denied::Forbidden),
        (Identity::User(_), Worker | Bootstrap) => return Err(Denied::Forbidden),
        (Identity::User(user), _) => user,
    };
    let wanted_scope = match access {
        Hatchery => Scope::Hatchery,
        Admin => Scope::Admin,
        _ if !mutating => Scope::Read,
        Workflow(X) | Job(X) => Scope::Run,
        Project(_) => Scope::Project,
        Workflow(_) | Job(_) => Scope::Workflow,
        _ => Scope::User,
    };
    if !user.has_scope(wanted_scope) {
        return Err(Denied::Scope(wanted_scope));
    }
    let level = if user.is_admin() {
        W
    } else if user.is_maintainer() {
        relation.level.max(R)
    } else {
        relation.level
    };
    let allowed = match access {
        Open | User => true,
        Project(needed) | Workflow(needed) | Job(needed) => {
            if level < R {
                return Err(Denied::Hidden);
            }
            level >= needed
        }
        GroupAdmin => relation.group_admin || user.is_admin(),
        Myself => relation.myself || user.is_admin(),
        Admin => user.is_admin(),
        // The scope was checked above, and only an administrator can make such a token.
        Hatchery => user.is_admin() && user.scopes.contains(&Scope::Hatchery),
        Worker | Bootstrap => false,
    };
    if allowed { Ok(()) } else { Err(Denied::Forbidden) }
}
