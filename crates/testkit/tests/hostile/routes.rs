//! Every operation of the API with random and mutated parameters, headers and bodies: never a 500, never a hang, and
//! each refusal in the form of the API.

use crate::{
    bodies::{FakeWorker, who, worker},
    support::{Caller, encode},
};
use cds_testkit::{Dice, Setup, TestServer};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Requests for each operation; more with `CDS_TEST_ROUNDS`.
const ROUNDS: usize = 12;

const TEXTS: &[&str] = &[
    "",
    " ",
    "x",
    "P",
    "w",
    "p",
    "admin",
    "latest",
    "1",
    "0",
    "-1",
    "2",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "18446744073709551616",
    "4294967296",
    "65536",
    "1e309",
    "NaN",
    "0x10",
    "01",
    "+1",
    "null",
    "true",
    "[]",
    "{}",
    "a/b",
    "..",
    ".",
    "../../etc/passwd",
    "a\0b",
    "\0",
    "\n",
    "\r\nx: y",
    "é",
    "𝕏",
    "\u{202e}",
    "\u{feff}",
    "\u{ffff}",
    "%",
    "%00",
    "%zz",
    "'",
    "\"",
    "'; DROP TABLE runs; --",
    "\\",
    "$(id)",
    "{{.x}}",
    "<script>",
    "cds.x",
    "git.branch",
    "a:b",
    ":",
    "a b",
    "a,b",
    "*",
    "(",
    "[",
    "(a+)+$",
    "0198c1a2-0000-7000-8000-000000000000",
    "0198c1a2-0000-7000-8000-000000000000.0",
    "0198c1a2-0000-7000-8000-000000000000.4294967295",
    "success",
    "Success",
    "yaml",
    "json",
    "xml",
    "password",
    "string",
    "ssh",
    "pgp",
    "7",
    "4",
    "2026-01-01T00:00:00Z",
    "9999999999999",
];

fn text(dice: &mut Dice) -> String {
    match dice.below(20) {
        0 => "x".repeat(1 << dice.below(13)),
        1 => format!("{}{}", dice.pick(TEXTS), dice.pick(TEXTS)),
        2 => char::from_u32(dice.number() as u32 % 0x11_0000).map(String::from).unwrap_or_default().repeat(3),
        _ => (*dice.pick(TEXTS)).to_string(),
    }
}

fn number(dice: &mut Dice) -> Value {
    let all = [
        "0",
        "1",
        "-1",
        "2",
        "1.5",
        "1e3",
        "-0.0",
        "255",
        "65536",
        "2147483648",
        "4294967296",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
        "1e308",
        "123456789012345678901234567890",
    ];
    serde_json::from_str(all[dice.below(all.len() as u64) as usize]).unwrap_or(Value::Null)
}

/// Any value at all.
fn anything(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth > 3 { 4 } else { 6 }) {
        0 => Value::Null,
        1 => dice.one_in(2).into(),
        2 => number(dice),
        3 => text(dice).into(),
        4 => (0..dice.below(4)).map(|_| anything(dice, depth + 1)).collect(),
        _ => Value::Object((0..dice.below(4)).map(|_| (text(dice), anything(dice, depth + 1))).collect()),
    }
}

/// A value that mostly fits a schema.
fn fitting(schema: &Value, document: &Value, dice: &mut Dice, depth: usize) -> Value {
    if dice.one_in(12) || depth > 8 {
        return anything(dice, 1);
    }
    if let Some(name) = schema["$ref"].as_str() {
        return fitting(document.pointer(&name[1..]).unwrap_or(&Value::Null), document, dice, depth + 1);
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(all) = schema[key].as_array().filter(|a| !a.is_empty()) {
            let one = dice.pick(all).clone();
            return fitting(&one, document, dice, depth + 1);
        }
    }
    if let Some(all) = schema["enum"].as_array() {
        return dice.pick(all).clone();
    }
    let kind = match &schema["type"] {
        Value::Array(kinds) if !kinds.is_empty() => dice.pick(kinds).as_str().unwrap_or("").to_string(),
        kind => kind.as_str().unwrap_or("").to_string(),
    };
    match kind.as_str() {
        "string" => text(dice).into(),
        "integer" | "number" => number(dice),
        "boolean" => dice.one_in(2).into(),
        "null" => Value::Null,
        "array" => (0..dice.below(4)).map(|_| fitting(&schema["items"], document, dice, depth + 1)).collect(),
        "object" => {
            let mut map = Map::new();
            for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
                if !dice.one_in(10) {
                    map.insert(name.clone(), fitting(inner, document, dice, depth + 1));
                }
            }
            if dice.one_in(6) || map.is_empty() {
                map.insert(text(dice), anything(dice, 2));
            }
            Value::Object(map)
        }
        _ => anything(dice, 1),
    }
}

