//! `cdsctl user`.

use crate::{
    call::Call,
    error::CliError,
    output::Record,
    registry::{Node, Outcome, Res, delete, group, list, plain, show},
};
use cds_api::users::{GpgKeyImport, PasswordChange, User};
use std::io::BufRead;

/// The commands about users.
pub(crate) fn node() -> Node {
    group("user", "Users and their keys").alias(&["users"]).with([
        show("me", "Show who you are", me),
        list("list", "List the users", all),
        show("show", "Show a user", one).args(&["username"]),
        plain("change-password", "Change your password; your other sessions end", change_password)
            .value("current", None, "Password until now; asked for if it is not given")
            .value("password", Some('p'), "New password; asked for if it is not given"),
        show(
            "reset-password",
            "Make a link with which a user chooses a new password (administrators)",
            reset,
        )
        .args(&["username"]),
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

async fn change_password(c: Call) -> Res {
    let secret = |flag: &str, question: &str| match c.flag(flag) {
        Some(text) => Ok(text.to_string()),
        None => c.app.ask_secret(question),
    };
    let body = PasswordChange {
        current: secret("current", "Current password")?,
        password: secret("password", "New password")?,
    };
    c.client()?.password_change(&body).await?;
    c.app.say("Password changed. Your other sessions have ended; API tokens stay.");
    Ok(Outcome::Done)
}

async fn reset(c: Call) -> Res {
    let link = c.client()?.user_reset(c.arg("username")).await?;
    Ok(Outcome::One(
        Record::new()
            .with_time("expires", &link.expires)
            .with("token", &link.token)
            .with_key("url", &link.url),
    ))
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
