//! Variables, keys, and secrets in files.

use super::*;
use serde_json::json;

#[tokio::test]
async fn variables_of_every_owner() {
    let s = Server::new();
    let owner = s.project().await;
    s.post(&owner, "/v1/projects/P/applications", json!({"name": "web"})).await.is(201);
    s.post(&owner, "/v1/projects/P/environments", json!({"name": "prod"})).await.is(201);
    for base in ["/v1/projects/P", "/v1/projects/P/applications/web", "/v1/projects/P/environments/prod"] {
        let path = format!("{base}/variables");
        let v = |name: &str, kind: &str, value: &str| json!({"name": name, "type": kind, "value": value});
        s.post(&owner, &path, v("url", "string", "http://x")).await.is(201);
        s.post(&owner, &path, v("url", "string", "y")).await.refused(403, 31);
        s.post(&owner, &path, v("a b", "string", "y")).await.is(400);
        s.post(&owner, &path, v("x", "secret", "y")).await.is(400);
        s.post(&owner, &path, v("pw", "password", "short")).await.refused(400, 175);
        s.post(&owner, &path, v("pw", "password", "**********")).await.refused(400, 175);
        s.post(&owner, &path, v("pw", "password", "hunter22")).await.is(201);
        let list = s.get(&owner, &path).await.is(200);
        assert!(!list.text().contains("hunter22"));
        assert_eq!(list.json()[0], v("pw", "password", "**********"));
        // As it was shown, it stays.
        s.put(&owner, &format!("{path}/pw"), v("pass", "password", "**********")).await.is(200);
        let stored = s
            .app
            .reading(|tx| {
                let project = cds_store::projects::by_key(tx, "P")?.unwrap().id;
                Ok(cds_store::variables::of_project(tx, project)?)
            })
            .await
            .unwrap();
        assert!(stored.iter().any(|v| v.name == "pass" && v.value == "hunter22"));
        s.put(&owner, &format!("{path}/pass"), v("pass", "string", "**********")).await.refused(400, 175);
        s.put(&owner, &format!("{path}/pass"), v("url", "password", "hunter22")).await.refused(403, 31);
        s.put(&owner, &format!("{path}/none"), v("none", "string", "x")).await.refused(404, 38);
        assert_eq!(s.get(&owner, &format!("{path}/url")).await.is(200).json()["value"], "http://x");
        s.delete(&owner, &format!("{path}/pass")).await.is(204);
        s.delete(&owner, &format!("{path}/pass")).await.refused(404, 38);
    }
    s.get(&owner, "/v1/projects/P/applications/none/variables").await.refused(404, 38);
}

#[tokio::test]
async fn keys_of_every_owner() {
    let s = Server::new();
    let owner = s.project().await;
    s.post(&owner, "/v1/projects/P/applications", json!({"name": "web"})).await.is(201);
    for (base, prefix) in [("/v1/projects/P", "proj-"), ("/v1/projects/P/applications/web", "app-")] {
        let path = format!("{base}/keys");
        let made = s.post(&owner, &path, json!({"name": "deploy", "type": "ssh"})).await.is(201);
        assert!(!made.text().contains("PRIVATE"));
        assert_eq!(made.json()["name"], format!("{prefix}deploy"));
        s.post(&owner, &path, json!({"name": format!("{prefix}deploy"), "type": "ssh"}))
            .await
            .refused(403, 138);
        s.post(&owner, &path, json!({"name": "x", "type": "dsa"})).await.refused(400, 101);
        s.post(&owner, &path, json!({"name": "x y", "type": "ssh"})).await.is(400);
    }
    let path = "/v1/projects/P/keys/proj-deploy";
    s.put(&owner, path, json!({"disabled": true})).await.is(204);
    let keys = s.get(&owner, "/v1/projects/P/keys").await.is(200).json();
    assert_eq!(keys[0]["disabled"], true);
    s.delete(&owner, path).await.is(204);
    s.delete(&owner, path).await.refused(404, 38);
    s.put(&owner, path, json!({"disabled": true})).await.refused(404, 38);
}

