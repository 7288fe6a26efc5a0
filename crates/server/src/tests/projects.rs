//! Projects.

use super::*;
use serde_json::json;

#[tokio::test]
async fn a_project_gets_a_group_and_a_key() {
    let s = Server::new();
    let (alice, bob) = (s.user("alice", "USER").await, s.user("bob", "USER").await);
    for key in ["", "shop", "A B", "É"] {
        s.post(&alice, "/v1/projects", json!({"key": key, "name": "x"})).await.refused(400, 7);
    }
    s.post(&alice, "/v1/projects", json!({"key": "SHOP", "name": " "})).await.is(400);
    let made = s.post(&alice, "/v1/projects", json!({"key": "SHOP", "name": "My Shop"})).await.is(201).json();
    assert_eq!(made["groups"], json!([{"group": "my-shop", "level": 7}]));
    assert_eq!((&made["permission"], &made["tainted_interpolation"]), (&json!(7), &json!("inert")));
    s.post(&alice, "/v1/projects", json!({"key": "SHOP", "name": "again"})).await.is(409);
    // The group of that name is somebody else's.
    s.post(&bob, "/v1/projects", json!({"key": "B", "name": "my shop"})).await.is(403);
    s.post(&bob, "/v1/projects", json!({"key": "B", "name": "b", "group": "my-shop"})).await.is(403);
    s.post(&bob, "/v1/projects", json!({"key": "B", "name": "b", "group": "none"})).await.refused(404, 38);
    s.post(&alice, "/v1/projects", json!({"key": "SHOP2", "name": "my shop"})).await.is(201);

    let keys = s.get(&alice, "/v1/projects/SHOP/keys").await.is(200).json();
    assert_eq!(keys[0]["name"], "proj-ssh-shop");
    assert!(keys[0]["public"].as_str().unwrap().starts_with("ssh-ed25519 "));
    s.get(&bob, "/v1/projects/SHOP").await.is(404);
    assert_eq!(s.get(&bob, "/v1/projects").await.is(200).json(), json!([]));
    let admin = s.user("root", "ADMIN").await;
    let seen = s.get(&admin, "/v1/projects").await.is(200).json();
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["permission"]), (2, &json!(7)));
}

#[tokio::test]
async fn the_ssh_key_is_rsa_where_the_server_says_so() {
    let s = Server::with(|c| c.project_ssh_key = "rsa".into());
    let owner = s.project().await;
    let keys = s.get(&owner, "/v1/projects/P/keys").await.is(200).json();
    assert!(keys[0]["public"].as_str().unwrap().starts_with("ssh-rsa "));
}

#[tokio::test]
async fn changing_and_deleting() {
    let s = Server::new();
    let owner = s.project().await;
    let path = "/v1/projects/P";
    s.put(&owner, path, json!({"name": ""})).await.is(400);
    s.put(&owner, path, json!({"tainted_interpolation": "maybe"})).await.is(400);
    s.put(&owner, path, json!({"description": "d", "tainted_interpolation": "refuse"})).await.is(204);
    let seen = s.get(&owner, path).await.is(200).json();
    assert_eq!(
        (&seen["name"], &seen["description"], &seen["tainted_interpolation"]),
        (&json!("team"), &json!("d"), &json!("refuse"))
    );
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let reader = s.user("reader", "USER").await;
    s.delete(&reader, path).await.is(404);
    // A run that waits for a worker is stopped before it goes.
    s.post(&owner, "/v1/projects/P/workflows/main/runs", json!({})).await.is(201);
    s.delete(&owner, path).await.is(204);
    s.get(&owner, path).await.is(404);
    s.post(&owner, "/v1/projects", json!({"key": "P", "name": "team"})).await.is(201);
    assert_eq!(s.get(&owner, "/v1/projects/P/workflows").await.is(200).json(), json!([]));
}

#[tokio::test]
async fn search_finds_what_may_be_read() {
    let s = Server::new();
    let owner = s.project().await;
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    s.post(&owner, "/v1/projects/P/applications", json!({"name": "Build-app"})).await.is(201);
    let hits = s.get(&owner, "/v1/search?q=BUILD").await.is(200).json();
    let kinds: Vec<&str> = hits.as_array().unwrap().iter().map(|h| h["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["pipeline", "application"]);
    assert_eq!(s.get(&owner, "/v1/search?q=main").await.is(200).json()[0]["kind"], "workflow");
    assert_eq!(s.get(&owner, "/v1/search?q=team").await.is(200).json()[0]["project_key"], "P");
    let found = async |q: &str| {
        let hits = s.get(&owner, &format!("/v1/search?q={q}")).await.is(200).json();
        let name = |h: &serde_json::Value| {
            format!("{} {} {}", h["kind"].as_str().unwrap(), h["name"].as_str().unwrap(), h["number"])
        };
        hits.as_array().unwrap().iter().map(name).collect::<Vec<String>>()
    };
    // By what is said of it, which a new definition changes; by words of what it belongs to.
    for (said, other) in [("rockets", "bakes"), ("bakes", "rockets")] {
        let described = format!("{WORKFLOW}description: It {said} for everybody\n");
        s.import(&owner, "workflow?force=true", &described).await.is(200);
        assert_eq!(found(&format!("everybody+{said}")).await, ["workflow main null"]);
        assert_eq!(found(other).await, Vec::<String>::new());
    }
    // In a database from before descriptions were kept too.
    s.app.store().write(cds_store::testing::describe_anew).await.unwrap();
    assert_eq!(found("bakes").await, ["workflow main null"]);
    assert_eq!(found("team+main").await, ["workflow main null"]);
    // Runs, by number.
    assert_eq!(found("main+1").await, Vec::<String>::new());
    s.post(&owner, "/v1/projects/P/workflows/main/runs", json!({})).await.is(201);
    assert_eq!(found("main+%231").await, ["run main 1"]);
    s.import(&owner, "environment", "name: production\nvalues: {}\n").await.is(200);
    assert_eq!(found("prod").await, ["environment production null"]);
    let other = s.user("other", "USER").await;
    assert_eq!(s.get(&other, "/v1/search?q=main%201").await.is(200).json(), json!([]));
    assert_eq!(s.get(&other, "/v1/search?q=build").await.is(200).json(), json!([]));
    s.get(&owner, "/v1/search?q=x&more=1").await.is(400);
}

#[tokio::test]
async fn monitors_need_no_token() {
    let s = Server::new();
    assert_eq!(s.get("", "/mon/status").await.is(200).json()["status"], "OK");
    assert_eq!(s.get("", "/v1/health").await.is(200).json()["status"], "OK");
    assert_eq!(s.get("", "/mon/version").await.is(200).json()["version"], env!("CARGO_PKG_VERSION"));
    assert!(s.get("", "/metrics").await.is(200).text().contains("cds_queue_jobs"));
    assert!(s.get("", "/v1/openapi.json").await.is(200).json()["paths"]["/v1/projects"].is_object());
}
