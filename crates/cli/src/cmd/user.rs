//! `cdsctl user`.

use crate::{
    call::Call,
    error::CliError,
    output::Record,
    registry::{Node, Outcome, Res, delete, group, list, plain, show},
};
use cds_api::users::{GpgKeyImport, User};
use std::io::BufRead;

/// The commands about users.
pub(crate) fn node() -> Node {
    group("user", "Users and their keys").alias(&["users"]).with([
        show("me", "Show who you are", me),
        list("list", "List the users", all),
        show("show", "Show a user", one).args(&["username"]),
        group("gpg", "Manage your OpenPGP keys").with([
            list("list", "List your keys", keys),
            plain("show", "Print a public key", key).args(&["gpg-key-id"]),
            plain("import", "Import a public key, from a file or standard input", import).value(
                "pub-key-file",
                Some('k'),
                "File with the armored key",
            ),
            delete("delete", "Delete a key", key_delete).args(&["gpg-key-id"]),
        ]),
    ])
}

fn record(u: &User) -> Record {
    Record::new()
        .with_time("created", &u.created)
        .with("fullname", &u.fullname)
        .with("id", &u.id)
        .with("organization", &u.organization)
        .with("ring", &u.ring)
        .with_key("username", &u.username)
}

async fn me(c: Call) -> Res {
    Ok(Outcome::One(record(&c.client()?.user("me").await?)))
}

async fn all(c: Call) -> Res {
    Ok(Outcome::Rows(c.client()?.users().await?.iter().map(record).collect()))
}

async fn one(c: Call) -> Res {
    Ok(Outcome::One(record(&c.client()?.user(c.arg("username")).await?)))
}

async fn keys(c: Call) -> Res {
    let name = c.client()?.user("me").await?.username;
    let rows = c.client()?.gpg_keys(&name).await?;
    Ok(Outcome::Rows(rows.iter().map(|k| Record::new().with_key("key_id", &k.key_id)).collect()))
}

async fn key(c: Call) -> Res {
    let name = c.client()?.user("me").await?.username;
    let key = c.client()?.gpg_key(&name, c.arg("gpg-key-id")).await?;
    c.app.say(key.public_key.trim_end());
    Ok(Outcome::Done)
}

async fn import(c: Call) -> Res {
    let public_key = match c.flag("pub-key-file") {
        Some(path) => String::from_utf8(super::files::read(path)?)
            .map_err(|_| CliError::failed(format!("{path} is not text: export the key with --armor")))?,
        None => {
            let mut text = String::new();
            for line in std::io::stdin().lock().lines() {
                let line = line?;
                text.push_str(&line);
                text.push('\n');
                if line.contains("END PGP") {
                    break;
                }
            }
            text
        }
    };
    let name = c.client()?.user("me").await?.username;
    let key = c.client()?.gpg_key_import(&name, &GpgKeyImport { public_key }).await?;
    c.app.say(format!("Gpg key {} created.", key.key_id));
    Ok(Outcome::Done)
}

async fn key_delete(c: Call) -> Res {
    let name = c.client()?.user("me").await?.username;
    c.client()?.gpg_key_delete(&name, c.arg("gpg-key-id")).await?;
    Ok(Outcome::Done)
}
