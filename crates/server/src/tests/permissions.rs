//! Who may do what on a workflow (spec 3.15).

use super::*;
use serde_json::json;

/// Project P with a workflow, and group `second` whose only member is `guest`.
async fn world() -> (Server, String, String) {
    let s = Server::new();
    let owner = s.project().await;
    let guest = s.user("guest", "USER").await;
    s.post(&guest, "/v1/groups", json!({"name": "second"})).await.is(201);
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    (s, owner, guest)
}

async fn exported(s: &Server, token: &str) -> String {
    s.get(token, "/v1/projects/P/workflows/main/export?with_permissions=true").await.is(200).text()
}

#[tokio::test]
async fn grants_on_the_project_are_seen_on_its_workflows() {
    let (s, owner, guest) = world().await;
    assert!(exported(&s, &owner).await.contains("team: 7"));
    s.get(&guest, "/v1/projects/P/workflows/main").await.is(404);
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 7})).await.is(204);
    assert!(exported(&s, &owner).await.contains("second: 7"));
    s.get(&guest, "/v1/projects/P/workflows/main").await.is(200);
    s.delete(&owner, "/v1/projects/P/groups/second").await.is(204);
    assert!(!exported(&s, &owner).await.contains("second"));
}

#[tokio::test]
async fn a_grant_on_the_project_alone_leaves_workflows() {
    let (s, owner, guest) = world().await;
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 4, "only_project": true})).await.is(204);
    assert!(!exported(&s, &owner).await.contains("second"));
    s.get(&guest, "/v1/projects/P").await.is(200);
    s.get(&guest, "/v1/projects/P/workflows/main").await.is(404);
    assert_eq!(s.get(&guest, "/v1/projects/P").await.json()["workflows"], json!([]));
    assert_eq!(s.get(&guest, "/v1/projects/P/workflows").await.is(200).json(), json!([]));
    assert_eq!(s.get(&guest, "/v1/search?q=main").await.json(), json!([]));
    // Without the word, it goes to workflows with groups of their own too.
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 5})).await.is(204);
    assert!(exported(&s, &owner).await.contains("second: 5"));
}

#[tokio::test]
async fn levels_on_one_workflow() {
    let (s, owner, guest) = world().await;
    let path = "/v1/projects/P/workflows/main/groups";
    s.put(&owner, &format!("{path}/second"), json!({"level": 5})).await.refused(400, 160);
    s.put(&owner, &format!("{path}/team"), json!({"level": 4})).await.refused(400, 162);
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 4})).await.is(204);
    s.put(&owner, &format!("{path}/second"), json!({"level": 9})).await.refused(400, 74);
    s.put(&owner, &format!("{path}/second"), json!({"level": 7})).await.is(204);
    assert_eq!(s.get(&guest, "/v1/projects/P/workflows/main").await.json()["permission"], 7);
    // The project's last writer leaves the workflow to the other.
    s.delete(&guest, &format!("{path}/team")).await.is(204);
    s.delete(&guest, &format!("{path}/second")).await.refused(403, 110);
    s.delete(&guest, &format!("{path}/team")).await.refused(404, 38);
    s.get(&owner, "/v1/projects/P/workflows/main").await.is(404);
    // Writing to the project is not enough to overwrite it.
    s.import(&owner, "workflow?force=true", WORKFLOW).await.is(403);
    // When its writer goes, the project's writers take over.
    s.delete(&owner, "/v1/projects/P/groups/second").await.is(204);
    assert_eq!(s.get(&owner, "/v1/projects/P/workflows/main").await.is(200).json()["permission"], 7);
}

#[tokio::test]
async fn permissions_in_files() {
    let (s, owner, _) = world().await;
    let file = |permissions: &str| format!("{WORKFLOW}permissions: {{{permissions}}}\n");
    let import = |text: String| {
        let (s, owner) = (&s, owner.as_str());
        async move { s.import(owner, "workflow?force=true", &text).await }
    };
    import(file("none: 4, team: 7")).await.refused(404, 38);
    import(file("second: 4, team: 7")).await.refused(400, 160);
    import(file("team: 5")).await.refused(400, 162);
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 4})).await.is(204);
    import(file("second: 4")).await.refused(403, 110);
    // The owner does not administer `second`.
    import(file("second: 5, team: 7")).await.refused(403, 150);
    import(file("second: 4, team: 7")).await.is(200);
    import(format!("{}    permissions: {{other: 7}}\n", WORKFLOW)).await.refused(400, 161);
    // Without permissions the groups stay.
    import(WORKFLOW.to_string()).await.is(200);
    assert!(exported(&s, &owner).await.contains("second: 4"));
    import(file("team: 7")).await.is(200);
    assert!(!exported(&s, &owner).await.contains("second"));
    let admin = s.user("root", "ADMIN").await;
    s.import(&admin, "workflow?force=true", &file("second: 5, team: 7")).await.is(200);
    let text = exported(&s, &owner).await;
    import(text.clone()).await.is(200);
    assert_eq!(exported(&s, &owner).await, text);
}
