//! The binary against a stand-in server: what it asks, prints and ends with.

mod common;

use common::{Answer, Stub, run};
use serde_json::json;

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn application(name: &str) -> serde_json::Value {
    json!({"name": name, "description": "", "project_key": "PK", "repository_fullname": "", "from_repository": "",
           "last_modified": "2026-01-02T03:04:05.000Z"})
}

#[test]
fn lists_in_every_notation() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json("GET /v1/projects/PK/applications", json!([application("a1"), application("a2")]));
    let ctl = |args: &[&str]| stub.cdsctl(dir.path(), args).ok();
    assert_eq!(
        ctl(&["application", "list", "PK", "--fields", "name,project_key", "--filter", "name=a2"]),
        "+------+-------------+\n| NAME | PROJECT KEY |\n+------+-------------+\n| a2   | PK          |\n+------+-------------+\n"
    );
    assert_eq!(ctl(&["app", "ls", "PK", "-q"]), "a1\na2\n");
    assert_eq!(
        ctl(&["--no-interactive", "application", "list", "PK", "--format=json", "--fields=name"]),
        r#"[{"name":"a1"},{"name":"a2"}]"#
    );
    assert_eq!(
        ctl(&["application", "list", "PK", "--format", "yaml", "--fields", "name"]),
        "- name: a1\n- name: a2\n"
    );
    assert_eq!(stub.last().token, "Bearer tok");
    let bad = stub.cdsctl(dir.path(), &["application", "list", "PK", "--filter", "name"]);
    assert_eq!((bad.code, bad.err.as_str()), (50, "Filter should be formatted like name=value\n"));
}

#[test]
fn deleting_what_is_there_and_what_is_not() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json("DELETE /v1/groups/g", json!(null));
    stub.error("DELETE /v1/groups/none", 404, "not_found", "resource not found");
    stub.error("DELETE /v1/groups/mine", 400, "bad_request", "no");
    let ctl = |args: &[&str]| stub.cdsctl(dir.path(), args);
    assert_eq!(ctl(&["group", "remove", "--force", "g"]).ok(), "Delete with success");
    assert_eq!(ctl(&["group", "rm", "g", "--force=true"]).ok(), "Delete with success");
    let gone = ctl(&["group", "delete", "none", "--force"]);
    assert_eq!((gone.code, gone.out.as_str()), (0, "Delete with success"));
    assert_eq!(gone.err, "API Error: resource not found (request_id: r-1)\n");
    assert_eq!(ctl(&["group", "delete", "mine", "--force"]).code, 50, "only a missing object is no error");
    // Nobody can answer the question, so nothing is deleted.
    let before = stub.seen().len();
    for args in [
        &["group", "delete", "g"][..],
        &["group", "delete", "g", "--force=false"],
        &["-n", "group", "rm", "g"],
    ] {
        let asked = ctl(args);
        assert_eq!(asked.code, 1, "{asked:?}");
        assert!(asked.err.contains("Are you sure to delete?"), "{asked:?}");
    }
    assert_eq!(stub.seen().len(), before);
}

#[test]
fn a_project_is_emptied_before_it_is_deleted() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json("GET /v1/projects/PK/workflows", json!([]));
    stub.json("GET /v1/projects/PK/applications", json!([application("a b")]));
    stub.json("GET /v1/projects/PK/pipelines", json!([]));
    stub.json("GET /v1/projects/PK/environments", json!([]));
    stub.error("DELETE /v1/projects/PK/applications/a%20b", 404, "not_found", "gone meanwhile");
    stub.json("DELETE /v1/projects/PK", json!(null));
    stub.cdsctl(dir.path(), &["project", "remove", "--force", "PK"]).ok();
    let lines: Vec<String> =
        stub.seen().into_iter().map(|s| s.line).filter(|l| l.starts_with("DELETE")).collect();
    assert_eq!(lines, ["DELETE /v1/projects/PK/applications/a%20b", "DELETE /v1/projects/PK"]);
    stub.error("GET /v1/projects/NO/workflows", 404, "not_found", "project does not exist");
    let none = stub.cdsctl(dir.path(), &["project", "remove", "--force", "NO"]);
    assert_eq!((none.code, none.out.as_str()), (0, "Delete with success"));
    assert!(none.err.contains("project does not exist"));
}

