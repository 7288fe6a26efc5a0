//! Bodies that are too large, too deep, packed, or nothing at all.

use crate::support::{Answer, Caller, peak};
use cds_testkit::{Setup, TestServer};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A worker without a process behind it.
pub struct FakeWorker {
    pub hatchery: String,
    pub bootstrap: String,
    pub token: String,
}

/// Registers a hatchery and has it make two workers, of which one registers.
pub async fn worker(admin: &Caller) -> FakeWorker {
    let body = json!({"name": "h", "scopes": ["hatchery"]});
    let hatchery =
        admin.json("POST", "/v1/auth/tokens", &body).await.json()["secret"].as_str().unwrap().to_string();
    let as_hatchery = admin.with(&hatchery);
    let offer = json!({"os_arch": "linux/amd64", "hostname": "h", "max_workers": 4});
    let body = json!({"name": "h", "model_type": "host", "version": "0", "offer": offer});
    let registered = as_hatchery.json("POST", "/v1/hatchery/register", &body).await;
    assert_eq!(registered.status, 200, "{}", registered.text);
    let body = json!({"hatchery": registered.json()["hatchery"], "count": 2});
    let orders = as_hatchery.json("POST", "/v1/hatchery/workers", &body).await;
    assert_eq!(orders.status, 201, "{}", orders.text);
    let tokens: Vec<String> = orders.json()["workers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|w| w["token"].as_str().unwrap().to_string())
        .collect();
    let body =
        json!({"name": "w", "os": "linux", "arch": "amd64", "version": "0", "hostname": "h", "pid": 1});
    let registered = admin.with(&tokens[0]).json("POST", "/v1/worker/register", &body).await;
    assert_eq!(registered.status, 200, "{}", registered.text);
    let token = registered.json()["token"].as_str().unwrap().to_string();
    FakeWorker { hatchery, bootstrap: tokens[1].clone(), token }
}

/// Who may do an operation, as far as its path tells.
pub fn who<'a>(path: &str, admin: &'a str, worker: &'a FakeWorker) -> &'a str {
    match path {
        "/v1/worker/register" => &worker.bootstrap,
        _ if path.starts_with("/v1/worker/") => &worker.token,
        _ if path.starts_with("/v1/hatchery/") => &worker.hatchery,
        _ => admin,
    }
}

pub fn filled(path: &str) -> String {
    let value = |name: &str| match name {
        "{key}" => "P".to_string(),
        "{job}" => "0198c1a2-0000-7000-8000-000000000000.0".to_string(),
        "{attempt}" | "{step}" => "1".to_string(),
        _ => "x".to_string(),
    };
    path.split('/')
        .map(|p| if p.starts_with('{') { value(p) } else { p.to_string() })
        .collect::<Vec<_>>()
        .join("/")
}

/// The refusal is one of the API: not plain text, and it says what is wrong.
fn is_refusal(answer: &Answer, about: &str) {
    assert!(answer.status.is_client_error(), "{about}: {} {}", answer.status, answer.text);
    let body = answer.json();
    for field in ["code", "message", "request_id"] {
        assert!(
            body[field].as_str().is_some_and(|t| !t.is_empty()),
            "{about}: no {field} in {:?}",
            answer.text
        );
    }
}

async fn start(server: &str) -> (TestServer, Caller, FakeWorker) {
    let server =
        TestServer::with(Setup { no_hatchery: true, server: server.into(), ..Setup::default() }).await;
    let admin = Caller::admin(&server).await;
    server.project("P").await;
    let worker = worker(&admin).await;
    (server, admin, worker)
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_with_the_limit() {
    const LIMIT: usize = 70_000;
    let (server, admin, worker) = start(&format!("max_body = {LIMIT}\nmax_file = 100000")).await;
    let (_, operations) = admin.operations().await;
    let mut asked = 0;
    for (method, path, operation) in &operations {
        let files = path.starts_with("/v1/worker/artifacts/") || path.starts_with("/v1/worker/caches/");
        let Some(kinds) = operation["requestBody"]["content"].as_object().filter(|_| !files) else {
            continue;
        };
        let kind = kinds.keys().next().expect("a kind");
        let caller = admin.with(who(path, &admin.token, &worker));
        let query = if path.contains("/logs/") { "?offset=0&at_ms=0" } else { "" };
        // A text that is good JSON and YAML, as long as it is read to its end.
        let body = format!("{{\"name\": \"{}\"}}", "x".repeat(LIMIT));
        let answer = caller.bytes(method, &(filled(path) + query), kind, body.clone().into()).await;
        let about = format!("{method} {path}");
        is_refusal(&answer, &about);
        if answer.status != 413 {
            // Refused before its body was looked at.
            assert!(
                path.contains("{name}")
                    || path.contains("/logs/")
                    || [403, 404, 409].contains(&answer.status.as_u16()),
                "{about}: {}",
                answer.text
            );
            continue;
        }
        assert!(
            answer.json()["code"] == "too_large" && answer.text.contains(&LIMIT.to_string()),
            "{about}: {}",
            answer.text
        );
        // The same without a length in front.
        let pieces =
            body.into_bytes().chunks(8192).map(|c| Ok::<_, std::io::Error>(c.to_vec())).collect::<Vec<_>>();
        let stream = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
        let answer = caller
            .send(caller.request(method, &(filled(path) + query)).header("content-type", kind).body(stream))
            .await;
        assert_eq!(answer.status, 413, "{about}: {}", answer.text);
        asked += 1;
    }
    assert!(asked >= 25, "{asked}");
    assert_eq!(admin.get("/v1/health").await.status, 200);
    drop(server);
}

/// Nested as deep as a stack is not.
#[tokio::test]
async fn deep_bodies_are_refused_everywhere() {
    let (server, admin, worker) = start("").await;
    let deep = 100_000;
    let bodies: Vec<String> = vec![
        "[".repeat(deep),
        format!("{}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep)),
        format!("{{\"payload\": {}1{}}}", "{\"a\":".repeat(deep), "}".repeat(deep)),
        format!("{{\"name\": {}{}}}", "[".repeat(deep), "]".repeat(deep)),
        format!("{{\"unknown\": {}{}}}", "[".repeat(deep), "]".repeat(deep)),
    ];
    let (_, operations) = admin.operations().await;
    let mut asked = 0;
    for (method, path, operation) in &operations {
        let Some(kinds) = operation["requestBody"]["content"].as_object() else { continue };
        let kind = kinds.keys().next().expect("a kind");
        let caller = admin.with(who(path, &admin.token, &worker));
        for (n, body) in bodies.iter().enumerate() {
            let answer = caller.bytes(method, &filled(path), kind, body.clone().into()).await;
            let about = format!("{method} {path} with body {n}");
            if matches!(n, 2 | 3 | 5) {
                // What nobody asked for may be passed over, however deep it is.
                assert!(answer.status.as_u16() < 500, "{about}: {}", answer.text);
            } else {
                is_refusal(&answer, &about);
            }
            assert!(answer.text.len() < 10_000, "{method} {path}: the refusal repeats the body");
            asked += 1;
        }
    }
    assert!(asked >= 150, "{asked}");
    assert_eq!(admin.get("/v1/health").await.status, 200);
    assert!(!server.log().contains("internal error"), "{}", server.log());
}

/// A packed body is not unpacked: it is no JSON.
#[tokio::test]
async fn packed_bodies_stay_packed() {
    let (server, admin, _) = start("").await;
    // 50 MB of blanks as gzip takes 50 KB; this is only the head of one, which is all that matters.
    let gzip =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff\xab\x56\xca\x4b\xcc\x4d\x55\xb2\x52\xaa\x50\xaa\x05\x00"
            .to_vec();
    for encoding in ["gzip", "deflate", "br", "zstd", "gzip, gzip"] {
        for path in [
            "/v1/projects",
            "/v1/projects/P/workflows/w/runs",
            "/v1/projects/P/push",
            "/v1/projects/P/import/pipeline",
        ] {
            let request = admin
                .request("POST", path)
                .header("content-encoding", encoding)
                .header("content-type", "application/json");
            let answer = admin.send(request.body(gzip.clone())).await;
            assert!(
                [400, 404, 415].contains(&answer.status.as_u16()),
                "{encoding} {path}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
    drop(server);
}

#[tokio::test]
async fn bodies_that_never_end_do_not_hold_the_server() {
    let (server, admin, _) = start("").await;
    let address = server.url().strip_prefix("http://").unwrap().to_string();
    let mut held = Vec::new();
    for _ in 0..50 {
        use tokio::io::AsyncWriteExt;
        let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
        let head = format!(
            "POST /v1/projects HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{",
            admin.token
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        held.push(stream);
    }
    let begin = Instant::now();
    assert_eq!(admin.get("/v1/projects").await.status, 200);
    assert!(begin.elapsed() < Duration::from_secs(20));
    drop(held);
    assert_eq!(admin.get("/v1/health").await.status, 200);
}

/// Name, kind, link and content of a member of a tar.
type Member<'a> = (&'a [u8], tar::EntryType, &'a [u8], &'a [u8]);

fn tar(members: &[Member<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, kind, link, data) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o6777);
        header.set_size(data.len() as u64);
        let gnu = header.as_gnu_mut().unwrap();
        gnu.name[..name.len()].copy_from_slice(name);
        gnu.linkname[..link.len()].copy_from_slice(link);
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(data);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

const PIPELINE: &[u8] = b"version: v1.0\nname: p\njobs:\n- job: j\n  steps:\n  - script: [echo]\n";
const WORKFLOW: &[u8] = b"name: w\nversion: v2.0\nworkflow:\n  p: {pipeline: p}\n";

/// The server writes nothing of a pushed archive to its disk: names are names, links are nothing.
#[tokio::test]
async fn pushed_archives_reach_no_files() {
    use tar::EntryType as T;
    let (server, admin, _) = start("").await;
    let before = memory(&server);
    let push = |bytes: Vec<u8>| admin.bytes("POST", "/v1/projects/P/push", "application/x-tar", bytes);
    let good = tar(&[
        (b"../../../tmp/evil/../w.yml", T::Regular, b"", WORKFLOW),
        (b"/etc/p.pip.yml", T::Regular, b"", PIPELINE),
        (b"l.yml", T::Symlink, b"/etc/passwd", b""),
        (b"h.yml", T::Link, b"/etc/passwd", b""),
        (b"d.yml", T::Char, b"", b""),
        (b"f.yml", T::Fifo, b"", b""),
    ]);
    let answer = push(good).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(!answer.text.contains("root:"), "{}", answer.text);
    let long = [b'n'; 65_536];
    let huge = vec![b' '; 5 << 20];
    let mut endless = tar(&[(b"w.yml", T::Regular, b"", WORKFLOW)]);
    // A size of exabytes, in base 256.
    endless[124..136].copy_from_slice(b"\x80\0\0\0\x10\0\0\0\0\0\0\0");
    let bombs: Vec<Vec<u8>> = vec![
        tar(&[(b"x", T::GNULongName, b"", &long), (b"w.yml", T::Regular, b"", WORKFLOW)]),
        tar(&[
            (b"x", T::XHeader, b"", b"32 path=../../../etc/passwd.txt\n"),
            (b"w.yml", T::Regular, b"", WORKFLOW),
        ]),
        tar(&[(b"w.yml", T::Regular, b"", &huge)]),
        tar(&[(b"w\0.yml", T::Regular, b"", WORKFLOW)]),
        tar(&[(b"w.yml", T::Regular, b"", b"\xff\xfe\0a")]),
        tar(&[(b"W.yml", T::Regular, b"", WORKFLOW), (b"w.yml", T::Regular, b"", WORKFLOW)]),
        tar(&[(b"w.yml", T::GNUSparse, b"", WORKFLOW)]),
        tar(&[(b"\xff.yml", T::Regular, b"", b"name: [")]),
        tar(&vec![(&b"x.yml"[..], T::Regular, &b""[..], &b""[..]); 20_000]),
        (0..1500)
            .flat_map(|i| {
                let mut t = tar(&[(format!("{i}.pip.yml").as_bytes(), T::Regular, b"", PIPELINE)]);
                t.truncate(t.len() - 1024);
                t
            })
            .collect(),
        endless,
        b"PK\x03\x04zip".to_vec(),
        vec![0; 1 << 20],
        vec![0xff; 2048],
    ];
    for (n, bomb) in bombs.into_iter().enumerate() {
        let answer = push(bomb).await;
        is_refusal(&answer, &format!("archive {n}"));
    }
    let names: Value = admin.get("/v1/projects/P/workflows").await.json();
    assert_eq!(names.as_array().map(Vec::len), Some(1), "{names}");
    let grown = memory(&server).saturating_sub(before);
    assert!(grown < 200 * 1024, "the server has grown by {grown} KiB");
    assert!(!std::path::Path::new("/tmp/evil").exists());
}

fn memory(server: &TestServer) -> u64 {
    peak(server.pid())
}

/// Definitions that would take all memory or time if they were taken at their word.
#[tokio::test]
async fn bombs_among_definitions() {
    let (server, admin, _) = start("").await;
    let before = memory(&server);
    let import = async |kind: &str, text: String| {
        let begin = Instant::now();
        let answer = admin
            .bytes("POST", &format!("/v1/projects/P/import/{kind}"), "application/x-yaml", text.into_bytes())
            .await;
        assert!(begin.elapsed() < Duration::from_secs(60), "{kind} took {:?}", begin.elapsed());
        answer
    };
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for i in 1..30 {
        laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(", ")));
    }
    let mut merges = String::from("a0: &a0 {k: v}\n");
    for i in 1..30 {
        merges.push_str(&format!(
            "a{i}: &a{i} {{<<: [{}], k{i}: 1}}\n",
            vec![format!("*a{}", i - 1); 9].join(", ")
        ));
    }
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 5000].join(", "));
    for kind in ["workflow", "pipeline", "application", "environment"] {
        for (n, text) in [
            laughs.clone(),
            merges.clone(),
            long.clone(),
            "[".repeat(1_000_000),
            "- ".repeat(1_000_000),
            "{a: ".repeat(1_000_000),
            "? ".repeat(1_000_000),
            "a: &a [*a]".into(),
            "a: *nothing".into(),
            "!!python/object/apply:os.system ['true']".into(),
            "!!binary x\n".into(),
            "name: !<tag:yaml.org,2002:str> {".into(),
            "%TAG ! tag:x,2000:\n---\nname: [".into(),
            "\u{0}".into(),
            "x".repeat(2_000_000),
            "&a ".repeat(300_000),
            format!("name: {}", "'".repeat(1_000_001)),
            "#".repeat(3_000_000),
            "\n".repeat(3_000_000),
        ]
        .into_iter()
        .enumerate()
        {
            is_refusal(&import(kind, text).await, &format!("{kind} {n}"));
        }
    }
    let grown = memory(&server).saturating_sub(before);
    assert!(grown < 700 * 1024, "the server has grown by {grown} KiB");
    // Places and hints reach the caller.
    let answer =
        import("pipeline", "version: v1.0\nname: p\njobs:\n- job: j\n  steps:\n  - script: [echo\n".into())
            .await;
    assert!(answer.status == 400 && answer.text.contains(":7:1"), "{}", answer.text);
    let answer = import("workflow", "name: w\nworkflow:\n  a: {pipeline: none}\n".into()).await;
    assert!(answer.status.is_client_error() && answer.text.contains("none"), "{}", answer.text);
    assert_eq!(import("pipeline", String::from_utf8_lossy(PIPELINE).into()).await.status, 200);
    let cycle = "name: w\nversion: v2.0\nworkflow:\n  a: {pipeline: p, depends_on: [c]}\n  b: {pipeline: p, depends_on: [a]}\n  c: {pipeline: p, depends_on: [b]}\n";
    let answer = import("workflow", cycle.into()).await;
    assert!(answer.status == 400, "{}", answer.text);
    let answer = import(
        "workflow",
        "name: w\nversion: v2.0\nworkflow:\n  a: {pipeline: p, depends_on: [zzz]}\n".into(),
    )
    .await;
    assert!(answer.status == 400 && answer.text.contains("zzz"), "{}", answer.text);
}

/// A file that unpacks to a thousand times its size is a file: nobody on its way unpacks it.
#[tokio::test]
async fn a_bomb_among_the_artifacts_stays_packed() {
    let server = TestServer::start().await;
    let project = server.project("BOMB").await;
    let make = "
version: v1.0
name: make
jobs:
- job: job
  steps:
  - script: ['head -c 200000000 /dev/zero | gzip -9 | tee once.gz | gzip -9 > bomb.gz', 'sha256sum < bomb.gz > bomb.sum']
  - artifactUpload: {path: 'bomb.*', tag: x}
";
    let take = "
version: v1.0
name: take
jobs:
- job: job
  steps:
  - artifactDownload: {path: in, pattern: 'bomb.*'}
  - script: ['sha256sum < in/bomb.gz | cmp - in/bomb.sum', 'gzip -d < in/bomb.gz | gzip -d | wc -c']
";
    let workflow = "{name: w, version: v2.0, workflow: {make: {pipeline: make}, take: {pipeline: take, depends_on: [make]}}}";
    project.push(&[("make.pip.yml", make), ("take.pip.yml", take), ("w.yml", workflow)]).await;
    let run = project.run("w", cds_api::runs::RunStart::default()).await;
    let run = project.ended("w", run.brief.number).await;
    let log = project.log(&run, "take", "job", 1).await;
    assert_eq!(run.brief.status, cds_model::Status::Success, "{log}");
    assert!(log.contains("200000000"), "{log}");
    let number = cds_client::RunNumber::Number(run.brief.number);
    let files = project.client.run_artifacts("BOMB", "w", number).await.expect("artifacts");
    let bomb = files.iter().find(|f| f.name == "bomb.gz").expect("it is there");
    // Sent as it is, too, and not as something that a client would unpack on its own.
    let admin = Caller::admin(&server).await;
    let path = format!("/v1/projects/BOMB/workflows/w/runs/1/artifacts/{}", bomb.id);
    let answer =
        admin.request("GET", &path).header("accept-encoding", "gzip, br").send().await.expect("an answer");
    assert!(answer.headers().get("content-encoding").is_none(), "{:?}", answer.headers());
    let bytes = answer.bytes().await.expect("all of it");
    assert_eq!(bytes.len() as u64, bomb.size);
    assert!(bytes.len() < 20_000, "{} bytes are no bomb", bytes.len());
}
