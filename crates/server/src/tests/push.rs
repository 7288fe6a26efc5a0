//! Workflows as tars, and as code of a repository (spec 3.17).

use super::*;
use serde_json::json;

fn tar(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}

async fn push(s: &Server, token: &str, query: &str, repository: &str, files: &[(&str, &str)]) -> Answer {
    let mut request = axum::http::Request::post(format!("/v1/projects/P/push{query}"))
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/x-tar");
    if !repository.is_empty() {
        request = request.header("x-cds-as-code", repository);
    }
    s.ask(request.body(Body::from(tar(files))).unwrap()).await
}

const APP: &str = "version: v1.0\nname: web\nvcs_server: github\nrepo: acme/web\n";
const ENV: &str = "name: prod\nvalues:\n  region: {type: string, value: eu}\n";

#[tokio::test]
async fn what_is_pushed_is_pulled() {
    let s = Server::new();
    let owner = s.project().await;
    let workflow = format!("{WORKFLOW}    application: web\n    environment: prod\n");
    let files =
        [("main.yml", workflow.as_str()), ("b.pip.yml", PIPELINE), ("x/w.app.yml", APP), ("p.env.yml", ENV)];
    let done = push(&s, &owner, "", "", &files).await.is(200).json();
    assert_eq!(done["workflow"], "main");
    assert_eq!(
        done["messages"],
        json!([
            "Application web has been created",
            "Environment prod has been created",
            "Pipeline build has been created",
            "Workflow main has been created"
        ])
    );
    let pulled = s.get(&owner, "/v1/projects/P/workflows/main/pull").await.is(200);
    let mut names = Vec::new();
    let mut again = Vec::new();
    for entry in tar::Archive::new(&pulled.bytes[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        assert_eq!(entry.header().mode().unwrap(), 0o644);
        let name = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        names.push(name.clone());
        again.push((name, text));
    }
    assert_eq!(names, ["main.yml", "web.app.yml", "prod.env.yml", "build.pip.yml"]);
    // A first import on a repository shows branch and author; it was added to the file.
    assert!(again[0].1.contains("default_tags: git.branch,git.author"), "{}", again[0].1);
    let again: Vec<(&str, &str)> = again.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    push(&s, &owner, "", "", &again).await.is(200);
    assert_eq!(s.get(&owner, "/v1/projects/P/workflows/main/pull").await.bytes, pulled.bytes);
    // A file that does not say it does not get it a second time (spec 3.2.4).
    push(&s, &owner, "", "", &files).await.is(200);
    assert!(!s.get(&owner, "/v1/projects/P/workflows/main/export").await.text().contains("default_tags"));
}

#[tokio::test]
async fn a_push_is_stored_whole_or_not_at_all() {
    let s = Server::new();
    let owner = s.project().await;
    let bad = "name: main\nworkflow:\n  build: {pipeline: none}\n";
    push(&s, &owner, "", "", &[("main.yml", bad), ("b.pip.yml", PIPELINE)]).await.refused(400, 96);
    assert_eq!(s.get(&owner, "/v1/projects/P/pipelines").await.json(), json!([]));
    let missing = push(&s, &owner, "", "", &[("b.pip.yml", PIPELINE)]).await.is(400);
    assert!(missing.text().contains("missing workflow file"));
    push(&s, &owner, "", "", &[("a.yml", WORKFLOW), ("b.yml", &WORKFLOW.replace("main", "other"))])
        .await
        .is(400);
    push(&s, &owner, "", "", &[("a.yml", WORKFLOW), ("x/a.yml", WORKFLOW)]).await.is(400);
    push(&s, &owner, "", "", &[("README.md", "hello"), ("a.yml", WORKFLOW)]).await.is(400);
    let both = push(&s, &owner, "", "", &[("a.yml", "name: [x"), ("b.pip.yml", "name: 'a b'\n")])
        .await
        .is(400)
        .json();
    let lines = both["details"].as_array().unwrap();
    assert!(lines.iter().any(|l| l.as_str().unwrap().starts_with("a.yml")), "{lines:?}");
    assert!(lines.iter().any(|l| l.as_str().unwrap().starts_with("b.pip.yml")), "{lines:?}");
    s.send("POST", "/v1/projects/P/push", &owner, "", b"no tar at all".to_vec()).await.is(400);
}

#[tokio::test]
async fn a_repository_owns_what_it_brings() {
    let s = Server::new();
    let owner = s.project().await;
    let workflow = format!("{WORKFLOW}    application: web\n");
    let files = [("main.yml", workflow.as_str()), ("b.pip.yml", PIPELINE), ("w.app.yml", APP)];
    let (ours, theirs) = ("https://git.example/acme/web", "https://git.example/other");
    push(&s, &owner, "", ours, &[("main.yml", WORKFLOW), ("b.pip.yml", PIPELINE)]).await.refused(400, 174);
    push(&s, &owner, "", ours, &files).await.is(200);
    push(&s, &owner, "", ours, &files).await.is(200);
    assert_eq!(s.get(&owner, "/v1/projects/P/workflows/main").await.json()["from_repository"], ours);
    push(&s, &owner, "", theirs, &files).await.refused(400, 157);
    let other = workflow.replace("main", "second");
    push(&s, &owner, "", theirs, &[("s.yml", &other), ("b.pip.yml", PIPELINE)]).await.refused(403, 170);
    push(&s, &owner, "", theirs, &[("s.yml", &other), ("w.app.yml", APP)]).await.refused(403, 169);
    push(&s, &owner, "", "", &files).await.refused(400, 157);
    let done = push(&s, &owner, "?force=true", "", &[("main.yml", &workflow)]).await.is(200);
    assert!(done.text().contains("was detached from the repository"));
    for path in ["workflows/main", "pipelines/build", "applications/web"] {
        assert_eq!(
            s.get(&owner, &format!("/v1/projects/P/{path}")).await.json()["from_repository"],
            "",
            "{path}"
        );
    }
}
