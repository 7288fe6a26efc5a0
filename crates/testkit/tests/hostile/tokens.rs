//! Tokens that are none, no longer, or not for this.

use crate::support::Caller;
use cds_testkit::{Setup, TestServer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn quiet() -> TestServer {
    TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await
}

/// A request with whatever header lines; the status line and the rest.
async fn raw(server: &TestServer, lines: &[u8]) -> String {
    let address = server.url().strip_prefix("http://").unwrap().to_string();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /v1/projects HTTP/1.1\r\nhost: x\r\nconnection: close\r\n").await.unwrap();
    // The server may refuse before it has read everything.
    let _ = stream.write_all(lines).await;
    let _ = stream.write_all(b"\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn every_wrong_token_is_refused_alike() {
    let (server, other) = (quiet().await, quiet().await);
    let (admin, stranger) = (Caller::admin(&server).await, Caller::admin(&other).await);
    let good = admin.token.clone();
    assert_eq!(admin.get("/v1/projects").await.status, 200);
    let body = json!({"name": "short", "scopes": ["read"], "duration_days": 1});
    let made = admin.json("POST", "/v1/auth/tokens", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let revoked = made["secret"].as_str().expect("a secret").to_string();
    // Known to be good a moment ago, which the server remembers.
    assert_eq!(admin.with(&revoked).get("/v1/projects").await.status, 200);
    let id = made["token"]["id"].as_str().expect("an id");
    let gone = admin.send(admin.request("DELETE", &format!("/v1/auth/tokens/{id}"))).await;
    assert_eq!(gone.status, 204, "{}", gone.text);
    let wrong = [
        good[..good.len() - 1].to_string(),
        good[..4].to_string(),
        format!("{good}0"),
        good.to_uppercase(),
        good.trim_start_matches("cds_").to_string(),
        format!("cds_{}", "0".repeat(64)),
        "cds_".into(),
        "null".into(),
        "' OR 1=1 --".into(),
        "%".into(),
        "x".repeat(6000),
        stranger.token.clone(),
        revoked,
    ];
    let mut texts = Vec::new();
    for token in &wrong {
        for path in [
            "/v1/projects",
            "/v1/users/me",
            "/v1/worker/artifacts?job=x&attempt=1",
            "/v1/nothing",
            "/v1/events",
        ] {
            let line = format!("authorization: Bearer {token}");
            let answer = raw(&server, line.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 401 "), "{token}: {answer}");
            let answer = admin.with(token).request("GET", path).send().await;
            // Some of them are no header that a client would send.
            let Ok(answer) = answer else { continue };
            let wanted = if path == "/v1/nothing" { [404, 401] } else { [401, 401] };
            assert!(wanted.contains(&answer.status().as_u16()), "{token} {path}: {}", answer.status());
            if answer.status() == 401 {
                let body: serde_json::Value = answer.json().await.unwrap();
                assert!(!body.to_string().contains(token.as_str()) || token.len() < 6, "{body}");
                texts.push(body["message"].clone());
            }
        }
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "the server says why a token is wrong: {texts:?}");
    // The log keeps none of them.
    let log = server.log();
    for token in wrong.iter().chain([&good]).filter(|t| t.len() > 20) {
        assert!(!log.contains(token.as_str()), "{token} is in the log");
    }
}

#[tokio::test]
async fn headers_that_are_no_tokens() {
    let server = quiet().await;
    let token = Caller::admin(&server).await.token;
    for line in [
        "authorization: ".to_string(),
        "authorization: Bearer".into(),
        "authorization: Bearer ".into(),
        format!("authorization: {token}"),
        format!("authorization: Basic {token}"),
        format!("authorization: Bearer{token}"),
        format!("authorization: Bearer\t{token}"),
        format!("authorization: Bearer {token} {token}"),
        format!("x-authorization: Bearer {token}"),
        format!("cookie: token={token}"),
        format!("authorization: Bearer x\r\nauthorization: Bearer {token}"),
    ] {
        let answer = raw(&server, line.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{line}: {answer}");
    }
    for line in [&b"authorization: Bearer \xff\xfe\x00"[..], b"authorization: \x01", &[b'a'; 1 << 20]] {
        let answer = raw(&server, line).await;
        assert!(answer.starts_with("HTTP/1.1 4") || answer.is_empty(), "{answer}");
    }
    // In the address it would be in every log on the way.
    let caller = Caller::admin(&server).await.with("");
    for name in ["token", "access_token", "ticket", "authorization"] {
        assert_eq!(caller.get(&format!("/v1/projects?{name}={token}")).await.status, 401);
    }
    assert!(
        raw(&server, format!("AuthorizatioN: bEARER {token}").as_bytes()).await.starts_with("HTTP/1.1 200 ")
    );
}

/// A token opens what its kind is for and nothing else.
#[tokio::test]
async fn kinds_of_tokens_do_not_mix() {
    let server = quiet().await;
    let admin = Caller::admin(&server).await;
    let worker = crate::bodies::worker(&admin).await;
    let (_, operations) = admin.operations().await;
    let mut asked = 0;
    for (method, path, _) in &operations {
        let open = admin.with("").request(method, path).send().await.unwrap().status();
        let filled = crate::bodies::filled(path);
        for (kind, token) in [
            ("worker", &worker.token),
            ("bootstrap", &worker.bootstrap),
            ("hatchery", &worker.hatchery),
            ("user", &admin.token),
        ] {
            let own = match kind {
                "worker" => path.starts_with("/v1/worker/"),
                "bootstrap" => path == "/v1/worker/register",
                "hatchery" => path.starts_with("/v1/hatchery/"),
                _ => !path.starts_with("/v1/worker/") && !path.starts_with("/v1/hatchery/"),
            };
            if own || open != 401 {
                continue;
            }
            let answer = admin.with(token).bytes(method, &filled, "application/json", b"{}".to_vec()).await;
            assert!(
                [401, 403, 404].contains(&answer.status.as_u16()),
                "{kind} {method} {path}: {} {}",
                answer.status,
                answer.text
            );
            asked += 1;
        }
    }
    assert!(asked > 200, "{asked}");
}
