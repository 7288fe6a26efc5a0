//! Outgoing mail.

use crate::config::Smtp;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor, message::header::ContentType,
    transport::smtp::authentication::Credentials,
};

/// Sends a plain-text mail.
///
/// # Errors
/// The address or the server's answer, in words.
pub async fn send(smtp: &Smtp, to: &str, subject: &str, body: String) -> Result<(), String> {
    let from = if smtp.from.is_empty() { "cds@localhost" } else { &smtp.from };
    let message = Message::builder()
        .from(from.parse().map_err(|e| format!("sender address '{from}': {e}"))?)
        .to(to.parse().map_err(|e| format!("address '{to}': {e}"))?)
        .subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body)
        .map_err(|e| e.to_string())?;
    let builder = if smtp.tls {
        AsyncSmtpTransport::<Tokio1Executor>::relay(&smtp.host).map_err(|e| e.to_string())?
    } else {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
    };
    let mut builder = builder.port(smtp.port);
    if !smtp.username.is_empty() {
        builder = builder.credentials(Credentials::new(smtp.username.clone(), smtp.password.clone()));
    }
    builder.build().send(message).await.map(|_| ()).map_err(|e| format!("mail server {}: {e}", smtp.host))
}
