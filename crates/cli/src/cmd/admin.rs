//! `cdsctl admin`.

use crate::{
    call::Call,
    error::CliError,
    registry::{Node, Outcome, Res, group, plain},
};
use cds_client::Client;
use std::str::FromStr;

/// The commands for administrators.
pub(crate) fn node() -> Node {
    group("admin", "For administrators").with([plain("curl", "Send a raw request to the API", curl)
        .args(&["path"])
        .value("request", Some('X'), "Method [default: GET]")
        .value("data", Some('d'), "Body, JSON; @FILE reads a file")])
}

async fn curl(c: Call) -> Res {
    let method = c.flag("request").unwrap_or("GET").to_uppercase();
    let method = FromStr::from_str(&method).map_err(|_| CliError::invalid("request"))?;
    let path = c.arg("path");
    let path = if path.starts_with('/') { path.to_string() } else { format!("/{path}") };
    let mut call = Client::call(c.client()?, method, path);
    if let Some(data) = c.flag("data") {
        let body = match data.strip_prefix('@') {
            Some(file) => super::files::read(file)?,
            None => data.as_bytes().to_vec(),
        };
        call = call.bytes(body.into(), "application/json");
    }
    let body = call.once().send_text().await?;
    c.app.say(body);
    Ok(Outcome::Done)
}
