//! Groups: somebody administers each, some group can write to each project.

use super::*;
use serde_json::json;

#[tokio::test]
async fn a_group_keeps_an_administrator() {
    let s = Server::new();
    let (alice, bob) = (s.user("alice", "USER").await, s.user("bob", "USER").await);
    s.post(&alice, "/v1/groups", json!({"name": "a b"})).await.refused(400, 74);
    s.post(&alice, "/v1/groups", json!({"name": "team"})).await.is(201);
    s.post(&bob, "/v1/groups", json!({"name": "team"})).await.refused(403, 33);
    // Who is not in it is not told that it exists.
    s.get(&bob, "/v1/groups/team").await.refused(404, 38);
    assert_eq!(s.get(&bob, "/v1/groups").await.is(200).json(), json!([]));
    s.put(&bob, "/v1/groups/team/members/bob", json!({"admin": true})).await.is(403);

    let alice_in = "/v1/groups/team/members/alice";
    s.put(&alice, alice_in, json!({"admin": false})).await.refused(400, 63);
    s.delete(&alice, alice_in).await.refused(400, 34);
    s.put(&alice, "/v1/groups/team/members/carol", json!({"admin": false})).await.refused(404, 38);
    s.put(&alice, "/v1/groups/team/members/bob", json!({"admin": false})).await.is(204);
    s.delete(&alice, alice_in).await.refused(400, 34);
    s.put(&alice, "/v1/groups/team/members/bob", json!({"admin": true})).await.is(204);
    s.delete(&alice, alice_in).await.is(204);
    let group = s.get(&bob, "/v1/groups/team").await.is(200).json();
    assert_eq!(group["members"].as_array().unwrap().len(), 1);
    s.delete(&bob, alice_in).await.refused(404, 38);

    s.post(&bob, "/v1/groups", json!({"name": "other"})).await.is(201);
    s.put(&bob, "/v1/groups/team", json!({"name": "other"})).await.refused(403, 33);
    s.put(&bob, "/v1/groups/team", json!({"name": "crew"})).await.is(200);
    s.get(&bob, "/v1/groups/team").await.refused(404, 38);
    s.delete(&bob, "/v1/groups/crew").await.is(204);
    let maintainer = s.user("mia", "MAINTAINER").await;
    s.get(&maintainer, "/v1/groups/other").await.is(200);
    s.delete(&maintainer, "/v1/groups/other").await.is(403);
}

#[tokio::test]
async fn a_project_keeps_a_group_that_writes() {
    let s = Server::new();
    let owner = s.project().await;
    s.post(&owner, "/v1/groups", json!({"name": "second"})).await.is(201);
    s.delete(&owner, "/v1/groups/team").await.refused(400, 64);
    s.put(&owner, "/v1/projects/P/groups/team", json!({"level": 4})).await.refused(400, 64);
    s.delete(&owner, "/v1/projects/P/groups/team").await.refused(400, 64);
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 6})).await.refused(400, 74);
    s.put(&owner, "/v1/projects/P/groups/none", json!({"level": 7})).await.refused(404, 38);
    s.delete(&owner, "/v1/projects/P/groups/second").await.refused(404, 38);
    s.put(&owner, "/v1/projects/P/groups/second", json!({"level": 7})).await.is(204);
    s.delete(&owner, "/v1/groups/team").await.is(204);
    let project = s.get(&owner, "/v1/projects/P").await.is(200).json();
    assert_eq!(project["groups"], json!([{"group": "second", "level": 7}]));
}
