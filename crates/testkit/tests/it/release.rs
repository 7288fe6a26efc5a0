//! A workflow written by hand that uses most of what there is, on both databases.

use cds_api::{
    projects::Encrypt,
    runs::{Run, RunStart},
};
use cds_model::Status;
use cds_testkit::{Project, TestServer, find_job, node_run};

const SECRET: &str = "hunter2-but-longer";

const FILES: &[(&str, &str)] = &[
    ("release.yml", include_str!("files/release/release.yml")),
    ("prod.env.yml", include_str!("files/release/prod.env.yml")),
    ("build.pip.yml", include_str!("files/release/build.pip.yml")),
    ("unit.pip.yml", include_str!("files/release/unit.pip.yml")),
    ("integration.pip.yml", include_str!("files/release/integration.pip.yml")),
    ("docs.pip.yml", include_str!("files/release/docs.pip.yml")),
    ("lint.pip.yml", include_str!("files/release/lint.pip.yml")),
    ("package.pip.yml", include_str!("files/release/package.pip.yml")),
    ("deploy.pip.yml", include_str!("files/release/deploy.pip.yml")),
    ("smoke.pip.yml", include_str!("files/release/smoke.pip.yml")),
    ("nightly.pip.yml", include_str!("files/release/nightly.pip.yml")),
    ("announce.pip.yml", include_str!("files/release/announce.pip.yml")),
];

#[tokio::test]
async fn on_sqlite() {
    releases(&TestServer::start().await).await;
}

#[tokio::test]
async fn on_postgres() {
    if let Some(server) = TestServer::on_postgres().await {
        releases(&server).await;
    }
}

async fn releases(server: &TestServer) {
    let project = server.project("SHOP").await;
    let secret = Encrypt { name: "token".into(), value: SECRET.into() };
    let token = project.client.encrypt("SHOP", &secret).await.unwrap().token;
    let application = include_str!("files/release/shop.app.yml").replace("TOKEN", &token);
    let mut files = FILES.to_vec();
    files.push(("shop.app.yml", &application));
    project.push(&files).await;

    let run = project.succeed("release", RunStart::default()).await;
    statuses(&run);
    reasons(&run);
    logs(&project, &run).await;
    results(&project, &run).await;

    // The first cache and the version of the first run are still there.
    let start =
        RunStart { payload: Some(serde_json::json!({"git": {"branch": "feature"}})), ..RunStart::default() };
    let second = project.run("release", start).await;
    let second = project.ended("release", second.brief.number).await;
    assert_eq!(second.brief.number, 2);
    // Version 1.2.3 is taken, so the step that sets it again fails, and what wants success does not run.
    assert_eq!(second.brief.status, Status::Fail, "{second:#?}");
    assert!(second.not_run.iter().any(|n| n.node == "unit"), "{:#?}", second.not_run);
    assert!(project.log(&second, "build", "compile", 0).await.contains("1.2.3"));
}

fn statuses(run: &Run) {
    for node in ["build", "unit", "integration", "split", "docs", "lint", "package", "gate", "deploy"] {
        assert_eq!(node_run(run, node).status, Status::Success, "{node}");
        assert_eq!(run.node_runs.iter().filter(|n| n.node == node).count(), 1, "{node}");
    }
    let build = node_run(run, "build");
    let stages: Vec<_> = build.stages.iter().map(|s| (s.name.as_str(), s.status)).collect();
    let expected = [("Compile", Status::Success), ("Check", Status::Success), ("Never", Status::Skipped)];
    assert_eq!(stages, expected);
    assert_eq!(find_job(run, "build", "unused").status, Status::Disabled);
    assert_eq!(find_job(run, "build", "never").status, Status::Skipped);
    let why = build.stages[2].why.join("\n");
    assert!(why.contains("cds.pip.flavour") && why.contains("fast"), "{why}");
    let steps = &find_job(run, "lint", "lint").attempts[0].steps;
    let steps: Vec<_> = steps.iter().map(|s| (s.status, s.exit_code)).collect();
    assert_eq!(steps, [(Status::Fail, Some(3)), (Status::Success, Some(0)), (Status::Disabled, None)]);
    assert_eq!(run.brief.version, "1.2.3");
    let tag = |name: &str| run.brief.tags.iter().find(|t| t.tag == name).map(|t| t.value.as_str());
    assert_eq!(tag("colour"), Some("green"));
    assert_eq!(tag("triggered_by"), Some("admin"));
    assert_eq!(tag("environment"), Some("prod"));
    assert_eq!(tag("git.branch"), Some("master"));
    let origin = |name: &str| {
        let found = node_run(run, "deploy").parameters.iter().find(|p| p.name == name);
        found.map(|p| (p.value.as_str(), p.origin.as_str()))
    };
    assert_eq!(origin("cds.env.region"), Some(("eu-west", "environment")));
    assert_eq!(origin("audience").map(|(value, _)| value), Some("everyone"));
}

