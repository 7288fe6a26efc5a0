//! Addresses for saving files, opened without a token.

use super::*;
use serde_json::json;

const FILE: &str = "/v1/projects/P/workflows/main/runs/1/artifacts/7";

async fn address(s: &Server, token: &str, path: &str) -> String {
    let answer = s.post(token, "/v1/downloads", json!({"path": path})).await.is(201).json();
    answer["url"].as_str().unwrap().to_string()
}

#[tokio::test]
async fn a_ticket_opens_its_path_and_no_other() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    s.get("", FILE).await.is(401);
    let url = address(&s, &owner, FILE).await;
    // There is no run 1: only who may read the workflow is told so.
    assert!(s.get("", &url).await.is(404).text().contains("run"), "{url}");
    let (_, ticket) = url.split_once('?').unwrap();
    let other = FILE.replace("/7", "/8");
    s.get("", &format!("{other}?{ticket}")).await.is(401);
    s.get("", &format!("/v1/projects/P?{ticket}")).await.is(401);
    s.get("", &format!("{FILE}?ticket=cds_0")).await.is(401);
    // It is not a token.
    s.get(ticket.strip_prefix("ticket=").unwrap(), "/v1/projects/P").await.is(401);
}

#[tokio::test]
async fn a_ticket_gives_no_more_than_its_user_may() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let guest = s.user("guest", "USER").await;
    let url = address(&s, &guest, FILE).await;
    let refused = s.get("", &url).await.is(404).text();
    assert!(!refused.contains("run 1"), "{refused}");
    for path in ["https://elsewhere.example/", "/v1/x?ticket=y", "v1/x"] {
        s.post(&guest, "/v1/downloads", json!({"path": path})).await.is(400);
    }
}
