//! Signing up, signing in, tokens, keys of users.

use super::*;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};

const PASSWORD: &str = "123456&éçà(§";

fn sign_up(name: &str) -> Value {
    json!({"username": name, "fullname": name, "email": format!("{name}@localhost.local"), "password": PASSWORD})
}

#[tokio::test]
async fn the_first_with_the_init_token_administers() {
    let s = Server::new();
    let init = s.app.init_token().await.unwrap().unwrap();
    assert_eq!(s.app.init_token().await.unwrap().unwrap(), init);
    for name in ["alice", "bob"] {
        let made = s.post("", "/auth/consumer/local/signup", sign_up(name)).await.is(201);
        assert_eq!(made.json()["status"], "active");
    }
    let sign_in =
        |name: &str, init: &str| json!({"username": name, "password": PASSWORD, "init_token": init});
    let wrong = s.post("", "/v1/auth/signin", sign_in("alice", "wrong")).await.is(400);
    assert!(wrong.text().contains("invalid given init token"));
    let alice = s.post("", "/v1/auth/signin", sign_in("alice", &init)).await.is(200).json();
    assert_eq!(alice["user"]["ring"], "ADMIN");
    let bob = s.post("", "/v1/auth/signin", sign_in("bob", &init)).await.is(200).json();
    assert_eq!(bob["user"]["ring"], "USER");
    assert_eq!(s.app.init_token().await.unwrap(), None);
    let me = s.get(alice["token"].as_str().unwrap(), "/v1/users/me").await.is(200).json();
    assert_eq!((&me["username"], &me["ring"]), (&json!("alice"), &json!("ADMIN")));
}

#[tokio::test]
async fn new_users_join_the_default_group() {
    let s = Server::with(|c| c.default_group = "everybody".into());
    for name in ["alice", "bob"] {
        s.post("", "/v1/auth/signup", sign_up(name)).await.is(201);
    }
    let sign_in = json!({"username": "alice", "password": PASSWORD});
    let alice = s.post("", "/v1/auth/signin", sign_in).await.is(200).json()["token"].clone();
    let group = s.get(alice.as_str().unwrap(), "/v1/groups/everybody").await.is(200).json();
    let members = group["members"].as_array().unwrap().iter();
    let members: Vec<_> = members.map(|m| (m["username"].clone(), m["admin"].clone())).collect();
    assert_eq!(members, [(json!("alice"), json!(false)), (json!("bob"), json!(false))]);
}

#[tokio::test]
async fn bad_sign_ups_are_refused() {
    let s = Server::new();
    s.post("", "/v1/auth/signup", sign_up("alice")).await.is(201);
    let bad = [
        ("username", json!("al"), "3 to 32"),
        ("username", json!("me"), "user name"),
        ("username", json!("Bob"), "user name"),
        ("username", json!("alice"), "given username"),
        ("email", json!("ALICE@localhost.local"), "given email"),
        ("email", json!("nobody"), "mail address"),
        ("password", json!("short"), "too short"),
        ("password", json!("x".repeat(300)), "too long"),
    ];
    for (key, value, why) in bad {
        let mut body = sign_up("carol");
        body[key] = value;
        let answer = s.post("", "/v1/auth/signup", body).await.is(400);
        assert!(answer.text().contains(why), "{key}: {}", answer.text());
    }
    let closed = Server::with(|c| c.signup_enabled = false);
    closed.post("", "/v1/auth/signup", sign_up("alice")).await.refused(403, 182);
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_slowed_down() {
    let s = Server::new();
    s.app.create_first_admin("root", cds_model::Secret::new(PASSWORD.into())).await.unwrap();
    let sign_in = |name: &str, password: &str| json!({"username": name, "password": password});
    s.post("", "/v1/auth/signin", sign_in("root", "nonsense")).await.refused(401, 25);
    s.post("", "/v1/auth/signin", sign_in("nobody", PASSWORD)).await.refused(401, 25);
    s.post("", "/v1/auth/signin", sign_in("root", PASSWORD)).await.is(200);
    for _ in 0..10 {
        s.app.tokens().attempts.attempt("root", s.app.now()).unwrap();
    }
    let slow = s.post("", "/v1/auth/signin", sign_in("root", PASSWORD)).await.is(429);
    let wait: u64 = slow.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=6).contains(&wait));
    // A second administrator is not made this way.
    s.app.create_first_admin("other", cds_model::Secret::new(PASSWORD.into())).await.unwrap();
    let root = s.user("root", "").await;
    s.get(&root, "/v1/users/other").await.refused(404, 38);
}

