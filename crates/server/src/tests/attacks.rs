//! What an attacker tries from outside: requests that another site makes a browser send (S26), and finding out what
//! exists by how the server refuses (S29).

use super::*;
use crate::auth::policy::{Access, TABLE};
use serde_json::json;

async fn browser(s: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = axum::http::Request::builder().method(method).uri(path).header("host", "cds.example");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    s.ask(request.body(Body::from("{}")).unwrap()).await
}

/// Every operation that changes something, and both streams, from a page of another site with whatever a browser sends.
#[tokio::test]
async fn no_operation_is_done_for_another_site() {
    let s = Server::new();
    let token = format!("Bearer {}", s.user("root", "ADMIN").await);
    for (method, path, _) in TABLE {
        let path: String =
            path.split('/').map(|p| if p.starts_with('{') { "1" } else { p }).collect::<Vec<_>>().join("/");
        let stream = path.ends_with("/events") || path.ends_with("/follow");
        if *method == "GET" && !stream {
            continue;
        }
        // Even with a valid token, which no other site has.
        for from in [
            [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
            [("sec-fetch-site", "same-site"), ("origin", "https://evil.cds.example")],
            [("origin", "https://evil.example"), ("accept", "*/*")],
            [("origin", "null"), ("accept", "*/*")],
        ] {
            let headers =
                [&from[..], &[("authorization", token.as_str()), ("content-type", "text/plain")]].concat();
            let answer = browser(&s, method, &path, &headers).await;
            assert_eq!(answer.status, 403, "{method} {path} {from:?}: {}", answer.text());
            assert_eq!(answer.json()["code"], "cross_site", "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_own_page_and_programs_are_let_through() {
    let s = Server::new();
    let token = format!("Bearer {}", s.user("root", "ADMIN").await);
    let kind = ("content-type", "application/json");
    for from in [
        vec![],
        vec![("sec-fetch-site", "same-origin"), ("origin", "http://cds.example")],
        vec![("sec-fetch-site", "none")],
        vec![("origin", "http://cds.example")],
    ] {
        let headers = [&from[..], &[("authorization", token.as_str()), kind]].concat();
        browser(&s, "POST", "/v1/projects", &headers).await.is(400);
    }
}

/// Nothing that a browser sends by itself signs anybody in: there is no cookie, and a token elsewhere counts for nothing.
#[tokio::test]
async fn no_credential_travels_by_itself() {
    let s = Server::new();
    let password = "a good password";
    s.post("", "/v1/auth/signup", json!({"username": "alice", "email": "a@b.example", "password": password}))
        .await;
    let answer =
        s.post("", "/v1/auth/signin", json!({"username": "alice", "password": password})).await.is(200);
    assert!(!answer.headers.contains_key("set-cookie"));
    let token = answer.json()["token"].as_str().unwrap().to_string();
    let cookie = format!("token={token}; cds={token}; session={token}");
    browser(&s, "GET", "/v1/users/me", &[("cookie", &cookie)]).await.is(401);
    browser(&s, "GET", &format!("/v1/users/me?token={token}&access_token={token}"), &[]).await.is(401);
    let bearer = format!("Bearer {token}");
    let answer = browser(&s, "GET", "/v1/users/me", &[("authorization", &bearer)]).await.is(200);
    for name in ["access-control-allow-origin", "access-control-allow-credentials", "set-cookie"] {
        assert!(!answer.headers.contains_key(name), "{name}");
    }
    // A form of another site cannot send JSON; what it can send is not read as such.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
        browser(&s, "POST", "/v1/projects", &headers).await.is(400);
    }
    // And it is told so before it asks.
    let preflight = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let answer = browser(&s, "OPTIONS", "/v1/projects", &preflight).await;
    assert!(!answer.headers.contains_key("access-control-allow-origin"));
}

/// Whatever is answered, a browser neither guesses its type nor runs something in it nor puts it into a frame.
#[tokio::test]
async fn answers_are_no_pages() {
    let s = Server::new();
    let root = s.user("root", "ADMIN").await;
    for path in ["/v1/version", "/v1/nothing", "/v1/users/me", "/v1/projects/%3Cscript%3E", "/metrics"] {
        let answer = s.get(&root, path).await;
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{path}: {policy}");
        let kind = answer.headers.get("content-type").map_or("", |v| v.to_str().unwrap());
        assert!(!kind.contains("html"), "{path}: {kind}");
    }
}

/// Project P with one of everything and a run that waits, and another workflow closed to readers of the project.
struct World {
    s: Server,
    owner: String,
    /// Nothing to do with P.
    stranger: String,
    /// Reads P, but not its workflow `main`.
    reader: String,
    job: String,
}

async fn world() -> World {
    let s = Server::new();
    let owner = s.project().await;
    let (stranger, reader) = (s.user("stranger", "USER").await, s.user("reader", "USER").await);
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    s.import(&owner, "application", "version: v1.0\nname: app\n").await.is(200);
    s.import(&owner, "environment", "name: env\nvalues: {v: {type: string, value: x}}\n").await.is(200);
    s.post(&owner, "/v1/projects/P/variables", json!({"name": "v", "type": "string", "value": "x"})).await;
    let run = s.post(&owner, "/v1/projects/P/workflows/main/runs", json!({})).await.is(201).json();
    let job = run["node_runs"][0]["stages"][0]["jobs"][0]["id"].as_str().unwrap().to_string();
    s.post(&reader, "/v1/groups", json!({"name": "readers"})).await.is(201);
    let only_project = json!({"level": 4, "only_project": true});
    s.put(&owner, "/v1/projects/P/groups/readers", only_project).await.is(204);
    // The workflow has groups of its own from now on.
    s.put(&owner, "/v1/projects/P/workflows/main/groups/team", json!({"level": 7})).await.is(204);
    World { s, owner, stranger, reader, job }
}

/// A path of the table with real values, or with one of its parts missing.
fn path(pattern: &str, job: &str, missing: &str) -> String {
    let nobody = "01890a5d-ac96-774b-bcce-b302099a8057.0";
    let part = |name: &str| match name {
        "{key}" if missing == name => "NONE",
        "{key}" => "P",
        "{workflow}" if missing == name => "none",
        "{workflow}" => "main",
        "{job}" if missing == name => nobody,
        "{job}" => job,
        "{number}" | "{attempt}" => "1",
        "{step}" => "0",
        "{app}" => "app",
        "{env}" => "env",
        "{pipeline}" => "build",
        "{name}" => "v",
        _ => "00000000-0000-7000-8000-000000000000",
    };
    pattern.split('/').map(|p| if p.starts_with('{') { part(p) } else { p }).collect::<Vec<_>>().join("/")
}

/// What of an answer could tell something: status, headers, and the body without what the caller said themselves.
fn told(answer: &Answer, job: &str) -> String {
    let mut headers = answer.headers.clone();
    headers.remove("x-request-id");
    headers.remove("content-length");
    let mut body = answer.json();
    body.as_object_mut().unwrap().remove("request_id");
    let mut text = body.to_string();
    for said in ["P/main", "P/none", "NONE/main", "NONE/none", "01890a5d-ac96-774b-bcce-b302099a8057.0", job]
    {
        text = text.replace(said, "…");
    }
    text = text.replace("project P\"", "project …\"").replace("project NONE\"", "project …\"");
    format!("{} {headers:?} {text}", answer.status)
}

#[tokio::test]
async fn forbidden_is_refused_as_missing_is() {
    let w = world().await;
    let mut asked = 0;
    for (method, pattern, access) in TABLE {
        let part = match access {
            Access::Project(_) => "{key}",
            Access::Workflow(_) => "{workflow}",
            Access::Job(_) => "{job}",
            _ => continue,
        };
        // Projects of others, and, for who reads the project, workflows of others in it.
        let pairs: &[(&String, &str)] = match access {
            Access::Project(_) => &[(&w.stranger, "{key}")],
            Access::Workflow(_) => &[(&w.stranger, "{key}"), (&w.stranger, "{workflow}"), (&w.reader, part)],
            _ => &[(&w.stranger, part), (&w.reader, part)],
        };
        // Who reads a project is told what may not be done to it.
        let reads = *method == "GET";
        for (who, missing) in pairs.iter().filter(|(who, _)| reads || **who == w.stranger) {
            let ask = async |path: String| match reads {
                true => w.s.get(who, &path).await,
                false => w.s.send(method, &path, who, "application/json", "{}".into()).await,
            };
            let real = ask(path(pattern, &w.job, "")).await;
            let none = ask(path(pattern, &w.job, missing)).await;
            assert_eq!(real.status, 404, "{method} {pattern}: {}", real.text());
            assert_eq!(told(&real, &w.job), told(&none, &w.job), "{method} {pattern}, {missing} missing");
            asked += 1;
        }
    }
    assert!(asked > 50, "{asked}");
    // The same requests mean something: who may, gets an answer.
    for path in
        ["/v1/projects/P", "/v1/projects/P/workflows/main/runs/1", &format!("/v1/jobs/{}/candidates", w.job)]
    {
        w.s.get(&w.owner, path).await.is(200);
    }
    w.s.get(&w.reader, "/v1/projects/P").await.is(200);
}

/// Lists and searches leave out what is not for the caller.
#[tokio::test]
async fn lists_do_not_tell_of_others() {
    let w = world().await;
    for who in [&w.stranger, &w.reader] {
        for path in ["/v1/search?q=main", "/v1/runs", "/v1/runs?status=Waiting", "/v1/projects/P/workflows"] {
            let answer = w.s.get(who, path).await;
            assert!(!answer.text().contains("\"main\""), "{path}: {}", answer.text());
        }
        assert_eq!(w.s.get(who, "/v1/runs").await.is(200).headers["x-total-count"], "0");
        for path in ["/v1/queue", "/v1/workers", "/v1/hatcheries"] {
            let answer = w.s.get(who, path).await.is(200);
            assert!(!answer.text().contains(&w.job), "{path}: {}", answer.text());
        }
    }
    assert!(w.s.get(&w.owner, "/v1/queue").await.text().contains(&w.job));
}

/// A worker is seen by everybody, what it runs only by those who may read that.
#[tokio::test]
async fn workers_do_not_tell_what_they_run_for_others() {
    let w = world().await;
    let token = w.s.worker().await;
    let taken = w.s.post(&token, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    assert_eq!(taken["job"], w.job.as_str());

    let admin = w.s.user("root", "ADMIN").await;
    for who in [&w.owner, &admin] {
        let seen = w.s.get(who, "/v1/workers").await.is(200).json();
        assert_eq!((&seen[0]["status"], &seen[0]["job"]), (&json!("Building"), &json!(w.job)));
    }
    let run = w.job.split('.').next().unwrap();
    for who in [&w.stranger, &w.reader] {
        let seen = w.s.get(who, "/v1/workers").await.is(200);
        assert_eq!(seen.json()[0]["status"], "Building");
        assert!(seen.json()[0].get("job").is_none(), "{}", seen.text());
        for path in ["/v1/workers", "/v1/hatcheries", "/v1/queue", "/v1/runs"] {
            let answer = w.s.get(who, path).await.is(200);
            assert!(!answer.text().contains(run), "{path}: {}", answer.text());
        }
    }
}

/// Names of runs, jobs and tokens are not counted up: knowing one says nothing of the next.
#[tokio::test]
async fn secrets_and_jobs_are_not_guessed() {
    let w = world().await;
    let id: uuid::Uuid = w.job.split('.').next().unwrap().parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    let random = |_| fresh_secret().trim_start_matches("cds_").to_string();
    let some: std::collections::HashSet<String> = (0..1000).map(random).collect();
    assert!(some.len() == 1000 && some.iter().all(|s| s.len() == 64));
}