fn reasons(run: &Run) {
    let why = |node: &str| {
        let found: Vec<_> = run.not_run.iter().filter(|n| n.node == node).collect();
        assert_eq!(found.len(), 1, "{node}: {:#?}", run.not_run);
        found[0].why.join("\n")
    };
    let smoke = why("smoke");
    assert!(smoke.contains("audience") && smoke.contains("nobody") && smoke.contains("everyone"), "{smoke}");
    let nightly = why("nightly");
    assert!(nightly.contains("Lua"), "{nightly}");
    let announce = why("announce");
    assert!(announce.contains("cds.manual"), "{announce}");
    assert_eq!(run.not_run.len(), 3, "{:#?}", run.not_run);
}

async fn logs(project: &Project, run: &Run) {
    let contains = async |node: &str, job: &str, step: u16, texts: &[&str]| {
        let log = project.log(run, node, job, step).await;
        for text in texts {
            assert!(log.contains(text), "{node}/{job}/{step} has no '{text}':\n{log}");
        }
        log
    };
    contains("build", "compile", 0, &["flavour fast for everyone on MASTER\n"]).await;
    contains("build", "compile", 1, &["digest abc123 and abc123, version 1.2.3\n"]).await;
    contains("build", "check", 0, &["checked abc123 in Check/check\n"]).await;
    let texts = ["the product\n", "from the cache\n", "url https://shop.example token ", "built abc123\n"];
    let log = contains("integration", "integration", 1, &texts).await;
    assert!(log.contains("token ********** and **********\n**********"), "{log}");
    contains("docs", "docs", 0, &["docs of 1.2.3\n"]).await;
    contains("lint", "lint", 1, &["still here\n"]).await;
    contains("package", "package", 0, &["packs abc123 after Success\n"]).await;
    contains("deploy", "deploy", 0, &["to eu-west and eu-west as prod\n"]).await;

    // Nowhere, not even in parameters or in the list of everything.
    let shown = serde_json::to_string(run).unwrap();
    assert!(!shown.contains(SECRET));
    for file in project.client.run_logs("SHOP", "release", run.brief.number.into()).await.unwrap() {
        let bytes = project.client.log(file.job, file.attempt, file.step).await.unwrap();
        let bytes = bytes.bytes(1 << 20).await.unwrap();
        assert_eq!(bytes.len() as u64, file.length, "{}", file.name);
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{}", file.name);
        assert!(file.complete, "{}", file.name);
        assert!(file.name.starts_with("release-1.0-pipeline."), "{}", file.name);
    }
}

async fn results(project: &Project, run: &Run) {
    let number = run.brief.number.into();
    let artifacts = project.client.run_artifacts("SHOP", "release", number).await.unwrap();
    let names: Vec<_> = artifacts.iter().map(|a| (a.name.as_str(), a.kind.as_str())).collect();
    assert_eq!(names, [("product.txt", "artifact")]);
    let bytes = project.client.run_artifact("SHOP", "release", number, &artifacts[0].id).await.unwrap();
    assert_eq!(bytes.bytes(1 << 20).await.unwrap(), b"the product\n");

    let tests = project.client.run_tests("SHOP", "release", number).await.unwrap();
    assert_eq!((tests.total, tests.ok, tests.ko, tests.skipped), (3, 2, 0, 1));
    let suites: Vec<_> = tests.suites.values().flatten().map(|s| s.name.as_str()).collect();
    assert_eq!(suites, ["sums"]);
}
