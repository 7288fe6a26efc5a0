//! `cdsctl consumer`, also called `token`: API tokens; `cdsctl session`.

use crate::{
    call::Call,
    error::CliError,
    output::Record,
    registry::{Node, Outcome, Res, group, list, plain},
};
use cds_api::users::TokenCreate;

/// The commands about API tokens.
pub(crate) fn node() -> Node {
    group("consumer", "Manage your API tokens").alias(&["consumers", "token", "tokens"]).with([
        list("list", "List your tokens", all).optional(&["username"]),
        plain("new", "Make a token; its secret is shown once", create)
            .alias(&["create", "add"])
            .optional(&["username"])
            .value("name", None, "Name")
            .value("description", None, "For people")
            .values("groups", None, "Accepted; a token acts for its owner's groups")
            .values("scopes", None, "Any of user project workflow run admin hatchery read; none = all")
            .value("duration", None, "Days until it ends [default: 365]"),
        plain("delete", "End a token", remove)
            .alias(&["rm", "remove", "del"])
            .args(&["consumer-id"])
            .optional(&["username"]),
    ])
}

/// The commands about sessions.
pub(crate) fn session() -> Node {
    group("session", "Manage your sessions").alias(&["sessions"]).with([
        list("list", "List your sessions", sessions).optional(&["username"]),
        plain("delete", "End a session", session_delete)
            .alias(&["rm", "remove", "del"])
            .args(&["session-id"])
            .optional(&["username"]),
    ])
}

/// Tokens belong to the caller: the server has no route for somebody else's.
async fn only_me(c: &Call) -> Result<(), CliError> {
    match c.get("username") {
        None | Some("me") => Ok(()),
        Some(name) if c.client()?.user("me").await?.username == name => Ok(()),
        Some(name) => Err(CliError::failed(format!("tokens of {name} can be managed by {name} only"))),
    }
}

async fn all(c: Call) -> Res {
    only_me(&c).await?;
    let rows = c.client()?.tokens().await?.into_iter().filter(|t| t.kind != "session").map(|t| {
        Record::new()
            .with_time("created", &t.created)
            .with("description", &t.description)
            .with("disabled", false)
            .with_key("id", &t.id)
            .with_time("issued_at", &t.created)
            .with("name", &t.name)
            .with("type", &t.kind)
            .more("expires", &t.expires)
            .more("last_used", &t.last_used)
            .more("scopes", t.scopes.join(","))
            .more("current", t.current)
    });
    Ok(Outcome::Rows(rows.collect()))
}

async fn create(c: Call) -> Res {
    only_me(&c).await?;
    let name = match c.flag("name") {
        Some(name) => name.to_string(),
        None => c.app.ask("Name")?,
    };
    let scopes: Vec<String> = c
        .flags("scopes")
        .into_iter()
        .flat_map(|s| s.split(','))
        .filter(|s| !s.is_empty())
        .map(|s| s.trim().to_lowercase())
        .collect();
    let duration_days = match c.flag("duration") {
        Some(days) => days.parse().map_err(|_| CliError::invalid("duration"))?,
        None => 0,
    };
    let body = TokenCreate {
        name,
        description: c.flag("description").unwrap_or_default().into(),
        scopes,
        duration_days,
    };
    let created = c.client()?.token_create(&body).await?;
    c.app.say("Builtin consumer successfully created, use the following token to sign in:");
    c.app.say(created.secret);
    Ok(Outcome::Done)
}

async fn remove(c: Call) -> Res {
    only_me(&c).await?;
    c.client()?.token_delete(c.arg("consumer-id")).await?;
    c.app.say(format!("Consumer \"{}\" successfully deleted.", c.arg("consumer-id")));
    Ok(Outcome::Done)
}

async fn sessions(c: Call) -> Res {
    only_me(&c).await?;
    let rows = c.client()?.tokens().await?.into_iter().filter(|t| t.kind == "session").map(|t| {
        Record::new()
            .with_time("created", &t.created)
            .with("current", t.current)
            .with_time("expire_at", &t.expires)
            .with_key("id", &t.id)
            .with_time("last_activity", &t.last_used)
    });
    Ok(Outcome::Rows(rows.collect()))
}

async fn session_delete(c: Call) -> Res {
    only_me(&c).await?;
    c.client()?.token_delete(c.arg("session-id")).await?;
    c.app.say(format!("Session '{}' successfully deleted.", c.arg("session-id")));
    Ok(Outcome::Done)
}
