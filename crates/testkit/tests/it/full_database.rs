//! A PostgreSQL whose own disk is full, really. What can't be stored is refused with the reason, reading works as long
//! as PostgreSQL does, health tells, and when there is room again all goes on by itself.

use cds_api::runs::RunStart;
use cds_client::ClientError;
use cds_model::Status;
use cds_testkit::{
    Dice, LONG, Postgres, Project, SHORT, Setup, Small, TestHatchery, TestServer, eventually, find_job,
};
use std::collections::BTreeSet;

const SERVER: &str = "heartbeat_ms = 2000\nlease_ms = 8000\nmax_attempts = 20\ndatabase_timeout_s = 5";
/// Numbers that the long job prints: before, while and after the disk is full.
const LINES: [(&str, u64); 3] = [("early", 200), ("meanwhile", 20_000), ("late", 200)];

/// What has more room elsewhere: PostgreSQL lives, and refuses.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_have_no_room() {
    full(Small::Tables).await;
}

/// PostgreSQL can't write its log of changes: it ends, and cannot begin anew until there is room.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_of_changes_has_no_room() {
    full(Small::Log).await;
}

async fn full(what: Small) {
    let started = tokio::task::spawn_blocking(move || {
        Postgres::on_a_small_disk(what).map(|(postgres, disk)| (postgres.database(), postgres, disk))
    });
    let Some((url, postgres, disk)) = started.await.expect("PostgreSQL starts") else { return };
    let mut dice = Dice::new(Dice::seed("CDS_TEST_SEED", None));
    let setup = Setup { postgres: Some(url), no_hatchery: true, server: SERVER.into(), ..Setup::default() };
    let mut server = TestServer::with(setup).await;
    let hatchery = TestHatchery::start(&server, "full", "max_workers = 2", &[]).await;
    let project = server.project("FULL").await;
    project.push_script("before", &["echo all is well"]).await;
    let script = [
        "echo $$ > $DIR/begun",
        "for i in $(seq 1 200); do echo early $i; sleep 0.01; done",
        "while [ ! -e $DIR/full ]; do sleep 0.05; done",
        "for i in $(seq 1 20000); do echo meanwhile $i; done",
        "while [ ! -e $DIR/freed ]; do sleep 0.05; done",
        "for i in $(seq 1 200); do echo late $i; done",
    ];
    project.push_script("during", &script).await;
    let before = project.succeed("before", RunStart::default()).await;
    let payload = Some(serde_json::json!({"dir": server.scratch().to_str().expect("UTF-8")}));
    let during = project.run("during", RunStart { payload, ..RunStart::default() }).await;
    crate::waits::pid_in(&server.scratch().join("begun")).await;

    disk.fill();
    std::fs::write(server.scratch().join("full"), "").expect("a file");
    let mut accepted = BTreeSet::from([before.brief.number]);
    let refused = until_refused(&project, &mut accepted, &mut dice).await;
    println!("{} starts were accepted before one was refused: {refused:?}", accepted.len() - 1);
    match what {
        Small::Tables => {
            assert_eq!(refused.status().map(|s| s.as_u16()), Some(507), "{refused:?}");
            assert!(refused.is_code("disk_full") && refused.to_string().contains("room"), "{refused:?}");
        }
        // What PostgreSQL still says before it ends may tell the reason.
        Small::Log => {
            assert!(refused.is_code("disk_full") || refused.is_code("store_away"), "{refused:?}");
        }
    }
    let told = is_told(&server).await;
    println!("health: {told}");
    if what == Small::Tables {
        assert!(told.contains("disk is full") && told.contains("room"), "{told}");
        assert_eq!(project.get("before", before.brief.number).await.brief.status, Status::Success);
        assert!(project.log(&before, "before", "job", 0).await.contains("all is well\n"));
    }
    // For longer than a worker goes on without an answer, and than it takes to look for room once.
    tokio::time::sleep(std::time::Duration::from_secs(9)).await;
    assert!(server.is_running());
    is_told(&server).await;
    let again = until_refused(&project, &mut accepted, &mut dice).await;
    assert!(again.is_code("disk_full") || again.is_code("store_away"), "{again:?}");

    disk.free();
    std::fs::write(server.scratch().join("freed"), "").expect("a file");
    // Whoever looks after the machine starts what has ended.
    let postgres = tokio::task::spawn_blocking(move || (postgres.runs(), postgres.revive(), postgres));
    let (lived, revived, _postgres) = postgres.await.expect("no panic");
    revived.expect("PostgreSQL starts when there is room");
    println!("PostgreSQL {} meanwhile", if lived { "lived" } else { "had ended" });
    assert!(lived || what == Small::Log, "PostgreSQL has ended though it could write its log");
    eventually("good health", SHORT, || async { server.admin().health().await.ok() }).await;

    let run = project.ended("during", during.brief.number).await;
    assert_eq!(run.brief.status, Status::Success, "{run:#?}\n{}", hatchery.log());
    let job = find_job(&run, "during", "job");
    println!("{} attempts of the job that was at work", job.attempts.len());
    let log = project.log(&run, "during", "job", 0).await;
    for (what, count) in LINES {
        let numbers: Vec<u64> =
            log.lines().filter_map(|line| line.strip_prefix(what)?.strip_prefix(' ')?.parse().ok()).collect();
        assert!(numbers.iter().copied().eq(1..=count), "{what}: {} lines", numbers.len());
    }
    // What was accepted is there, and ends; of what was refused is nothing there, unless its answer was that nobody
    // knows.
    for number in &accepted {
        project.ended("before", *number).await;
    }
    let query = cds_client::RunQuery { limit: Some(100), ..Default::default() };
    let all = eventually("the end of every run", LONG, || async {
        let runs = project.client.runs("FULL", "before", &query).await.ok()?;
        runs.iter().all(|run| run.status.is_final()).then_some(runs)
    })
    .await;
    let there: BTreeSet<i64> = all.iter().map(|run| run.number).collect();
    assert!(accepted.is_subset(&there), "{accepted:?} were accepted, {there:?} are there");
    if what == Small::Tables {
        assert_eq!(accepted, there);
    }
    project.succeed("before", RunStart::default()).await;
    drop(hatchery);
    server.kill().await;
    server.restart().await;
    assert_eq!(project.get("during", during.brief.number).await.brief.status, Status::Success);
}

/// Starts runs with much that can't be made small, which uses up what is still free, until one is refused.
async fn until_refused(project: &Project, accepted: &mut BTreeSet<i64>, dice: &mut Dice) -> ClientError {
    let begin = std::time::Instant::now();
    loop {
        let much: String = (0..6_000).map(|_| format!("{:016x}", dice.number())).collect();
        let start = RunStart { payload: Some(serde_json::json!({"much": much})), ..RunStart::default() };
        match project.client.run_start(&project.key, "before", &start, None).await {
            Ok(run) => drop(accepted.insert(run.brief.number)),
            Err(error) => return error,
        }
        assert!(begin.elapsed() < SHORT, "whatever is started is accepted");
    }
}

/// What health says, which is not well.
async fn is_told(server: &TestServer) -> String {
    eventually("a health that tells", SHORT, || async {
        let error = server.anonymous().health().await.err()?;
        (error.status().map(|s| s.as_u16()) == Some(503)).then(|| format!("{error:?}"))
    })
    .await
}