#[test]
fn wrong_usage_is_1_after_the_help() {
    let dir = folder();
    let ctl = |args: &[&str]| run(dir.path(), args, &[("CDS_API_URL", "http://127.0.0.1:1")]);
    for args in [&["group", "show"][..], &["workflow", "run", "PK"], &["group", "grant", "PK", "g", "6"]] {
        let r = ctl(args);
        assert_eq!((r.code, r.out.as_str()), (1, ""), "{r:?}");
        assert!(r.err.contains("Usage: cdsctl"), "{r:?}");
    }
    assert!(ctl(&["group", "show"]).err.ends_with("missing argument: GROUP-NAME\n"));
    for args in
        [&["group", "shwo"][..], &["group", "list", "--frmat", "json"], &["group", "list", "too", "many"]]
    {
        assert_eq!(ctl(args).code, 1, "{args:?}");
    }
    assert!(ctl(&["group", "shwo"]).err.contains("show"), "the nearest command is named");
    for args in
        [&[][..], &["group"], &["group", "member"], &["-h"], &["group", "list", "--help"], &["help", "group"]]
    {
        let r = ctl(args);
        assert_eq!(r.code, 0, "{r:?}");
        assert!(r.out.contains("Usage: cdsctl"), "{r:?}");
    }
}

#[test]
fn hints_for_common_mistakes() {
    let (stub, dir) = (Stub::start(), folder());
    let none = run(dir.path(), &["user", "me"], &[]);
    assert_eq!(none.code, 50);
    assert!(none.err.contains("cdsctl login"), "{none:?}");
    let refused = run(dir.path(), &["user", "me"], &[("CDS_API_URL", "http://127.0.0.1:1")]);
    assert_eq!(refused.code, 50);
    assert!(refused.err.starts_with("Transport Error: cannot reach http://127.0.0.1:1"), "{refused:?}");
    assert!(refused.err.contains("hint: is a CDS server running at http://127.0.0.1:1?"), "{refused:?}");
    stub.error("GET /v1/users/me", 401, "unauthorized", "not authenticated");
    let out = stub.cdsctl(dir.path(), &["user", "me"]);
    assert_eq!(out.code, 50);
    assert!(
        out.err.contains("API Error: not authenticated") && out.err.contains("hint: not signed in"),
        "{out:?}"
    );
    stub.on("GET /v1/users", Answer::Raw(b"<html>".to_vec()));
    assert!(stub.cdsctl(dir.path(), &["user", "list"]).err.contains("does not answer like a CDS API"));
}

fn user(ring: &str) -> serde_json::Value {
    json!({"id": "u1", "username": "rw", "fullname": "R W", "ring": ring, "organization": "default",
           "created": "2026-01-02T03:04:05.000Z"})
}

fn token() -> serde_json::Value {
    json!({"id": "t1", "type": "api", "name": "n", "description": "", "scopes": [], "created": "", "expires": "",
           "last_used": "", "current": false})
}

