//! Sign-up, and what another user may and may not do.

use cds_api::{groups::Grant, projects::ProjectCreate, runs::RunStart};
use cds_client::{Client, ClientError, RunNumber, RunQuery};
use cds_testkit::{Setup, Smtp, TestServer};

fn status<T: std::fmt::Debug>(result: Result<T, ClientError>) -> u16 {
    match result {
        Ok(_) => 200,
        Err(error) => error.status().map_or_else(|| panic!("no answer: {error}"), |s| s.as_u16()),
    }
}

#[tokio::test]
async fn the_first_user_with_the_init_token_becomes_administrator() {
    let smtp = Smtp::start().await;
    let setup = Setup { no_admin: true, smtp: Some(smtp.addr.port()), ..Setup::default() };
    let server = TestServer::with(setup).await;
    let token = server.init_token().expect("a line with the init token").to_string();
    let admin = server.sign_up("first", Some(&smtp), Some(&token)).await;
    assert_eq!(admin.user("me").await.unwrap().ring, "ADMIN");
    // It works once.
    let other = server.sign_up("second", Some(&smtp), Some(&token)).await;
    assert_eq!(other.user("me").await.unwrap().ring, "USER");
    let mail = smtp.latest("second@localhost.local").unwrap();
    assert!(
        mail.content_decoded.contains(&format!("cdsctl signup verify --api-url {} ", server.url())),
        "{mail:?}"
    );
}

#[tokio::test]
async fn levels_open_one_door_after_the_other() {
    let server = TestServer::start().await;
    let project = server.project("DOORS").await;
    project.push_script("hello", &["echo hello"]).await;
    project.succeed("hello", RunStart::default()).await;
    let stranger = server.sign_up("stranger", None, None).await;
    let start = async |client: &Client| client.run_start("DOORS", "hello", &RunStart::default(), None).await;
    let log = async |client: &Client| {
        let run = project.get("hello", 1).await;
        let job = run.node_runs[0].stages[0].jobs[0].id;
        client.log(job, 1, 0).await.map(drop)
    };

    // A project that one may not read is not there, and neither is anything in it.
    assert_eq!(status(stranger.project("DOORS").await), 404);
    assert_eq!(status(stranger.project("NOSUCH").await), 404);
    assert_eq!(status(stranger.run("DOORS", "hello", RunNumber::Latest).await), 404);
    assert_eq!(status(start(&stranger).await), 404);
    assert_eq!(status(log(&stranger).await), 404);
    assert!(stranger.projects().await.unwrap().is_empty());
    assert!(stranger.last_runs().await.unwrap().is_empty());
    assert_eq!(status(server.anonymous().projects().await), 401);

    server.admin().group_create("guests").await.unwrap();
    server.admin().group_member_put("guests", "stranger", false).await.unwrap();
    let grant = async |level| {
        server.admin().project_grant("DOORS", "guests", &Grant { level, only_project: false }).await.unwrap();
    };
    grant(4).await;
    assert_eq!(stranger.project("DOORS").await.unwrap().permission, 4);
    assert_eq!(status(log(&stranger).await), 200);
    assert_eq!(status(start(&stranger).await), 403);
    assert_eq!(status(stranger.project_delete("DOORS").await), 403);
    grant(5).await;
    assert_eq!(status(start(&stranger).await), 200);
    assert_eq!(status(stranger.application_create("DOORS", "app").await), 403);
    grant(7).await;
    assert_eq!(status(stranger.application_create("DOORS", "app").await), 200);
    assert_eq!(status(stranger.worker_disable("00000000-0000-0000-0000-000000000000").await), 403);
    server.admin().project_revoke("DOORS", "guests").await.unwrap();
    assert_eq!(status(stranger.project("DOORS").await), 404);

    // Anybody may have a project of their own, which does not open others'.
    let own =
        ProjectCreate { key: "OWN".into(), name: "own".into(), description: "".into(), group: "".into() };
    stranger.project_create(&own).await.unwrap();
    let keys: Vec<_> = stranger.projects().await.unwrap().into_iter().map(|p| p.key).collect();
    assert_eq!(keys, ["OWN"]);
}

#[tokio::test]
async fn the_same_idempotency_key_gives_the_same_run() {
    let server = TestServer::start().await;
    let project = server.project("ONCE").await;
    project.push_script("hello", &["echo hello"]).await;
    let start = async |key: &str| {
        let run = project.client.run_start("ONCE", "hello", &RunStart::default(), Some(key)).await;
        run.unwrap().brief.number
    };
    let (a, b) = tokio::join!(start("one"), start("one"));
    assert_eq!(a, b);
    assert_eq!(start("one").await, a);
    assert_ne!(start("two").await, a);
    assert_eq!(project.client.runs("ONCE", "hello", &RunQuery::default()).await.unwrap().len(), 2);
    let http = reqwest::Client::new();
    let url = format!("{}/v1/projects/ONCE/workflows/hello/runs", server.url());
    let token = project.client.token().unwrap().expose().clone();
    let answer =
        http.post(url).bearer_auth(token).header("idempotency-key", "three").json(&RunStart::default());
    assert_eq!(answer.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn the_same_idempotency_key_restarts_a_run_once() {
    let server = TestServer::start().await;
    let project = server.project("AGAIN").await;
    project.push_script("hello", &["echo hello"]).await;
    let run = project.run("hello", RunStart::default()).await;
    let number = run.brief.number;
    project.ended("hello", number).await;
    let restart = async |key: &str, body: RunStart| {
        let body = RunStart { number: Some(number), ..body };
        project.client.run_start("AGAIN", "hello", &body, Some(key)).await
    };
    // Some come while the first is at work or about to be, the last after it has ended: it was carried out before.
    let side_by_side = (0..8).map(|_| restart("one", RunStart::default()));
    for answer in futures::future::join_all(side_by_side).await {
        assert_eq!(answer.unwrap().brief.number, number);
    }
    let ended = project.ended("hello", number).await;
    assert_eq!(ended.brief.sub_number, 1, "restarted once");
    assert_eq!(restart("one", RunStart::default()).await.unwrap().brief.sub_number, 1);
    let other = RunStart { payload: Some(serde_json::json!({"a": 1})), ..RunStart::default() };
    let refused = restart("one", other).await.unwrap_err();
    assert!(refused.is_code("idempotency_key_reused"), "{refused:?}");
    assert_eq!(restart("two", RunStart::default()).await.unwrap().brief.sub_number, 2);
}
