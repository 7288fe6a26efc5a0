//! `cdsctl encrypt`: tokens that stand for secrets in files.

use crate::{
    call::Call,
    error::CliError,
    output::Record,
    registry::{Kind, Node, Outcome, Res, delete, group, list},
};
use cds_api::projects::Encrypt;
use std::io::BufRead;

/// The commands about encrypted secrets.
pub(crate) fn node() -> Node {
    group("encrypt", "Store a secret and print the token that stands for it in files")
        .runs(Kind::Plain, encrypt)
        .context(&["project-key"])
        .args(&["variable-name"])
        .optional(&["secret-value"])
        .with([
            list("list", "List the stored secrets", all).context(&["project-key"]),
            delete("delete", "Forget a secret; its token stops working", remove)
                .context(&["project-key"])
                .args(&["variable-name"]),
        ])
}

async fn encrypt(c: Call) -> Res {
    let value = match c.get("secret-value") {
        Some(value) => value.to_string(),
        None => {
            let mut line = String::new();
            std::io::stdin().lock().read_line(&mut line)?;
            line.trim_end_matches(['\r', '\n']).to_string()
        }
    };
    if value.is_empty() {
        return Err(CliError::failed("missing value: give it as the last argument or on standard input"));
    }
    let name = c.arg("variable-name");
    let answer = c.client()?.encrypt(c.arg("project-key"), &Encrypt { name: name.into(), value }).await?;
    c.app.say(format!("{}: {}", answer.name, answer.token));
    Ok(Outcome::Done)
}

async fn all(c: Call) -> Res {
    let rows = c.client()?.encrypted(c.arg("project-key")).await?;
    let record = |e: &cds_api::projects::Encrypted| {
        Record::new().with_key("name", &e.name).with("status", "").with("token", &e.token)
    };
    Ok(Outcome::Rows(rows.iter().map(record).collect()))
}

async fn remove(c: Call) -> Res {
    c.client()?.encrypted_delete(c.arg("project-key"), c.arg("variable-name")).await?;
    Ok(Outcome::Done)
}