#[test]
fn signing_up_and_in_writes_the_context() {
    let (stub, dir) = (Stub::start(), folder());
    let session = json!({"token": "session-1", "expires": "", "user": user("ADMIN")});
    stub.json("POST /v1/auth/signup/verify", session.clone()).json("POST /v1/auth/signin", session);
    stub.json("POST /v1/auth/tokens", json!({"secret": "api-1", "token": token()}));
    stub.json("POST /v1/auth/signout", json!(null)).json("GET /v1/users/me", user("ADMIN"));
    let rc = dir.path().join("rc");
    let rc = rc.to_str().unwrap();
    let out = run(
        dir.path(),
        &["-f", rc, "-c", "test", "signup", "verify", "mail-token", "--api-url", &stub.url],
        &[("INIT_TOKEN", "first")],
    );
    assert!(out.ok().contains("cdsctl: Logged in as rw"));
    assert_eq!(
        stub.asked("POST /v1/auth/signup/verify")[0].json(),
        json!({"token": "mail-token", "init_token": "first"})
    );
    assert_eq!(stub.asked("POST /v1/auth/tokens")[0].token, "Bearer session-1");
    let out =
        run(dir.path(), &["-f", rc, "-c", "test", "user", "me", "--fields", "ring", "--format", "json"], &[]);
    assert_eq!(out.ok(), r#"{"ring":"ADMIN"}"#);
    assert_eq!(stub.last().token, "Bearer api-1");
    assert_eq!(
        run(dir.path(), &["-f", rc, "user", "me", "-q"], &[]).ok(),
        "rw\n",
        "the context became the current one"
    );

    // Without -f the file is in the home directory; a second context joins the first.
    let login = ["login", "-H", &stub.url, "-u", "rw", "-p", "pass", "-c", "other", "-f", rc];
    run(dir.path(), &login, &[]).ok();
    let list = run(dir.path(), &["-f", rc, "context", "list", "-q"], &[]).ok();
    assert_eq!(list, "other\ntest\n");
    assert_eq!(run(dir.path(), &["-f", rc, "context", "current"], &[]).ok(), "other\n");
    run(dir.path(), &["-f", rc, "ctx", "set-current", "test"], &[]).ok();
    assert_eq!(run(dir.path(), &["-f", rc, "context", "current"], &[]).ok(), "test\n");
    assert_eq!(
        run(dir.path(), &["-f", rc, "context", "set-current", "x"], &[]).err,
        "context x does not exist\n"
    );

    let exports = run(dir.path(), &["login", "-H", &stub.url, "-u", "rw", "-p", "x", "--env"], &[]).ok();
    assert_eq!(
        exports,
        format!("export CDS_API_URL={}\nexport CDS_SESSION_TOKEN=\nexport CDS_TOKEN=api-1\n", stub.url)
    );
    run(dir.path(), &["-f", rc, "-c", "test", "logout"], &[]).ok();
    assert_eq!(stub.last().line, "POST /v1/auth/signout");
    run(dir.path(), &["-f", rc, "-c", "test", "user", "me"], &[]).ok();
    assert_eq!(stub.last().token, "", "the token is forgotten");
}

#[test]
fn a_wrong_password_is_no_missing_sign_in() {
    let (stub, dir) = (Stub::start(), folder());
    stub.error("POST /v1/auth/signin", 401, "unauthorized", "unknown user or wrong password");
    let no = run(dir.path(), &["login", "-H", &stub.url, "-u", "rw", "-p", "x"], &[]);
    assert_eq!(no.code, 50);
    assert!(no.err.starts_with("cannot sign in to") && !no.err.contains("hint"), "{no:?}");
    assert!(!dir.path().join(".cdsrc").exists());
    let nobody = run(dir.path(), &["login", "-H", &stub.url], &[]);
    assert_eq!((nobody.code, nobody.err.as_str()), (1, "no terminal to ask: Username\n"));
    assert_eq!(run(dir.path(), &["login", "-H", "localhost:80", "-u", "a", "-p", "b"], &[]).code, 50);
}

#[test]
fn grants_and_members() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json("PUT /v1/projects/PK/groups/g", json!(null));
    stub.error("PUT /v1/projects/NO/groups/g", 403, "forbidden", "forbidden");
    stub.json("PUT /v1/groups/g/members/me", json!(null));
    let ctl = |args: &[&str]| stub.cdsctl(dir.path(), args);
    assert_eq!(
        ctl(&["group", "grant", "PK", "g", "7"]).ok(),
        "Group 'g' added on project 'PK' with success\n"
    );
    assert_eq!(stub.last().json(), json!({"level": 7, "only_project": false}));
    let refused = ctl(&["group", "grant", "NO", "g", "4", "--only-project"]);
    assert_eq!(refused.code, 50);
    assert!(refused.err.starts_with("cannot add group g on project NO: API Error: forbidden"), "{refused:?}");
    ctl(&["group", "member", "add", "g", "me", "false"]).ok();
    assert_eq!(stub.last().json(), json!({"admin": false}));
    assert_eq!(ctl(&["group", "member", "add", "g", "me", "perhaps"]).code, 1);
}

