//! A mail server that keeps what it gets, with a small HTTP face: `GET /`, `GET /messages/<address>`,
//! `GET /messages/<address>/latest`.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::get,
};
use base64::Engine;
use serde_json::{Value, json};
use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A mail as it came.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// How the sender's program introduced itself.
    pub from_agent: String,
    /// The sender's program.
    pub remote_address: String,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Head and body as they came.
    pub content: String,
    /// The same with the body's transfer encoding undone, lines ended by a line feed.
    pub content_decoded: String,
}

type Mails = Arc<Mutex<Vec<Mail>>>;

/// The catcher. Ends with this value.
#[derive(Debug)]
pub struct Smtp {
    /// Where mail is taken.
    pub addr: SocketAddr,
    /// Where it is shown.
    pub http: SocketAddr,
    mails: Mails,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Smtp {
    /// Listens on two free ports of the loopback.
    pub async fn start() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self::listen(free, free).await.expect("two free ports")
    }

    /// Listens for mail and for requests.
    ///
    /// # Errors
    /// If an address cannot be listened on.
    pub async fn listen(smtp: SocketAddr, http: SocketAddr) -> io::Result<Self> {
        let (smtp, http) = (TcpListener::bind(smtp).await?, TcpListener::bind(http).await?);
        let (addr, http_addr) = (smtp.local_addr()?, http.local_addr()?);
        let mails = Mails::default();
        let router = Router::new()
            .route("/", get(|| async { "ok" }))
            .route("/messages/{address}", get(list))
            .route("/messages/{address}/latest", get(latest))
            .with_state(mails.clone());
        let take = tokio::spawn(accept(smtp, mails.clone()));
        let show = tokio::spawn(async move {
            let _ = axum::serve(http, router).await;
        });
        Ok(Self { addr, http: http_addr, mails, tasks: [take, show] })
    }

    /// Mails to an address, newest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        find(&self.mails, address)
    }

    /// The newest mail to an address.
    pub fn latest(&self, address: &str) -> Option<Mail> {
        self.to(address).into_iter().next()
    }
}

fn find(mails: &Mails, address: &str) -> Vec<Mail> {
    let mails = mails.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = |mail: &&Mail| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address));
    mails.iter().rev().filter(wanted).cloned().collect()
}

fn shown(mail: &Mail) -> Value {
    json!({
        "from-agent": mail.from_agent,
        "remote-address": mail.remote_address,
        "user": "",
        "from": mail.from,
        "to": mail.to.join(","),
        "content": mail.content,
        "content-decoded": mail.content_decoded,
    })
}

async fn list(State(mails): State<Mails>, Path(address): Path<String>) -> Json<Vec<Value>> {
    Json(find(&mails, &address).iter().map(shown).collect())
}

async fn latest(State(mails): State<Mails>, Path(address): Path<String>) -> Result<Json<Value>, StatusCode> {
    find(&mails, &address).first().map(|mail| Json(shown(mail))).ok_or(StatusCode::NOT_FOUND)
}

async fn accept(listener: TcpListener, mails: Mails) {
    while let Ok((stream, peer)) = listener.accept().await {
        let mails = mails.clone();
        tokio::spawn(async move {
            // A sender that breaks off is its own affair.
            let _ = talk(stream, peer, mails).await;
        });
    }
}

async fn talk(stream: TcpStream, peer: SocketAddr, mails: Mails) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read);
    let mut mail = Mail { remote_address: peer.to_string(), ..Mail::default() };
    write.write_all(b"220 catcher ready\r\n").await?;
    let mut line = String::new();
    loop {
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let upper = line.trim_end().to_ascii_uppercase();
        let words = |from: usize| line.trim_end().get(from..).unwrap_or_default().trim().to_string();
        let answer = if upper.starts_with("EHLO") || upper.starts_with("HELO") {
            mail.from_agent = words(4);
            "250 8BITMIME"
        } else if upper.starts_with("MAIL FROM:") {
            mail.from = address(&words(10));
            "250 ok"
        } else if upper.starts_with("RCPT TO:") {
            mail.to.push(address(&words(8)));
            "250 ok"
        } else if upper == "DATA" {
            write.write_all(b"354 go on\r\n").await?;
            mail.content = data(&mut lines).await?;
            mail.content_decoded = decoded(&mail.content);
            let next = Mail {
                remote_address: mail.remote_address.clone(),
                from_agent: mail.from_agent.clone(),
                ..Mail::default()
            };
            let mail = std::mem::replace(&mut mail, next);
            mails.lock().unwrap_or_else(PoisonError::into_inner).push(mail);
            "250 kept"
        } else if upper == "RSET" {
            mail.to.clear();
            "250 ok"
        } else if upper == "NOOP" {
            "250 ok"
        } else if upper == "QUIT" {
            write.write_all(b"221 bye\r\n").await?;
            return Ok(());
        } else {
            "502 not known here"
        };
        write.write_all(answer.as_bytes()).await?;
        write.write_all(b"\r\n").await?;
    }
}

