//! Variables and keys, which projects, applications and environments have alike.

use crate::{
    call::Call,
    error::CliError,
    output::Record,
    registry::{Node, Outcome, Res, group, list, plain, show},
};
use cds_api::projects::{Key, KeyCreate, KeyUpdate, Variable};
use cds_client::Owner;

/// What owns the variables and keys of a noun, and how it is spoken of.
#[derive(Clone, Copy)]
pub(crate) struct Noun {
    /// Arguments that name it.
    pub(crate) context: &'static [&'static str],
    /// From those arguments.
    pub(crate) owner: fn(&Call) -> Owner,
    /// `Project`, …
    pub(crate) title: &'static str,
}

fn variable_record(v: &Variable) -> Record {
    Record::new().with_key("name", &v.name).with("type", &v.kind).with("value", &v.value)
}

/// `… variable`.
pub(crate) fn variables(noun: Noun) -> Node {
    let value_of = |c: &Call| -> Result<String, CliError> {
        let given = c.get("value").unwrap_or_default();
        if !given.is_empty() {
            return Ok(given.to_string());
        }
        let value =
            if c.is_set("stdin") { std::io::read_to_string(std::io::stdin())? } else { String::new() };
        let value = value.strip_suffix('\n').unwrap_or(&value).to_string();
        if value.is_empty() { Err(CliError::failed("missing value")) } else { Ok(value) }
    };
    group("variable", "Manage variables").alias(&["variables"]).with([
        list("list", "List the variables", move |c| async move {
            let all = c.client()?.variables(&(noun.owner)(&c)).await?;
            Ok(Outcome::Rows(all.iter().map(variable_record).collect()))
        })
        .context(noun.context),
        show("show", "Show a variable", move |c| async move {
            let v = c.client()?.variable(&(noun.owner)(&c), c.arg("name")).await?;
            Ok(Outcome::One(variable_record(&v)))
        })
        .context(noun.context)
        .args(&["name"]),
        plain("add", "Add a variable", move |c| async move {
            let body =
                Variable { name: c.arg("name").into(), kind: c.arg("type").into(), value: value_of(&c)? };
            c.client()?.variable_add(&(noun.owner)(&c), &body).await?;
            Ok(Outcome::Done)
        })
        .alias(&["create"])
        .context(noun.context)
        .args(&["name", "type"])
        .optional(&["value"])
        .switch("stdin", None, "Read the value from standard input"),
        plain("update", "Change a variable, its name too", move |c| async move {
            let body =
                Variable { name: c.arg("name").into(), kind: c.arg("type").into(), value: value_of(&c)? };
            c.client()?.variable_update(&(noun.owner)(&c), c.arg("oldname"), &body).await?;
            Ok(Outcome::Done)
        })
        .context(noun.context)
        .args(&["oldname", "name", "type"])
        .optional(&["value"])
        .switch("stdin", None, "Read the value from standard input"),
        plain("delete", "Remove a variable", move |c| async move {
            c.client()?.variable_delete(&(noun.owner)(&c), c.arg("name")).await?;
            Ok(Outcome::Done)
        })
        .alias(&["rm", "remove", "del"])
        .context(noun.context)
        .args(&["name"]),
    ])
}

fn key_record(key: &Key) -> Record {
    Record::new()
        .with_key("name", &key.name)
        .with("publickey", &key.public)
        .with("type", &key.kind)
        .with("disabled", key.disabled)
        .more("key_id", &key.key_id)
}

/// `… keys`.
pub(crate) fn keys(noun: Noun) -> Node {
    let switch_to = move |disabled: bool| {
        move |c: Call| async move {
            let name = prefixed(&c, noun);
            c.client()?.key_update(&(noun.owner)(&c), &name, &KeyUpdate { disabled }).await?;
            Ok(Outcome::Done)
        }
    };
    let mut commands = vec![
        list("list", "List the keys", move |c| async move {
            let all = c.client()?.keys(&(noun.owner)(&c)).await?;
            Ok(Outcome::Rows(all.iter().map(key_record).collect()))
        })
        .context(noun.context),
        plain("add", "Make a key: ssh (ed25519), ssh-rsa or pgp", move |c| add_key(c, noun))
            .alias(&["create"])
            .context(noun.context)
            .args(&["key-name", "key-type"]),
        plain("delete", "Remove a key", move |c| async move {
            c.client()?.key_delete(&(noun.owner)(&c), &prefixed(&c, noun)).await?;
            Ok(Outcome::Done)
        })
        .alias(&["rm", "remove", "del"])
        .context(noun.context)
        .args(&["key-name"]),
    ];
    if noun.title == "Project" {
        commands.extend([
            plain("disable", "Do not give a key to jobs any more", switch_to(true))
                .context(noun.context)
                .args(&["key-name"]),
            plain("enable", "Give a key to jobs again", switch_to(false))
                .context(noun.context)
                .args(&["key-name"]),
        ]);
    }
    group("keys", "Manage ssh and pgp keys").alias(&["key"]).with(commands)
}

/// Keys carry their owner's prefix, which people leave out.
fn prefixed(c: &Call, noun: Noun) -> String {
    let prefix = match (noun.owner)(c) {
        Owner::Project(_) => "proj-",
        Owner::Application(..) => "app-",
        Owner::Environment(..) => "env-",
        Owner::Pipeline(..) => "",
    };
    let name = c.arg("key-name");
    if name.starts_with(prefix) { name.to_string() } else { format!("{prefix}{name}") }
}

async fn add_key(c: Call, noun: Noun) -> Res {
    let owner = (noun.owner)(&c);
    let body = KeyCreate { name: c.arg("key-name").into(), kind: c.arg("key-type").into() };
    let key = c.client()?.key_add(&owner, &body).await?;
    let place = match &owner {
        Owner::Project(key) => format!("project {key}"),
        Owner::Application(_, name) => format!("application {name}"),
        Owner::Environment(_, name) => format!("environment {name}"),
        Owner::Pipeline(_, name) => format!("pipeline {name}"),
    };
    c.app
        .say(format!("{} key {} of type {} created with success in {place}", noun.title, key.name, key.kind));
    c.app.say(key.public.trim_end());
    Ok(Outcome::Done)
}
