//! `cdsctl signup`, `cdsctl signup verify`, `cdsctl reset-password` (spec client 2.6).

use super::login;
use crate::{
    app::{connect, env},
    call::Call,
    registry::{Kind, Node, Outcome, Res, group, plain},
};
use cds_api::users::{PasswordForgotten, PasswordReset, SignUp, SignUpVerify};

/// The commands that make an account.
pub(crate) fn node() -> Node {
    group("signup", "Ask for an account")
        .runs(Kind::Plain, signup)
        .value("api-url", Some('H'), "Address of the API")
        .value("username", Some('u'), "User name: 3 to 32 of a-z 0-9 . _ -")
        .value("fullname", None, "Your name")
        .value("email", None, "Where the instructions are sent")
        .value("password", Some('p'), "Password; asked for if it is not given")
        .with([plain("verify", "Confirm an account with the token from the mail, and sign in", verify)
            .args(&["token"])
            .value("api-url", Some('H'), "Address of the API")
            .switch("env", None, "Print export lines instead of writing the configuration file")])
}

/// `cdsctl reset-password`.
pub(crate) fn reset_password() -> Node {
    group("reset-password", "Choose a new password with a mail")
        .runs(Kind::Plain, forgotten)
        .value("email", None, "Mail address of the account")
        .value("api-url", Some('H'), "Address of the API")
        .with([plain("confirm", "Set the new password with the token from the mail, and sign in", reset)
            .args(&["token"])
            .value("api-url", Some('H'), "Address of the API")
            .value("password", Some('p'), "New password; asked for if it is not given")
            .switch("env", None, "Print export lines instead of writing the configuration file")])
}

async fn forgotten(c: Call) -> Res {
    let url = login::api_url(&c)?;
    let email = match c.flag("email") {
        Some(email) => email.to_string(),
        None => c.app.ask("Email")?,
    };
    connect(&url, None, c.app.choice.insecure)?.password_forgotten(&PasswordForgotten { email }).await?;
    c.app.say("Reset successful. Instructions have been sent to your email address.");
    Ok(Outcome::Done)
}

async fn reset(c: Call) -> Res {
    let url = login::api_url(&c)?;
    let password = match c.flag("password") {
        Some(password) => password.to_string(),
        None => c.app.ask_secret("New password")?,
    };
    let client = connect(&url, None, c.app.choice.insecure)?;
    let session = client.password_reset(&PasswordReset { token: c.arg("token").into(), password }).await?;
    login::after(&c, &client, &url, session).await
}

async fn signup(c: Call) -> Res {
    let url = login::api_url(&c)?;
    let text = |flag: &str, question: &str| match c.flag(flag) {
        Some(text) => Ok(text.to_string()),
        None => c.app.ask(question),
    };
    let body = SignUp {
        username: text("username", "Username")?,
        fullname: text("fullname", "Fullname")?,
        email: text("email", "Email")?,
        password: match c.flag("password") {
            Some(password) => password.to_string(),
            None => c.app.ask_secret("Password")?,
        },
    };
    let answer = connect(&url, None, c.app.choice.insecure)?.signup(&body).await?;
    c.app.say(match answer.status.as_str() {
        "active" => format!("Signup successful. Sign in with: cdsctl login -H {url} -u {}", body.username),
        _ => "Signup successful. Instructions have been sent to your email address.".to_string(),
    });
    Ok(Outcome::Done)
}

async fn verify(c: Call) -> Res {
    let url = login::api_url(&c)?;
    let client = connect(&url, None, c.app.choice.insecure)?;
    let body = SignUpVerify { token: c.arg("token").into(), init_token: env("INIT_TOKEN") };
    let session = client.signup_verify(&body).await?;
    login::after(&c, &client, &url, session).await
}