#[tokio::test]
async fn tokens_stand_for_secrets_in_files() {
    let s = Server::new();
    let owner = s.project().await;
    let encrypt = |value: &str| json!({"name": "pw", "value": value});
    s.post(&owner, "/v1/projects/P/encrypt", encrypt("short")).await.refused(400, 175);
    let token =
        s.post(&owner, "/v1/projects/P/encrypt", encrypt("first-secret")).await.is(200).json()["token"]
            .clone();
    let again =
        s.post(&owner, "/v1/projects/P/encrypt", encrypt("hunter-two")).await.is(200).json()["token"].clone();
    assert_eq!(token, again);
    let token = token.as_str().unwrap();
    assert!(token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()));

    let file = |value: &str| {
        format!(
            "version: v1.0\nname: web\nvariables:\n  db: {{type: password, value: {value}}}\n  url: {{value: http://x}}\n"
        )
    };
    s.import(&owner, "application", &file("clear-text")).await.refused(400, 173);
    s.import(&owner, "application", &file("''")).await.refused(400, 173);
    s.import(&owner, "application", &file(token)).await.is(200);
    let variables = s.get(&owner, "/v1/projects/P/applications/web/variables").await.is(200).json();
    assert_eq!(variables[0], json!({"name": "db", "type": "password", "value": "**********"}));
    let path = "/v1/projects/P/applications/web/export";
    let text = s.get(&owner, path).await.is(200).text();
    assert!(text.contains("url") && !text.contains("hunter-two"), "{text}");
    // Its own token: forgetting the one of the file takes nothing away.
    s.delete(&owner, "/v1/projects/P/encrypt/pw").await.is(204);
    s.delete(&owner, "/v1/projects/P/encrypt/pw").await.refused(404, 38);
    s.import(&owner, "application?force=true", &text).await.is(200);
    assert_eq!(s.get(&owner, path).await.is(200).text(), text);
    // Worth nothing in another project.
    s.post(&owner, "/v1/projects", json!({"key": "Q", "name": "team"})).await.is(201);
    s.send("POST", "/v1/projects/Q/import/application", &owner, "", text.into()).await.refused(400, 173);
    // What the file does not have any more is removed.
    s.import(&owner, "application?force=true", "name: web\n").await.is(200);
    assert_eq!(s.get(&owner, "/v1/projects/P/applications/web/variables").await.json(), json!([]));
}

/// Public part of the environment's only key.
async fn public(s: &Server) -> Option<String> {
    let owner = crate::app::variables::Owner::Environment("P".into(), "prod".into());
    s.app.keys(owner).await.unwrap().into_iter().next().map(|k| k.public)
}

#[tokio::test]
async fn keys_in_files() {
    let s = Server::new();
    let owner = s.project().await;
    let file = |rest: &str| format!("name: prod\nkeys:\n  env-deploy: {{type: ssh{rest}}}\n");
    s.import(&owner, "environment", &file(", regen: false")).await.is(200);
    let first = public(&s).await.unwrap();
    assert!(first.ends_with(" env-deploy@cds"));
    s.import(&owner, "environment?force=true", &file(", regen: false")).await.is(200);
    assert_eq!(public(&s).await.unwrap(), first);
    s.import(&owner, "environment?force=true", &file("")).await.is(200);
    let second = public(&s).await.unwrap();
    assert_ne!(second, first);
    // Exported with a token of its private part, it comes back as it was, also under another owner.
    let text = s.get(&owner, "/v1/projects/P/environments/prod/export").await.is(200).text();
    assert!(!text.contains("PRIVATE"));
    s.import(&owner, "environment?force=true", &text).await.is(200);
    assert_eq!(public(&s).await.unwrap(), second);
    s.delete(&owner, "/v1/projects/P/environments/prod").await.is(204);
    s.import(&owner, "environment", &text).await.is(200);
    assert_eq!(public(&s).await.unwrap(), second);
    s.import(&owner, "environment?force=true", &file(", value: nonsense")).await.refused(400, 173);
    s.import(&owner, "environment?force=true", "name: prod\n").await.is(200);
    assert_eq!(public(&s).await, None);
    let many: String = (0..40).map(|n| format!("  env-{n}: {{type: ssh}}\n")).collect();
    s.import(&owner, "environment?force=true", &format!("name: prod\nkeys:\n{many}")).await.refused(400, 74);
}
