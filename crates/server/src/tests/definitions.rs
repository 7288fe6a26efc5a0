//! Importing, exporting and deleting single files.

use super::*;
use serde_json::json;

const FORCE: &str = "?force=true";

#[tokio::test]
async fn what_exists_is_replaced_only_by_force() {
    let s = Server::new();
    let owner = s.project().await;
    let cases = [
        ("application", "Application web", "name: web\n", 69),
        ("environment", "Environment prod", "name: prod\n", 17),
        ("pipeline", "Pipeline build", PIPELINE, 88),
        ("workflow", "Workflow main", WORKFLOW, 75),
    ];
    for (what, title, text, id) in cases {
        let done = s.import(&owner, what, text).await.is(200).json();
        assert_eq!(done["messages"][0], format!("{title} has been created"));
        s.import(&owner, what, text).await.refused(403, id);
        let done = s.import(&owner, &format!("{what}{FORCE}"), text).await.is(200).json();
        assert_eq!(done["messages"][0], format!("{title} has been updated"));
    }
    assert_eq!(s.get(&owner, "/v1/projects/P").await.json()["workflows"], json!(["main"]));
    let graph = s.get(&owner, "/v1/projects/P/workflows/main").await.is(200).json();
    assert_eq!((&graph["permission"], &graph["nodes"][0]["pipeline"]), (&json!(7), &json!("build")));
    assert_eq!(graph["groups"], json!([{"group": "team", "level": 7}]));
}

#[tokio::test]
async fn faults_are_listed_with_their_places() {
    let s = Server::new();
    let owner = s.project().await;
    let bad = "version: v1.0\nname: a b\njobs:\n- job: x\n  steps:\n  - script: 7\n    gitTag: {}\n";
    let answer = s.import(&owner, "pipeline", bad).await.is(400).json();
    let details = answer["details"].as_array().unwrap();
    assert!(details.iter().any(|d| d.as_str().unwrap().starts_with("pipeline.pip.yml:2:")), "{details:?}");
    assert!(s.get(&owner, "/v1/projects/P/pipelines").await.json().as_array().unwrap().is_empty());

    let missing = s.import(&owner, "workflow", WORKFLOW).await.refused(400, 96);
    assert!(missing.text().contains("pipeline build of node build does not exist"));
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    for (extra, id) in [
        ("    application: none\n", 96),
        ("    conditions: {check: [{variable: a, operator: like, value: b}]}\n", 143),
        ("    payload: {cds.x: y}\n", 176),
    ] {
        s.import(&owner, "workflow", &format!("{WORKFLOW}{extra}")).await.refused(400, id);
    }
    let unknown = format!("{WORKFLOW}    parameters: {{flavour: sweet, colour: red}}\n    aplication: x\n");
    let done = s.import(&owner, "workflow", &unknown).await.is(200).json();
    let lines: Vec<&str> = done["messages"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    assert_eq!(lines[0], "Workflow main has been created");
    assert!(lines.iter().any(|l| l.contains("has no parameter colour")), "{lines:?}");
    assert!(lines.iter().any(|l| l.contains("application")), "{lines:?}");
    let text = s.get(&owner, "/v1/projects/P/workflows/main/export").await.is(200).text();
    assert!(text.contains("flavour: sweet") && !text.contains("colour"), "{text}");

    let path = "/v1/projects/P/import/workflow";
    s.send("POST", path, &owner, "image/png", WORKFLOW.into()).await.is(400);
    s.send("POST", path, &owner, "application/x-yaml", vec![0xff, 0xfe]).await.is(400);
    s.send("POST", "/v1/projects/P/import/workflow?forse=true", &owner, "", WORKFLOW.into()).await.is(400);
}

#[tokio::test]
async fn findings_name_the_file_that_was_sent_and_strict_refuses_unknown_keys() {
    let s = Server::new();
    let owner = s.project().await;
    let text = "name: p\nstagse: []\njobs:\n- job: j\n  steps:\n  - script: [echo]\n";
    let named = "pipeline?file=.cds/first.pip.yml";
    let refused = s.import(&owner, &format!("{named}&strict=true"), text).await.is(400).json();
    let place = ".cds/first.pip.yml:2:1: error: unknown key `stagse`";
    assert!(refused["details"][0].as_str().unwrap().starts_with(place), "{refused}");
    s.get(&owner, "/v1/projects/P/pipelines/p").await.is(404);
    let done = s.import(&owner, named, text).await.is(200).json();
    let warned = |m: &serde_json::Value| m.as_str().unwrap().starts_with(".cds/first.pip.yml:2:1: warning:");
    assert!(done["messages"].as_array().unwrap().iter().any(warned), "{done}");
}

#[tokio::test]
async fn tainted_places_are_pointed_out() {
    let s = Server::new();
    let owner = s.project().await;
    let text = "name: p\njobs:\n- job: j\n  steps:\n  - script: ['echo {{.git.message}}']\n";
    let done = s.import(&owner, "pipeline", text).await.is(200).json();
    let messages = done["messages"].as_array().unwrap();
    assert!(messages.iter().any(|m| m.as_str().unwrap().contains("git.message")), "{messages:?}");
}

#[tokio::test]
async fn an_export_can_be_imported_again() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    for (what, path) in [("pipeline", "pipelines/build"), ("workflow", "workflows/main")] {
        let path = format!("/v1/projects/P/{path}/export");
        let text = s.get(&owner, &path).await.is(200).text();
        s.import(&owner, &format!("{what}{FORCE}"), &text).await.is(200);
        assert_eq!(s.get(&owner, &path).await.is(200).text(), text);
        let json = s.get(&owner, &format!("{path}?format=json")).await.is(200);
        assert_eq!(json.headers["content-type"], "application/json");
        let import = format!("/v1/projects/P/import/{what}?force=true");
        s.send("POST", &import, &owner, "application/json", json.bytes).await.is(200);
        assert_eq!(s.get(&owner, &path).await.is(200).text(), text);
        s.get(&owner, &format!("{path}?format=xml")).await.is(400);
    }
}

