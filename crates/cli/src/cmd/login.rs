//! `cdsctl login`, `cdsctl logout`, and what follows every sign-in (spec client 2.6).

use crate::{
    app::{connect, env},
    call::Call,
    config::{ConfigFile, Context, check_name},
    error::CliError,
    registry::{Node, Outcome, Res, plain},
};
use cds_api::users::{Session, SignIn, TokenCreate};
use cds_client::Client;
use cds_model::Secret;

/// `cdsctl login`.
pub(crate) fn node() -> Node {
    plain("login", "Sign in and remember it in the configuration file", login)
        .value("api-url", Some('H'), "Address of the API, e.g. http://host:8081")
        .value("driver", Some('d'), "Way to sign in: local or builtin")
        .switch("env", None, "Print export lines instead of writing the configuration file")
        .value("username", Some('u'), "User name")
        .value("password", Some('p'), "Password; asked for if it is not given")
        .value("token", None, "API token, instead of user name and password")
}

/// `cdsctl logout`.
pub(crate) fn logout() -> Node {
    plain("logout", "End the session and forget it", sign_out)
}

/// The API's address from `--api-url`, the environment or a question.
pub(crate) fn api_url(c: &Call) -> Result<String, CliError> {
    let url = match c.flag("api-url").map(String::from).or_else(|| env("CDS_API_URL")) {
        Some(url) => url,
        None => c.app.ask("CDS API URL")?,
    };
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(CliError::failed(format!(
            "'{url}' is no API address: it must begin with http:// or https://"
        )));
    }
    Ok(url.trim_end_matches('/').to_string())
}

async fn login(c: Call) -> Res {
    let url = api_url(&c)?;
    // Before anything is made on the server that could not be remembered here.
    c.app.choice.context_name(&env).iter().try_for_each(|name| check_name(name))?;
    let driver = match c.flag("driver") {
        Some(d @ ("local" | "builtin")) => d,
        Some(_) => {
            return Err(CliError::failed("Invalid given consumer type, this server knows local and builtin"));
        }
        None if c.given("token") => "builtin",
        None => "local",
    };
    let insecure = c.app.choice.insecure;
    if driver == "builtin" {
        let token = match c.flag("token") {
            Some(token) => token.to_string(),
            None => c.app.ask_secret("Sign in token")?,
        };
        let user = connect(&url, Some(token.clone()), insecure)?.user("me").await?;
        return remember(&c, &url, String::new(), token, &user.username);
    }
    let username = match c.flag("username") {
        Some(name) => name.to_string(),
        None => c.app.ask("Username")?,
    };
    let password = match c.flag("password") {
        Some(password) => password.to_string(),
        None => c.app.ask_secret("Password")?,
    };
    let client = connect(&url, None, insecure)?;
    let body = SignIn { username, password, init_token: env("INIT_TOKEN") };
    let refused = |e| CliError::from(e).doing(&format!("cannot sign in to {url} as {}", body.username));
    let session = client.signin(&body).await.map_err(refused)?;
    after(&c, &client, &url, session).await
}

/// Trades a session for an API token named after this machine, and writes the context.
pub(crate) async fn after(c: &Call, client: &Client, url: &str, session: Session) -> Res {
    let client = client.with_token(Some(Secret::new(session.token.clone())));
    let request = TokenCreate {
        name: format!("cdsctl/{}", hostname()),
        description: "Token created with cdsctl login".into(),
        scopes: Vec::new(),
        duration_days: 0,
    };
    let (session_token, token) = match client.token_create(&request).await {
        Ok(created) => {
            // The token stands on its own; an open session would only be one more thing to steal.
            if let Err(error) = client.signout().await {
                c.app.warn(format!("the session could not be closed, it ends by itself: {error}"));
            }
            (String::new(), created.secret)
        }
        Err(error) => {
            c.app.warn(format!("no API token was made ({error}): signed in until {}", session.expires));
            (session.token, String::new())
        }
    };
    remember(c, url, session_token, token, &session.user.username)
}

fn remember(c: &Call, url: &str, session: String, token: String, username: &str) -> Res {
    let choice = &c.app.choice;
    if choice.insecure {
        c.app.say("Using insecure TLS connection...");
    }
    if c.is_set("env") {
        c.app.say(format!("export CDS_API_URL={url}"));
        c.app.say(format!("export CDS_SESSION_TOKEN={session}"));
        c.app.say(format!("export CDS_TOKEN={token}"));
        return Ok(Outcome::Done);
    }
    let path = choice.path(&env)?;
    let mut file = ConfigFile::load(&path)?.unwrap_or_default();
    let name = choice.context_name(&env).unwrap_or_else(|| "default".to_string());
    let context =
        Context { name, host: url.to_string(), insecure: choice.insecure, verbose: false, session, token };
    file.set(&context)?;
    file.set_current(&context.name);
    file.save(&path)?;
    c.app.say("cdsctl: Login successful");
    c.app.say(format!("cdsctl: Logged in as {username}"));
    if choice.file.is_none() {
        c.app.say(format!(
            "cdsctl: You didn't specify config file location; {} will be used.",
            path.display()
        ));
    }
    Ok(Outcome::Done)
}

async fn sign_out(c: Call) -> Res {
    let mut context = c.app.context()?.clone();
    let result = c.client()?.signout().await;
    let path = c.app.choice.path(&env)?;
    if let Some(mut file) = ConfigFile::load(&path)?.filter(|f| f.context(&context.name).is_some()) {
        context.session.clear();
        context.token.clear();
        file.set(&context)?;
        file.save(&path)?;
    }
    match result {
        // A token that has ended needs no end.
        Err(e) if e.status().is_some_and(|s| s.as_u16() == 401) => {}
        other => other?,
    }
    c.app.say("cdsctl: Logged out");
    Ok(Outcome::Done)
}

fn hostname() -> String {
    let from_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().map(|h| h.trim().to_string());
    from_kernel
        .filter(|h| !h.is_empty())
        .or_else(|| env("HOSTNAME"))
        .or_else(|| env("COMPUTERNAME"))
        .unwrap_or_else(|| "unknown".to_string())
}
