//! Rows that can't be read are in nobody's way, whatever they are of.

use super::{Database, PIPELINE, Server, WORKFLOW, on_both};
use crate::tasks::reconcile;
use cds_store::testing::damage_around;
use serde_json::json;

on_both! {
    bad_rows_stop_nobody,
}

const RUNS: &str = "/v1/projects/P/workflows/main/runs";

async fn bad_rows_stop_nobody(on: Database) {
    let s = Server::on(on, |_| {});
    let (owner, admin) = (s.project().await, s.user("admin", "ADMIN").await);
    s.import(&owner, "pipeline", PIPELINE).await.is(200);
    s.import(&owner, "workflow", WORKFLOW).await.is(200);
    let other = WORKFLOW.replace("name: main", "name: other");
    s.import(&owner, "workflow", &other).await.is(200);
    s.import(&owner, "workflow", &WORKFLOW.replace("name: main", "name: third")).await.is(200);
    let worker = s.worker().await;
    s.post(&owner, RUNS, json!({})).await.is(201);
    s.post(&owner, "/v1/projects/P/workflows/other/runs", json!({})).await.is(201);
    s.post(&owner, "/v1/projects/P/workflows/third/runs", json!({})).await.is(201);
    s.post(&owner, "/v1/projects/P/keys", json!({"name": "proj-deploy", "type": "ssh"})).await.is(201);
    s.app.store().write(|tx| damage_around(tx, "main")).await.unwrap();

    // Lists go on, for those that see everything too.
    for who in [&owner, &admin] {
        for path in [
            "queue",
            "queue/nodes",
            "projects",
            "search?q=main",
            "search?q=build",
            "workers",
            "hatcheries",
            "runs",
            "users",
            "projects/P",
            "projects/P/pipelines",
            "projects/P/workflows",
            "projects/P/keys",
            "groups",
        ] {
            s.get(who, &format!("/v1/{path}")).await.is(200);
        }
        let queue = s.get(who, "/v1/queue").await.json();
        let mut waiting: Vec<_> = queue.as_array().unwrap().iter().map(|j| &j["workflow_name"]).collect();
        waiting.sort_by_key(|name| name.to_string());
        // Who may see a workflow that has no name any more, nobody can tell: only who sees all.
        waiting.retain(|name| *name != "" && *name != "third");
        assert_eq!(waiting, ["main", "other"]);
    }
    // So does a server that starts, and what it compares.
    let again = s.another().await;
    again.get(&owner, "/v1/queue").await.is(200);
    reconcile(&s.app).await.unwrap();
    // A hatchery whose record can't be read comes back under its name.
    let keeper = s.token("keeper", "ADMIN", &["hatchery"]).await;
    let offer = json!({"os_arch": "linux/amd64", "max_workers": 1});
    let it = json!({"name": "damaged", "model_type": "local", "version": "1", "offer": offer});
    s.post(&keeper, "/v1/hatchery/register", it).await.is(200);
    // What can't be read says so; its runs have a definition of their own.
    let answer = s.get(&owner, "/v1/projects/P/workflows/main").await.is(409).json();
    assert!(answer["message"].as_str().unwrap().contains("push it again, or delete it"), "{answer}");
    let answer = s.post(&owner, RUNS, json!({})).await.is(409).json();
    assert!(answer["message"].as_str().unwrap().contains("push it again, or delete it"), "{answer}");
    s.get(&owner, &format!("{RUNS}/1")).await.is(200);
    s.post(&owner, &format!("{RUNS}/1/stop"), json!({})).await.is(204);
    // The other one's job is given out.
    let taken = s.post(&worker, "/v1/worker/take", json!({"wait_ms": 10_000})).await.is(200).json();
    let end = json!({"job": taken["job"], "attempt": taken["attempt"], "end": {"status": "Success"}});
    s.post(&worker, "/v1/worker/report", end).await.is(200);
    let run = s.get(&owner, "/v1/projects/P/workflows/other/runs/1").await.is(200).json();
    assert_eq!(run["status"], "Success");
    // A good definition replaces it, and it can be deleted.
    let forced = "/v1/projects/P/import/workflow?force=true";
    s.send("POST", forced, &owner, "application/x-yaml", WORKFLOW.into()).await.is(200);
    s.get(&owner, "/v1/projects/P/workflows/main").await.is(200);
    // It is the same workflow, and the numbers of runs that can't be read are taken too.
    assert_eq!(s.post(&owner, RUNS, json!({})).await.is(201).json()["number"], 1002);
    s.post(&owner, &format!("{RUNS}/1002/stop"), json!({})).await.is(204);
}