#[test]
fn the_project_of_a_checkout_is_known() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json("GET /v1/projects/GIT/applications", json!([]));
    let git = |args: &[&str]| {
        assert!(
            std::process::Command::new("git")
                .args(args)
                .current_dir(dir.path())
                .output()
                .unwrap()
                .status
                .success()
        );
    };
    git(&["init", "-q"]);
    assert_eq!(stub.cdsctl(dir.path(), &["application", "list"]).code, 1, "not configured yet");
    git(&["config", "cds.project", "GIT"]);
    assert_eq!(stub.cdsctl(dir.path(), &["application", "list"]).ok(), "nothing to display...");
    // What must be given is never guessed.
    assert_eq!(stub.cdsctl(dir.path(), &["application", "create"]).code, 1);
    stub.json("POST /v1/projects/GIT/applications", json!(null));
    stub.cdsctl(dir.path(), &["application", "add", "new"]).ok();
    assert_eq!(stub.last().json(), json!({"name": "new"}));
}

#[test]
fn version_needs_no_server() {
    let (stub, dir) = (Stub::start(), folder());
    let own = run(dir.path(), &["version"], &[]).ok();
    assert!(own.starts_with("cdsctl:\n  architecture: ") && own.contains("\n  keychain: false\n"), "{own}");
    stub.json(
        "GET /v1/version",
        json!({"version": "1.2", "os": "linux", "architecture": "amd64", "git_hash": "h", "build_time": ""}),
    );
    let both = stub.cdsctl(dir.path(), &["version"]).ok();
    assert!(
        both.starts_with("api:\n  architecture: amd64\n  build_time: \"\"\n")
            && both.contains("version: \"1.2\""),
        "{both}"
    );
    let json = stub.cdsctl(dir.path(), &["version", "--format", "json"]).ok();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap()["api"]["git_hash"], "h");
}

#[test]
fn completion_for_every_shell() {
    let dir = folder();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        assert!(run(dir.path(), &["completion", shell], &[]).ok().contains("set-current"), "{shell}");
    }
    assert_eq!(run(dir.path(), &["completion", "csh"], &[]).code, 1);
}

#[test]
fn secrets_and_raw_requests() {
    let (stub, dir) = (Stub::start(), folder());
    stub.json("POST /v1/projects/PK/encrypt", json!({"name": "pw", "token": "0123"}));
    assert_eq!(stub.cdsctl(dir.path(), &["encrypt", "PK", "pw", "hunter2"]).ok(), "pw: 0123\n");
    assert_eq!(stub.last().json(), json!({"name": "pw", "value": "hunter2"}));
    assert_eq!(stub.cdsctl(dir.path(), &["encrypt", "PK", "pw"]).code, 50, "nothing on standard input");
    stub.json("GET /v1/projects/PK/encrypt", json!([]));
    assert_eq!(stub.cdsctl(dir.path(), &["encrypt", "list", "PK"]).ok(), "nothing to display...");
    stub.json("PATCH /v1/anything", json!({"a": 1}));
    assert_eq!(
        stub.cdsctl(dir.path(), &["admin", "curl", "v1/anything", "-X", "patch", "-d", "{}"]).ok(),
        "{\"a\":1}\n"
    );
}