/// `<a@b> SIZE=1` → `a@b`
fn address(text: &str) -> String {
    let text = text.split_once('<').map_or(text, |(_, rest)| rest);
    text.split(['>', ' ']).next().unwrap_or_default().to_string()
}

async fn data(lines: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<String> {
    let mut bytes = Vec::new();
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match line.as_slice() {
            b".\r\n" | b".\n" => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
            [b'.', rest @ ..] => bytes.extend_from_slice(rest),
            all => bytes.extend_from_slice(all),
        }
    }
}

fn decoded(content: &str) -> String {
    let text = content.replace("\r\n", "\n");
    let Some((head, body)) = text.split_once("\n\n") else { return text };
    let head_lower = head.to_ascii_lowercase();
    let encoding =
        head_lower.lines().find_map(|l| l.strip_prefix("content-transfer-encoding:")).map(str::trim);
    let body = match encoding {
        Some("quoted-printable") => quoted_printable(body),
        Some("base64") => {
            let packed: String = body.split_whitespace().collect();
            match base64::engine::general_purpose::STANDARD.decode(packed) {
                Ok(bytes) => String::from_utf8_lossy(&bytes).replace("\r\n", "\n"),
                Err(_) => body.to_string(),
            }
        }
        _ => body.to_string(),
    };
    format!("{head}\n\n{body}")
}

fn quoted_printable(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let hex = |at: usize| bytes.get(at).and_then(|b| (*b as char).to_digit(16));
        match (bytes[i], hex(i + 1), hex(i + 2)) {
            (b'=', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                i += 3;
            }
            (b'=', ..) if bytes.get(i + 1) == Some(&b'\n') => i += 2,
            (byte, ..) => {
                out.push(byte);
                i += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_decoded() {
        let mail =
            "Subject: a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nx =3D =C3=A9 lo=\r\nng\r\n";
        assert!(decoded(mail).ends_with("\n\nx = é long\n"));
        let mail = "Content-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n";
        assert!(decoded(mail).ends_with("\n\nhello"));
        assert_eq!(decoded("no head"), "no head");
    }

    #[tokio::test]
    async fn a_mail_is_kept_and_shown() {
        let smtp = Smtp::start().await;
        let stream = TcpStream::connect(smtp.addr).await.unwrap();
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read).lines();
        let mut say = async |text: &str, expected: &str| {
            write.write_all(text.as_bytes()).await.unwrap();
            let answer = lines.next_line().await.unwrap().unwrap();
            assert!(answer.starts_with(expected), "{text:?}: {answer}");
        };
        say("", "220").await;
        say("EHLO me\r\n", "250").await;
        say("MAIL FROM:<a@x> SIZE=9\r\n", "250").await;
        say("RCPT TO:<b@y>\r\n", "250").await;
        say("DATA\r\n", "354").await;
        say("Subject: s\r\n\r\n..dot\r\n.\r\n", "250").await;
        say("QUIT\r\n", "221").await;
        let http = format!("http://{}", smtp.http);
        assert_eq!(reqwest::get(format!("{http}/messages/c@z/latest")).await.unwrap().status(), 404);
        let mail: Value =
            reqwest::get(format!("{http}/messages/b@y/latest")).await.unwrap().json().await.unwrap();
        assert_eq!(mail["from"], "a@x");
        assert_eq!(mail["content-decoded"], "Subject: s\n\n.dot\n");
        let all: Value = reqwest::get(format!("{http}/messages/b@y")).await.unwrap().json().await.unwrap();
        assert_eq!(all.as_array().unwrap().len(), 1);
    }
}