/// Takes mails, one after the other; their texts.
fn mail_server() -> (u16, std::sync::mpsc::Receiver<String>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (taken, mails) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            if taken.send(take_mail(stream.unwrap())).is_err() {
                return;
            }
        }
    });
    (port, mails)
}

fn take_mail(stream: std::net::TcpStream) -> String {
    let mut out = stream.try_clone().unwrap();
    let mut say = |text: &str| out.write_all(text.as_bytes()).unwrap();
    say("220 mail\r\n");
    let (mut mail, mut inside) = (String::new(), false);
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        match (inside, line.as_str()) {
            (true, ".") => {
                say("250 taken\r\n");
                break;
            }
            (true, text) => mail.push_str(&format!("{text}\n")),
            (false, "DATA") => {
                inside = true;
                say("354 go on\r\n");
            }
            (false, _) => say("250 ok\r\n"),
        }
    }
    mail.replace("=\n", "")
}

/// The token in a mail, as scripts find it.
fn token_in(mail: &str) -> String {
    let (_, rest) = mail.split_once("cdsctl signup verify --api-url http://cds.example ").unwrap();
    rest.split_whitespace().next().unwrap().to_string()
}

#[tokio::test]
async fn with_mail_an_account_waits_to_be_confirmed() {
    let (s, taken) = mailing();
    let groups = |s: &Server| {
        let store = s.app.store().clone();
        async move { store.read(cds_store::groups::list).await.unwrap().len() }
    };
    let init = s.app.init_token().await.unwrap().unwrap();
    let made = s.post("", "/v1/auth/signup", sign_up("alice")).await.is(201);
    assert_eq!(made.json()["status"], "verification_sent");
    let mail = taken.recv().unwrap();
    assert!(mail.contains("Subject: [CDS] Welcome to CDS"), "{mail}");
    let token = token_in(&mail);
    // Somebody else signs up under the same name and address with a password of their own.
    let mut again = sign_up("alice");
    again["password"] = json!("another password");
    s.post("", "/v1/auth/signup", again).await.is(201);
    let other = token_in(&taken.recv().unwrap());
    assert_ne!(other, token);

    let sign_in = json!({"username": "alice", "password": PASSWORD});
    s.post("", "/v1/auth/signin", sign_in.clone()).await.is(403);
    let verify = |token: &str, init: &str| json!({"token": token, "init_token": init});
    s.post("", "/v1/auth/signup/verify", verify("nonsense", "")).await.is(400);
    // A wrong init token uses nothing up.
    s.post("", "/v1/auth/signup/verify", verify(&token, "wrong")).await.is(400);
    assert_eq!(groups(&s).await, 0, "only who is confirmed is a member of the default group");
    let session = s.post("", "/v1/auth/signup/verify", verify(&token, &init)).await.is(200).json();
    assert_eq!(session["user"]["ring"], "ADMIN");
    assert_eq!(groups(&s).await, 1);
    for used in [&token, &other] {
        s.post("", "/v1/auth/signup/verify", verify(used, &init)).await.is(400);
    }
    s.post("", "/v1/auth/signin", sign_in).await.is(200);
    s.post("", "/v1/auth/signup", sign_up("alice")).await.is(400);
}

#[tokio::test]
async fn tokens_never_exceed_their_maker() {
    let s = Server::new();
    let (user, admin) = (s.user("alice", "USER").await, s.user("root", "ADMIN").await);
    let wish = |scopes: &[&str]| json!({"name": "t", "scopes": scopes});
    s.post(&user, "/v1/auth/tokens", wish(&["nonsense"])).await.is(400);
    s.post(&user, "/v1/auth/tokens", wish(&["hatchery"])).await.is(403);
    s.post(&user, "/v1/auth/tokens", wish(&["admin"])).await.is(403);
    s.post(&admin, "/v1/auth/tokens", wish(&["hatchery"])).await.is(201);
    s.post(&user, "/v1/auth/tokens", json!({"name": " "})).await.is(400);
    s.post(&user, "/v1/auth/tokens", json!({"name": "t", "duration_days": 100_000})).await.is(400);

    let limited = s.post(&user, "/v1/auth/tokens", wish(&["user", "run"])).await.is(201).json();
    let limited = limited["secret"].as_str().unwrap();
    s.post(limited, "/v1/auth/tokens", wish(&["project"])).await.is(403);
    let child = s.post(limited, "/v1/auth/tokens", wish(&[])).await.is(201).json();
    assert_eq!(child["token"]["scopes"], json!(["run", "user"]));
    s.post(limited, "/v1/projects", json!({"key": "X", "name": "x"})).await.is(201);

    let list = s.get(&user, "/v1/auth/tokens").await.is(200).json();
    assert_eq!(list.as_array().unwrap().len(), 3);
    assert_eq!(list.as_array().unwrap().iter().filter(|t| t["current"] == true).count(), 1);
    let id = child["token"]["id"].as_str().unwrap();
    s.delete(&admin, &format!("/v1/auth/tokens/{id}")).await.refused(404, 38);
    let secret = child["secret"].as_str().unwrap();
    s.get(secret, "/v1/users/me").await.is(200);
    s.delete(&user, &format!("/v1/auth/tokens/{id}")).await.is(204);
    s.get(secret, "/v1/users/me").await.is(401);
    s.delete(&user, "/v1/auth/tokens/nonsense").await.refused(404, 38);
    s.post(&user, "/v1/auth/signout", json!({})).await.is(204);
    s.get(&user, "/v1/users/me").await.is(401);
}

