//! `cdsctl version`.

use crate::{
    app::App,
    call::Call,
    output::yaml_scalar,
    registry::{Node, Outcome, Res, plain},
};
use serde_json::{Map, Value, json};

/// `cdsctl version`.
pub(crate) fn node() -> Node {
    plain("version", "Versions of this program and of the server", version).choice(
        "format",
        &["yaml", "json"],
        "Notation",
    )
}

async fn version(c: Call) -> Res {
    let mut all = Map::new();
    if let Some(api) = server(&c.app).await {
        all.insert("api".into(), api);
    }
    all.insert("cdsctl".into(), own());
    let text = if c.flag("format") == Some("json") {
        Value::Object(all).to_string()
    } else {
        let mut text = String::new();
        for (name, fields) in &all {
            text.push_str(&format!("{name}:\n"));
            for (field, value) in fields.as_object().into_iter().flatten() {
                let value = match value {
                    Value::String(s) => yaml_scalar(s, 2),
                    other => other.to_string(),
                };
                text.push_str(&format!("  {field}: {value}\n"));
            }
        }
        text
    };
    c.app.say(text);
    Ok(Outcome::Done)
}

/// Names of the system and the processor as Go spells them.
fn go_names() -> (&'static str, &'static str) {
    let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    (os, arch)
}

fn own() -> Value {
    let (os, architecture) = go_names();
    json!({
        "architecture": architecture,
        "build_time": option_env!("CDS_BUILD_TIME").unwrap_or_default(),
        "git_hash": option_env!("CDS_GIT_HASH").unwrap_or("unknown"),
        "keychain": false,
        "os": os,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// The server's answer, if one is configured and answers: this command must work without.
async fn server(app: &App) -> Option<Value> {
    app.context().ok()?;
    let answer = async { app.client()?.version().await.map_err(crate::error::CliError::from) }.await;
    match answer {
        Ok(v) => Some(json!({
            "architecture": v.architecture,
            "build_time": v.build_time,
            "git_hash": v.git_hash,
            "os": v.os,
            "version": v.version,
        })),
        Err(error) => {
            app.warn(format!("the server's version is unknown: {error}"));
            None
        }
    }
}