/// What exists, so that some requests get past the first check.
struct Known {
    job: String,
    run: i64,
}

fn path_value(name: &str, method: &str, known: &Known, dice: &mut Dice) -> String {
    let good = match name {
        "key" => "P",
        "workflow" => "w",
        "pipeline" => "p",
        "app" => "app",
        "env" => "env",
        "group" => "p",
        "username" => "admin",
        "job" => known.job.as_str(),
        "attempt" => "1",
        "step" => "0",
        "number" => "1",
        _ => "x",
    };
    let last = method == "DELETE" || (name == "username" && method != "GET");
    // What the other requests need is not to be removed.
    let good = if last && ["key", "workflow", "pipeline", "number", "username", "group"].contains(&name) {
        "nothing"
    } else {
        good
    };
    if dice.one_in(4) { text(dice) } else { good.to_string() }
}

async fn assault(server: &TestServer, seed: u64) {
    let rounds = std::env::var("CDS_TEST_ROUNDS").ok().and_then(|r| r.parse().ok()).unwrap_or(ROUNDS);
    let mut dice = Dice::new(Dice::seed("CDS_TEST_SEED", Some(seed)));
    let admin = Caller::admin(server).await;
    let project = server.project("P").await;
    project.push_script("w", &["echo"]).await;
    for (what, file) in [
        ("application", "version: v1.0\nname: app\n"),
        ("environment", "name: env\n"),
        ("pipeline", "version: v1.0\nname: p\n"),
    ] {
        let answer = admin
            .bytes("POST", &format!("/v1/projects/P/import/{what}"), "application/x-yaml", file.into())
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    // A job in the hands of a worker, so that reports count.
    let fake: FakeWorker = worker(&admin).await;
    let run = admin.json("POST", "/v1/projects/P/workflows/w/runs", &json!({})).await;
    assert_eq!(run.status, 201, "{}", run.text);
    let taken = admin.with(&fake.token).json("POST", "/v1/worker/take", &json!({"wait_ms": 20000})).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
    let known = Known {
        job: taken.json()["job"].as_str().unwrap().to_string(),
        run: run.json()["number"].as_i64().unwrap_or(1),
    };
    assert_eq!(known.run, 1);
    let (document, operations) = admin.operations().await;
    let mut counts = std::collections::BTreeMap::new();
    for (method, path, operation) in &operations {
        // These wait for news, or end the session that asks.
        let waits = ["/v1/events", "/v1/hatchery/sync", "/v1/worker/take"].contains(&path.as_str())
            || path.ends_with("/follow");
        if path == "/v1/auth/signout" {
            continue;
        }
        let rounds = if method == "DELETE" { rounds / 2 } else { rounds };
        for _ in 0..rounds {
            let mut address: Vec<String> = Vec::new();
            for part in path.split('/') {
                let name = part.strip_prefix('{').and_then(|p| p.strip_suffix('}'));
                address.push(
                    name.map_or(part.to_string(), |n| encode(&path_value(n, method, &known, &mut dice))),
                );
            }
            let mut query = Vec::new();
            let mut headers = Vec::new();
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or("");
                let value = match (name, dice.one_in(4)) {
                    ("job", false) => known.job.clone(),
                    ("attempt", false) => "1".into(),
                    _ => match fitting(&parameter["schema"], &document, &mut dice, 0) {
                        Value::String(text) => text,
                        other => other.to_string(),
                    },
                };
                match parameter["in"].as_str() {
                    Some("query") if !dice.one_in(5) => query.push(format!("{name}={}", encode(&value))),
                    Some("header") => headers.push((name.to_string(), value)),
                    _ => {}
                }
            }
            if dice.one_in(8) {
                query.push(format!("{}={}", encode(&text(&mut dice)), encode(&text(&mut dice))));
            }
            for (name, values) in [
                (
                    "range",
                    &[
                        "bytes=0-0",
                        "bytes=-1",
                        "bytes=9-1",
                        "bytes=0-18446744073709551615",
                        "bytes=18446744073709551615-",
                        "lines=1",
                        "bytes=0-1,3-4",
                        "",
                    ][..],
                ),
                ("last-event-id", &["0", "-1", "9223372036854775807", "9223372036854775808", "x", ""][..]),
                ("accept-encoding", &["gzip", "gzip;q=x", "*", ""][..]),
                ("if-none-match", &["*", "W/\"\"", "\""][..]),
                ("x-request-id", &["x", "é", ""][..]),
            ] {
                if dice.one_in(6) {
                    headers.push((name.to_string(), (*dice.pick(values)).to_string()));
                }
            }
            let mut address = address.join("/");
            if !query.is_empty() {
                address = format!("{address}?{}", query.join("&"));
            }
            let token = if dice.one_in(15) {
                *dice.pick(&[&admin.token, &fake.token, &fake.hatchery])
            } else {
                who(path, &admin.token, &fake)
            };
            let mut request = admin.with(token).request(method, &address);
            let mut body = String::new();
            if let Some(kinds) = operation["requestBody"]["content"].as_object() {
                let (kind, content) = kinds.iter().next().expect("a kind");
                body = match (kind.as_str(), dice.below(10)) {
                    (_, 0) => text(&mut dice),
                    ("application/json", 1) => {
                        let whole = fitting(&content["schema"], &document, &mut dice, 0).to_string();
                        whole.chars().take(dice.below(whole.len() as u64 + 1) as usize).collect()
                    }
                    ("application/json", _) => {
                        let mut value = fitting(&content["schema"], &document, &mut dice, 0);
                        if let Some(map) = value.as_object_mut().filter(|_| !dice.one_in(4)) {
                            // A worker's own job, or its reports are all of nothing.
                            for (name, good) in
                                [("job", json!(known.job)), ("attempt", json!(1)), ("wait_ms", json!(0))]
                            {
                                if map.contains_key(name) {
                                    map.insert(name.into(), good);
                                }
                            }
                        }
                        value.to_string()
                    }
                    (_, 1..4) => "name: x\nversion: v1.0\n".to_string() + &text(&mut dice),
                    _ => anything(&mut dice, 0).to_string(),
                };
                let kind = if dice.one_in(10) {
                    *dice.pick(&[
                        "",
                        "text/plain",
                        "application/json; charset=utf-16",
                        "multipart/form-data",
                        "application/x-yaml",
                    ])
                } else {
                    kind
                };
                request = request.header("content-type", kind).body(body.clone());
            }
            for (name, value) in &headers {
                if let Ok(value) = reqwest::header::HeaderValue::from_bytes(value.as_bytes()) {
                    request = request.header(name, value);
                }
            }
            let about =
                || format!("{method} {address} {headers:?}\n{}", body.chars().take(2000).collect::<String>());
            if waits {
                let waiting = tokio::time::timeout(Duration::from_secs(2), request.send()).await;
                if let Ok(Ok(answer)) = waiting {
                    assert!(answer.status().as_u16() < 500, "{}: {}", about(), answer.status());
                }
                continue;
            }
            let Ok(response) = request.send().await else {
                panic!("no answer to {}\n{}", about(), server.log())
            };
            let status = response.status();
            let kind = response
                .headers()
                .get("content-type")
                .and_then(|v| v.to_str().ok())
                .unwrap_or("")
                .to_string();
            let packed = response.headers().contains_key("content-encoding");
            let answer = response.text().await.unwrap_or_else(|e| panic!("{e} in the answer to {}", about()));
            *counts.entry(status.as_u16()).or_insert(0) += 1;
            // The one thing that a server may lack: a way to send mail.
            let mail = status == 503 && answer.contains("\"no_mail\"");
            assert!(
                status.as_u16() < 500 || mail,
                "{status} to {}\n{answer}\n{}",
                about(),
                last_lines(&server.log())
            );
            if status.is_client_error() && !packed {
                let error: Value = serde_json::from_str(&answer).unwrap_or(Value::Null);
                assert!(
                    kind.starts_with("application/json")
                        && error["code"].is_string()
                        && error["message"].is_string(),
                    "{status} {kind:?} to {}\n{answer}",
                    about()
                );
            }
        }
        assert_eq!(admin.get("/v1/health").await.status, 200, "after {method} {path}");
    }
    println!("{counts:?}");
    let good: usize = counts.iter().filter(|(s, _)| **s < 300).map(|(_, n)| n).sum();
    assert!(good > 100, "hardly anything was accepted: {counts:?}");
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> =
        log.lines().filter(|l| l.contains("ERROR") || l.contains("WARN") || l.contains("panicked")).collect();
    lines[lines.len().saturating_sub(10)..].join("\n")
}

#[tokio::test]
async fn nothing_that_is_sent_is_the_servers_fault() {
    let server = TestServer::with(Setup { no_hatchery: true, ..Setup::default() }).await;
    assault(&server, 1).await;
}

#[tokio::test]
async fn nothing_that_is_sent_is_the_fault_of_a_server_on_postgresql() {
    let setup = Setup { no_hatchery: true, ..Setup::default() };
    let Some(server) = TestServer::on_postgres_with(setup).await else { return };
    assault(&server, 2).await;
}