#[tokio::test]
async fn gpg_keys_of_users() {
    let s = Server::new();
    let (alice, bob) = (s.user("alice", "USER").await, s.user("bob", "USER").await);
    let key = crate::app::keys::generate("pgp", "k", "P").unwrap().public;
    let path = "/v1/users/alice/gpg-keys";
    s.post(&bob, path, json!({"public_key": key})).await.is(403);
    s.post(&alice, path, json!({"public_key": "hello"})).await.is(400);
    let made = s.post(&alice, path, json!({"public_key": key})).await.is(201).json();
    s.post(&alice, path, json!({"public_key": key})).await.is(201);
    let id = made["key_id"].as_str().unwrap();
    assert_eq!(s.get(&bob, path).await.is(200).json(), json!([made]));
    s.get(&bob, &format!("{path}/{}", id.to_lowercase())).await.is(200);
    s.delete(&bob, &format!("{path}/{id}")).await.is(403);
    s.delete(&alice, &format!("{path}/{id}")).await.is(204);
    s.get(&bob, &format!("{path}/{id}")).await.refused(404, 38);
    assert_eq!(s.get(&bob, "/v1/users").await.is(200).json().as_array().unwrap().len(), 2);
}

/// A server that sends its mails to the receiver.
fn mailing() -> (Server, std::sync::mpsc::Receiver<String>) {
    let (port, taken) = mail_server();
    let s = Server::with(|c| {
        c.default_group = "everybody".into();
        c.smtp = Some(crate::config::Smtp {
            host: "127.0.0.1".into(),
            port,
            from: "cds@localhost.local".into(),
            ..Default::default()
        });
    });
    (s, taken)
}