#[tokio::test]
async fn what_is_used_is_not_deleted() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.post(&owner, "/v1/projects/P/applications", json!({"name": "a/b"})).await.is(400);
    s.post(&owner, "/v1/projects/P/environments", json!({"name": ""})).await.refused(400, 24);
    for (kind, id) in [("applications", 69), ("environments", 17)] {
        let path = format!("/v1/projects/P/{kind}");
        s.post(&owner, &path, json!({"name": "x"})).await.is(201);
        s.post(&owner, &path, json!({"name": "x"})).await.refused(403, id);
        assert_eq!(s.get(&owner, &path).await.is(200).json()[0]["name"], "x");
    }
    s.import(&owner, "workflow", &format!("{WORKFLOW}    application: x\n    environment: x\n"))
        .await
        .is(200);
    s.delete(&owner, "/v1/projects/P/pipelines/build").await.refused(400, 104);
    s.delete(&owner, "/v1/projects/P/applications/x").await.refused(400, 163);
    s.delete(&owner, "/v1/projects/P/environments/x").await.is(400);
    let used = s.get(&owner, "/v1/projects/P/applications/x/usage").await.is(200).json();
    assert_eq!(used[0]["name"], "main");
    s.delete(&owner, "/v1/projects/P/workflows/main").await.is(204);
    for path in ["pipelines/build", "applications/x", "environments/x"] {
        s.delete(&owner, &format!("/v1/projects/P/{path}")).await.is(204);
        s.get(&owner, &format!("/v1/projects/P/{path}")).await.refused(404, 38);
    }
    s.get(&owner, "/v1/projects/P/workflows/main").await.is(404);
}

#[tokio::test]
async fn a_script_that_does_not_compile_is_imported_with_a_word() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    let with = |script: &str| format!("{}    conditions: {{script: '{script}'}}\n", WORKFLOW);
    let said = s.import(&owner, "workflow", &with("return (")).await.is(200).text();
    assert!(said.contains("the Lua script of the conditions of node build does not compile"), "{said}");
    let forced = "/v1/projects/P/import/workflow?force=true";
    let fine =
        s.send("POST", forced, &owner, "application/x-yaml", with("return true").into()).await.is(200).text();
    assert!(!fine.contains("compile"), "{fine}");
}

#[tokio::test]
async fn a_misspelt_key_is_refused() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let runs = "/v1/projects/P/workflows/main/runs";
    let said = s.post(&owner, runs, serde_json::json!({"paylod": {"a": 1}})).await.is(400).json();
    assert!(said["message"].as_str().unwrap().contains("unknown key `paylod`"), "{said}");
    s.post(
        &owner,
        runs,
        serde_json::json!({"payload": {"any": {"thing": [1]}}, "parameters": {"flavour": "x"}}),
    )
    .await
    .is(201);
    let grant = serde_json::json!({"level": 5, "only_projekt": true});
    s.put(&owner, "/v1/projects/P/groups/team", grant).await.is(400);
}
