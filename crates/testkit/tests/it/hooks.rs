//! Starts that are delivered several times, to a server that is killed again and again: each makes one run.

use crate::chaos::seconds;
use cds_api::runs::RunStart;
use cds_client::{Client, RunQuery};
use cds_testkit::{Dice, LONG, Project, Setup, TestServer, eventually, within};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;

/// Deliveries for each second that the test may take.
const PER_SECOND: usize = 25;
/// Deliveries under way at a time.
const SIDE_BY_SIDE: usize = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite() {
    each_delivery_makes_one_run(TestServer::with(setup()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    if let Some(server) = TestServer::on_postgres_with(setup()).await {
        each_delivery_makes_one_run(server).await;
    }
}

fn setup() -> Setup {
    Setup { no_hatchery: true, ..Setup::default() }
}

/// What is to be delivered, in what order, and what came of it.
struct Post {
    left: Vec<usize>,
    answers: BTreeMap<usize, BTreeSet<i64>>,
}

async fn each_delivery_makes_one_run(mut server: TestServer) {
    let mut dice = Dice::new(Dice::seed("CDS_CHAOS_SEED", None));
    let project = server.project("HOOKS").await;
    project.push_script("hooked", &["true"]).await;
    let count = PER_SECOND * seconds() as usize;
    let mut left: Vec<usize> = (0..count).flat_map(|n| vec![n; 1 + dice.below(5) as usize]).collect();
    for i in (1..left.len()).rev() {
        left.swap(i, dice.below(i as u64 + 1) as usize);
    }
    let total = left.len();
    let post = Arc::new(Mutex::new(Post { left, answers: BTreeMap::new() }));
    let couriers: Vec<_> =
        (0..SIDE_BY_SIDE).map(|_| tokio::spawn(deliver(project.client.clone(), post.clone()))).collect();
    let mut kills = 0;
    while !couriers.iter().all(tokio::task::JoinHandle::is_finished) {
        tokio::time::sleep(dice.ms(300, 1_500)).await;
        server.kill().await;
        kills += 1;
        tokio::time::sleep(dice.ms(0, 300)).await;
        server.restart().await;
    }
    for courier in couriers {
        within("the deliveries", LONG, courier).await.expect("no panic");
    }
    let answers = &post.lock().await.answers;
    println!("{count} deliveries, {total} times, {kills} kills");
    assert!(kills > 0, "the server was never killed, so nothing was tried");
    assert_eq!(answers.len(), count);
    for (delivery, numbers) in answers {
        assert_eq!(numbers.len(), 1, "delivery {delivery} made the runs {numbers:?}");
    }
    let told: BTreeSet<i64> = answers.values().flatten().copied().collect();
    assert_eq!(told.len(), count, "two deliveries share a run");
    assert_eq!(all_runs(&project, "hooked").await, told, "runs that nobody was told of");
}

/// Numbers of all runs of a workflow.
pub async fn all_runs(project: &Project, workflow: &str) -> BTreeSet<i64> {
    let mut there = BTreeSet::new();
    loop {
        let query = RunQuery { offset: Some(there.len() as u64), limit: Some(100), ..RunQuery::default() };
        let page = project.client.runs(&project.key, workflow, &query).await.expect("the runs");
        if page.is_empty() {
            return there;
        }
        there.extend(page.iter().map(|run| run.number));
    }
}

async fn deliver(client: Client, post: Arc<Mutex<Post>>) {
    loop {
        let Some(delivery) = post.lock().await.left.pop() else { return };
        let start =
            RunStart { payload: Some(serde_json::json!({"delivery": delivery})), ..RunStart::default() };
        let key = format!("delivery-{delivery}");
        let number = eventually("an answer", LONG, || async {
            let run = client.run_start("HOOKS", "hooked", &start, Some(&key)).await;
            run.ok().map(|run| run.brief.number)
        })
        .await;
        post.lock().await.answers.entry(delivery).or_default().insert(number);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_key_for_another_request_is_refused() {
    let server = TestServer::with(setup()).await;
    let project = server.project("KEYS").await;
    project.push_script("hooked", &["true"]).await;
    let start = |payload: serde_json::Value| RunStart { payload: Some(payload), ..RunStart::default() };
    let post = async |start: &RunStart| project.client.run_start("KEYS", "hooked", start, Some("once")).await;
    let first = post(&start(serde_json::json!({"a": 1, "b": {"c": 2, "d": 3}}))).await.expect("a run");
    // The order of keys means nothing in JSON.
    let again = post(&start(serde_json::json!({"b": {"d": 3, "c": 2}, "a": 1}))).await.expect("the same run");
    assert_eq!(first.brief.number, again.brief.number);
    let mut other = start(serde_json::json!({"a": 1, "b": {"c": 2, "d": 3}}));
    other.parameters.insert("x".into(), "y".into());
    for other in [start(serde_json::json!({"a": 2})), RunStart::default(), other] {
        let refused = post(&other).await.expect_err("another request");
        assert!(refused.is_code("idempotency_key_reused"), "{refused:?}");
        assert_eq!(refused.status().map(|s| s.as_u16()), Some(422));
    }
    let runs = project.client.runs("KEYS", "hooked", &RunQuery::default()).await.expect("the runs");
    assert_eq!(runs.len(), 1);
}