/// The next mail; what sends it may run on this very thread.
async fn next_mail(mails: &std::sync::mpsc::Receiver<String>) -> String {
    for _ in 0..6_000 {
        if let Ok(mail) = mails.try_recv() {
            return mail;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no mail within a minute");
}

async fn session(s: &Server, name: &str, password: &str) -> String {
    let answer = s.post("", "/v1/auth/signin", json!({"username": name, "password": password})).await.is(200);
    answer.json()["token"].as_str().unwrap().to_string()
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it() {
    let s = Server::new();
    s.post("", "/v1/auth/signup", sign_up("alice")).await.is(201);
    let (here, elsewhere) = (session(&s, "alice", PASSWORD).await, session(&s, "alice", PASSWORD).await);
    let api = s.post(&here, "/v1/auth/tokens", json!({"name": "robot"})).await.is(201).json();
    let change = |current: &str, new: &str| json!({"current": current, "password": new});
    s.post("", "/v1/auth/password", change(PASSWORD, "another one")).await.is(401);
    s.post(&here, "/v1/auth/password", change("nonsense", "another one")).await.refused(400, 25);
    s.post(&here, "/v1/auth/password", change(PASSWORD, "short")).await.refused(400, 74);
    s.post(&here, "/v1/auth/password", change(PASSWORD, "another one")).await.is(204);
    // This session stays, the others end; programs go on.
    s.get(&here, "/v1/users/me").await.is(200);
    s.get(&elsewhere, "/v1/users/me").await.is(401);
    s.get(api["secret"].as_str().unwrap(), "/v1/users/me").await.is(200);
    s.post("", "/v1/auth/signin", json!({"username": "alice", "password": PASSWORD})).await.refused(401, 25);
    session(&s, "alice", "another one").await;
    for _ in 0..12 {
        s.post(&here, "/v1/auth/password", change("guess", "another one")).await;
    }
    s.post(&here, "/v1/auth/password", change("another one", PASSWORD)).await.is(429);
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_mail() {
    let (s, mails) = mailing();
    let init = s.app.init_token().await.unwrap().unwrap();
    s.post("", "/v1/auth/signup", sign_up("alice")).await.is(201);
    let mail = next_mail(&mails).await;
    let verify = token_in(&mail);
    assert!(mail.contains(&format!("http://cds.example/signup/verify#{verify}")), "{mail}");
    let forgot = |email: &str| json!({"email": email});
    s.post("", "/v1/auth/signup", sign_up("bob")).await.is(201);
    next_mail(&mails).await;
    // Never confirmed: no mail. Nobody's address: no mail. The answer is the same. (The mail would be sent after it.)
    for email in ["bob@localhost.local", "nobody@localhost.local"] {
        let answer = s.post("", "/v1/auth/reset", forgot(email)).await.is(202);
        assert!(answer.bytes.is_empty());
    }
    let confirm = json!({"token": verify, "init_token": init});
    let old = s.post("", "/v1/auth/signup/verify", confirm).await.is(200).json();
    let old = old["token"].as_str().unwrap();
    s.post("", "/v1/auth/reset", forgot(" Alice@localhost.local ")).await.is(202);
    let mail = next_mail(&mails).await;
    assert!(mail.contains("Subject: [CDS] Reset your password"), "{mail}");
    assert!(mail.contains("Hello alice"), "{mail}");
    let (_, rest) = mail.split_once("cdsctl reset-password confirm --api-url http://cds.example ").unwrap();
    let token = rest.split_whitespace().next().unwrap();
    assert!(mail.contains(&format!("http://cds.example/reset-password#{token}")), "{mail}");

    let reset = |token: &str, password: &str| json!({"token": token, "password": password});
    s.post("", "/v1/auth/reset/confirm", reset(token, "short")).await.refused(400, 74);
    for wrong in ["nonsense", &verify, old] {
        s.post("", "/v1/auth/reset/confirm", reset(wrong, "a new password")).await.refused(400, 82);
    }
    // A reset token opens nothing by itself.
    s.get(token, "/v1/users/me").await.is(401);
    let new = s.post("", "/v1/auth/reset/confirm", reset(token, "a new password")).await.is(200).json();
    s.get(old, "/v1/users/me").await.is(401);
    s.get(new["token"].as_str().unwrap(), "/v1/users/me").await.is(200);
    s.post("", "/v1/auth/reset/confirm", reset(token, "a third password")).await.refused(400, 82);
    session(&s, "alice", "a new password").await;
    assert!(mails.try_recv().is_err(), "a mail too many");
}

#[tokio::test]
async fn without_mail_an_administrator_hands_over_a_link() {
    let s = Server::new();
    s.post("", "/v1/auth/signup", sign_up("alice")).await.is(201);
    let options = s.get("", "/v1/auth/options").await.is(200).json();
    assert_eq!(options, json!({"signup": true, "mail": false, "first_admin": true}));
    let answer = s.post("", "/v1/auth/reset", json!({"email": "alice@localhost.local"})).await.is(503);
    assert!(answer.text().contains("ask an administrator"), "{}", answer.text());
    let (alice, root) = (session(&s, "alice", PASSWORD).await, s.user("root", "ADMIN").await);
    s.post(&alice, "/v1/users/alice/reset", json!({})).await.is(403);
    s.post(&root, "/v1/users/nobody/reset", json!({})).await.refused(404, 38);
    let first = s.post(&root, "/v1/users/alice/reset", json!({})).await.is(201).json();
    let link = s.post(&root, "/v1/users/alice/reset", json!({})).await.is(201).json();
    let token = link["token"].as_str().unwrap();
    assert_eq!(link["url"], format!("http://cds.example/reset-password#{token}"));
    let body = |token: &Value| json!({"token": token, "password": "a new password"});
    s.post("", "/v1/auth/reset/confirm", body(&link["token"])).await.is(200);
    // The other link ended with it.
    s.post("", "/v1/auth/reset/confirm", body(&first["token"])).await.refused(400, 82);
    assert_eq!(s.get("", "/v1/auth/options").await.json()["first_admin"], false);
}

#[tokio::test]
async fn a_link_ends_with_time() {
    let s = Server::new();
    s.post("", "/v1/auth/signup", sign_up("alice")).await.is(201);
    let root = s.user("root", "ADMIN").await;
    let link = s.post(&root, "/v1/users/alice/reset", json!({})).await.is(201).json();
    assert!(link["expires"].as_str().unwrap() > s.app.now().to_rfc3339().as_str());
    let until = s.app.now() + Duration::from_secs(24 * 3600);
    let secret = link["token"].as_str().unwrap().to_string();
    let late = s.app.store().read(move |tx| tokens::by_secret(tx, &secret, until)).await.unwrap();
    assert!(late.is_none());
}
