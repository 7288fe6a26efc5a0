//! What a node run knows of its repository (spec 6.6, git context). No forge is asked here: what must be looked
//! up there is put into the payload by the caller.

use crate::{
    node::Begin,
    params::set,
    spec::RunSpec,
    state::{Params, Run},
};
use cds_workflow::def::{Application, Node};

/// Names whose text people choose freely, and which therefore may hold an expression.
const FREE_TEXT: [&str; 5] = ["git.author", "git.branch", "git.hash", "git.message", "git.tag"];

/// The value of a payload entry; free text about a commit loses its `{{` and `}}` (spec 6.6).
pub(crate) fn harmless(name: &str, value: &str) -> String {
    if FREE_TEXT.contains(&name) { value.replace("{{", "((").replace("}}", "))") } else { value.to_string() }
}

/// Whether a value reported by a worker under this name is text from a repository.
pub(crate) fn is_foreign_text(name: &str) -> bool {
    name.starts_with("git.") && !matches!(name, "git.hash" | "git.hash.short")
}

fn application<'a>(spec: &'a RunSpec, node: &Node) -> Option<&'a Application> {
    spec.applications.get(&node.application).map(|a| &a.def).filter(|a| !a.repo.is_empty())
}

/// Whether the node's application names a repository.
pub(crate) fn has_repository(spec: &RunSpec, node: &Node) -> bool {
    application(spec, node).is_some()
}

/// A repository given by address: a URL, `user@host:path`, or an absolute path.
fn is_address(repo: &str) -> bool {
    repo.starts_with('/')
        || repo.contains("://")
        || repo.split_once(':').is_some_and(|(h, _)| h.contains('@'))
}

/// `git.repository` of an application.
fn repository(app: &Application) -> String {
    if !is_address(&app.repo) {
        return app.repo.clone();
    }
    let last = app.repo.trim_end_matches('/').rsplit(['/', ':']).next().unwrap_or_default();
    last.strip_suffix(".git").unwrap_or(last).to_string()
}

/// Repository, addresses and server of the node's application; a payload may say otherwise (a fork).
pub(crate) fn of_application(p: &mut Params, spec: &RunSpec, node: &Node) {
    let Some(app) = application(spec, node) else { return };
    set(p, "git.repository", repository(app), "git", false);
    if is_address(&app.repo) {
        set(p, "git.url", &app.repo, "git", false);
        set(p, "git.http_url", &app.repo, "git", false);
    }
    if !app.vcs_server.is_empty() {
        set(p, "git.server", &app.vcs_server, "git", false);
    }
}

/// How the repository is to be reached (the application's VCS strategy).
pub(crate) fn strategy(p: &mut Params, spec: &RunSpec, node: &Node) {
    let Some(app) = spec.applications.get(&node.application).map(|a| &a.def) else { return };
    if app.repo.is_empty() && app.vcs_connection_type.is_empty() {
        return;
    }
    let ssh = app.vcs_connection_type == "ssh";
    set(p, "git.connection.type", if ssh { "ssh" } else { "https" }, "git", false);
    if ssh {
        set(p, "git.ssh.key", &app.vcs_ssh_key, "git", false);
    } else {
        set(p, "git.http.user", &app.vcs_user, "git", false);
    }
    if !app.vcs_pgp_key.is_empty() {
        set(p, "git.pgp.key", &app.vcs_pgp_key, "git", false);
    }
}

fn value<'a>(p: &'a Params, name: &str) -> &'a str {
    p.get(name).map_or("", |p| p.value.as_str())
}

/// After the inheritance: a node on another repository than its parent takes what an earlier node of the run knows
/// of that repository, else only the branch's name stays.
pub(crate) fn complete(run: &Run, begin: &Begin<'_>, p: &mut Params) {
    let spec = &run.spec;
    let Some(node) = spec.node(begin.node) else { return };
    if let Some(app) = application(spec, node)
        && !begin.parents.is_empty()
        && !repository(app).eq_ignore_ascii_case(value(p, "git.repository"))
    {
        let wanted = repository(app);
        let earlier = run.nodes.iter().rev().find(|other| {
            value(&other.params, "git.repository").eq_ignore_ascii_case(&wanted)
                || spec.node(other.node).is_some_and(|n| n.application == node.application)
        });
        let branch = p.get("git.branch").cloned();
        p.retain(|name, _| !name.starts_with("git."));
        of_application(p, spec, node);
        match earlier {
            Some(other) => {
                let known = other.params.iter().filter(|(name, _)| name.starts_with("git."));
                p.extend(known.map(|(name, param)| (name.clone(), param.clone())));
            }
            None => p.extend(branch.map(|b| ("git.branch".to_string(), b))),
        }
        strategy(p, spec, node);
    }
    if value(p, "git.branch").is_empty() && !value(p, "git.tag").is_empty() {
        p.shift_remove("git.branch");
    }
    let hash = value(p, "git.hash");
    if !hash.is_empty() && value(p, "git.hash.short").is_empty() {
        let short: String = hash.chars().take(7).collect();
        let tainted = p["git.hash"].tainted;
        set(p, "git.hash.short", short, "git", tainted);
    }
}
